/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the processes of a planned tree, each with its own pid. */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "cgroup/cgroups.h"
#include "file/files.h"
#include "kernel/proc_stat.h"
#include "kernel/read.h"
#include "mem/mem.h"
#include "ns/ns.h"
#include "options.h"
#include "run/barrier.h"
#include "run/restore.h"
#include "task/birth.h"
#include "task/fork.h"
#include "task/pids.h"
#include "task/taken.h"

typedef void (*task_main)(struct restore *r);

enum { SPARE_TRIES = 1000 };

static int exit_signal_of(const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;

	return tc->has_exit_signal ? (int)tc->exit_signal : SIGCHLD;
}

static bool is_about_cgroup(int err)
{
	return err == EACCES || err == EBUSY || err == EOPNOTSUPP || err == ENOENT || err == ENODEV;
}

/* A pid in each of the nested pid namespaces, the innermost first, as clone3(2) wants them. */
struct chosen_pids {
	pid_t level[MAX_PID_LEVELS];
	size_t n;
};

/* clone3(2) with chosen pids. n 0: any. The pid, 0 in the child, or a negative errno that nobody has been told of. */
static pid_t clone_with_pids(const struct chosen_pids *pids, uint64_t flags, int exit_signal, int cgroup)
{
	struct clone_args args = {
		.flags = flags | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		/* A sibling reports as its parent does: clone3 wants no signal named then. */
		.exit_signal = flags & CLONE_PARENT ? 0 : exit_signal,
		.set_tid = pids->n ? (uintptr_t)pids->level : 0,
		.set_tid_size = pids->n,
		.cgroup = cgroup >= 0 ? cgroup : 0,
	};
	pid_t got = syscall(SYS_clone3, &args, sizeof(args));

	return got < 0 ? -errno : got;
}

/* Who has that number; not in a new pid namespace, whose processes have others in the tool's /proc. */
static int why_taken(pid_t pid)
{
	char self[16] = "";
	struct proc_stat st;

	if (proc_readlink("/proc/self", self, sizeof(self) - 1) < 0 || atoi(self) != getpid() ||
	    proc_stat_read(pid, 0, &st))
		return fail(EEXIST, "pid %d is taken on this machine; restore in a pid namespace of its own", pid);
	if (st.state == 'Z')
		return fail(EEXIST, "pid %d is taken by %s, which has ended and waits for its parent %d to notice; "
			    "try again in a moment, %sor restore in a pid namespace of its own (criu-ns restore)",
			    pid, st.comm, st.ppid, st.ppid == 1 ? "" : "end that parent, ");
	return fail(EEXIST, "pid %d is taken by %s; end it, or restore in a pid namespace of its own (criu-ns restore)",
		    pid, st.comm);
}

static int why_no_pid(pid_t pid, uint64_t flags, int err)
{
	if (err == -EEXIST && kill(pid, 0) < 0)
		return fail(EEXIST, "pid %d is still the number of a session or process group that others on this machine "
			    "are in, if only as zombies; try again in a moment, end those "
			    "(ps -eo pid,ppid,pgid,sid,stat,comm), "
			    "or restore in a pid namespace of its own (criu-ns restore)", pid);
	if (err == -EEXIST)
		return why_taken(pid);
	if (err == -EINVAL && pid && !(flags & CLONE_NEWPID))
		return fail(EINVAL, "pid %d is above this machine's kernel.pid_max", pid);
	if (err == -EPERM)
		return fail(EPERM, "choose pid %d: CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN is needed", pid);
	return fail_with(-err, "fork pid %d", pid);
}

/* Whoever restores at once behind a dump meets zombies of the tree that nobody has taken yet: they are waited for. */
static pid_t clone_when_free(const struct chosen_pids *pids, uint64_t flags, int exit_signal, int cgroup)
{
	enum { TRIES = 150 };
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	pid_t got = clone_with_pids(pids, flags, exit_signal, cgroup);

	for (int i = 0; got == -EEXIST && i < TRIES && is_taken_by_dead(pids->level[pids->n - 1]); i++) {
		nanosleep(&pause, NULL);
		got = clone_with_pids(pids, flags, exit_signal, cgroup);
	}
	return got;
}

/*
 * What cannot be born in its cgroup (from inside a user namespace) is told by *cgroup, which is -1 then, and enters it
 * itself, or says why it cannot.
 */
static pid_t fork_with_pids(const struct chosen_pids *pids, uint64_t flags, int exit_signal, int *cgroup)
{
	pid_t got = clone_when_free(pids, flags, exit_signal, *cgroup);

	if (got < 0 && *cgroup >= 0 && is_about_cgroup(-got)) {
		*cgroup = -1;
		got = clone_when_free(pids, flags, exit_signal, -1);
	}
	return got < 0 ? why_no_pid(pids->n ? pids->level[pids->n - 1] : 0, flags, got) : got;
}

