/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/parse.h: text to numbers; questions that report nothing */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/compiler.h"

static inline bool streq(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static inline bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* The whole text (white space around allowed) is one number of this base; else -EINVAL, -ERANGE. */
int parse_u64(const char *s, int base, uint64_t *ret) must_check;
int parse_i64(const char *s, int base, int64_t *ret) must_check;
int parse_u32(const char *s, int base, uint32_t *ret) must_check;
int parse_i32(const char *s, int base, int32_t *ret) must_check;
int parse_bool(const char *s, bool *ret) must_check;
/* A size with an optional K, M or G. */
int parse_size(const char *s, uint64_t *ret) must_check;

/*
 * A cursor over one line of /proc text: each take_ reads a field and moves behind it, or sets ->bad. Reading on
 * after a bad field is harmless, so a caller checks once, at the end.
 */
struct cursor {
	const char *p;
	bool bad;
};
uint64_t take_u64(struct cursor *c, int base);
int64_t take_i64(struct cursor *c, int base);
void take_char(struct cursor *c, char expected);
void take_spaces(struct cursor *c);

/* Walks the lines of a text in place: cuts at '\n', gives the next line or NULL. */
char *next_line(char **text);
/* Cuts "key:<blanks>value" in place; false if there is no colon. */
bool split_key(char *line, const char **ret_key, const char **ret_value);
