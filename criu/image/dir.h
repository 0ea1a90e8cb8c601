/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* image/dir.h: records in the files of an image directory */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <protobuf-c/protobuf-c.h>
#include "base/arena.h"

/* One row of image/images.def: what a file is called, what it begins with, what record it holds. */
enum image_type {
#define IMAGE(id, name, magic, record) IMG_##id,
#include "image/images.def"
#undef IMAGE
	IMG_COUNT
};

/* Framing of image version 1.1: u32 head magic, u32 type magic, then (u32 length, packed message)*. */
enum { IMG_HEAD_COMMON = 0x54564319, IMG_HEAD_SERVICE = 0x55105940 };

/* inventory.img_version. EXTENDED: something in these images would be misread by who does not know our extensions. */
enum { IMG_VERSION_OLD = 1, IMG_VERSION = 2, IMG_VERSION_EXTENDED = 3 };

/*
 * Writing: records gather in memory and reach the disk in one write at the end, so a file is never half there
 * unless the disk is full. A writer that put nothing removes a stale file of that name.
 */
struct image_out {
	int dir;			/* not owned */
	enum image_type type;
	char name[64];
	uint8_t *buf;
	size_t len, room;
	bool used;
};
/* id goes into the %u or %x of the name; pass 0 where the name has none. */
void image_out_open(struct image_out *o, int dir, enum image_type type, unsigned long id);
void image_put(struct image_out *o, const ProtobufCMessage *rec);
/* Payload behind the record just put. */
void image_put_raw(struct image_out *o, const void *data, size_t len);
int image_out_close(struct image_out *o) must_check;
/* One record, one file. */
int image_write_one(int dir, enum image_type type, unsigned long id, const ProtobufCMessage *rec) must_check;

/* Reading: a missing file is an empty one (in.exists tells); every failure names file and record. */
struct image_in {
	enum image_type type;
	char name[64];
	bool exists;
	const uint8_t *data;
	size_t len, pos;
	unsigned int n_read;		/* records so far, for messages */
	struct arena *arena;
};
int image_in_open(struct image_in *in, struct arena *a, int dir, enum image_type type, unsigned long id) must_check;
/* 1 and the record, 0 at the end, or a negative errno. */
int image_next(struct image_in *in, void *ret_rec) must_check;
/* As image_next(), for files whose later records have another type than the first. */
int image_next_as(struct image_in *in, const ProtobufCMessageDescriptor *type, void *ret_rec) must_check;
/* len bytes of payload behind the record just read. */
int image_raw(struct image_in *in, size_t len, const void **ret) must_check;
/* Exactly one record in the file; a missing file is an error. */
int image_read_one(struct arena *a, int dir, enum image_type type, unsigned long id, void *ret_rec) must_check;
/* -EINVAL with file and record number: for a check() that finds a value impossible. */
#define image_bad(in, fmt, ...) fail(EINVAL, "%s: record %u: " fmt, (in)->name, (in)->n_read, ##__VA_ARGS__)

int image_name(enum image_type type, unsigned long id, char *ret_name, size_t size);
/* Removes a file this run wrote; ENOENT is fine. */
void image_remove(int dir, const char *name);
