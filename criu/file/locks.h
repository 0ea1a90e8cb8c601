/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/locks.h: locks on files: fcntl(2), flock(2) */
#include <stdint.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "file-lock.pb-c.h"

struct dump;
struct file_facts;
struct model;
struct restore;

/* file_lock_entry.flag */
enum { LOCK_POSIX = 1, LOCK_FLOCK = 2, LOCK_OFD = 4, LOCK_LEASE = 8 };

/*
 * A line of fdinfo behind "lock:\t", as lock_get_status() of the kernel prints it, into flag, type, start and len.
 * -EINVAL: not such a line; -EOPNOTSUPP: a lease, or a lock of another kind.
 */
int lock_parse(const char *line, FileLockEntry *ret) must_check;

/* The locks that fdinfo of a descriptor tells of; f->id is the description's. Refuses them without --file-locks. */
int locks_scan(struct dump *d, const struct file_facts *f) must_check;
/* When all descriptors are known: a lock that none of them tells of would be lost. */
int locks_refuse_hidden(struct dump *d) must_check;
int locks_save(struct dump *d) must_check;

/* When the tables are known: every lock is of a descriptor that is there. */
int locks_load(struct model *m, int img_dir) must_check;
/*
 * In a task whose descriptors are all in place: its locks. Those of a process go when it closes any descriptor of the file,
 * as the restorer does with the tool's, so they are left to it; that nobody has such a lock is asked here.
 */
int locks_make(struct restore *r) must_check;
