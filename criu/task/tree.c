/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping a tree. A stopped process makes no threads and no children, so each is brought to rest before its children
 * are listed; whoever is born or handed over meanwhile is met in another pass over the whole tree.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parallel.h"
#include "base/parse.h"
#include "base/progress.h"
#include "kernel/proc_stat.h"
#include "kernel/proc_status.h"
#include "kernel/read.h"
#include "options.h"
#include "run/cancel.h"
#include "run/dump.h"
#include "run/journal.h"
#include "task/freezer.h"
#include "task/jobstop.h"
#include "task/owner.h"
#include "task/pids.h"
#include "task/seccomp.h"
#include "task/tree.h"

enum { NR_PROCESS_MRELEASE = 448, MUCH_MEMORY = 32 << 20 };

static struct thread *find_thread(const struct task *t, pid_t tid)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].pid_real == tid)
			return &t->threads[i];
	return NULL;
}

static int add_dump_thread(struct dump *d, struct thread *th)
{
	th->dump = arena_new(&d->m.arena, struct dump_thread);
	th->core = arena_msg(&d->m.arena, CoreEntry, core_entry__init);
	return 0;
}

/* 1: attached; 0: it is gone, or stands in the way and is noted. */
static int seize(struct dump *d, struct thread *th)
{
	int err = compel_seize(th->pid_real);

	switch (err) {
	case 0:
		th->dump->is_seized = true;
		return 1;
	case -ESRCH:
	case -EOWNERDEAD:
		return 0;
	case -EBUSY:
		refuse(&d->refusals, REFUSE_TASK_TRACED, "is traced by another process");
		return 0;
	case -EPERM:
		return fail(EPERM, "thread %d may not be attached to: it is another user's, has more capabilities, or "
			    "is not dumpable; CAP_SYS_PTRACE is needed, or a kernel.yama.ptrace_scope below 2",
			    th->pid_real);
	default:
		return fail_with(err, "attach to thread %d", th->pid_real);
	}
}

static int seize_new_threads(struct dump *d, struct task *t)
{
	auto_free char *path = NULL;
	auto_dir DIR *dir = NULL;
	struct dirent *e;
	int n_new = 0;

	if (asprintf(&path, "/proc/%d/task", leader(t)->pid_real) < 0)
		return -ENOMEM;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : fail_errno("open %s", path);
	while ((e = readdir(dir))) {
		struct thread *th;
		int32_t tid;
		int got;

		if (parse_i32(e->d_name, 10, &tid) || tid <= 0)
			continue;
		th = find_thread(t, tid);
		if (th && th->dump->is_seized)
			continue;
		if (!th) {
			th = model_thread_add(&d->m, t, tid, tid);
			add_dump_thread(d, th);
		}
		got = seize(d, th);
		if (got < 0)
			return got;
		if (got) {
			int err = compel_interrupt(tid);

			if (err && err != -ESRCH)
				return fail_with(err, "interrupt thread %d", tid);
			n_new++;
		} else if (th != leader(t)) {
			t->n_threads--;	/* it was the last one added */
		}
	}
	return n_new;
}

static void drop_thread(struct task *t, size_t i)
{
	memmove(&t->threads[i], &t->threads[i + 1], (t->n_threads - i - 1) * sizeof(t->threads[0]));
	t->n_threads--;
}

