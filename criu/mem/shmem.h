/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/shmem.h: what is in shared memory that is an inode */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"
#include "base/vec.h"

struct arena;
struct dump;

/* Contents in a pages file, in the order of the file. */
struct shmem_run {
	uint64_t start, len;		/* in the object */
};

struct shmem {
	uint64_t image_id;		/* of pagemap-shmem-<id>.img */
	uint64_t size;			/* in bytes; what the object holds may be more, up to a page of its kind */
	uint64_t unit;			/* its page, a power of two: PAGE_SIZE, or that of huge pages */
	VEC(struct shmem_run) runs;
	const uint8_t *contents;	/* while restoring: of all runs, one after another */
};

/*
 * From fd, which can be read. Only pages that exist are looked at, so that reading gives the object no others. fd -1: there
 * is nothing in it.
 */
int shmem_save(struct dump *d, struct shmem *s, int fd) must_check;
/* Its pagemap, checked, and its pages, mapped: who fills it inherits the mapping. */
int shmem_load(struct arena *a, int img_dir, struct shmem *s) must_check;
/* Into the object, mapped here, or written through a descriptor (which huge pages do not take). */
void shmem_fill(const struct shmem *s, char *at);
int shmem_write(const struct shmem *s, int fd) must_check;
