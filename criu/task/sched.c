/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling of a thread: policy, priority, nice, deadline, slice, CPUs, I/O priority. All can be read from outside. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "model/model.h"
#include "options.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/kind.h"

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#endif

enum { POLICY_OTHER, POLICY_FIFO, POLICY_RR, POLICY_BATCH, POLICY_IDLE = 5, POLICY_DEADLINE, POLICY_EXT };
enum { RESET_ON_FORK_IN_POLICY = 0x40000000, FLAG_RESET_ON_FORK = 1, FLAG_UTIL_CLAMP = 0x60 };
enum { UTIL_MAX = 1024, IOPRIO_WHO_THREAD = 1, MASK_BYTES = 1024 };

static bool is_rt(uint32_t policy)
{
	return policy == POLICY_FIFO || policy == POLICY_RR;
}

/* Longest prefix of a mask that has a bit set. */
static size_t mask_trim(const uint8_t *mask, size_t len)
{
	while (len && !mask[len - 1])
		len--;
	return len;
}

/* Because every thread needs it, and neither changes during a run. */
static struct cpu_mask {
	union {
		uint8_t bytes[MASK_BYTES];
		uint64_t words[MASK_BYTES / 8];
	};
	size_t len;
} online;

/* "0-3,8,10-11" */
static int parse_cpu_list(const char *s, struct cpu_mask *ret)
{
	struct cursor c = { .p = s };

	do {
		uint64_t first = take_u64(&c, 10), last = first;

		if (*c.p == '-') {
			take_char(&c, '-');
			last = take_u64(&c, 10);
		}
		for (uint64_t i = first; i <= last && i < MASK_BYTES * 8 && !c.bad; i++)
			ret->bytes[i / 8] |= 1 << (i % 8);
	} while (!c.bad && *c.p == ',' && c.p++);
	ret->len = mask_trim(ret->bytes, MASK_BYTES);
	return c.bad ? -EINVAL : 0;
}