/* In place of one that is dead: inner are its numbers in the pid namespaces below the root's. */
static pid_t fork_helper(pid_t pid, size_t n_inner, const uint32_t *inner)
{
	struct chosen_pids pids;
	int none = -1;

	pids.n = pids_of_dead(n_inner, inner, pid, pids.level);
	return fork_with_pids(&pids, 0, SIGCHLD, &none);
}

static int fork_task(struct restore *r, const struct task *t, uint64_t flags, task_main run);

static bool is_forked_by(const struct task *t, const struct task *forker, enum birth_when when)
{
	return t->restore->birth->forker == forker && t->restore->birth->when == when;
}

/* Above all numbers that the tree needs in any pid namespace: of tasks, threads, groups and sessions. */
static pid_t first_spare_pid(const struct restore *r)
{
	pid_t top = 0;

	for (size_t i = 0; i < r->m.tasks.n; i++) {
		const struct task *o = r->m.tasks.v[i];

		top = max(top, (pid_t)o->tree->sid);
		top = max(top, (pid_t)o->tree->pgid);
		for (size_t n = 0; n < o->n_threads; n++) {
			top = max(top, o->threads[n].pid);
			for (size_t level = 0; level < o->threads[n].n_inner; level++)
				top = max(top, o->threads[n].inner[level]);
		}
	}
	return top + 1;
}

/* How many pid namespaces below the root's a task is in; NULL: the tool. */
static size_t inner_levels(const struct task *t)
{
	return t ? leader(t)->n_inner : 0;
}

/*
 * A helper for `t`, whose pid does not matter. In a fresh pid namespace the next free number may well be one that a
 * task of the tree needs later, so one above all of them is taken; in a namespace that others live in (that of a pod)
 * it may be theirs: then the next that `t` alone tries.
 */
static pid_t fork_spare(const struct restore *r, const struct task *t, uint64_t flags)
{
	struct chosen_pids pids = { .n = inner_levels(r->self) + (ns_of_root(&r->m, NS_PID) ? 1 : 0) };
	pid_t pid = first_spare_pid(r) + t->index, got = -EEXIST;

	for (int tries = 0; tries < SPARE_TRIES && got == -EEXIST; tries++, pid += r->m.tasks.n) {
		for (size_t i = 0; i < pids.n; i++)
			pids.level[i] = pid;
		got = clone_with_pids(&pids, flags, SIGCHLD, -1);
	}
	return got < 0 ? fail_with(-got, "fork a helper") : got;
}

pid_t fork_unnumbered(uint64_t flags)
{
	const struct chosen_pids none = { .n = 0 };
	pid_t got = clone_with_pids(&none, flags, SIGCHLD, -1);

	return got < 0 ? fail_with(got, "fork a helper") : got;
}

pid_t fork_helper_sharing(const struct restore *r, uint64_t flags)
{
	return fork_spare(r, r->self, flags);
}

/* A helper that forks and ends: its children are handed to the nearest subreaper. */
static int fork_orphan(struct restore *r, const struct task *t, task_main run)
{
	pid_t helper = fork_spare(r, t, 0);
	int status;

	if (helper < 0)
		return helper;
	if (!helper)
		_exit(fork_task(r, t, 0, run) ? EXIT_FAILURE : EXIT_SUCCESS);
	if (waitpid(helper, &status, 0) < 0)
		return fail_errno("wait for a helper");
	return status ? -ECANCELED : 0;
}

