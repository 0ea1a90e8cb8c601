/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads in other namespaces than their process, as container engines have them: only the leader's are in the images. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parallel.h"
#include "ns/kind.h"
#include "run/dump.h"

/* What a thread can leave by itself: unshare(2) of the others takes a process without threads. */
static const char *const of_threads[] = { "net", "uts", "ipc", "cgroup", "mnt", "pid_for_children" };
enum { N_OF_THREADS = array_size(of_threads) };

struct thread_namespaces {
	ino_t ino[N_OF_THREADS];
};

struct thread_scan {
	const struct task *t;
	struct thread_namespaces *v;	/* of every thread */
};

static int read_thread(void *arg, size_t i, struct arena *a not_used)
{
	const struct thread_scan *s = arg;
	pid_t tid = s->t->threads[i].pid_real;
	auto_fd int dir = -1;
	char path[32];
	int got = 0;

	snprintf(path, sizeof(path), "/proc/%d/ns", tid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail_errno("open %s", path);
	for (size_t k = 0; k < N_OF_THREADS && got >= 0; k++)
		got = ns_inode_at(dir, of_threads[k], &s->v[i].ino[k]);
	return got < 0 ? fail_with(got, "thread %d", tid) : 0;
}

int ns_scan_threads(struct dump *d, const struct task *t)
{
	struct thread_scan s = { t, arena_array(&d->m.arena, struct thread_namespaces, t->n_threads) };
	const struct parallel p = {
		.n = t->n_threads, .grain = 32, .work = read_thread, .arg = &s, .arena = &d->m.arena,
	};
	int err = t->n_threads > 1 ? parallel_run(&p) : 0;

	for (size_t i = 1; i < t->n_threads && !err; i++)
		for (size_t k = 0; k < N_OF_THREADS; k++)
			if (s.v[i].ino[k] != s.v[0].ino[k])
				refuse(&d->refusals, REFUSE_THREAD_NAMESPACE,
				       "thread %d is in another %s namespace than its process", t->threads[i].pid,
				       of_threads[k]);
	return err;
}
