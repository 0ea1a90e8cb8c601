/* SPDX-License-Identifier: GPL-2.0-or-later */
/* There and back, or in a thread that does not come back. */
#include <errno.h>
#include <sched.h>
#include "base/away.h"
#include "base/log.h"
#include "base/parallel.h"

struct away {
	int ns;
	int (*work)(void *arg);
	void *arg;
	struct log_scope *scope;
	int err, why;			/* why: errno of setns */
};

static void go(struct away *a)
{
	a->err = setns(a->ns, 0) < 0 ? -EXDEV : 0;
	a->why = errno;
	if (!a->err)
		a->err = a->work(a->arg);
}

static void *go_alone(void *arg)
{
	struct away *a = arg;

	log_scope_enter(a->scope);
	go(a);
	return NULL;
}

int work_away(int ns, int home, int (*work)(void *arg), void *arg)
{
	struct away a = { .ns = ns, .work = work, .arg = arg, .scope = log_scope_innermost() };
	pthread_t thread;
	int err;

	if (setns(home, 0) == 0) {	/* so the way back is open */
		go(&a);
		if (a.err != -EXDEV && setns(home, 0) < 0)
			return fail_errno("come back from a namespace");
	} else {
		err = parallel_start(&thread, go_alone, &a);
		if (err)
			return fail_with(err, "start a thread for another namespace");
		pthread_join(thread, NULL);
	}
	errno = a.why;
	return a.err;
}
