/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What processes have to undo on semaphores at their end (SEM_UNDO), into records and back. */
#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/map.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/undo.h"
#include "ipc/undo_list.h"
#include "kernel/proc_stat.h"
#include "ns/ns.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

enum { MAX_ADJUSTMENT = 32767 };	/* SEMAEM */

/* --- dump ------------------------------------------------------------------------------------------------------ */

struct scan {
	struct dump *d;
	struct ipc_ns *ns;		/* NULL: the tool's own */
	struct undo_reader reader;
	struct map sets;		/* id -> index in ns->sets, plus 1 */
	struct map lists;		/* address of a list -> pid that has it */
	const struct task *t;
};

static int has_same_list(pid_t a, pid_t b)
{
	long r = syscall(SYS_kcmp, a, b, KCMP_SYSVSEM, 0, 0);

	return r < 0 ? fail_errno("compare the semaphores of threads %d and %d with kcmp(2)", a, b) : r == 0;
}

static int note(struct scan *s, int id, size_t num, int adjustment)
{
	const uint64_t *at = map_find(&s->sets, id);
	IpcSemEntry *e = at ? s->ns->sets.v[*at - 1].entry : NULL;
	IpcSemUndo *u = arena_msg(&s->d->m.arena, IpcSemUndo, ipc_sem_undo__init);

	if (!s->ns || s->d->opt->plain_images || !e) {
		refuse(&s->d->refusals, REFUSE_IPC_UNDO, "has to undo %d on semaphore %zu of set %d, which is not saved%s",
		       adjustment, num, id, s->ns ? " in --plain-images" : ": it is in the namespace of the tool");
		return 0;
	}
	u->pid = leader(s->t)->pid;
	u->num = num;
	u->adjustment = adjustment;
	pb_push(&s->d->m.arena, e->undo, e->n_undo, u);
	s->d->m.inventory->img_version = IMG_VERSION_EXTENDED;
	return 0;
}

static int semaphores_in(struct scan *s, int id)
{
	const uint64_t *at = map_find(&s->sets, id);
	struct semid_ds ds;

	if (at)
		return s->ns->sets.v[*at - 1].entry->nsems;
	return semctl(id, 0, IPC_STAT, &ds) < 0 ? -errno : (int)ds.sem_nsems;
}

static int scan_record(struct scan *s, uint64_t record, int id)
{
	int n = semaphores_in(s, id), err = n < 0 ? n : 0;
	int16_t *values = n < 0 ? NULL : arena_array(&s->d->m.arena, int16_t, n);

	if (!err)
		err = undo_list_values(&s->reader, record, n, values);
	if (err)
		return fail_with(err, "read what is to be undone on set %d", id);
	for (int i = 0; i < n && !err; i++)
		if (values[i])
			err = note(s, id, i, values[i]);
	return err;
}

/* Two processes with one list come from clone(2) with CLONE_SYSVSEM alone. */
static int is_first(struct scan *s, uint64_t list)
{
	uint64_t *pid = map_at(&s->d->m.arena, &s->lists, list);

	if (*pid)
		refuse(&s->d->refusals, REFUSE_IPC_UNDO, "shares its semaphores to undo with process %d", (int)*pid);
	else
		*pid = leader(s->t)->pid;
	return *pid == (uint64_t)leader(s->t)->pid;
}

