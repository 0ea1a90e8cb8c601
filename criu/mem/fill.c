/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of restored tasks, filled from outside on all CPUs.
 *
 * UFFDIO_COPY takes pages straight from the mapped image: it allocates without zeroing, copies once, takes no fault
 * per page, and works under any protection. Each thread takes 1 MiB at a time, of whatever task.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "base/log.h"
#include "base/own.h"
#include "base/progress.h"
#include "mem/fill_plan.h"
#include "mem/mem.h"
#include "mem/premap.h"
#include "mem/runs.h"
#include "mem/vmas.h"
#include "run/restore.h"
#include "run/shared.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22		/* 5.14 */
#endif

enum { COPY_BYTES = 1 << 20, TURN_COPIES = 4, TURNS_PER_THREAD = 8, PAGES_PER_THREAD = 1024, MAX_THREADS = 16 };

struct copy {
	int uffd;
	const struct task *task;
	uint64_t to;
	const uint8_t *from;
	size_t len;
};

struct joined {
	int uffd;
	uint64_t start, end;
};

struct fill_job {
	VEC(struct copy) copies;
	VEC(struct joined) joined;
	VEC(int) fds;
	uint64_t n_pages;
	size_t turn;			/* so many copies a thread takes at once */
	atomic_size_t next;
	atomic_int err;
};