/* Waits for those not yet at rest. */
static int wait_threads(struct task *t)
{
	for (size_t i = 0; i < t->n_threads;) {
		struct thread *th = &t->threads[i];
		int err;

		if (!th->dump->is_seized || th->dump->is_stopped) {
			i++;
			continue;
		}
		err = compel_wait_stopped(th->pid_real, &th->dump->stop);
		if (err == -ECANCELED)
			return fail(ECANCELED, "thread %d does not stop (is it frozen, or does it wait for a dead disk "
				    "or server?): %s", th->pid_real, cancel_reason());
		if (err == -EDEADLK)
			return fail(EDEADLK, "thread %d waits in vfork() for a child that uses its memory "
				    "[task.shared-mm]; dump when the child has called exec or ended", th->pid_real);
		if (err && err != -ESRCH)
			return fail_with(err, "wait for thread %d to stop", th->pid_real);
		th->dump->is_stopped = !err && th->dump->stop.kind <= COMPEL_GROUP_STOPPED;
		if (!th->dump->is_stopped) {
			th->dump->is_seized = !err && th->dump->stop.kind == COMPEL_ZOMBIE;
			if (i) {
				drop_thread(t, i);
				continue;
			}
		}
		i++;
	}
	return 0;
}

static int stop_threads(struct dump *d, struct task *t)
{
	for (;;) {
		int n_new = seize_new_threads(d, t), err;

		if (n_new < 0 || d->freezer.is_on)	/* nobody comes to rest before the group is thawed */
			return n_new < 0 ? n_new : 0;
		err = wait_threads(t);
		if (!err && !n_new)
			return 0;
		if (!err)
			err = check_cancelled();
		if (err)
			return err;
	}
}

/* A process that ended: zombies stay in the tree, others are forgotten by setting pid_real to 0. */
static int note_dead(struct dump *d, struct task *t, const struct proc_stat *st)
{
	struct proc_status *status = arena_new(&d->m.arena, struct proc_status);
	struct thread *th = leader(t);
	int err;

	if (st->num_threads > 1) {
		refuse(&d->refusals, REFUSE_TASK_ZOMBIE_THREADS, "its first thread has ended, others live (%u)",
		       st->num_threads - 1);
		return 0;
	}
	t->state = TASK_DEAD;
	t->n_threads = 1;
	th->dump->stat = arena_memdup(&d->m.arena, st, sizeof(*st));
	th->dump->status = status;
	err = proc_status_read(th->pid_real, 0, &d->m.arena, status);
	return err ? fail_with(err, "read the status of zombie %d", th->pid_real) : pids_scan(d, th, status);
}

static void forget(struct task *t)
{
	leader(t)->pid_real = 0;
	t->n_threads = 1;
}

static int open_pidfd(struct task *t)
{
	t->dump->pidfd = syscall(SYS_pidfd_open, leader(t)->pid_real, 0);
	/* ENOENT, before 6.9 EINVAL: there is such a task, but it leads no process */
	if (t->dump->pidfd < 0 && (errno == ENOENT || errno == EINVAL))
		return fail(EINVAL, "%d is a thread: give the pid of its process", leader(t)->pid_real);
	if (t->dump->pidfd < 0)
		return fail_errno("pidfd_open %d", leader(t)->pid_real);
	return 0;
}

static int read_thread(void *arg, size_t i, struct arena *a)
{
	const struct task *t = arg;
	const struct thread *th = &t->threads[i];
	struct proc_status *status = arena_new(a, struct proc_status);
	struct proc_stat *st = arena_new(a, struct proc_stat);
	int err = proc_stat_read(leader(t)->pid_real, th->pid_real, st);

	if (!err)
		err = proc_status_read(leader(t)->pid_real, th->pid_real, a, status);
	if (err)
		return fail_with(err, "read stat and status of thread %d", th->pid_real);
	th->dump->stat = st;
	th->dump->status = status;
	return 0;
}

/* Everything that a thread's own /proc files say; io_uring's kernel threads are dropped here. */
static int read_threads(struct dump *d, struct task *t)
{
	const struct parallel p = {
		.n = t->n_threads, .grain = 32, .work = read_thread, .arg = t, .arena = &d->m.arena,
	};
	int err = parallel_run(&p);

	if (err)
		return err;
	for (size_t i = 0; i < t->n_threads;) {
		struct thread *th = &t->threads[i];

		if (th->dump->stat->flags & PROC_PF_IO_WORKER) {
			compel_release(th->pid_real);
			drop_thread(t, i);
			continue;
		}
		err = pids_scan(d, th, th->dump->status);
		if (err)
			return err;
		i++;
	}
	return 0;
}