/* All heirs of one dead session leader are forked by one helper, which has the leader's pid. */
static int fork_heirs(struct restore *r, const struct task *first, task_main run)
{
	const CoreEntry *core = leader(first)->core;
	pid_t sid = first->tree->sid, helper = fork_helper(sid, core->n_inner_sid, core->inner_sid);
	int status;

	if (helper < 0)
		return helper;
	if (!helper) {
		int err = setsid() < 0 ? fail_errno("setsid in a helper") : 0;

		for (size_t i = first->index; i < r->m.tasks.n && !err; i++) {
			const struct task *t = r->m.tasks.v[i];

			if (is_forked_by(t, first->restore->birth->forker, BIRTH_HEIR) && (pid_t)t->tree->sid == sid)
				err = fork_task(r, t, 0, run);
		}
		_exit(err ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	if (waitpid(helper, &status, 0) < 0)
		return fail_errno("wait for helper %d", sid);
	return status ? -ECANCELED : 0;
}

static bool is_first_heir(const struct restore *r, const struct task *t)
{
	for (size_t i = 0; i < t->index; i++) {
		const struct task *o = r->m.tasks.v[i];

		if (is_forked_by(o, t->restore->birth->forker, BIRTH_HEIR) && o->tree->sid == t->tree->sid)
			return false;
	}
	return true;
}

static int fork_children(struct restore *r, const struct task *self, enum birth_when when, task_main run)
{
	for (size_t i = 0; i < r->m.tasks.n; i++) {
		const struct task *t = r->m.tasks.v[i];
		int err = 0;

		if (!is_forked_by(t, self, when))
			continue;
		if (when == BIRTH_ORPHAN)
			err = fork_orphan(r, t, run);
		else if (when == BIRTH_HEIR)
			err = is_first_heir(r, t) ? fork_heirs(r, t, run) : 0;
		else
			err = fork_task(r, t, 0, run);
		if (err)
			return err;
	}
	return 0;
}

static int become_leader(struct restore *r, const struct task *t)
{
	if (t->tree->sid == t->tree->pid && setsid() < 0)
		return fail_errno("setsid");
	if (t->tree->sid == t->tree->pid && is_alive(t)) {
		int err = files_lead(r, t);

		if (err)
			return err;
	}
	if (t->tree->pgid == t->tree->pid && t->tree->sid != t->tree->pid && setpgid(0, 0) < 0)
		return fail_errno("setpgid");
	return 0;
}

static void wait_for_step(struct restore *r, enum restore_step step)
{
	while (__atomic_load_n(&r->shared->step, __ATOMIC_ACQUIRE) < (uint32_t)step &&
	       !__atomic_load_n(&r->shared->error, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &r->shared->step, 0 /* FUTEX_WAIT */,
			__atomic_load_n(&r->shared->step, __ATOMIC_ACQUIRE), NULL, NULL, 0);
}

static int fork_group_helpers(struct restore *r, const struct task *self)
{
	for (size_t i = 0; i < r->births->groups.n; i++) {
		const struct group_helper *h = &r->births->groups.v[i];
		pid_t pid;

		if (h->forker != self)
			continue;
		pid = fork_helper(h->pgid, leader(self)->core->n_inner_pgid, leader(self)->core->inner_pgid);
		if (pid < 0)
			return pid;
		if (!pid) {
			if (setpgid(0, 0) == 0)
				wait_for_step(r, STEP_MADE);	/* everybody has joined */
			_exit(EXIT_SUCCESS);
		}
		/* Both may set it: whoever comes first, it is done before anybody can join. */
		setpgid(pid, pid);
	}
	return 0;
}

/* The number of a group without a leader, as its members see it. */
static pid_t group_of_dead(const struct task *t)
{
	const CoreEntry *e = leader(t)->core;

	return e->n_inner_pgid ? e->inner_pgid[e->n_inner_pgid - 1] : t->tree->pgid;
}

static int join_group(const struct restore *r, const struct task *t)
{
	const struct task *lead = model_task_by_pid(&r->m, t->tree->pgid);
	pid_t pgid = lead ? pids_seen_by(&r->m, leader(t), leader(lead)) : group_of_dead(t);

	if (t->tree->pgid == t->tree->pid || (r->opt->shell_job && t->tree->pgid == r->m.tasks.v[0]->tree->pgid))
		return 0;
	/* One that is led from outside of its pid namespace was inherited, as births_plan() has seen to. */
	if (pgid && getpgid(0) != pgid && setpgid(0, pgid) < 0)
		return fail_errno("join process group %u", t->tree->pgid);
	return 0;
}

/* It has its pid, session and group; now it ends as it did. */
static void no_return die_as(const struct task *t)
{
	uint32_t code = leader(t)->core->tc->exit_code;
	int signo = code & 0x7f;
	struct rlimit no_core = { 1, 1 };	/* this also ends the way to a program in core_pattern, which 0 does not */
	sigset_t only;

	if (!signo)
		_exit(code >> 8 & 0xff);
	/* The status of one that was not dumpable is shown to nobody but root, and a next dump must see it. */
	if (setrlimit(RLIMIT_CORE, &no_core) < 0)
		prctl(PR_SET_DUMPABLE, 0);
	signal(signo, SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, signo);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	kill(getpid(), signo);
	_exit(EXIT_FAILURE);
}

static void no_return zombie_main(struct restore *r, const struct task *t, task_main run)
{
	int err = become_leader(r, t);

	if (!err)
		err = fork_children(r, t, BIRTH_LATE, run);
	if (!err)
		err = barrier_pass(r, STEP_FORKED);
	if (!err)
		err = join_group(r, t);
	if (err) {
		barrier_fail(r, err);
		_exit(EXIT_FAILURE);
	}
	prctl(PR_SET_NAME, leader(t)->core->tc->comm);
	err = barrier_pass(r, STEP_GROUPED);
	die_as(t);
}

/* Signals stay blocked until the program's own mask is set: a child's end must not meet a default action. */
static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

/* Some of its children are born elsewhere and handed over when their helper ends. */
static bool adopts(const struct restore *r, const struct task *t)
{
	for (size_t i = t->index; i < r->m.tasks.n; i++) {
		const struct task *child = r->m.tasks.v[i];

		if (child->parent == t && (child->restore->birth->forker != t || child->restore->birth->when == BIRTH_HEIR))
			return true;
	}
	return false;
}

static int live_main(struct restore *r, const struct task *t, task_main run)
{
	int err;

	/* Only adopters: orphans go to the nearest subreaper, and that must be their parent. Set for good later. */
	if (adopts(r, t) && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return fail_errno("become subreaper");
	err = fork_children(r, t, BIRTH_EARLY, run);
	if (!err)
		err = become_leader(r, t);
	if (!err)
		err = mem_make_shared(r, t);
	if (!err)
		err = fork_group_helpers(r, t);
	for (enum birth_when w = BIRTH_LATE; w <= BIRTH_HEIR && !err; w++)
		if (w != BIRTH_EARLY)
			err = fork_children(r, t, w, run);
	if (!err)
		err = ns_for_children(r, t);
	if (err)
		return err;
	run(r);
	return -EIO;
}

static void no_return child_main(struct restore *r, const struct task *t, bool is_in_cgroup, task_main run)
{
	int err;

	r->self = t;
	log_as_task(leader(t)->pid);
	block_signals();
	r->shared->tasks[t->index].pid_real = r->m.namespaces.n ? pids_own_real() : getpid();
	err = barrier_check(r);
	if (err)
		_exit(EXIT_FAILURE);
	if (!is_alive(t))
		zombie_main(r, t, run);
	err = cgroups_enter(r, t, is_in_cgroup);
	if (!err)
		err = ns_enter(r, t);
	if (!err && t == r->m.tasks.v[0])
		err = files_prepare_inside(r);
	if (!err)
		err = live_main(r, t, run);
	barrier_fail(r, err);
	_exit(EXIT_FAILURE);
}

static int fork_task(struct restore *r, const struct task *t, uint64_t flags, task_main run)
{
	struct chosen_pids pids;
	int cgroup;
	pid_t pid;
	int err;
	IN_SCOPE("task", leader(t)->pid);

	/* A table shared with the parent is shared from birth: nothing in it has been made yet. */
	if (t->parent && t->fds && t->fds == t->parent->fds)
		flags |= CLONE_FILES;
	/* The init of a nested pid namespace can be a zombie, but that namespace is no more. */
	pids.n = pids_for_clone(leader(t), is_alive(t) ? inner_levels(t) : min(inner_levels(t), inner_levels(r->self)),
				pids.level);
	cgroup = cgroups_birth(r, t);
	err = ns_before_fork(r, t);
	if (err)
		return err;
	pid = fork_with_pids(&pids, flags | ns_clone_flags(r, t), exit_signal_of(t), &cgroup);
	if (pid < 0)
		return pid;
	if (!pid)
		child_main(r, t, cgroup >= 0, run);
	/* In a pid namespace of the tree the child alone can tell what the tool calls it. */
	if (!r->m.namespaces.n || r->self == NULL)
		r->shared->tasks[t->index].pid_real = pid;
	return ns_after_fork(r, t);
}

pid_t fork_tree(struct restore *r, bool is_sibling, task_main run)
{
	const struct task *root = r->m.tasks.v[0];
	struct ns_way_back back;
	int err = ns_go_for_root(r, &back), back_err;

	if (!err)
		err = fork_task(r, root, is_sibling ? CLONE_PARENT : 0, run);
	back_err = ns_come_back(&back);
	err = err ?: back_err;
	return err ? err : r->shared->tasks[root->index].pid_real;
}

int fork_join_group(struct restore *r)
{
	return join_group(r, r->self);
}

int fork_reap_helpers(struct restore *r)
{
	for (size_t i = 0; i < r->births->groups.n; i++) {
		const struct group_helper *h = &r->births->groups.v[i];

		if (h->forker == r->self && waitpid(group_of_dead(r->self), NULL, 0) < 0)
			return fail_errno("wait for helper %d", h->pgid);
	}
	return 0;
}

int fork_foresee(const struct restore *r)
{
	struct proc_stat st;
	int err = 0;

	if (ns_of_root(&r->m, NS_PID))
		return 0;	/* a new one, in which all numbers are free */
	for (size_t i = 0; i < r->m.tasks.n; i++) {
		const struct task *t = r->m.tasks.v[i];
		IN_SCOPE("task", t->tree->pid);

		for (size_t n = 0; n < t->n_threads; n++) {
			int failed = proc_stat_read(t->threads[n].pid, 0, &st) ? 0 : why_taken(t->threads[n].pid);

			err = err ?: failed;
		}
	}
	return err;
}
