/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flags: one row for each word of mountinfo. */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include "base/parse.h"
#include "kernel/mountinfo.h"
#include "mount/flags.h"

enum { CONTEXT_KEY = 16 };

#ifndef MS_NOSYMFOLLOW			/* Linux 5.10 */
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

static const struct {
	const char *word;
	uint32_t ms;
	uint64_t attr;
} mount_words[] = {
	{ "ro", MS_RDONLY, MOUNT_ATTR_RDONLY },
	{ "nosuid", MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ "nodev", MS_NODEV, MOUNT_ATTR_NODEV },
	{ "noexec", MS_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ "noatime", MS_NOATIME, MOUNT_ATTR_NOATIME },
	{ "nodiratime", MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	{ "relatime", MS_RELATIME, 0 },
	{ "nosymfollow", MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
};

static const struct {
	const char *word;
	uint32_t ms;
} sb_words[] = {
	{ "rw", 0 },
	{ "ro", MS_RDONLY },
	{ "sync", MS_SYNCHRONOUS },
	{ "dirsync", MS_DIRSYNC },
	{ "mand", MS_MANDLOCK },
};

/* The next word up to a comma; NULL at the end. */
static const char *next_word(const char **text, size_t *ret_len)
{
	const char *word = *text;

	if (!*word)
		return NULL;
	*ret_len = strcspn(word, ",");
	*text = word + *ret_len + (word[*ret_len] == ',');
	return word;
}

static bool is_word(const char *at, size_t len, const char *word)
{
	return strlen(word) == len && !strncmp(at, word, len);
}

uint32_t mount_flags_parse(const char *options, bool *ret_idmapped)
{
	uint32_t flags = 0;
	const char *word;
	size_t len;

	*ret_idmapped = false;
	while ((word = next_word(&options, &len))) {
		*ret_idmapped |= is_word(word, len, "idmapped");
		for (size_t i = 0; i < array_size(mount_words); i++)
			if (is_word(word, len, mount_words[i].word))
				flags |= mount_words[i].ms;
	}
	if (!(flags & (MS_RELATIME | MS_NOATIME)))
		flags |= MS_STRICTATIME;
	return flags;
}

uint32_t sb_flags_parse(struct arena *a, const char *options, char **ret_rest)
{
	char *rest = arena_alloc(a, strlen(options) + 2), *out = rest;
	uint32_t flags = 0;
	const char *word;
	size_t len;

	while ((word = next_word(&options, &len))) {
		bool is_flag = false;

		for (size_t i = 0; i < array_size(sb_words); i++) {
			if (!is_word(word, len, sb_words[i].word))
				continue;
			flags |= sb_words[i].ms;
			is_flag = true;
		}
		if (is_flag)
			continue;
		if (out != rest)
			*out++ = ',';
		memcpy(out, word, len);
		out += len;
	}
	*out = 0;
	*ret_rest = rest;
	return flags;
}

void mount_attr_from_flags(uint32_t flags, struct mount_attr *ret)
{
	uint64_t all = MOUNT_ATTR__ATIME;

	ret->attr_set = 0;
	for (size_t i = 0; i < array_size(mount_words); i++) {
		all |= mount_words[i].attr;
		if (flags & mount_words[i].ms)
			ret->attr_set |= mount_words[i].attr;
	}
	if (!(flags & (MS_RELATIME | MS_NOATIME)) && flags & MS_STRICTATIME)
		ret->attr_set |= MOUNT_ATTR_STRICTATIME;
	/* The three ways to count access times are one field, which is always cleared as a whole. */
	ret->attr_clr = (all & ~ret->attr_set) | MOUNT_ATTR__ATIME;
}

/* SELinux: context="system_u:object_r:tmp_t:s0:c1,c2", in quotes where it has commas. */
static bool is_context(const char *key)
{
	static const char *const keys[] = { "context", "fscontext", "defcontext", "rootcontext" };

	for (size_t i = 0; i < array_size(keys); i++)
		if (streq(key, keys[i]))
			return true;
	return false;
}

/* Cuts the next option off, escapes as they are. The key is written to ret_key when it is a context's, else "". */
static char *cut_option(char **text, char *ret_key, size_t size)
{
	char *option = *text + strspn(*text, ","), *end = option + strcspn(option, ",");
	size_t len = strcspn(option, "=");

	snprintf(ret_key, size, "%.*s", (int)min(len, size), option);
	if (!is_context(ret_key) || option[len] != '=')
		*ret_key = 0;
	if (*ret_key && option[len + 1] == '"') {
		char *quote = strchr(option + len + 2, '"');

		end = quote ? quote + strcspn(quote, ",") : end;
	}
	*text = *end ? end + 1 : end;
	*end = 0;
	return *option ? option : NULL;
}

static void take_quotes(char *value)
{
	size_t len = strlen(value);

	if (len < 2 || *value != '"' || value[len - 1] != '"')
		return;
	memmove(value, value + 1, len - 2);
	value[len - 2] = 0;
}

bool next_option(char **text, char **ret_key, char **ret_value)
{
	char key[CONTEXT_KEY], *option = cut_option(text, key, sizeof(key)), *equals;

	if (!option)
		return false;
	equals = strchr(option, '=');
	if (equals)
		*equals++ = 0;
	mount_unescape(option);
	if (equals)
		mount_unescape(equals);
	if (*key)
		take_quotes(equals);
	*ret_key = option;
	*ret_value = equals;
	return true;
}

bool mount_contexts_set(struct arena *a, const char *context, char **options)
{
	char *text = arena_strdup(a, *options), *option, *out = NULL, key[CONTEXT_KEY];
	bool has_any = false;

	while ((option = cut_option(&text, key, sizeof(key)))) {
		has_any |= *key;
		if (*key && !context)
			continue;
		/* the others say what files without a label of their own have, which is no matter of whose mount it is */
		if (streq(key, "context"))
			option = arena_printf(a, "context=\"%s\"", context);
		out = arena_printf(a, "%s%s%s", out ?: "", out ? "," : "", option);
	}
	if (has_any)
		*options = out ?: arena_strdup(a, "");
	return has_any;
}

char *next_option_text(char **text)
{
	char key[CONTEXT_KEY];

	return cut_option(text, key, sizeof(key));
}

const char *mount_context_first(struct arena *a, const char *options)
{
	char *text = arena_strdup(a, options), *option, key[CONTEXT_KEY];

	while ((option = cut_option(&text, key, sizeof(key))))
		if (*key)
			return option;
	return NULL;
}
