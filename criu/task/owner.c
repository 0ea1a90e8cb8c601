/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that own tasks. They sleep until there is a round of work, and the caller, who owns the first tasks of a tree
 * and all of a small one, takes part in each round.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "kernel/proc_stat.h"
#include "run/cancel.h"
#include "run/dump.h"
#include "task/owner.h"

enum { MANY_TASKS = 8, MAX_OWNERS = 16, CALLER = 0 };

/* One of the three kinds of work. */
struct round {
	int (*each)(struct dump *d, struct task *t);
	void (*back)(struct task *t);
	void (*once)(void);
	struct task *const *tasks;	/* as they were when it began: some find new ones */
	size_t from, n_tasks;
	struct log_scope *scope;
	atomic_int err;
};

struct owner {
	pthread_t thread;
	struct owners *all;
	unsigned int number;		/* from 1 on */
	int cpu;			/* that it stays on; -1: any */
};

struct owners {
	struct dump *d;
	unsigned int n;
	struct owner each[MAX_OWNERS];
	pthread_mutex_t lock;
	pthread_cond_t has_round, is_done;
	struct round *round;
	unsigned int n_rounds, n_busy;
	bool must_end;
};

static bool is_mine(const struct dump *d, const struct task *t, unsigned int number)
{
	return (d->owners ? t->dump->owner : CALLER) == number;
}

static void do_each(struct dump *d, struct round *r, unsigned int number)
{
	for (size_t i = r->from; i < r->n_tasks && !r->err && !is_cancelled(); i++) {
		struct task *t = r->tasks[i];
		int err, none = 0;

		if (!is_mine(d, t, number))
			continue;
		IN_SCOPE("task", leader(t)->pid);
		err = r->each(d, t);
		if (err)
			atomic_compare_exchange_strong(&r->err, &none, err);
		progress_add(1);
	}
}

static void take_part(struct dump *d, struct round *r, unsigned int number)
{
	if (r->once)
		r->once();
	else if (r->each)
		do_each(d, r, number);
	else
		for (size_t i = r->n_tasks; i-- > r->from;)
			if (is_mine(d, r->tasks[i], number))
				r->back(r->tasks[i]);
}

/* NULL: it is over. */
static struct round *wait_for_round(struct owners *all, unsigned int *n_seen)
{
	struct round *r;

	pthread_mutex_lock(&all->lock);
	while (all->n_rounds == *n_seen && !all->must_end)
		pthread_cond_wait(&all->has_round, &all->lock);
	*n_seen = all->n_rounds;
	r = all->must_end ? NULL : all->round;
	pthread_mutex_unlock(&all->lock);
	return r;
}

static void round_done(struct owners *all)
{
	pthread_mutex_lock(&all->lock);
	if (!--all->n_busy)
		pthread_cond_signal(&all->is_done);
	pthread_mutex_unlock(&all->lock);
}

static void *owner_main(void *arg)
{
	struct owner *o = arg;
	unsigned int n_seen = 0;
	struct round *r;
	cpu_set_t one;

	CPU_ZERO(&one);
	if (o->cpu >= 0) {
		CPU_SET(o->cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	if (compel_wait_asleep(SIGRTMIN))
		debug("the kernel gives no timer: stops are polled for");
	while ((r = wait_for_round(o->all, &n_seen))) {
		log_scope_enter(r->scope);
		take_part(o->all->d, r, o->number);
		log_scope_enter(NULL);
		round_done(o->all);
	}
	compel_wait_awake();
	return NULL;
}

static void run_round(struct dump *d, struct round *r)
{
	struct owners *all = d->owners;

	r->tasks = d->m.tasks.v;
	r->n_tasks = d->m.tasks.n;
	r->scope = log_scope_innermost();
	if (all) {
		pthread_mutex_lock(&all->lock);
		all->round = r;
		all->n_rounds++;
		all->n_busy = all->n;
		pthread_cond_broadcast(&all->has_round);
		pthread_mutex_unlock(&all->lock);
	}
	take_part(d, r, CALLER);
	if (all) {
		pthread_mutex_lock(&all->lock);
		while (all->n_busy)
			pthread_cond_wait(&all->is_done, &all->lock);
		pthread_mutex_unlock(&all->lock);
	}
}

int owners_each(struct dump *d, size_t from, int (*work)(struct dump *d, struct task *t))
{
	struct round r = { .each = work, .from = from };

	run_round(d, &r);
	return r.err ? r.err : check_cancelled();
}

void owners_back(struct dump *d, void (*work)(struct task *t))
{
	struct round r = { .back = work };

	run_round(d, &r);
}

void owners_once(struct dump *d, void (*work)(void))
{
	struct round r = { .once = work };

	run_round(d, &r);
}

/* One for each CPU; where these are too many, they go where each task is (compel does that). */
static void start(struct dump *d)
{
	struct owners *all = calloc(1, sizeof(*all));
	unsigned int n_cpus;
	cpu_set_t cpus;

	if (!all || sched_getaffinity(0, sizeof(cpus), &cpus) < 0 || CPU_COUNT(&cpus) < 2) {
		free(all);
		return;
	}
	*all = (struct owners){ .d = d };
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->has_round, NULL);
	pthread_cond_init(&all->is_done, NULL);
	arena_share(&d->m.arena);
	n_cpus = CPU_COUNT(&cpus);
	for (int cpu = 0; cpu < CPU_SETSIZE && all->n < min(n_cpus, (unsigned int)MAX_OWNERS); cpu++) {
		struct owner *o = &all->each[all->n];

		if (!CPU_ISSET(cpu, &cpus))
			continue;
		*o = (struct owner){ .all = all, .number = all->n + 1, .cpu = n_cpus > MAX_OWNERS ? -1 : cpu };
		if (parallel_start(&o->thread, owner_main, o))
			break;
		all->n++;
	}
	d->owners = all;
}

/* Who is on that CPU, or next in turn. */
static unsigned int owner_on(const struct owners *all, int cpu)
{
	for (unsigned int i = 0; i < all->n; i++)
		if (all->each[i].cpu == cpu)
			return all->each[i].number;
	return all->n ? 1 + (unsigned int)cpu % all->n : CALLER;
}

void owners_assign(struct dump *d, size_t from)
{
	if (!d->owners && d->m.tasks.n >= MANY_TASKS)
		start(d);
	for (size_t i = from; i < d->m.tasks.n && d->owners; i++) {
		struct task *t = d->m.tasks.v[i];
		struct proc_stat st;

		/* One that has gone is nobody's in particular. */
		if (!proc_stat_read(leader(t)->pid_real, 0, &st))
			t->dump->owner = owner_on(d->owners, st.processor);
	}
}

void owners_end(struct dump *d)
{
	struct owners *all = d->owners;

	if (!all)
		return;
	pthread_mutex_lock(&all->lock);
	all->must_end = true;
	pthread_cond_broadcast(&all->has_round);
	pthread_mutex_unlock(&all->lock);
	for (unsigned int i = 0; i < all->n; i++)
		pthread_join(all->each[i].thread, NULL);
	d->owners = NULL;
	free(all);
}
