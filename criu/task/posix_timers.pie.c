/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timer_gettime(2) and timer_create(2) with a chosen id. */
#include <asm/errno.h>
#include <compel/pie.h>
#include "pie/inside.h"

enum { PR_TIMER_RESTORE_IDS = 77, IDS_OFF = 0, IDS_ON = 1 };	/* PR_TIMER_CREATE_RESTORE_IDS, Linux 6.15 */

/* struct sigevent of the kernel */
struct event {
	uint64_t value;
	int32_t signo, notify, tid;
	char pad[64 - 20];
};

void posix_timers_scan_inside(struct posix_timers_inside *ret)
{
	char *start = (char *)ret - offsetof(struct inside_task, posix_timers);
	struct posix_timers_ask *a = (void *)(start + ret->off);

	for (uint32_t i = 0; i < ret->n; i++) {
		a[i].err = sys_timer_gettime(a[i].id, &a[i].val);
		a[i].overrun = sys_timer_getoverrun(a[i].id);
	}
}

static long create(const struct posix_timers_arm *a, int *id)
{
	struct event ev = { .value = a->value, .signo = a->signo, .notify = a->notify, .tid = a->tid };

	return sys_timer_create(a->clock, &ev, id);
}

/* Before Linux 6.15 a process counts its ids up from 0: make and delete until the right one comes. */
static long create_counting(const struct posix_timers_arm *a)
{
	for (;;) {
		int id = -1;
		long err = create(a, &id);

		if (err || id == a->id)
			return err;
		sys_timer_delete(id);
		if (id > a->id)
			return -EEXIST;
	}
}

static long create_exactly(const struct posix_timers_arm *a)
{
	int id = a->id;
	long err = create(a, &id);

	if (!err && id != a->id)
		err = -EEXIST;
	return err;
}

/* rows in ascending order of id */
long posix_timers_arm(const struct posix_timers_arm *rows, unsigned int n)
{
	bool can_choose = sys_prctl(PR_TIMER_RESTORE_IDS, IDS_ON, 0, 0, 0) == 0;
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = can_choose ? create_exactly(&rows[i]) : create_counting(&rows[i]);
	if (can_choose)
		sys_prctl(PR_TIMER_RESTORE_IDS, IDS_OFF, 0, 0, 0);
	/* Started when all exist, so that they keep their distance in time. */
	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_timer_settime(rows[i].id, 0, &rows[i].val, NULL);
	return err;
}