static int fetch_uffd(const struct shared_task *s, int *ret_fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	auto_fd int pidfd = syscall(SYS_pidfd_open, s->pid_real, 0), fd = -1;

	if (pidfd < 0)
		return fail_errno("pidfd_open %d", s->pid_real);
	fd = syscall(SYS_pidfd_getfd, pidfd, s->uffd, 0);
	if (fd < 0)
		return fail_errno("fetch userfaultfd %d of process %d", s->uffd, s->pid_real);
	if (ioctl(fd, UFFDIO_API, &api) < 0)
		return fail_errno("UFFDIO_API");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int register_piece(int uffd, uint64_t start, uint64_t end)
{
	struct uffdio_register reg = {
		.range = { start, end - start },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (ioctl(uffd, UFFDIO_REGISTER, &reg) < 0)
		return fail_errno("register %" PRIx64 "-%" PRIx64 " with userfaultfd", start, end);
	return 0;
}

/* Runs end where mappings do; in one piece of memory that is no reason to copy them one by one. */
static bool continues(const struct fill_job *j, size_t first, const uint8_t *from, uint64_t to)
{
	const struct copy *last = j->copies.n > first ? &j->copies.v[j->copies.n - 1] : NULL;

	return last && last->to + last->len == to && last->from + last->len == from && last->len < COPY_BYTES;
}

static void add_run(struct restore *r, struct fill_job *j, size_t first, const struct copy *like,
		    const struct page_run *run)
{
	j->n_pages += run->n_pages;
	for (uint64_t at = run->start, len; at < run_end(run); at += len) {
		const uint8_t *from = run_contents(like->task, run, at);
		struct copy c = { .uffd = like->uffd, .task = like->task, .to = at, .from = from };

		len = run_end(run) - at;
		if (continues(j, first, from, at)) {
			struct copy *last = &j->copies.v[j->copies.n - 1];

			len = min(len, COPY_BYTES - last->len);
			last->len += len;
			continue;
		}
		c.len = len = min(len, (uint64_t)COPY_BYTES);
		vec_push(&r->m.arena, &j->copies, c);
	}
}

static int add_piece(struct restore *r, struct fill_job *j, const struct copy *like, uint64_t start, uint64_t end)
{
	const struct pagemap *p = &like->task->pages;
	size_t first = j->copies.n, i = run_find(p, start);
	int err;

	if (i == p->runs.n || p->runs.v[i].start >= end)
		return 0;
	err = register_piece(like->uffd, start, end);
	for (; i < p->runs.n && p->runs.v[i].start < end && !err; i++)
		add_run(r, j, first, like, &p->runs.v[i]);
	return err;
}

static int add_task(struct restore *r, struct fill_job *j, const struct task *t, int uffd)
{
	const struct fill_how *how = fill_plan(&r->m.arena, t, premap_wanted(&r->m.arena, &r->m, t));
	const struct copy like = { .uffd = uffd, .task = t };
	uint64_t done = 0;

	for (size_t v = 0; v < t->mm->n_vmas; v++) {
		uint64_t start = t->mm->vmas[v]->start;
		int err;

		if (!how[v].is_outside || start < done)
			continue;
		done = how[v].piece_end;
		err = add_piece(r, j, &like, start, done);
		if (err)
			return err;
		if (how[v].is_joined)
			vec_push(&r->m.arena, &j->joined, ((struct joined){ uffd, start, done }));
	}
	return 0;
}

/*
 * Before they are cut into many mappings: the end of the userfaultfd would visit each of those. Others may wait for it.
 */
static int release_joined(const struct fill_job *j)
{
	for (size_t i = 0; i < j->joined.n; i++) {
		const struct joined *p = &j->joined.v[i];
		struct uffdio_range range = { p->start, p->end - p->start };

		if (ioctl(p->uffd, UFFDIO_UNREGISTER, &range) < 0)
			return fail_errno("unregister %" PRIx64 "-%" PRIx64 " from userfaultfd", p->start, p->end);
	}
	return 0;
}

static int copy_pages(const struct copy *p)
{
	size_t done = 0;

	/* Faulting pages of the file in beforehand spares the kernel a second try for every page; best effort. */
	madvise((void *)p->from, p->len, MADV_POPULATE_READ);
	while (done < p->len) {
		struct uffdio_copy c = {
			.dst = p->to + done, .src = (uintptr_t)p->from + done, .len = p->len - done,
			.mode = UFFDIO_COPY_MODE_DONTWAKE,
		};

		if (!ioctl(p->uffd, UFFDIO_COPY, &c))
			return 0;
		if (errno != EAGAIN)
			return fail_errno("fill memory of task %d at %" PRIx64, leader(p->task)->pid, p->to + done);
		if (c.copy > 0)
			done += c.copy;
	}
	return 0;
}

/*
 * What has been copied is no longer mapped: it would count as memory of the tool, 1 GiB of it, though it is page cache. For
 * several copies at once, since each time the other CPUs have to be told.
 */
static void forget(const struct copy *c, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		size_t len = c[i].len;

		for (end = i + 1; end < n && c[i].from + len == c[end].from; end++)
			len += c[end].len;
		madvise((void *)c[i].from, len, MADV_DONTNEED);
	}
}

static void *worker(void *arg)
{
	struct fill_job *j = arg;
	int err = 0, none = 0;

	while (!j->err && !err) {
		size_t first = atomic_fetch_add(&j->next, j->turn), i;
		size_t end = min(first + j->turn, j->copies.n);

		if (first >= j->copies.n)
			break;
		for (i = first; i < end && !err; i++) {
			err = copy_pages(&j->copies.v[i]);
			progress_add(j->copies.v[i].len);
		}
		forget(&j->copies.v[first], i - first);
	}
	if (err)
		atomic_compare_exchange_strong(&j->err, &none, err);
	return NULL;
}

static int run_job(struct fill_job *j)
{
	pthread_t threads[MAX_THREADS];
	cpu_set_t cpus;
	uint64_t n = 1 + j->n_pages / PAGES_PER_THREAD;
	unsigned int n_started = 0;

	n = min(n, (uint64_t)MAX_THREADS);
	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		n = min(n, (uint64_t)CPU_COUNT(&cpus));
	j->turn = min(max(j->copies.n / (n * TURNS_PER_THREAD), (size_t)1), (size_t)TURN_COPIES);
	while (n_started + 1 < n && !pthread_create(&threads[n_started], NULL, worker, j))
		n_started++;
	worker(j);
	while (n_started)
		pthread_join(threads[--n_started], NULL);
	return j->err;
}

static void count(struct restore *r, const struct task *t)
{
	for (size_t i = 0; i < t->pages.runs.n; i++)
		if (!t->pages.runs.v[i].cow)
			r->stats.pages_restored += t->pages.runs.v[i].n_pages;
	r->stats.pages_compared += t->pages.n_compared;
	r->stats.pages_skipped_cow += t->pages.n_equal;
}

int mem_fill(struct restore *r)
{
	struct fill_job j = { 0 };
	int err = 0;

	for (size_t i = 0; i < r->m.tasks.n && !err; i++) {
		const struct task *t = r->m.tasks.v[i];
		int fd;

		if (!is_alive(t))
			continue;
		count(r, t);
		if (r->shared->tasks[i].uffd < 0)
			continue;
		err = fetch_uffd(&r->shared->tasks[i], &fd);
		if (err)
			break;
		vec_push(&r->m.arena, &j.fds, fd);
		err = add_task(r, &j, t, fd);
	}
	progress_expect(j.n_pages * PAGE_SIZE, PROGRESS_BYTES);
	debug("%" PRIu64 " pages from outside", j.n_pages);
	if (!err && j.copies.n)
		err = run_job(&j);
	if (!err)
		err = release_joined(&j);
	for (size_t i = 0; i < j.fds.n; i++)
		close(j.fds.v[i]);
	return err;
}
