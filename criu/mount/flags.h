/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/flags.h: flags of mounts and superblocks, in text, in images, in system calls */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"

struct mount_attr;

/* MS_* of a mount from the words of mountinfo; *ret_idmapped: it translates ids. */
uint32_t mount_flags_parse(const char *options, bool *ret_idmapped);
/* MS_* of a superblock; *ret_rest has what is left, separated by commas, escapes as they were. */
uint32_t sb_flags_parse(struct arena *a, const char *options, char **ret_rest);
/* For mount_setattr(2): sets what flags say, clears the others. */
void mount_attr_from_flags(uint32_t flags, struct mount_attr *ret);

/* Walks "a,b=c": cuts the text in place, undoes escapes; value is NULL for a word alone. false at the end. */
bool next_option(char **text, char **ret_key, char **ret_value);
/* The same, but the whole option, as it stands there; NULL at the end. */
char *next_option_text(char **text);

/* The first option that is an SELinux context, as it stands there; NULL: there is none. */
const char *mount_context_first(struct arena *a, const char *options);
/* Puts context in place of the value of "context="; NULL takes all contexts out. false: there were none. */
bool mount_contexts_set(struct arena *a, const char *context, char **options);
