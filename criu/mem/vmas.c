/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of /proc/PID/smaps and numa_maps as a list of mappings. */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include "base/parse.h"
#include "mem/vmas.h"

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* "55d0c000-55d0d000 rw-p 00001000 fe:00 1234      /path": the start of every mapping in maps and smaps. */
static int parse_head(char *line, struct vma *v)
{
	struct cursor c = { .p = line };

	v->start = take_u64(&c, 16);
	take_char(&c, '-');
	v->end = take_u64(&c, 16);
	take_char(&c, ' ');
	if (c.bad || strlen(c.p) < 5)
		return -EINVAL;
	v->prot = (c.p[0] == 'r' ? PROT_READ : 0) | (c.p[1] == 'w' ? PROT_WRITE : 0) |
		  (c.p[2] == 'x' ? PROT_EXEC : 0);
	v->is_shared = c.p[3] == 's';
	c.p += 4;
	take_char(&c, ' ');
	v->pgoff = take_u64(&c, 16);
	take_char(&c, ' ');
	v->dev_major = take_u64(&c, 16);
	take_char(&c, ':');
	v->dev_minor = take_u64(&c, 16);
	take_char(&c, ' ');
	v->ino = take_u64(&c, 10);
	take_spaces(&c);
	v->path = c.p;
	return c.bad || v->start >= v->end ? -EINVAL : 0;
}

static uint32_t parse_flags(const char *s)
{
	uint32_t set = 0;

	for (;; s += 2) {
		while (*s == ' ')
			s++;
		if (!s[0] || !s[1])
			return set;
		for (size_t i = 0; i < n_vm_flags; i++)
			if (!memcmp(vm_flags[i].code, s, 2))
				set |= 1U << i;
	}
}

/*
 * "[anon:name]" and, of shared memory, "[anon_shmem:name]" are names that the process chose; they may hold any printable
 * character but a few, brackets too.
 */
static const char *parse_anon_name(struct arena *a, const char *path)
{
	static const char *const prefixes[] = { "[anon:", "[anon_shmem:" };
	size_t len = strlen(path);

	for (size_t i = 0; i < array_size(prefixes); i++) {
		size_t skip = strlen(prefixes[i]);

		if (has_prefix(path, prefixes[i]) && path[len - 1] == ']')
			return arena_printf(a, "%.*s", (int)(len - skip - 1), path + skip);
	}
	return NULL;
}

static void finish(struct arena *a, struct vma *v)
{
	v->path = v->path[0] ? arena_strdup(a, v->path) : "";
	v->anon_name = parse_anon_name(a, v->path);
	v->kind = vma_kind_of(v);
	v->status = v->kind->status;
}

int vmas_parse(char *text, struct arena *a, struct vma_list *ret)
{
	struct vma *v = ret->v.n ? &ret->v.v[ret->v.n - 1] : NULL;

	for (char *line; (line = next_line(&text));) {
		if (is_hex(line[0])) {
			struct vma fresh = { 0 };
			int err = parse_head(line, &fresh);

			if (err)
				return err;
			finish(a, &fresh);
			vec_push(a, &ret->v, fresh);
			v = &ret->v.v[ret->v.n - 1];
		} else if (!v) {
			return -EINVAL;
		} else if (line[0] == 'V' && has_prefix(line, "VmFlags:")) {
			v->vm_flags = parse_flags(line + strlen("VmFlags:"));
		} else if (line[0] == 'P' && has_prefix(line, "ProtectionKey:") &&
			   parse_u32(line + strlen("ProtectionKey:"), 10, &v->pkey) < 0) {
			return -EINVAL;
		}
	}
	return 0;
}

/* Modes as mpol_to_str() of mm/mempolicy.c prints them. */
static const struct { const char *word; uint32_t mode; } policy_words[] = {
	{ "prefer (many)", 5 },		/* MPOL_PREFERRED_MANY, 5.15 */
	{ "prefer", MPOL_PREFERRED },
	{ "bind", MPOL_BIND },
	{ "interleave", MPOL_INTERLEAVE },
	{ "weighted interleave", 6 },	/* 6.9 */
	{ "local", MPOL_LOCAL },
};

/* "0-1,3" */
static int parse_nodes(const char *s, uint64_t *ret)
{
	struct cursor c = { .p = s };

	for (*ret = 0;;) {
		uint64_t from = take_u64(&c, 10), to = from;

		if (!c.bad && *c.p == '-') {
			c.p++;
			to = take_u64(&c, 10);
		}
		if (c.bad || from > to)
			return -EINVAL;
		if (to > 63)
			return -EOVERFLOW;	/* the record has one bit for a node, and 64 of them */
		for (; from <= to; from++)
			*ret |= 1ULL << from;
		if (*c.p != ',')
			return 0;
		c.p++;
	}
}

/* "bind=static:0-1", "prefer:1", "local": returns 0 for the default policy, 1 for another, or -EINVAL. */
static int parse_policy(const char *s, uint32_t *ret_mode, uint64_t *ret_nodes)
{
	*ret_nodes = 0;
	if (has_prefix(s, "default"))
		return 0;
	for (size_t i = 0; i < array_size(policy_words); i++) {
		if (!has_prefix(s, policy_words[i].word))
			continue;
		s += strlen(policy_words[i].word);
		*ret_mode = policy_words[i].mode;
		if (has_prefix(s, "=static"))
			*ret_mode |= MPOL_F_STATIC_NODES;
		if (has_prefix(s, "=relative"))
			*ret_mode |= MPOL_F_RELATIVE_NODES;
		s += strcspn(s, ": ");
		if (*s == ':') {
			int err = parse_nodes(s + 1, ret_nodes);

			if (err)
				return err;
		}
		return 1;
	}
	return -EINVAL;
}

int vmas_parse_numa(char *text, struct vma_list *l)
{
	size_t i = 0;

	for (char *line; (line = next_line(&text));) {
		struct cursor c = { .p = line };
		uint64_t start = take_u64(&c, 16);
		uint32_t mode = 0;
		uint64_t nodes;
		int found;

		take_char(&c, ' ');
		if (c.bad)
			return -EINVAL;
		while (i < l->v.n && l->v.v[i].start < start)
			i++;
		found = parse_policy(c.p, &mode, &nodes);
		if (found < 0)
			return found;
		if (!found || i == l->v.n || l->v.v[i].start != start)
			continue;
		l->v.v[i].has_policy = true;
		l->v.v[i].mpol_mode = mode;
		l->v.v[i].mpol_nodes = nodes;
	}
	return 0;
}
