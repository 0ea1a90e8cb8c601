/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prctl(2) by table. */
#include <compel/pie.h>
#include "task/prctl.pie.h"

#define NO_ARG PRCTL_NO_ARG
#define GET_ROW(field, how, get, get_arg, ...) { get, get_arg, PRCTL_##how },

static const struct prctl_get thread_gets[] = {
#define PRCTL_TASK(...)
#define PRCTL_THREAD(...) GET_ROW(__VA_ARGS__)
#include "task/prctl.def"
#undef PRCTL_TASK
#undef PRCTL_THREAD
};

static const struct prctl_get task_gets[] = {
#define PRCTL_TASK(...) GET_ROW(__VA_ARGS__)
#define PRCTL_THREAD(...)
#include "task/prctl.def"
#undef PRCTL_TASK
#undef PRCTL_THREAD
};

static int64_t get(const struct prctl_get *g)
{
	int value = 0;
	long ret;

	if (g->how == PRCTL_RESULT)
		return sys_prctl(g->option, g->arg == PRCTL_NO_ARG ? 0 : g->arg, 0, 0, 0);
	ret = sys_prctl(g->option, (unsigned long)&value, 0, 0, 0);
	return ret < 0 ? ret : value;
}

void prctl_scan_inside(struct prctl_inside *ret)
{
	for (int i = 0; i < PRCTL_TASKS; i++)
		ret->of[i] = get(&task_gets[i]);
}

void prctl_scan_inside_thread(struct prctl_inside_thread *ret)
{
	for (int i = 0; i < PRCTL_THREADS; i++)
		ret->of[i] = get(&thread_gets[i]);
}

static long set(const struct prctl_arm *a)
{
	if (get(&a->get) == a->same)
		return 0;
	return sys_prctl(a->set, a->args[0], a->args[1], 0, 0);
}

long prctl_arm(const struct prctl_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = set(&rows[i]);
	return err;
}

long prctl_task_arm(const struct prctl_task_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = set(&rows[i].a);
	return err;
}
