/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pending signals: one queue for each thread and one for the process, each entry with its siginfo. The tracer reads them
 * without taking them out; a restored thread queues them to itself again, since the kernel lets nobody else choose a
 * si_code that says "from the kernel". That is done while all signals are blocked, and after the signal actions are set.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include "base/log.h"
#include "kernel/proc_status.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/kind.h"
#include "task/pids.h"

enum { LAST_SIGNAL = 64, PEEK_AT_ONCE = 16 };

_Static_assert(sizeof(siginfo_t) == SIGINFO_BYTES, "the kernel's siginfo");

static void add(struct dump *d, SignalQueueEntry *q, const siginfo_t *info)
{
	SiginfoEntry *e = arena_msg(&d->m.arena, SiginfoEntry, siginfo_entry__init);

	e->siginfo.len = sizeof(*info);
	e->siginfo.data = arena_memdup(&d->m.arena, info, sizeof(*info));
	pb_push(&d->m.arena, q->signals, q->n_signals, e);
}

/* Fills q in queue order, ret_seen with a bit for each signal met. */
static int peek(struct dump *d, const struct thread *th, int flags, SignalQueueEntry *q, uint64_t *ret_seen)
{
	struct __ptrace_peeksiginfo_args args = { .flags = flags, .nr = PEEK_AT_ONCE };
	siginfo_t infos[PEEK_AT_ONCE];

	for (;;) {
		long n = ptrace(PTRACE_PEEKSIGINFO, th->pid_real, &args, infos);

		if (n < 0)
			return fail_errno("PTRACE_PEEKSIGINFO");
		for (long i = 0; i < n; i++) {
			*ret_seen |= 1ULL << (infos[i].si_signo - 1);
			add(d, q, &infos[i]);
		}
		if (n < PEEK_AT_ONCE)
			return 0;
		args.off += n;
	}
}

/*
 * send_signal_locked() sets the bit and queues nothing when the queue is full (RLIMIT_SIGPENDING); on delivery
 * collect_signal() then makes up a siginfo of zeroes. So do we.
 */
static void add_without_info(struct dump *d, SignalQueueEntry *q, uint64_t missing)
{
	for (int signo = 1; signo <= LAST_SIGNAL; signo++) {
		siginfo_t info = { .si_signo = signo, .si_code = SI_USER };

		if (missing & 1ULL << (signo - 1))
			add(d, q, &info);
	}
}

/* A process that is about to stop is a stopped one: SIGSTOP cannot be held back until a restore is complete. */
static void take_sigstop(struct task *t, SignalQueueEntry *q)
{
	TaskCoreEntry *tc = leader(t)->core->tc;
	size_t n = 0;

	for (size_t i = 0; i < q->n_signals; i++)
		if (((siginfo_t *)q->signals[i]->siginfo.data)->si_signo != SIGSTOP)
			q->signals[n++] = q->signals[i];
	if (n == q->n_signals)
		return;
	q->n_signals = n;
	t->state = TASK_STOPPED;
	tc->task_state = TASK_STOPPED;
	tc->has_stop_signo = true;
	tc->stop_signo = SIGSTOP;
}

static int scan_queue(struct dump *d, const struct thread *th, int flags, uint64_t pending,
		      SignalQueueEntry **ret_queue)
{
	SignalQueueEntry *q = arena_msg(&d->m.arena, SignalQueueEntry, signal_queue_entry__init);
	uint64_t seen = 0;
	/* Also when /proc showed none: it was read while others of the tree could still send some. */
	int err = peek(d, th, flags, q, &seen);

	if (err)
		return err;
	add_without_info(d, q, pending & ~seen);
	take_sigstop(th->task, q);
	*ret_queue = q;
	return 0;
}

static int signals_scan(struct dump *d, struct task *t)
{
	return scan_queue(d, leader(t), PTRACE_PEEKSIGINFO_SHARED, leader(t)->dump->status->shd_pnd,
			  &leader(t)->core->tc->signals_s);
}

static int signals_scan_thread(struct dump *d, struct thread *th)
{
	return scan_queue(d, th, 0, th->dump->status->sig_pnd, &th->core->thread_core->signals_p);
}

static int check_queue(const SignalQueueEntry *q, const char *name)
{
	for (size_t i = 0; q && i < q->n_signals; i++) {
		const ProtobufCBinaryData *data = &q->signals[i]->siginfo;
		int signo;

		if (data->len != SIGINFO_BYTES)
			return fail(EINVAL, "%s: siginfo of %zu bytes instead of %d", name, data->len,
				    SIGINFO_BYTES);
		memcpy(&signo, data->data, sizeof(signo));
		if (signo < 1 || signo > LAST_SIGNAL || signo == SIGKILL || signo == SIGSTOP)
			return fail(EINVAL, "%s: signal %d cannot be pending", name, signo);
	}
	return 0;
}

static int signals_check(const struct task *t)
{
	int err = check_queue(leader(t)->core->tc->signals_s, "signals of the process");

	for (size_t i = 0; i < t->n_threads && !err; i++)
		err = check_queue(t->threads[i].core->thread_core->signals_p, "signals of a thread");
	return err;
}

static struct signals_arm arm_row(const struct thread *th, const SiginfoEntry *e)
{
	struct signals_arm row = { .pid = pids_own(leader(th->task)), .tid = pids_own(th) };

	memcpy(row.info, e->siginfo.data, sizeof(row.info));
	memcpy(&row.signo, row.info, sizeof(row.signo));
	return row;
}

static int signals_make(struct restore *r, const struct task *t)
{
	const SignalQueueEntry *q = leader(t)->core->tc->signals_s;

	for (size_t i = 0; q && i < q->n_signals; i++) {
		struct signals_shared_arm row = { arm_row(leader(t), q->signals[i]) };

		late_add(r, LATE_signals_shared, leader(t), &row, sizeof(row));
	}
	return 0;
}

static int signals_make_thread(struct restore *r, const struct thread *th)
{
	const SignalQueueEntry *q = th->core->thread_core->signals_p;

	for (size_t i = 0; q && i < q->n_signals; i++) {
		struct signals_arm row = arm_row(th, q->signals[i]);

		late_add(r, LATE_signals, th, &row, sizeof(row));
	}
	return 0;
}

const struct task_kind signals_kind = {
	.name = "signals",
	.scan = signals_scan,
	.scan_thread = signals_scan_thread,
	.check = signals_check,
	.make = signals_make,
	.make_thread = signals_make_thread,
};
