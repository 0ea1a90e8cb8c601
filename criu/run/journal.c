/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal: a few lines in shared memory that outlive the process which wrote them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <compel/record.h>
#include "base/log.h"
#include "base/own.h"
#include "cgroup/remove.h"
#include "image/dir.h"
#include "image/drop.h"
#include "run/barrier.h"
#include "run/journal.h"
#include "run/shared.h"

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

static void write_back(const char *path, const char *value)
{
	auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		warn_errno("write %s back to %s", value, path);
}

static void remove_name(const char *path)
{
	if (unlink(path) < 0 && (errno != EISDIR || rmdir(path) < 0) && errno != ENOENT)
		warn_errno("remove temporary %s", path);
}

static void remove_with_parents(const struct entry *e)
{
	char path[PATH_MAX], *slash;

	remove_name(e->path);
	snprintf(path, sizeof(path), "%s", e->path);
	for (int n = atoi(e->value); n > 0 && (slash = strrchr(path, '/')); n--) {
		*slash = 0;
		remove_name(path);
	}
}

/* In a child: who enters a mount namespace is at its root from then on, wherever the roots of the tasks in it are. */
static void unlink_inside(const char *ns, const char *path)
{
	pid_t pid = fork();

	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid < 0)
		warn_errno("remove temporary %s", path);
	if (!pid) {
		auto_fd int fd = open(ns, O_RDONLY | O_CLOEXEC);

		/* A namespace that has ended has taken the name along, or has left it to nobody who could be asked. */
		if (fd >= 0 && setns(fd, CLONE_NEWNS) == 0)
			remove_name(path);
		else
			warn_errno("remove temporary %s: enter %s", path, ns);
		_exit(EXIT_SUCCESS);
	}
}

static void put_peek_off_back(const char *where, const char *value)
{
	int pid, fd, off = atoi(value);
	auto_fd int pidfd = -1, copy = -1;

	if (sscanf(where, "%d %d", &pid, &fd) != 2)
		return;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	copy = pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (copy < 0 && errno == ESRCH)
		return;
	if (copy < 0 || setsockopt(copy, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)) < 0)
		warn_errno("set SO_PEEK_OFF of descriptor %d of process %d back to %d", fd, pid, off);
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

static void take_back(const struct entry *e)
{
	switch (e->kind) {
	case JOURNAL_IMAGES:
		if (images_drop(e->path))
			warn("an unfinished snapshot stays in %s", e->path);
		break;
	case JOURNAL_FILE:
	case JOURNAL_NAME:
		remove_with_parents(e);
		break;
	case JOURNAL_FILE_INSIDE:
		unlink_inside(e->value, e->path);
		break;
	case JOURNAL_SPENT:
		if (*e->value)
			unlink_inside(e->value, e->path);
		else
			remove_name(e->path);
		break;
	case JOURNAL_FREEZER:
		write_back(e->path, e->value);
		break;
	case JOURNAL_CGROUP:
		if (cgroup_remove(e->path))
			warn("cgroup %s stays", e->path);
		break;
	case JOURNAL_PEEK_OFF:
		put_peek_off_back(e->path, e->value);
		break;
	case JOURNAL_TASKS:
		break;		/* by end_tasks() */
	}
}

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
		take_back(&j->e[i]);
		journal_strike(j, i);
	}
}
