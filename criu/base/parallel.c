/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A loop over items whose turns are taken by several threads. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>
#include "base/log.h"
#include "base/parallel.h"

enum { MAX_HELPERS = 15, TABLE_FDS = 4096, FEWER_TABLE_FDS = 1024 };

struct loop {
	const struct parallel *p;
	struct log_scope *scope;
	atomic_size_t next;
	atomic_int err;
};

struct helper {
	pthread_t thread;
	struct loop *loop;
	struct arena arena;		/* arenas are not shared while threads allocate */
};

static void take_turns(struct loop *l, struct arena *a)
{
	size_t i;

	while (!atomic_load(&l->err) && (i = atomic_fetch_add(&l->next, 1)) < l->p->n) {
		int err = l->p->work(l->p->arg, i, a), none = 0;

		if (err)
			atomic_compare_exchange_strong(&l->err, &none, err);
	}
}

static void *helper_main(void *arg)
{
	struct helper *h = arg;

	log_scope_enter(h->loop->scope);
	take_turns(h->loop, &h->arena);
	return NULL;
}

static size_t count_helpers(const struct parallel *p)
{
	size_t n = p->n / p->grain;
	cpu_set_t cpus;

	if (n < 2 || sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return 0;
	n = min(n, (size_t)CPU_COUNT(&cpus));
	return min(n - 1, (size_t)MAX_HELPERS);
}

static void make_descriptor_table_large(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, TABLE_FDS - 1);

	if (fd < 0)			/* closed, or a low limit, which the table cannot pass anyway */
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, FEWER_TABLE_FDS - 1);
	if (fd >= 0)
		close(fd);
}

struct start {
	void *(*run)(void *arg);
	void *arg;
	int err;
	sem_t is_apart;
};

static void *start_main(void *arg)
{
	struct start *s = arg;
	void *(*run)(void *) = s->run, *run_arg = s->arg;
	int err = unshare(CLONE_FS) < 0 ? -errno : 0;

	s->err = err;
	sem_post(&s->is_apart);		/* from here on *s is no more */
	return err ? NULL : run(run_arg);
}

int parallel_start(pthread_t *ret_thread, void *(*run)(void *arg), void *arg)
{
	struct start s = { .run = run, .arg = arg };
	int err;

	make_descriptor_table_large();
	sem_init(&s.is_apart, 0, 0);
	err = -pthread_create(ret_thread, NULL, start_main, &s);
	if (err)
		return err;
	while (sem_wait(&s.is_apart) < 0)
		;			/* a signal */
	if (s.err)
		pthread_join(*ret_thread, NULL);
	return s.err;
}

int parallel_run(const struct parallel *p)
{
	struct loop l = { .p = p, .scope = log_scope_innermost() };
	struct helper helpers[MAX_HELPERS];
	size_t n = count_helpers(p), n_started = 0;

	if (n)
		make_descriptor_table_large();
	for (; n_started < n; n_started++) {
		struct helper *h = &helpers[n_started];

		*h = (struct helper){ .loop = &l };
		/* One fewer than wanted is slower, not wrong. */
		if (pthread_create(&h->thread, NULL, helper_main, h))
			break;
	}
	take_turns(&l, p->arena);
	while (n_started) {
		struct helper *h = &helpers[--n_started];

		pthread_join(h->thread, NULL);
		arena_join(p->arena, &h->arena);
	}
	return l.err;
}
