/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parasite: asks every kind's questions in one go, in the thread that it was entered in. */
#include <compel/pie.h>
#include "pie/inside.h"

long pie_main(void *data);

static void ask_task(struct inside_task *t)
{
#define INSIDE_TASK(stem) stem##_scan_inside(&t->stem);
#define INSIDE_THREAD(stem)
#include "pie/inside.def"
#undef INSIDE_TASK
#undef INSIDE_THREAD
	t->end_marker = 1;
}

static void ask_thread(struct inside_thread *t)
{
#define INSIDE_TASK(stem)
#define INSIDE_THREAD(stem) stem##_scan_inside_thread(&t->stem);
#include "pie/inside.def"
#undef INSIDE_TASK
#undef INSIDE_THREAD
	t->end_marker = 1;
}

long pie_main(void *data)
{
	const struct parasite_arg *arg = data;

	if (arg->task)
		ask_task((struct inside_task *)arg->task);
	ask_thread((struct inside_thread *)arg->thread);
	return 0;
}
