/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp mode and filters of threads. A thread has a chain of filters, oldest first; threads and children share what
 * they have inherited. The kernel shows the programs, not who shares them: equal beginnings of the chains of one
 * process are taken to be the same, which is what SECCOMP_FILTER_FLAG_TSYNC asks about later.
 *
 * A chain in seccomp.img: each filter names the one before it (prev), the thread names its newest.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>
#include "base/log.h"
#include "kernel/proc_status.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/kind.h"
#include "task/seccomp.h"

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif
#ifndef PTRACE_SECCOMP_GET_METADATA
#define PTRACE_SECCOMP_GET_METADATA 0x420d
#endif
struct filter_metadata {		/* struct seccomp_metadata of linux/ptrace.h */
	uint64_t index, flags;
};

typedef VEC(SeccompFilter *) filter_chain;	/* oldest first */

static bool is_same_filter(const SeccompFilter *a, const SeccompFilter *b)
{
	const uint32_t kept = SECCOMP_FILTER_FLAG_LOG;	/* the flag that stays with a filter */

	return a->filter.len == b->filter.len && (a->flags & kept) == (b->flags & kept) &&
	       !memcmp(a->filter.data, b->filter.data, a->filter.len);
}

static size_t common_length(const filter_chain *a, const filter_chain *b)
{
	size_t n = 0;

	while (n < a->n && n < b->n && is_same_filter(a->v[n], b->v[n]))
		n++;
	return n;
}

/* --- dump ---------------------------------------------------------------------------------------------- */

/*
 * Those of a container, that this tool is under as well: whatever is restored by a tool under them has them again. That
 * they are the same can only be told from their number, since who is under filters may read none.
 */
static bool are_of_the_surroundings(const struct proc_status *s)
{
	struct arena a = { 0 };
	struct proc_status own;
	bool are;

	if (s->seccomp != SECCOMP_MODE_FILTER || prctl(PR_GET_SECCOMP) != SECCOMP_MODE_FILTER)
		return false;
	are = proc_status_read(getpid(), 0, &a, &own) == 0 && s->seccomp_filters == own.seccomp_filters;
	arena_free(&a);
	return are;
}

int seccomp_check_stopped(const struct task *t)
{
	for (size_t i = 0; i < t->n_threads; i++) {
		const struct proc_status *s = t->threads[i].dump->status;

		if (s->seccomp && !compel_suspends_seccomp(t->threads[i].pid_real) && !are_of_the_surroundings(s))
			return fail(EPERM, "thread %d has seccomp filters, which would judge what is done inside and might "
				    "kill it: dump with CAP_SYS_ADMIN, by a tool without filters", t->threads[i].pid);
	}
	return 0;
}

