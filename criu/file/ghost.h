/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/ghost.h: files without a name, carried in the images */
#include "base/vec.h"
#include "file/kind.h"
#include "ghost-file.pb-c.h"
#include "remap-file-path.pb-c.h"

struct model;

/* Contents of a ghost, as loaded. */
struct ghost_chunk {
	uint64_t off, len;
	const void *data;
};

struct ghost {
	uint32_t id;
	GhostFileEntry *entry;
	/* dump */
	struct stat st;
	int fd;				/* a copy, until it is saved */
	/* restore */
	VEC(struct ghost_chunk) chunks;
	uint64_t size;
};

/* A descriptor that a file is opened through, because its name is not there. */
struct stand_in {
	uint32_t file_id;
	int fd;				/* >= service_fd_min */
	bool is_description;		/* the open file itself, not only a way to it */
};

void remap_add(struct model *m, uint32_t file_id, uint32_t remap_id, RemapType type);

/* --- dump: ghost.c --- */
/* What fd (O_PATH will do) leads to; *ret_id: of the ghost, 0: it was refused. */
int ghost_add(struct dump *d, int fd, const struct stat *st, const char *name, uint32_t *ret_id) must_check;
int ghost_scan(struct dump *d, const struct file_facts *f, const char *name) must_check;
int ghosts_save(struct dump *d) must_check;
void ghosts_release(struct dump *d);

/* --- restore --- */
int ghosts_load(struct model *m, int img_dir) must_check;	/* ghost_load.c */
int ghost_load(struct model *m, int img_dir, uint32_t id) must_check;
/* Creates a file of this ghost at the path, with contents and attributes. */
int ghost_create(const struct ghost *g, const char *path) must_check;
/* Contents and attributes into an empty file. */
int ghost_fill(const struct ghost *g, int fd) must_check;

/* --- restore: stand_in.c --- */
int stand_ins_make(struct restore *r) must_check;
/* Whoever survives a restore that is through takes away the links that the dump had left for it. */
int stand_ins_promise(struct restore *r) must_check;
void stand_ins_release(struct restore *r);
const struct stand_in *stand_in_of(const struct restore *r, uint32_t file_id);
