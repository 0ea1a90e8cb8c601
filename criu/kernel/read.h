/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/read.h: a whole /proc file as text */
#include <stddef.h>
#include <sys/types.h>
#include "base/compiler.h"

/*
 * Most files fit in the room inside, so reading one costs three system calls and no allocation. Declare it with
 * auto_proc_text, or free it by hand.
 */
struct proc_text {
	char *s;			/* ends with a NUL that is not counted */
	size_t len;
	char room[4096];
};

/* Reads the file whose path is printed from fmt. A question: reports nothing, returns a negative errno. */
int proc_text_read(struct proc_text *ret, const char *fmt, ...) printf_like(2, 3) must_check;
void proc_text_free(struct proc_text *t);

/*
 * The same for long texts of which little is kept: hands over piece after piece, each of whole lines, in a buffer that
 * stays in the cache. take returns a negative errno to end it. -E2BIG: a line that is longer than any path.
 */
int proc_text_pieces(int (*take)(void *arg, char *lines), void *arg, const char *fmt, ...) printf_like(3, 4) must_check;

/*
 * From now on every path that begins with /proc/ is looked up from here: a task that is in a mount namespace of the
 * tree has no /proc of the tool's, or none at all. fd: an O_PATH descriptor of the tool's /proc, borrowed.
 */
void proc_keep(int fd);
/* As open(2) with O_CLOEXEC for a path that begins with /proc/; reports nothing. */
int proc_open(const char *path, int flags) must_check;
/* As readlink(2) for such a path. */
ssize_t proc_readlink(const char *path, char *ret, size_t size) must_check;

#define auto_proc_text __attribute__((cleanup(proc_text_free))) struct proc_text
