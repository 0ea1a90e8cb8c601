/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/journal.h: changes to the outside world, for whoever survives to take back */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The two processes of the tool share one journal. A change is entered before it is made and struck out when it
 * has been taken back or is meant to stay; an entry whose change was never made is taken back without harm.
 */
enum journal_kind {
	JOURNAL_IMAGES,			/* a directory (path) is getting images: drop them */
	JOURNAL_FILE,			/* a temporary name (path) is given: remove it, and `value` directories above it */
	JOURNAL_FILE_INSIDE,		/* the same from the root of a mount namespace (value: the file that is it) */
	JOURNAL_FREEZER,		/* a cgroup file (path) was written: write `value` back */
	JOURNAL_PEEK_OFF,		/* SO_PEEK_OFF of a socket, path "PID FD", was moved: set it to `value` */
	/* What a restore makes to stay, until journal_keep(): */
	JOURNAL_CGROUP,			/* a cgroup (path) is made: remove it and what is below */
	JOURNAL_NAME,			/* a name (path) in a file system is made: remove it */
	JOURNAL_TASKS,			/* tasks are being made: kill them (restore_shared knows which) */
	/* What a restore has used up, from journal_keep() on; until then it is needed to try again: */
	JOURNAL_SPENT,			/* a name (path): remove it, from the root of a mount namespace if `value` is one */
};

struct journal;
struct journal *journal_new(void);	/* shared memory; NULL and errno when there is none */
/* Returns the number of the entry, or a negative errno (reported): ENAMETOOLONG, ENOSPC. */
int journal_enter(struct journal *j, enum journal_kind kind, const char *path, const char *value);
void journal_strike(struct journal *j, int entry);
/*
 * The restore is through: all that it made to stay does stay. One store, so that whoever is killed around it leaves either
 * all of it or nothing: never tasks without their cgroups.
 */
void journal_keep(struct journal *j);
/* A record of compel/record.h, zeroed. NULL when there is no room for another one: then work without. */
void *journal_record(struct journal *j);
/*
 * Takes back what is not struck out, newest first; but first of all the processes that somebody was at work in are put
 * back. Quiet when there is nothing.
 */
void journal_take_back(struct journal *j);
/* Whom JOURNAL_TASKS means; the memory is shared by both processes, at the same address. */
struct restore_shared;
void journal_set_tasks(struct journal *j, struct restore_shared *s);
