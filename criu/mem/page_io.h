/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/page_io.h: where pages come from, where they go, and who looks at them */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include "base/compiler.h"

/* Several threads may use one source or sink at the same time. */
struct page_source {
	/* The ranges one after another, len bytes in all, into buf. Reports failures. */
	int (*read)(const struct page_source *s, const struct iovec *ranges, unsigned int n, void *buf, size_t len);
	void (*close)(struct page_source *s);
	pid_t pid;
	int mem, pagemap;		/* /proc/PID/mem; /proc/PID/pagemap or -1 */
};

struct page_sink {
	/* The pieces one after another, len bytes in all, from offset on. Reports failures; cuts up pieces. */
	int (*write)(const struct page_sink *s, struct iovec *pieces, unsigned int n, uint64_t offset);
	/* Room for the file up to len, ahead of its writes; best effort, may be NULL. */
	void (*reserve)(const struct page_sink *s, uint64_t len);
	int (*close)(struct page_sink *s, uint64_t len);	/* it has len bytes; reports failures */
	int fd;
	char name[32];
};

/* Sees every stored page while it is hot in the cache. state is the checksum's own. */
struct page_checksum {
	void (*add)(void *state, uint64_t addr, const void *page);
	void *state;
};

/*
 * The memory of a stopped process, from outside. process_vm_readv(2) is faster, but it pins what it reads, and a pinned
 * anonymous page must not be shared copy-on-write: the kernel (gup_must_unshare) gives the process a copy of its own.
 * keeps_sharing asks for the way that leaves them shared, /proc/PID/mem, where pagemap does not call them exclusive.
 */
int process_source_open(struct page_source *s, pid_t pid_real, bool keeps_sharing) must_check;
/* pages-<id>.img in a directory, made anew. */
int file_sink_open(struct page_sink *s, int dir, uint32_t pages_id) must_check;

bool is_zero_page(const void *page);
