/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types of the running kernel, as it tells them itself: linux/btf.h, Documentation/bpf/btf.rst. */
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/own.h"
#include "kernel/btf.h"

enum { KIND_ENUM64 = 19 };		/* of Linux 6.0 */

struct search {
	struct btf_field *fields;
	size_t n, n_found;
	const char *func;
	uint32_t func_id;
	const char *names;
	size_t names_len;
};

/* Bytes behind the head of a type, or -1 for a kind that is not known. */
static long tail_size(const struct btf_type *t)
{
	uint32_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	case KIND_ENUM64:
		return n * 12;
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	default:
		return -1;
	}
}

static bool is_name(const struct search *s, uint32_t offset, const char *name)
{
	size_t len = strlen(name) + 1;

	return offset < s->names_len && s->names_len - offset >= len && !memcmp(s->names + offset, name, len);
}

static void look_at_struct(struct search *s, const struct btf_type *t)
{
	const struct btf_member *members = (const void *)(t + 1);

	for (size_t i = 0; i < s->n; i++) {
		if (!is_name(s, t->name_off, s->fields[i].type))
			continue;
		for (uint32_t k = 0; k < BTF_INFO_VLEN(t->info); k++)
			if (is_name(s, members[k].name_off, s->fields[i].member)) {
				s->fields[i].offset = BTF_MEMBER_BIT_OFFSET(members[k].offset) / 8;
				s->n_found++;
			}
	}
}

static int walk(struct search *s, const char *at, const char *end)
{
	for (uint32_t id = 1; (size_t)(end - at) >= sizeof(struct btf_type); id++) {
		const struct btf_type *t = (const void *)at;
		long tail = tail_size(t);

		if (tail < 0 || end - at < (long)sizeof(*t) + tail)
			return -EIO;
		if (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT)
			look_at_struct(s, t);
		else if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC && is_name(s, t->name_off, s->func))
			s->func_id = id;
		at += sizeof(*t) + tail;
	}
	return s->func_id && s->n_found == s->n ? 0 : -ENOENT;
}

static int search(struct search *s, const char *file, size_t len)
{
	const struct btf_header *h = (const void *)file;
	uint64_t types, names;

	if (len < sizeof(*h) || h->magic != BTF_MAGIC || h->version != BTF_VERSION)
		return -EIO;
	types = (uint64_t)h->hdr_len + h->type_off;
	names = (uint64_t)h->hdr_len + h->str_off;
	if (types + h->type_len > len || names + h->str_len > len || types % sizeof(uint32_t))
		return -EIO;
	s->names = file + names;
	s->names_len = h->str_len;
	return walk(s, file + types, file + types + h->type_len);
}

static int search_copy(struct search *s, int fd, size_t size)
{
	auto_free char *file = malloc(size);
	size_t len = 0;
	ssize_t got;

	if (!file)
		return -ENOMEM;
	while ((got = read(fd, file + len, size - len)) > 0)
		len += got;
	return got < 0 ? -errno : search(s, file, len);
}

int btf_find(struct btf_field *fields, size_t n, const char *func, uint32_t *ret_func)
{
	auto_fd int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct search s = { .fields = fields, .n = n, .func = func };
	struct stat st;
	void *map;
	int err;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED) {	/* before Linux 6.16 */
		err = search_copy(&s, fd, st.st_size);
	} else {
		err = search(&s, map, st.st_size);
		munmap(map, st.st_size);
	}
	*ret_func = s.func_id;
	return err;
}
