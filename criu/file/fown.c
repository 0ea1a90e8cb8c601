/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners of open files: the kernel remembers who to signal, and with whose rights. */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "file/fown.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "pie/kinds.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/pids.h"

/* linux/fcntl.h has it, which does not go with fcntl.h. */
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

int fown_scan(struct dump *d, const struct file_facts *f, FownEntry **slot)
{
	struct f_owner_ex owner;
	uid_t uids[2] = { 0 };
	const struct thread *member;
	int sig;

	if (!slot || f->flags & O_PATH)
		return 0;
	sig = fcntl(f->copy, F_GETSIG);
	if (sig < 0 || fcntl(f->copy, F_GETOWN_EX, &owner) < 0)
		return fail_errno("get the owner");
	(*slot)->signum = sig;
	if (!owner.pid)
		return 0;
	if (fcntl(f->copy, F_GETOWNER_UIDS, uids) < 0)
		return fail_errno("get the rights of the owner");
	(*slot)->uid = user_uid_inside(&d->m, NULL, uids[0]);
	(*slot)->euid = user_uid_inside(&d->m, NULL, uids[1]);
	(*slot)->pid_type = owner.type;
	/* a thread, process or group leader as the tree sees it; an outsider keeps its number */
	member = model_thread_by_real(&d->m, owner.pid);
	(*slot)->pid = member ? member->pid : owner.pid;
	if (!member)
		warn("signals of the file go to %d, outside of the tree: restore needs it to exist", owner.pid);
	return 0;
}

int fown_check(const FownEntry *e)
{
	if (e->pid_type > F_OWNER_PGRP || e->signum > 64 || e->pid > INT32_MAX)
		return fail(EINVAL, "file owner of type %u, pid %u, signal %u is impossible", e->pid_type, e->pid,
			    e->signum);
	return 0;
}

/* Threads are made by the restorer, so signals to one are directed later. */
static bool is_later_thread(const struct restore *r, const FownEntry *e)
{
	return e->pid_type == F_OWNER_TID && !model_task_by_pid(&r->m, e->pid);
}

/* F_SETOWN stores the ids of the caller. Raw calls: glibc would want to tell other threads. */
static int set_owner_as(const struct restore *r, const FownEntry *e, int fd, const struct f_owner_ex *owner)
{
	const struct ns *root = ns_of_root(&r->m, NS_USER);
	uid_t uid = user_uid_here(r, root, e->uid), euid = user_uid_here(r, root, e->euid);
	int dumpable = prctl(PR_GET_DUMPABLE), err = 0;

	if (!uid && !euid)
		return fcntl(fd, F_SETOWN_EX, owner) < 0 ? -errno : 0;
	if (syscall(SYS_setresuid, uid, euid, 0) < 0)
		return fail_errno("take uid %u to own the file", uid);
	if (fcntl(fd, F_SETOWN_EX, owner) < 0)
		err = -errno;
	if (syscall(SYS_setresuid, 0, 0, 0) < 0)
		return fail_errno("become root again");
	/* Changing ids has switched it off, and others still fetch descriptors from this task. */
	if (dumpable == 1 && prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail_errno("set dumpable");
	return err;
}

static const struct thread *member(const struct model *m, pid_t pid)
{
	for (size_t i = 0; i < m->tasks.n; i++)
		for (size_t n = 0; n < m->tasks.v[i]->n_threads; n++)
			if (m->tasks.v[i]->threads[n].pid == pid)
				return &m->tasks.v[i]->threads[n];
	return NULL;
}

/* As the calling task sees it; an outsider keeps its number. */
static pid_t owner_seen(const struct restore *r, pid_t pid)
{
	const struct thread *th = leader(r->self)->n_inner ? member(&r->m, pid) : NULL;

	return th ? pids_seen_by(&r->m, leader(r->self), th) : pid;
}

int fown_set(struct restore *r, const FownEntry *e, int fd)
{
	struct f_owner_ex owner = { .type = e->pid_type, .pid = owner_seen(r, e->pid) };
	int err = 0;

	if (e->signum && fcntl(fd, F_SETSIG, e->signum) < 0)
		return fail_errno("set signal %u", e->signum);
	if (!e->pid)
		return 0;
	if (owner.pid && is_later_thread(r, e)) {
		struct fown_arm row = { .fd = fd, .type = e->pid_type, .pid = owner.pid };

		late_add(r, LATE_fown, leader(r->self), &row, sizeof(row));
		return 0;
	}
	if (!owner.pid)
		err = -ESRCH;	/* given by one who saw it */
	else
		err = set_owner_as(r, e, fd, &owner);
	if (err == -ESRCH) {
		warn("owner %u of the file %s: nobody gets its signals", e->pid,
		     owner.pid ? "no longer exists" : "is outside of the pid namespace of its holder");
		return 0;
	}
	return err ? fail_with(err, "set owner %u", e->pid) : 0;
}