/* The wall clock when a process began, a little early. */
static time_t began(const struct task *t)
{
	enum { MARGIN = 2 };
	struct timespec up;

	if (clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return 0;
	return time(NULL) - up.tv_sec + leader(t)->dump->stat->starttime / sysconf(_SC_CLK_TCK) - MARGIN;
}

/* In the namespace that the caller is in: whether semop(2) was called since for a set that still is. */
static bool were_semaphores_used(time_t since)
{
	union {
		struct semid_ds *ds;
		struct seminfo *info;
	} arg;
	struct semid_ds ds = { 0 };
	struct seminfo info;
	int last = semctl(0, 0, SEM_INFO, (arg.info = &info, arg));

	for (int i = 0; i <= last; i++)
		if (semctl(i, 0, SEM_STAT_ANY, (arg.ds = &ds, arg)) >= 0 && ds.sem_otime >= since)
			return true;
	return last < 0;
}

static int scan_list(struct scan *s)
{
	uint64_t list, record;
	int id, got, err = undo_list_open(&s->reader, leader(s->t)->pid_real, &list);

	/* Threads have a list from birth (CLONE_SYSVSEM); where nothing was done since, there is nothing in it. */
	if (err && !were_semaphores_used(began(s->t)))
		return 0;
	if (err) {
		refuse(&s->d->refusals, REFUSE_IPC_UNDO, "has changed a semaphore with SEM_UNDO, and it cannot be read if "
		       "there is something to undo (%s): this needs CAP_SYS_ADMIN, CONFIG_DEBUG_INFO_BTF and Linux 6.1",
		       strerror(-err));
		return 0;
	}
	if (!is_first(s, list))
		return 0;
	while ((got = undo_list_next(&s->reader, &record, &id)) > 0) {
		err = scan_record(s, record, id);
		if (err)
			return err;
	}
	return got < 0 ? fail_with(got, "read the list of semaphores to undo") : 0;
}

static int scan_task(struct scan *s)
{
	const struct task *t = s->t;
	int got = has_same_list(leader(t)->pid_real, getppid());

	/*
	 * Who is equal to one without a list has none. The visible process (run/guard.h) has none; this one has, as soon
	 * as it has a thread: CLONE_SYSVSEM makes the list that the two share.
	 */
	if (got < 0)
		return got;
	if (!got) {
		IN_SCOPE("task", leader(t)->pid);
		int err = scan_list(s);

		if (err)
			return err;
	}
	for (size_t i = 1; i < t->n_threads; i++) {
		got = has_same_list(leader(t)->pid_real, t->threads[i].pid_real);
		if (got < 0)
			return got;
		if (!got)
			refuse(&s->d->refusals, REFUSE_IPC_UNDO, "thread %d has semaphores to undo of its own",
			       t->threads[i].pid);
	}
	return 0;
}

static int scan_tasks(struct scan *s)
{
	int err = 0;

	for (size_t i = 0; i < s->d->m.tasks.n && !err; i++) {
		s->t = s->d->m.tasks.v[i];
		if (is_alive(s->t) && s->t->dump->proc && ns_of(&s->d->m, s->t, NS_IPC) == (s->ns ? s->ns->ns : NULL))
			err = scan_task(s);
	}
	undo_reader_close(&s->reader);
	return err;
}

int ipc_undo_scan(struct dump *d, struct ipc_ns *ns)
{
	struct scan s = { .d = d, .ns = ns };

	for (size_t i = 0; i < ns->sets.n; i++)
		*map_at(&d->m.arena, &s.sets, ns->sets.v[i].entry->desc->id) = i + 1;
	return ns->sets.n ? scan_tasks(&s) : 0;
}

int ipc_undo_scan_own(struct dump *d)
{
	struct scan s = { .d = d };
	struct seminfo info;

	/* usz: how many sets there are */
	if (semctl(0, 0, SEM_INFO, &info) < 0 || !info.semusz)
		return 0;
	return scan_tasks(&s);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

int ipc_undo_check(const struct image_in *in, const struct ipc_set *s)
{
	for (size_t i = 0; i < s->entry->n_undo; i++) {
		const IpcSemUndo *u = s->entry->undo[i];

		if (u->num >= s->entry->nsems || u->adjustment < -MAX_ADJUSTMENT || u->adjustment > MAX_ADJUSTMENT)
			return image_bad(in, "impossible %d to undo on semaphore %u of set %u", u->adjustment, u->num,
					 s->entry->desc->id);
	}
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct ipc_undo *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

int ipc_undo_load(struct restore *r, struct ipc_ns *ns)
{
	for (size_t i = 0; i < ns->sets.n; i++) {
		const IpcSemEntry *e = ns->sets.v[i].entry;

		for (size_t k = 0; k < e->n_undo; k++) {
			const struct task *t = model_task_by_pid(&r->m, e->undo[k]->pid);
			struct ipc_undo u = { e->undo[k]->pid, e->desc->id, e->undo[k]->num, e->undo[k]->adjustment };

			if (!t || !is_alive(t) || ns_of(&r->m, t, NS_IPC) != ns->ns)
				return fail(EINVAL, "ipcns-sem-%u.img: set %u: process %u, which is to undo something, "
					    "is not in this namespace", ns->ns->id, e->desc->id, e->undo[k]->pid);
			vec_push(&r->m.arena, &ns->undos, u);
		}
	}
	if (ns->undos.n)
		qsort(ns->undos.v, ns->undos.n, sizeof(ns->undos.v[0]), by_pid);
	return 0;
}

/*
 * One call that changes the semaphore and changes it back, and of which only one half is noted as to be undone. The half
 * comes first that leaves the value within its limits.
 */
static int make_undo(const struct ipc_undo *u)
{
	int value = semctl(u->id, u->num, GETVAL);
	struct sembuf op[2] = { { .sem_num = u->num, .sem_op = -u->adjustment, .sem_flg = SEM_UNDO | IPC_NOWAIT },
				{ .sem_num = u->num, .sem_op = u->adjustment, .sem_flg = IPC_NOWAIT } };
	int first = value - u->adjustment;

	if (first < 0 || first > MAX_ADJUSTMENT) {
		struct sembuf last = op[0];

		op[0] = op[1];
		op[1] = last;
	}
	if (value < 0 || semop(u->id, op, array_size(op)) < 0)
		return fail_errno("set %d: note %d to undo on semaphore %u, which is %d", u->id, u->adjustment, u->num,
				  value);
	return 0;
}

int ipc_undo_make(const struct ipc_ns *ns, const struct task *t)
{
	const struct ipc_undo key = { .pid = leader(t)->pid };
	const struct ipc_undo *u = ns->undos.n ? bsearch(&key, ns->undos.v, ns->undos.n, sizeof(key), by_pid) : NULL;
	int err = 0;

	if (!u)
		return 0;
	while (u > ns->undos.v && u[-1].pid == key.pid)
		u--;
	for (; u < ns->undos.v + ns->undos.n && u->pid == key.pid && !err; u++)
		err = make_undo(u);
	return err;
}
