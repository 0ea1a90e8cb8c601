/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timerfds run again: what remained at the dump remains now. */
#include <linux/time.h>
#include <linux/timerfd.h>
#include <compel/pie.h>
#include "file/timerfd.pie.h"

/* linux/time.h has the old types only; these are what 64-bit kernels use. */
struct timer_value {
	int64_t interval_sec, interval_nsec, sec, nsec;
};

/* The kernel wants a point in time for an absolute timer, the image has the distance to it. */
static long make_absolute(int clockid, struct timer_value *v)
{
	int64_t now[2];
	long err = sys_clock_gettime(clockid, now);

	v->sec += now[0];
	v->nsec += now[1];
	if (v->nsec >= 1000000000) {
		v->nsec -= 1000000000;
		v->sec++;
	}
	return err;
}

static long arm(const struct timerfd_arm *a)
{
	struct timer_value v = { a->interval_sec, a->interval_nsec, a->value_sec, a->value_nsec };
	bool is_armed = v.sec || v.nsec;
	long err = 0;

	if (is_armed && a->flags & TFD_TIMER_ABSTIME)
		err = make_absolute(a->clockid, &v);
	if (!err)
		err = sys_timerfd_settime(a->fd, a->flags, &v, 0);
	/* After settime, which clears them. */
	if (!err && a->ticks)
		err = sys_ioctl(a->fd, TFD_IOC_SET_TICKS, (unsigned long)&a->ticks);
	return err;
}

long timerfd_arm(const struct timerfd_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = arm(&rows[i]);
	return err;
}