static void read_online(void)
{
	auto_fd int fd = open("/sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[max(len, (ssize_t)0)] = '\0';
	if (len > 0 && !parse_cpu_list(text, &online))
		return;
	/* No sysfs: the number of CPUs is known, which ones they are is likely. */
	memset(&online, 0, sizeof(online));
	for (long i = sysconf(_SC_NPROCESSORS_ONLN) - 1; i >= 0; i--)
		if (i < MASK_BYTES * 8)
			online.bytes[i / 8] |= 1 << (i % 8);
	online.len = mask_trim(online.bytes, MASK_BYTES);
}

/* What a task that was never bound may use. */
static const struct cpu_mask *machine_mask(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;	/* because workers may ask at the same time */

	pthread_once(&once, read_online);
	return &online;
}

static int sched_note(struct restore *r not_used)
{
	machine_mask();
	return 0;
}

static int get_attr(pid_t tid, struct sched_attributes *ret)
{
	memset(ret, 0, sizeof(*ret));
	return syscall(SYS_sched_getattr, tid, ret, sizeof(*ret), 0) < 0 ? -errno : 0;
}

/* --- dump ---------------------------------------------------------------------------------------------- */

static int scan_affinity(struct dump *d, pid_t tid, ThreadSchedEntry *ret)
{
	uint8_t mask[MASK_BYTES] = { 0 };

	if (syscall(SYS_sched_getaffinity, tid, sizeof(mask), mask) < 0)
		return fail_errno("sched_getaffinity");
	/* A task that may run anywhere must not be tied to this machine's number of CPUs. */
	if (!memcmp(mask, machine_mask()->bytes, sizeof(mask)))
		return 0;
	ret->has_affinity = true;
	ret->affinity.len = mask_trim(mask, sizeof(mask));
	ret->affinity.data = arena_memdup(&d->m.arena, mask, ret->affinity.len);
	return 0;
}

static int scan_ioprio(pid_t tid, ThreadSchedEntry *ret)
{
	long prio = syscall(SYS_ioprio_get, IOPRIO_WHO_THREAD, tid);

	if (prio < 0)
		return errno == ENOSYS ? 0 : fail_errno("ioprio_get");
	ret->has_ioprio = prio != 0;
	ret->ioprio = prio;
	return 0;
}

static void attr_to_plain(const struct sched_attributes *attr, int nice_value, ThreadCoreEntry *ret)
{
	ret->has_sched_policy = ret->has_sched_nice = true;
	ret->sched_policy = attr->policy | (attr->flags & FLAG_RESET_ON_FORK ? RESET_ON_FORK_IN_POLICY : 0);
	ret->sched_nice = nice_value;
	ret->has_sched_prio = is_rt(attr->policy);
	ret->sched_prio = attr->priority;
}

static void attr_to_extension(const struct sched_attributes *attr, ThreadSchedEntry *ret)
{
	struct sched_attributes own;

	ret->flags = attr->flags & ~(uint64_t)(FLAG_RESET_ON_FORK | FLAG_UTIL_CLAMP);
	ret->has_flags = ret->flags != 0;
	if (attr->policy == POLICY_DEADLINE) {
		ret->has_runtime = ret->has_deadline = ret->has_period = true;
		ret->runtime = attr->runtime;
		ret->deadline = attr->deadline;
		ret->period = attr->period;
	} else if (!is_rt(attr->policy) && attr->runtime && !get_attr(0, &own) && attr->runtime != own.runtime) {
		/* Since 6.12 the slice, here one that the task has asked for. */
		ret->has_runtime = true;
		ret->runtime = attr->runtime;
	}
	/* 0 and 0 is what a kernel without CONFIG_UCLAMP_TASK says, 0 and 1024 is no limit. */
	if (attr->util_max && (attr->util_min || attr->util_max != UTIL_MAX)) {
		ret->has_util_min = ret->has_util_max = true;
		ret->util_min = attr->util_min;
		ret->util_max = attr->util_max;
	}
}

static void refuse_core_cookie(struct dump *d, pid_t tid)
{
	enum { CORE_GET, ONE_THREAD = 0 };
	unsigned long cookie = 0;

	/* EINVAL, ENODEV: the kernel or the machine has no core scheduling. */
	if (!prctl(PR_SCHED_CORE, CORE_GET, tid, ONE_THREAD, &cookie) && cookie)
		refuse(&d->refusals, REFUSE_TASK_STATE, "the thread has a core scheduling cookie");
}

static bool is_beyond_plain(const ThreadSchedEntry *s)
{
	return s->has_affinity || s->has_ioprio || s->has_flags || s->has_runtime || s->has_util_min;
}

static int sched_scan_thread(struct dump *d, struct thread *th)
{
	ThreadSchedEntry *s = arena_msg(&d->m.arena, ThreadSchedEntry, thread_sched_entry__init);
	struct sched_attributes attr;
	int err = get_attr(th->pid_real, &attr), nice_value;

	if (err)
		return fail_with(err, "sched_getattr");
	errno = 0;
	nice_value = getpriority(PRIO_PROCESS, th->pid_real);
	if (nice_value == -1 && errno)
		return fail_errno("getpriority");
	attr_to_plain(&attr, nice_value, th->core->thread_core);
	attr_to_extension(&attr, s);
	err = scan_affinity(d, th->pid_real, s);
	if (!err)
		err = scan_ioprio(th->pid_real, s);
	if (err)
		return err;
	refuse_core_cookie(d, th->pid_real);
	if (!d->opt->plain_images)
		th->core->thread_core->sched = s;
	else if (attr.policy == POLICY_DEADLINE || attr.policy == POLICY_EXT)
		refuse(&d->refusals, REFUSE_TASK_STATE, "scheduling policy %u has no place in plain images",
		       attr.policy);
	else if (is_beyond_plain(s))
		warn("CPU affinity, I/O priority, slice and utilisation clamps are left out of plain images");
	return 0;
}

/* --- restore ------------------------------------------------------------------------------------------- */

static int check_thread(const ThreadCoreEntry *tc)
{
	uint32_t policy = tc->sched_policy & ~(uint32_t)RESET_ON_FORK_IN_POLICY;
	bool is_known = policy <= POLICY_EXT && policy != 4;

	if (!is_known || (policy == POLICY_DEADLINE && !tc->sched))
		return fail(EINVAL, "unknown scheduling policy %u", policy);
	if (tc->sched_nice < -20 || tc->sched_nice > 19)
		return fail(EINVAL, "nice value %d is not within -20..19", tc->sched_nice);
	if (is_rt(policy) ? tc->sched_prio < 1 || tc->sched_prio > 99 : tc->sched_prio)
		return fail(EINVAL, "priority %u does not go with scheduling policy %u", tc->sched_prio, policy);
	if (tc->sched && tc->sched->affinity.len > MASK_BYTES)
		return fail(EINVAL, "CPU mask of %zu bytes", tc->sched->affinity.len);
	if (tc->sched && tc->sched->has_affinity && !mask_trim(tc->sched->affinity.data, tc->sched->affinity.len))
		return fail(EINVAL, "empty CPU mask");
	return 0;
}

static int sched_check(const struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < t->n_threads && !err; i++) {
		IN_SCOPE("thread", t->threads[i].pid);
		err = check_thread(t->threads[i].core->thread_core);
	}
	return err;
}