static bool asks_supervisor(const struct sock_filter *insns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (insns[i].code == (BPF_RET | BPF_K) &&
		    (insns[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

/* 1: read; 0: there are no more. */
static int read_filter(struct dump *d, pid_t tid, unsigned long index, SeccompFilter **ret)
{
	struct filter_metadata meta = { .index = index };
	struct sock_filter insns[BPF_MAXINSNS];
	SeccompFilter *f;
	int n = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, index, insns);

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return fail_errno("read seccomp filter %lu (needs CAP_SYS_ADMIN, and a tool without filters of its own)",
				  index);
	if (ptrace(PTRACE_SECCOMP_GET_METADATA, tid, sizeof(meta), &meta) < 0)
		return fail_errno("read the flags of seccomp filter %lu", index);
	if (asks_supervisor(insns, n))
		refuse(&d->refusals, REFUSE_CRED_UNSUPPORTED,
		       "seccomp filter %lu asks a supervisor (SECCOMP_RET_USER_NOTIF)", index);
	f = *ret = arena_msg(&d->m.arena, SeccompFilter, seccomp_filter__init);
	f->filter.len = n * sizeof(*insns);
	f->filter.data = arena_memdup(&d->m.arena, insns, f->filter.len);
	f->has_flags = true;
	f->flags = meta.flags;
	return 1;
}

static int read_chain(struct dump *d, const struct thread *th, filter_chain *ret)
{
	for (unsigned long i = 0;; i++) {
		SeccompFilter *f;
		int got = read_filter(d, th->pid_real, i, &f);

		if (got <= 0)
			return got;
		vec_push(&d->m.arena, ret, f);
	}
}

static void put_chain(struct model *m, struct thread *th, const filter_chain *chain, uint32_t more_flags)
{
	SeccompEntry *img = m->seccomp;

	if (!img)
		img = m->seccomp = arena_msg(&m->arena, SeccompEntry, seccomp_entry__init);
	for (size_t i = 0; i < chain->n; i++) {
		SeccompFilter *f = chain->v[i];

		f->has_prev = i > 0;
		f->prev = i ? img->n_seccomp_filters - 1 : 0;
		f->flags |= more_flags;
		pb_push(&m->arena, img->seccomp_filters, img->n_seccomp_filters, f);
	}
	th->core->thread_core->has_seccomp_filter = true;
	th->core->thread_core->seccomp_filter = img->n_seccomp_filters - 1;
}

static void put_mode(struct thread *th, uint32_t mode)
{
	th->core->thread_core->has_seccomp_mode = true;
	th->core->thread_core->seccomp_mode = mode;
}

/* TSYNC gives all threads no_new_privs if the caller has it. */
static bool is_nnp_equal(const struct task *t)
{
	for (size_t i = 1; i < t->n_threads; i++)
		if (t->threads[i].dump->status->no_new_privs != leader(t)->dump->status->no_new_privs)
			return false;
	return true;
}

static bool is_one_chain(const struct task *t, const filter_chain *chains)
{
	for (size_t i = 1; i < t->n_threads; i++)
		if (chains[i].n != chains[0].n || common_length(&chains[i], &chains[0]) != chains[0].n)
			return false;
	return t->n_threads > 1 && chains[0].n && is_nnp_equal(t);
}

/* Branches below the common beginning of all can be shared by some threads: that is not made again. */
static void warn_of_branches(const struct task *t, const filter_chain *chains)
{
	size_t common = chains[0].n;

	for (size_t i = 1; i < t->n_threads; i++)
		common = min(common, common_length(&chains[0], &chains[i]));
	for (size_t i = 1; i < t->n_threads; i++)
		for (size_t k = 0; k < i; k++)
			if (common_length(&chains[i], &chains[k]) > common) {
				warn("seccomp filters shared by some threads of the process only come back as copies: "
				     "SECCOMP_FILTER_FLAG_TSYNC may fail later");
				return;
			}
}

static int seccomp_scan(struct dump *d, struct task *t)
{
	filter_chain *chains = arena_array(&d->m.arena, filter_chain, t->n_threads);
	int err = 0;

	t->dump->seccomp_chains = chains;

	for (size_t i = 0; i < t->n_threads && !err; i++) {
		IN_SCOPE("thread", t->threads[i].pid);
		if (are_of_the_surroundings(t->threads[i].dump->status))
			debug("its seccomp filters are taken for those of this tool, and not saved");
		else if (t->threads[i].dump->status->seccomp == SECCOMP_MODE_FILTER)
			err = read_chain(d, &t->threads[i], &chains[i]);
		else if (t->threads[i].dump->status->seccomp == SECCOMP_MODE_STRICT)
			put_mode(&t->threads[i], SECCOMP_MODE__strict);
	}
	return err;
}

/* The filters of all tasks are one list. */
static int seccomp_join(struct dump *d, struct task *t)
{
	const filter_chain *chains = t->dump->seccomp_chains;

	if (is_one_chain(t, chains)) {
		/* The format's way to say so: the other threads have no entry of their own. */
		put_mode(leader(t), SECCOMP_MODE__filter);
		put_chain(&d->m, leader(t), &chains[0], SECCOMP_FILTER_FLAG_TSYNC);
		return 0;
	}
	warn_of_branches(t, chains);
	for (size_t i = 0; i < t->n_threads; i++) {
		if (!chains[i].n)
			continue;
		put_mode(&t->threads[i], SECCOMP_MODE__filter);
		put_chain(&d->m, &t->threads[i], &chains[i], 0);
	}
	return 0;
}

/* --- restore ------------------------------------------------------------------------------------------- */

/* Early images keep one mode for all threads with the process. */
static SeccompMode mode_of(const struct thread *th, uint32_t *ret_newest)
{
	const ThreadCoreEntry *core = th->core->thread_core;
	const TaskCoreEntry *tc = leader(th->task)->core->tc;

	if (core->has_seccomp_mode) {
		*ret_newest = core->seccomp_filter;
		return core->seccomp_mode;
	}
	*ret_newest = tc->old_seccomp_filter;
	return tc->has_old_seccomp_mode ? tc->old_seccomp_mode : SECCOMP_MODE__disabled;
}

static int check_filter(const SeccompEntry *img, uint32_t i)
{
	const SeccompFilter *f = img->seccomp_filters[i];

	if (!f->filter.len || f->filter.len % sizeof(struct sock_filter) ||
	    f->filter.len / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return fail(EINVAL, "seccomp.img: filter %u has %zu bytes", i, f->filter.len);
	/* So a chain ends. */
	if (f->has_prev && f->prev >= i)
		return fail(EINVAL, "seccomp.img: filter %u comes after filter %u", i, f->prev);
	if (f->flags & ~(uint32_t)(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG))
		return fail(EINVAL, "seccomp.img: filter %u has unknown flags %#x", i, f->flags);
	return 0;
}

static int chain_of(struct restore *r, uint32_t newest, filter_chain *ret)
{
	const SeccompEntry *img = r->m.seccomp;
	size_t n = 0;

	for (uint32_t i = newest;; i = img->seccomp_filters[i]->prev) {
		int err;

		if (!img || i >= img->n_seccomp_filters)
			return fail(EINVAL, "seccomp.img has no filter %u", i);
		err = check_filter(img, i);
		if (err)
			return err;
		n++;
		vec_push(&r->m.arena, ret, img->seccomp_filters[i]);
		if (!img->seccomp_filters[i]->has_prev)
			break;
	}
	for (size_t i = 0; i < n / 2; i++) {
		SeccompFilter *swap = ret->v[i];

		ret->v[i] = ret->v[n - 1 - i];
		ret->v[n - 1 - i] = swap;
	}
	return 0;
}

static void add_filter(struct restore *r, enum late_id id, const struct thread *th, const SeccompFilter *f,
		       uint32_t flags)
{
	size_t n = f->filter.len / sizeof(struct sock_filter);
	/* Without it the kernel may switch on mitigations; which ones the thread had is restored by itself. */
	struct seccomp_arm row = {
		.op = SECCOMP_ROW_FILTER, .len = n,
		.flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW | (f->flags & SECCOMP_FILTER_FLAG_LOG) | flags,
	};

	late_add(r, id, th, &row, sizeof(row));
	for (size_t i = 0; i < n; i++) {
		memcpy(&row.insn, f->filter.data + i * sizeof(row), sizeof(row));
		late_add(r, id, th, &row, sizeof(row));
	}
}

/* How many filters, from the oldest, the leader installs for all. */
static size_t shared_length(const struct task *t, const filter_chain *chains)
{
	size_t n = chains[0].n;

	if (n && t->n_threads > 1 && chains[0].v[n - 1]->flags & SECCOMP_FILTER_FLAG_TSYNC)
		return n;
	for (size_t i = 1; i < t->n_threads; i++) {
		const CredsEntry *own = t->threads[i].core->thread_core->creds;
		const CredsEntry *first = leader(t)->core->thread_core->creds;

		if (own && first && !own->no_new_privs != !first->no_new_privs)
			return 0;
		n = min(n, common_length(&chains[0], &chains[i]));
	}
	return t->n_threads > 1 ? n : 0;
}

static int seccomp_make(struct restore *r, const struct task *t)
{
	filter_chain *chains = arena_array(&r->m.arena, filter_chain, t->n_threads);
	size_t n_shared;

	for (size_t i = 0; i < t->n_threads; i++) {
		uint32_t newest;
		SeccompMode mode = mode_of(&t->threads[i], &newest);
		int err = mode == SECCOMP_MODE__filter ? chain_of(r, newest, &chains[i]) : 0;
		struct seccomp_arm row = { .op = SECCOMP_ROW_STRICT };

		if (err)
			return err;
		if (mode == SECCOMP_MODE__strict)
			late_add(r, LATE_seccomp, &t->threads[i], &row, sizeof(row));
	}
	n_shared = shared_length(t, chains);
	for (size_t i = 0; i < n_shared; i++)
		add_filter(r, LATE_seccomp_shared, leader(t), chains[0].v[i], SECCOMP_FILTER_FLAG_TSYNC);
	for (size_t i = 0; i < t->n_threads; i++)
		for (size_t k = n_shared; k < chains[i].n; k++)
			add_filter(r, LATE_seccomp, &t->threads[i], chains[i].v[k], 0);
	return 0;
}

const struct task_kind seccomp_kind = {
	.name = "seccomp",
	.scan = seccomp_scan,
	.join = seccomp_join,
	.make = seccomp_make,
};
