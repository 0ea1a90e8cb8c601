/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal: a few lines in shared memory that outlive the process which wrote them. */
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <compel/record.h>
#include "base/log.h"
#include "cgroup/remove.h"
#include "file/name.h"
#include "image/drop.h"
#include "run/barrier.h"
#include "run/journal.h"
#include "run/shared.h"
#include "sock/peek_off.h"
#include "task/freezer.h"

enum { ENTRIES = 4096, RECORDS = 65536, VALUE_BYTES = 64 };

struct entry {
	_Atomic uint32_t is_open;	/* set last, cleared first: a half-written entry is no entry */
	enum journal_kind kind;
	char path[PATH_MAX];
	char value[VALUE_BYTES];
};

struct journal {
	struct restore_shared *tasks;
	_Atomic uint32_t is_kept;
	_Atomic uint32_t n;
	struct entry e[ENTRIES];
	_Atomic uint32_t n_records;
	_Alignas(8) char records[RECORDS][COMPEL_RECORD_SIZE];
};

struct journal *journal_new(void)
{
	/* Untouched pages of it cost nothing. */
	void *p = mmap(NULL, sizeof(struct journal), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int journal_enter(struct journal *j, enum journal_kind kind, const char *path, const char *value)
{
	uint32_t i = atomic_fetch_add(&j->n, 1);
	struct entry *e = &j->e[i];

	if (i >= ENTRIES) {
		atomic_fetch_sub(&j->n, 1);
		return fail(ENOSPC, "the journal is full (%d entries)", ENTRIES);
	}
	e->kind = kind;
	if (snprintf(e->path, sizeof(e->path), "%s", path ? path : "") >= (int)sizeof(e->path))
		return fail(ENAMETOOLONG, "journal: %.64s...", path);
	snprintf(e->value, sizeof(e->value), "%s", value ? value : "");
	atomic_store(&e->is_open, 1);
	return i;
}

void journal_strike(struct journal *j, int entry)
{
	if (entry >= 0)
		atomic_store(&j->e[entry].is_open, 0);
}

void journal_keep(struct journal *j)
{
	atomic_store(&j->is_kept, 1);
}

/* Is this change meant to stay now, or none any more? */
static bool is_settled(const struct journal *j, const struct entry *e)
{
	bool is_kept = atomic_load(&j->is_kept);

	return !atomic_load(&e->is_open) || (e->kind == JOURNAL_SPENT ? !is_kept : e->kind >= JOURNAL_CGROUP && is_kept);
}

void *journal_record(struct journal *j)
{
	uint32_t i = atomic_fetch_add(&j->n_records, 1);

	return i < RECORDS ? j->records[i] : NULL;
}

void journal_set_tasks(struct journal *j, struct restore_shared *s)
{
	j->tasks = s;
}

/* First of all, and until they have ended: what they make in their last moments would come behind what is taken back. */
static void end_tasks(const struct journal *j)
{
	for (uint32_t i = 0; i < min(atomic_load(&j->n), (uint32_t)ENTRIES); i++)
		if (j->e[i].kind == JOURNAL_TASKS && !is_settled(j, &j->e[i]) && j->tasks)
			barrier_kill_and_wait(j->tasks);
}

/* Each stands with the kind whose change it is; they report what they cannot do. */
static void (*const take_back[])(const char *path, const char *value) = {
	[JOURNAL_IMAGES] = images_take_back,
	[JOURNAL_FILE] = name_take_back,
	[JOURNAL_FILE_INSIDE] = name_take_back_inside,
	[JOURNAL_FREEZER] = freezer_take_back,
	[JOURNAL_PEEK_OFF] = peek_off_take_back,
	[JOURNAL_CGROUP] = cgroup_take_back,
	[JOURNAL_NAME] = name_take_back,
	[JOURNAL_TASKS] = NULL,		/* by end_tasks() */
	[JOURNAL_SPENT] = name_take_back_inside,
};

static void put_processes_back(struct journal *j)
{
	for (uint32_t i = 0; i < min(atomic_load(&j->n_records), (uint32_t)RECORDS); i++) {
		char why[256];

		if (compel_put_back(j->records[i], why, sizeof(why)))
			warn("not as it was: %s", why);
	}
}

void journal_take_back(struct journal *j)
{
	put_processes_back(j);
	end_tasks(j);
	for (uint32_t i = min(atomic_load(&j->n), (uint32_t)ENTRIES); i--;) {
		if (is_settled(j, &j->e[i]))
			continue;
		if (take_back[j->e[i].kind])
			take_back[j->e[i].kind](j->e[i].path, j->e[i].value);
		journal_strike(j, i);
	}
}