static int add_affinity(struct restore *r, const struct thread *th, const ThreadSchedEntry *s)
{
	const struct cpu_mask *all = machine_mask();
	struct cpu_mask want = *all, now = { 0 };
	size_t n_here = 0;

	if (syscall(SYS_sched_getaffinity, 0, sizeof(now.bytes), now.bytes) < 0)
		return fail_errno("sched_getaffinity");
	if (s->has_affinity) {
		memset(&want, 0, sizeof(want));
		memcpy(want.bytes, s->affinity.data, s->affinity.len);
	}
	for (size_t i = 0; i < all->len; i++)
		n_here += __builtin_popcount(want.bytes[i] & all->bytes[i]);
	if (!n_here) {
		warn("none of the CPUs that thread %d was bound to exists here: it may run on all", th->pid);
		want = *all;
	}
	if (!memcmp(want.bytes, now.bytes, sizeof(now.bytes)))
		return 0;
	for (size_t i = 0; i < (mask_trim(want.bytes, MASK_BYTES) + 7) / 8; i++)
		late_add(r, LATE_sched_affinity, th, &want.words[i], sizeof(want.words[i]));
	return 0;
}

static void attr_of(const ThreadCoreEntry *tc, struct sched_attributes *ret)
{
	const ThreadSchedEntry *s = tc->sched;

	*ret = (struct sched_attributes){
		.size = sizeof(*ret),
		.policy = tc->sched_policy & ~(uint32_t)RESET_ON_FORK_IN_POLICY,
		.nice = tc->sched_nice,
		.priority = tc->sched_prio,
		.flags = tc->sched_policy & RESET_ON_FORK_IN_POLICY ? FLAG_RESET_ON_FORK : 0,
	};
	if (!s)
		return;
	ret->flags |= s->flags;
	ret->runtime = s->runtime;
	ret->deadline = s->deadline;
	ret->period = s->period;
	if (s->has_util_max) {
		ret->flags |= FLAG_UTIL_CLAMP;
		ret->util_min = s->util_min;
		ret->util_max = s->util_max;
	}
}

/* sched_setattr() does not look at nice for policies without, so it is set first under one that has it. */
static int add_attr(struct restore *r, const struct thread *th)
{
	struct sched_arm row;
	struct sched_attributes *want = &row.attr, now;
	int nice_now = getpriority(PRIO_PROCESS, 0), err = get_attr(0, &now);

	if (err)
		return fail_with(err, "sched_getattr");
	attr_of(th->core->thread_core, want);
	if (want->flags & FLAG_UTIL_CLAMP && !now.util_max) {
		warn("utilisation clamps of thread %d are lost: this kernel has none (CONFIG_UCLAMP_TASK)", th->pid);
		want->flags &= ~(uint64_t)FLAG_UTIL_CLAMP;
	}
	if (now.policy == want->policy && nice_now == want->nice && now.priority == want->priority &&
	    now.flags == want->flags && (!want->runtime || now.runtime == want->runtime) && !want->deadline)
		return 0;
	if (want->policy != POLICY_OTHER && want->policy != POLICY_BATCH && nice_now != want->nice) {
		struct sched_arm nice_row = { .attr = { .size = sizeof(row.attr), .nice = want->nice } };

		late_add(r, LATE_sched, th, &nice_row, sizeof(nice_row));
	}
	late_add(r, LATE_sched, th, &row, sizeof(row));
	return 0;
}

static int sched_make_thread(struct restore *r, const struct thread *th)
{
	const ThreadCoreEntry *tc = th->core->thread_core;
	int err = tc->sched ? add_affinity(r, th, tc->sched) : 0;

	if (!err && tc->has_sched_policy)
		err = add_attr(r, th);
	if (!err && tc->sched && syscall(SYS_ioprio_get, IOPRIO_WHO_THREAD, 0) != (long)tc->sched->ioprio) {
		struct sched_ioprio_arm row = { tc->sched->ioprio };

		late_add(r, LATE_sched_ioprio, th, &row, sizeof(row));
	}
	return err;
}

const struct task_kind sched_kind = {
	.name = "sched",
	.scan_thread = sched_scan_thread,
	.check = sched_check,
	.note = sched_note,
	.make_thread = sched_make_thread,
};
