/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record layer: framing, magics, and the checks that stand between a file and the rest of the program. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/own.h"
#include "image/ahead.h"
#include "image/dir.h"
#include "image/records.h"

struct image_info {
	const char *name;
	uint32_t magic;
	const ProtobufCMessageDescriptor *record;
};

static const struct image_info infos[] = {
#define IMAGE(id, name, magic, record) { name, magic, &record##__descriptor },
#include "image/images.def"
#undef IMAGE
};

static uint32_t head_magic(enum image_type type)
{
	if (type == IMG_INVENTORY)
		return 0;	/* the one file whose reader does not know the version yet */
	if (type == IMG_STATS_DUMP || type == IMG_STATS_RESTORE)
		return IMG_HEAD_SERVICE;
	return IMG_HEAD_COMMON;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the formats are the rows of images.def */
int image_name(enum image_type type, unsigned long id, char *ret_name, size_t size)
{
	return snprintf(ret_name, size, infos[type].name, id);
}
#pragma GCC diagnostic pop

void image_remove(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		warn_errno("remove %s", name);
}

void image_out_open(struct image_out *o, int dir, enum image_type type, unsigned long id)
{
	*o = (struct image_out){ .dir = dir, .type = type };
	image_name(type, id, o->name, sizeof(o->name));
}

static void *out_space(struct image_out *o, size_t len)
{
	void *p;

	if (o->len + len > o->room) {
		o->room = max(o->room * 2, align_up(o->len + len, 4096UL));
		o->buf = realloc(o->buf, o->room);
		if (!o->buf)
			abort();	/* as arena_alloc(): nothing sensible is left to do */
	}
	p = o->buf + o->len;
	o->len += len;
	return p;
}

static void put_u32(struct image_out *o, uint32_t v)
{
	memcpy(out_space(o, sizeof(v)), &v, sizeof(v));
}

static void put_header(struct image_out *o)
{
	if (o->used)
		return;
	o->used = true;
	if (!infos[o->type].magic)	/* raw */
		return;
	if (head_magic(o->type))
		put_u32(o, head_magic(o->type));
	put_u32(o, infos[o->type].magic);
}

void image_put(struct image_out *o, const ProtobufCMessage *rec)
{
	size_t len = protobuf_c_message_get_packed_size(rec);

	put_header(o);
	put_u32(o, len);
	protobuf_c_message_pack(rec, out_space(o, len));
}

void image_put_raw(struct image_out *o, const void *data, size_t len)
{
	put_header(o);			/* a raw file may hold nothing else */
	if (len)
		memcpy(out_space(o, len), data, len);
}

static int write_all(int fd, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

int image_out_close(struct image_out *o)
{
	auto_free uint8_t *buf = take_ptr(&o->buf);
	auto_fd int fd = -1;
	int err;

	if (!o->used) {
		image_remove(o->dir, o->name);
		return 0;
	}
	fd = image_create(o->dir, o->name);
	if (fd < 0)
		return fd;
	err = write_all(fd, buf, o->len);
	if (err)
		return fail_with(err, "write image %s", o->name);
	return 0;
}

int image_write_one(int dir, enum image_type type, unsigned long id, const ProtobufCMessage *rec)
{
	struct image_out o;

	image_out_open(&o, dir, type, id);
	image_put(&o, rec);
	return image_out_close(&o);
}

/* A private mapping, so that the size of the file, and no length inside it, decides what memory is used. */
static int map_file(struct image_in *in, int fd)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return fail_errno("stat image %s", in->name);
	if (!S_ISREG(st.st_mode))
		return fail(EINVAL, "%s is not a regular file", in->name);
	in->len = st.st_size;
	if (!in->len)
		return 0;
	if (in->len <= 65536) {
		p = arena_alloc(in->arena, in->len);
		if (pread(fd, p, in->len, 0) != (ssize_t)in->len)
			return fail(EIO, "read image %s: short read", in->name);
	} else {
		p = mmap(NULL, in->len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			return fail_errno("map image %s", in->name);
	}
	in->data = p;
	return 0;
}

static int take_magic(struct image_in *in, uint32_t expected, const char *what)
{
	uint32_t v;

	if (in->len - in->pos < sizeof(v))
		return fail(EINVAL, "%s: truncated in its header", in->name);
	memcpy(&v, in->data + in->pos, sizeof(v));
	if (v != expected)
		return fail(EINVAL, "%s: %s magic is 0x%08x, expected 0x%08x: not an image of this kind",
			    in->name, what, v, expected);
	in->pos += sizeof(v);
	return 0;
}

static int check_header(struct image_in *in)
{
	uint32_t first = 0, magic = infos[in->type].magic;
	int err;

	if (!magic)			/* raw */
		return 0;
	if (in->len >= sizeof(first))
		memcpy(&first, in->data, sizeof(first));
	/* Version 1.0 files have no head magic. */
	if (head_magic(in->type) && first != magic) {
		err = take_magic(in, head_magic(in->type), "head");
		if (err)
			return err;
	}
	return take_magic(in, magic, "type");
}

int image_in_open(struct image_in *in, struct arena *a, int dir, enum image_type type, unsigned long id)
{
	auto_fd int fd = -1;
	int err;

	*in = (struct image_in){ .type = type, .arena = a };
	image_name(type, id, in->name, sizeof(in->name));
	fd = openat(dir, in->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_errno("open image %s", in->name);
	in->exists = true;
	err = map_file(in, fd);
	return err ? err : check_header(in);
}

int image_next_as(struct image_in *in, const ProtobufCMessageDescriptor *type, void *ret_rec)
{
	ProtobufCAllocator alloc = arena_allocator(in->arena);
	uint32_t len;
	void *rec;

	if (in->pos == in->len)
		return 0;
	in->n_read++;
	if (in->len - in->pos < sizeof(len))
		return image_bad(in, "truncated in its length");
	memcpy(&len, in->data + in->pos, sizeof(len));
	in->pos += sizeof(len);
	if (len > in->len - in->pos)
		return image_bad(in, "is %u bytes long, but only %zu are left in the file", len, in->len - in->pos);
	rec = protobuf_c_message_unpack(type, &alloc, len, in->data + in->pos);
	if (!rec)
		return image_bad(in, "is no valid %s", type->name);
	in->pos += len;
	*(void **)ret_rec = rec;
	return 1;
}

int image_next(struct image_in *in, void *ret_rec)
{
	return image_next_as(in, infos[in->type].record, ret_rec);
}

int image_raw(struct image_in *in, size_t len, const void **ret)
{
	if (len > in->len - in->pos)
		return image_bad(in, "has %zu bytes of payload, but only %zu are left in the file", len,
				 in->len - in->pos);
	*ret = in->data + in->pos;
	in->pos += len;
	return 0;
}

int image_read_one(struct arena *a, int dir, enum image_type type, unsigned long id, void *ret_rec)
{
	struct image_in in;
	int got, err;

	err = image_in_open(&in, a, dir, type, id);
	if (err)
		return err;
	if (!in.exists)
		return fail(ENOENT, "image %s is missing", in.name);
	got = image_next(&in, ret_rec);
	if (got < 0)
		return got;
	if (!got)
		return fail(EINVAL, "%s: has no record", in.name);
	if (in.pos != in.len)
		return fail(EINVAL, "%s: %zu bytes follow the only record", in.name, in.len - in.pos);
	return 0;
}
