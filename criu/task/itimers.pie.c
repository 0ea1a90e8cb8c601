/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getitimer(2), setitimer(2). */
#include <compel/pie.h>
#include "task/itimers.pie.h"

void itimers_scan_inside(struct itimers_inside *ret)
{
	for (int which = 0; which < ITIMERS; which++) {
		long err = sys_getitimer(which, &ret->of[which]);

		if (err)
			ret->err = err;
	}
}

enum { REAL = 0, USEC_PER_SEC = 1000000 };

static int64_t left_us(const struct itimers_raw *v)
{
	return v->vsec * USEC_PER_SEC + v->vusec;
}

/*
 * set_cpu_itimer() adds a tick to the time left of a CPU timer. Without this it would grow with every checkpoint.
 */
static long set_cpu_timer(const struct itimers_arm *a)
{
	struct itimers_raw val = a->val, now = { 0 };
	long err = sys_setitimer(a->which, &val, NULL);
	int64_t left;

	if (!err)
		err = sys_getitimer(a->which, &now);
	left = left_us(&val) - (left_us(&now) - left_us(&val));
	if (err || left <= 0 || left >= left_us(&val))
		return err;
	val.vsec = left / USEC_PER_SEC;
	val.vusec = left % USEC_PER_SEC;
	return sys_setitimer(a->which, &val, NULL);
}

long itimers_arm(const struct itimers_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = rows[i].which == REAL ? sys_setitimer(REAL, &rows[i].val, NULL) : set_cpu_timer(&rows[i]);
	return err;
}