static int compare_threads(const void *a, const void *b)
{
	return ((const struct thread *)a)->pid_real - ((const struct thread *)b)->pid_real;
}

static void note_job_stop(struct task *t)
{
	t->state = TASK_ALIVE;
	if (leader(t)->dump->stop.kind == COMPEL_GROUP_STOPPED) {
		t->state = TASK_STOPPED;
		t->dump->stop_signo = leader(t)->dump->stop.sig;
	}
}

/* One process: at rest, with all its threads, or known to be dead. */
static int stop_process(struct dump *d, struct task *t)
{
	pid_t pid = leader(t)->pid_real;
	struct proc_stat st;
	void *record;
	int err;

	err = proc_stat_read(pid, 0, &st);
	if (err == -ENOENT || err == -ESRCH) {
		forget(t);
		return 0;
	}
	if (err)
		return fail_with(err, "read /proc/%d/stat", pid);
	if (st.state == 'Z')
		return note_dead(d, t, &st);
	if (st.state == 'X') {
		forget(t);
		return 0;
	}
	if (t->dump->proc)
		return stop_threads(d, t);

	err = stop_threads(d, t);
	if (err || !leader(t)->dump->is_stopped)
		return err;	/* dead by now (the next pass sees it), or refused */
	qsort(t->threads + 1, t->n_threads - 1, sizeof(t->threads[0]), compare_threads);
	note_job_stop(t);
	err = open_pidfd(t);
	if (!err)
		err = read_threads(d, t);
	if (!err)
		err = seccomp_check_stopped(t);
	if (err)
		return err;
	err = compel_open(pid, &t->dump->proc);
	if (err)
		return fail_with(err, "open process %d: %s", pid, compel_error(t->dump->proc));
	record = journal_record(d->journal);
	if (record)
		compel_keep_record(t->dump->proc, record);
	return 0;
}

static struct task *add_task(struct dump *d, struct task *parent, pid_t pid)
{
	struct task *t = model_task_add(&d->m, parent, pid, pid);

	t->dump = arena_new(&d->m.arena, struct dump_task);
	t->dump->pidfd = -1;
	add_dump_thread(d, leader(t));
	return t;
}

/* Writable because several processes are brought to rest at once, and what they all find is one list. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;

static int add_listed(struct dump *d, struct task *t, const char *text)
{
	struct cursor c = { .p = text };
	int err = 0;

	pthread_mutex_lock(&list_lock);
	while (take_spaces(&c), *c.p) {
		pid_t pid = take_u64(&c, 10);

		if (c.bad) {
			err = fail(EINVAL, "read /proc/%d/task/.../children: not a number", leader(t)->pid_real);
			break;
		}
		if (!model_task_by_real(&d->m, pid))
			add_task(d, t, pid);
	}
	pthread_mutex_unlock(&list_lock);
	return err;
}

/* Children of all threads that are not known yet. */
static int add_children(struct dump *d, struct task *t)
{
	for (size_t i = 0; i < t->n_threads; i++) {
		auto_proc_text text = { 0 };
		int err = proc_text_read(&text, "/proc/%d/task/%d/children", leader(t)->pid_real,
					 t->threads[i].pid_real);

		if (err == -ENOENT || err == -ESRCH)
			continue;
		if (err)
			return fail_with(err, "read /proc/%d/task/%d/children", leader(t)->pid_real,
					 t->threads[i].pid_real);
		err = add_listed(d, t, text.s);
		if (err)
			return err;
	}
	return 0;
}

/* Removes what vanished; a child that was handed to another parent is looked up again by the next pass. */
static void compact(struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->tasks.n; i++) {
		struct task *t = m->tasks.v[i];

		if (!leader(t)->pid_real)
			continue;
		t->index = n;
		m->tasks.v[n++] = t;
	}
	m->tasks.n = n;
}

