/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of restored tasks, filled from outside on all CPUs.
 *
 * UFFDIO_COPY takes pages straight from the mapped image: it allocates without zeroing, copies once, takes no fault
 * per page, and works under any protection. Each thread fetches pieces of 1 MiB, of whatever task.
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
#include "mem/fill.h"
#include "mem/mem.h"
#include "mem/premap.h"
#include "mem/runs.h"
#include "mem/vmas.h"
#include "run/restore.h"
#include "run/shared.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22		/* 5.14 */
#endif

/* Registering a mapping and one copy cost 7 us, and a page read by the task itself less than one. */
enum { OUTSIDE_MIN_BYTES = 16 * PAGE_SIZE };
enum { OUTSIDE_MIN_PAGES = 512, PIECE_PAGES = 256, PAGES_PER_THREAD = 1024, MAX_THREADS = 16 };

struct piece {
	int uffd;
	const struct task *task;
	uint64_t to;
	const uint8_t *from;
	size_t len;
};

struct fill_job {
	VEC(struct piece) pieces;
	VEC(int) fds;
	uint64_t n_pages;
	atomic_size_t next;
	atomic_int err;
};

bool fill_is_outside(const VmaEntry *v, bool is_premapped)
{
	if (v->end - v->start < OUTSIDE_MIN_BYTES)
		return false;
	return v->status & VMA_ANON_PRIVATE && !(v->status & (VMA_VDSO | VMA_VVAR | VMA_VSYSCALL | VMA_GUARD)) &&
	       !(v->flags & VMA_MAP_DROPPABLE) && !(v->madv & 1 << MADV_HUGEPAGE) && !is_premapped;
}

bool fill_needs_uffd(const struct task *t, const bool *premapped)
{
	uint64_t n_pages = 0;

	for (size_t i = 0, v = 0; i < t->pages.runs.n; i++) {
		const struct page_run *r = &t->pages.runs.v[i];

		while (t->mm->vmas[v]->end <= r->start)
			v++;
		if (fill_is_outside(t->mm->vmas[v], premapped[v]))
			n_pages += r->n_pages;
	}
	return n_pages >= OUTSIDE_MIN_PAGES;
}

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

static int register_vma(int uffd, const VmaEntry *v)
{
	struct uffdio_register reg = {
		.range = { v->start, v->end - v->start },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (ioctl(uffd, UFFDIO_REGISTER, &reg) < 0)
		return fail_errno("register %" PRIx64 "-%" PRIx64 " with userfaultfd", v->start, v->end);
	return 0;
}

static void add_run(struct restore *r, struct fill_job *j, const struct task *t, int uffd, const struct page_run *run)
{
	j->n_pages += run->n_pages;
	for (uint64_t at = run->start; at < run_end(run);) {
		struct piece p = {
			.uffd = uffd, .task = t, .to = at, .from = run_contents(t, run, at),
			.len = min(run_end(run) - at, PIECE_PAGES * PAGE_SIZE),
		};

		vec_push(&r->m.arena, &j->pieces, p);
		at += p.len;
	}
}

static int add_task(struct restore *r, struct fill_job *j, const struct task *t, int uffd)
{
	bool *premapped = premap_wanted(&r->m.arena, &r->m, t);
	size_t i = 0;

	for (size_t v = 0; v < t->mm->n_vmas; v++) {
		bool is_registered = false;

		if (!fill_is_outside(t->mm->vmas[v], premapped[v]))
			continue;
		i = run_find(&t->pages, t->mm->vmas[v]->start);
		for (; i < t->pages.runs.n && t->pages.runs.v[i].start < t->mm->vmas[v]->end; i++) {
			int err = is_registered ? 0 : register_vma(uffd, t->mm->vmas[v]);

			if (err)
				return err;
			is_registered = true;
			add_run(r, j, t, uffd, &t->pages.runs.v[i]);
		}
	}
	return 0;
}

static int copy_piece(const struct piece *p)
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

static void *worker(void *arg)
{
	struct fill_job *j = arg;

	while (!j->err) {
		size_t i = j->next++;
		int err, none = 0;

		if (i >= j->pieces.n)
			break;
		err = copy_piece(&j->pieces.v[i]);
		progress_add(j->pieces.v[i].len);
		if (err)
			atomic_compare_exchange_strong(&j->err, &none, err);
	}
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
	if (!err && j.pieces.n)
		err = run_job(&j);
	for (size_t i = 0; i < j.fds.n; i++)
		close(j.fds.v[i]);
	return err;
}
