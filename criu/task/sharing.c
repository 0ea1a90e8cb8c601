/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which tasks share a kernel object (kcmp). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "run/dump.h"
#include "task/record.h"

/*
 * kcmp orders objects as well as comparing them, so a sorted array finds the equal one in log n questions. Ids are
 * given in the order of the tree.
 */
struct object_set {
	int kcmp_type;
	VEC(struct shared_object { const struct task *first; uint32_t id; }) sorted;
};

static int compare(const struct object_set *s, const struct task *a, const struct task *b)
{
	long r = syscall(SYS_kcmp, leader(a)->pid_real, leader(b)->pid_real, s->kcmp_type, 0, 0);

	return r < 0 ? fail_errno("kcmp %d and %d", leader(a)->pid_real, leader(b)->pid_real) : (int)r;
}

/* *ret_first: the task that was met first with the same object; t itself if it is new. */
static int object_id(struct dump *d, struct object_set *s, const struct task *t, uint32_t *ret_id,
		     const struct task **ret_first)
{
	size_t lo = 0, hi = s->sorted.n;
	struct shared_object fresh = { .first = t, .id = s->sorted.n + 1 };

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int r = compare(s, t, s->sorted.v[mid].first);

		if (r < 0)
			return r;
		if (r == 0) {
			*ret_id = s->sorted.v[mid].id;
			*ret_first = s->sorted.v[mid].first;
			return 0;
		}
		if (r == 3)
			return fail(EOPNOTSUPP, "kcmp gives no order on this kernel");
		if (r == 1)
			hi = mid;
		else
			lo = mid + 1;
	}
	vec_push(&d->m.arena, &s->sorted, fresh);
	memmove(&s->sorted.v[lo + 1], &s->sorted.v[lo], (s->sorted.n - 1 - lo) * sizeof(fresh));
	s->sorted.v[lo] = fresh;
	*ret_id = fresh.id;
	*ret_first = t;
	return 0;
}

static const struct {
	int kcmp_type;
	enum refusal_code code;
	const char *what;
	size_t field;
} kinds[] = {
	{ KCMP_VM, REFUSE_TASK_SHARED_MM, "memory", offsetof(TaskKobjIdsEntry, vm_id) },
	{ KCMP_FS, REFUSE_TASK_SHARED_FS, "working directory and umask (CLONE_FS)", offsetof(TaskKobjIdsEntry, fs_id) },
	{ KCMP_SIGHAND, REFUSE_TASK_SHARED_SIGHAND, "signal handlers", offsetof(TaskKobjIdsEntry, sighand_id) },
};

static int scan_task(struct dump *d, struct task *t, struct object_set *sets)
{
	t->ids = arena_msg(&d->m.arena, TaskKobjIdsEntry, task_kobj_ids_entry__init);
	for (size_t i = 0; i < array_size(kinds); i++) {
		const struct task *first;
		uint32_t *id = (uint32_t *)((char *)t->ids + kinds[i].field);
		int err = object_id(d, &sets[i], t, id, &first);

		if (err)
			return err;
		if (first != t)
			refuse(&d->refusals, kinds[i].code, "shares its %s with process %d", kinds[i].what,
			       leader(first)->pid);
	}
	return 0;
}

int sharing_scan(struct dump *d)
{
	struct object_set sets[array_size(kinds)] = { 0 };

	for (size_t i = 0; i < array_size(kinds); i++)
		sets[i].kcmp_type = kinds[i].kcmp_type;
	d->m.inventory->root_ids = arena_msg(&d->m.arena, TaskKobjIdsEntry, task_kobj_ids_entry__init);

	for (size_t i = 0; i < d->m.tasks.n; i++) {
		struct task *t = d->m.tasks.v[i];
		int err;

		if (!t->dump->proc)
			continue;
		IN_SCOPE("task", leader(t)->pid);
		err = scan_task(d, t, sets);
		if (err)
			return err;
	}
	return 0;
}