static int stop_and_look(struct dump *d, struct task *t)
{
	int err = is_alive(t) ? stop_process(d, t) : 0;

	return err || !is_alive(t) || !leader(t)->pid_real ? err : add_children(d, t);
}

/* All that are known, then those who were found, and so on. */
static int stop_pass(struct dump *d, int *ret_new)
{
	size_t n_known = d->m.tasks.n, n;

	progress_expect(0, PROGRESS_TASKS);
	for (size_t from = 0; from < d->m.tasks.n; from = n) {
		int err;

		n = d->m.tasks.n;
		err = owners_each(d, from, stop_and_look);
		if (err)
			return err;
		owners_assign(d, n);
	}
	*ret_new = d->m.tasks.n - n_known;
	compact(&d->m);
	return 0;
}

static int check_is_leader(struct dump *d, pid_t pid)
{
	struct proc_status status;
	int err = proc_status_read(pid, 0, &d->m.arena, &status);

	if (err)
		return fail_with(err, "read /proc/%d/status", pid);
	if (status.tgid != pid)
		return fail(EINVAL, "%d is a thread of process %d; dump the process", pid, status.tgid);
	return 0;
}

static int check_root(struct dump *d)
{
	pid_t pid = d->opt->tree, up = getpid();
	struct proc_stat st;
	int err;
	IN_SCOPE("task", pid);

	err = proc_stat_read(pid, 0, &st);
	if (err)
		return fail(ESRCH, "there is no process %d: -t takes a number that ps(1) shows here", pid);
	if (st.flags & PROC_PF_KTHREAD) {
		refuse(&d->refusals, REFUSE_TASK_KERNEL, "%s is a kernel thread", st.comm);
		return -EINVAL;
	}
	if (st.state == 'Z')
		return fail(EINVAL, "process %d (%s) is a zombie; there is nothing left to save", pid, st.comm);
	err = check_is_leader(d, pid);
	if (err)
		return err;
	while (up > 1) {
		struct proc_stat self;

		if (up == pid) {
			refuse(&d->refusals, REFUSE_TASK_SELF, "The criu itself is within dumped tree");
			return -EINVAL;
		}
		if (proc_stat_read(up, 0, &self))
			break;
		up = self.ppid;
	}
	return 0;
}

int tree_freeze(struct dump *d)
{
	enum { MAX_PASSES = 64 };
	int n_new, n_passes = 0, err;

	err = check_root(d);
	if (err)
		return err;
	add_task(d, NULL, d->opt->tree);
	err = freezer_freeze(d);
	if (err)
		return err;
	cancel_after(d->opt->timeout);
	do {
		err = stop_pass(d, &n_new);
		if (err)
			return err;
		if (!d->m.tasks.n || !is_alive(d->m.tasks.v[0]))
			return fail(ESRCH, "process %d ended while it was being stopped", d->opt->tree);
		if (++n_passes > MAX_PASSES)
			return fail(EAGAIN, "new tasks keep appearing; use --freeze-cgroup");
		if (!n_new && d->freezer.is_on) {
			freezer_thaw(d);
			n_new = 1;	/* seized so far, not at rest */
		}
	} while (n_new);
	cancel_after(0);
	return 0;
}

static void release_task(struct task *t)
{
	/* The leader last: one that was killed does not end before its threads. */
	for (size_t i = t->n_threads; i--;) {
		struct thread *th = &t->threads[i];
		int err;

		if (!th->dump || !th->dump->is_seized)
			continue;
		err = compel_release(th->pid_real);
		/* ECANCELED: it still does not move; the kernel lets it go when this process ends */
		if (err && err != -ESRCH && err != -ECANCELED)
			warn("let thread %d go: %s", th->pid_real, strerror(-err));
		th->dump->is_seized = false;
	}
	if (t->dump->proc) {
		compel_close(t->dump->proc);
		t->dump->proc = NULL;
	}
	if (t->dump->pidfd >= 0)
		close(t->dump->pidfd);
	t->dump->pidfd = -1;
}

void tree_thaw(struct dump *d)
{
	cancel_after(0);
	freezer_before_release(d);
	/* Children first: a killed init of a pid namespace does not end before the last process in it has been reaped. */
	owners_back(d, release_task);
	owners_end(d);
	freezer_thaw(d);
}

static void signal_all(struct dump *d, int signo)
{
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		struct task *t = d->m.tasks.v[i];

		if (is_alive(t) && kill(leader(t)->pid_real, signo) < 0 && errno != ESRCH)
			warn_errno("signal %d to %d", signo, leader(t)->pid_real);
	}
}

/*
 * One process with much memory dies on one CPU, 75 ms for each GiB of small pages, and we wait for it. A second one that
 * takes pages away at the same time makes it 45 (process_mrelease(2), 5.15). Best effort.
 */
static void help_to_die(const struct dump *d)
{
	const struct task *only = NULL;

	for (size_t i = 0; i < d->m.tasks.n; i++) {
		if (!is_alive(d->m.tasks.v[i]))
			continue;
		if (only)
			return;		/* the CPUs have enough to do with the others */
		only = d->m.tasks.v[i];
	}
	if (only && only->dump->pidfd >= 0 && d->stats.pages_written >= MUCH_MEMORY / PAGE_SIZE)
		syscall(NR_PROCESS_MRELEASE, only->dump->pidfd, 0);
}

static bool is_init(const struct task *t)
{
	return pids_own(leader(t)) == 1;
}

/*
 * Somebody in a pid namespace whose parent is not in there, and who is not its init, is reaped by whoever gets him when the
 * parent is dead: that may be one that waits for this tool. The inits above him wait for that.
 */
static bool have_inits_to_wait(const struct dump *d)
{
	for (size_t i = 1; i < d->m.tasks.n; i++) {
		const struct task *t = d->m.tasks.v[i];

		if (leader(t)->n_inner > leader(t->parent)->n_inner && !is_init(t))
			return true;
	}
	return false;
}

/* Its threads first. In reverse order of the tree nobody waits for one that comes later, but an init. */
static void reap_but_inits(struct task *t)
{
	for (size_t i = is_init(t) ? 0 : t->n_threads; i--;)
		while (t->threads[i].dump && t->threads[i].dump->is_seized &&
		       waitpid(t->threads[i].pid_real, NULL, __WALL) < 0 && errno == EINTR)
			;
}

/*
 * In whatever order they end: in a pid namespace the last thread of the init waits for everybody else to be reaped. All
 * that a thread can wait for are the threads it traces.
 */
static void reap_own(void)
{
	while (waitpid(-1, NULL, __WALL | __WNOTHREAD) > 0 || errno == EINTR)
		;
}

static void reap_all(struct dump *d)
{
	if (have_inits_to_wait(d))
		owners_back(d, reap_but_inits);
	else
		owners_once(d, reap_own);
	for (size_t i = 0; i < d->m.tasks.n; i++)
		for (size_t n = 0; n < d->m.tasks.v[i]->n_threads; n++)
			if (d->m.tasks.v[i]->threads[n].dump)
				d->m.tasks.v[i]->threads[n].dump->is_seized = false;
}

int tree_kill(struct dump *d)
{
	/* Children last seen first: a parent that lives a little longer than its child might act on SIGCHLD, but all
	 * of them are stopped by ptrace and SIGKILL leaves them no instruction. */
	signal_all(d, SIGKILL);
	help_to_die(d);
	reap_all(d);
	tree_thaw(d);
	return 0;
}

void tree_leave_stopped(struct dump *d)
{
	signal_all(d, SIGSTOP);
	tree_thaw(d);
	jobstop_await(&d->m);
}
