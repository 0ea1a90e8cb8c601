/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A restore, as the order of its stages. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "cgroup/cgroups.h"
#include "file/files.h"
#include "kernel/proc_stat.h"
#include "mem/mem.h"
#include "ns/ns.h"
#include "options.h"
#include "run/attach.h"
#include "run/barrier.h"
#include "run/cancel.h"
#include "run/enter.h"
#include "run/guard.h"
#include "run/journal.h"
#include "run/load.h"
#include "run/restore.h"
#include "run/restore_run.h"
#include "run/script.h"
#include "run/service_fds.h"
#include "run/stage.h"
#include "task/birth.h"
#include "task/fork.h"
#include "task/fs.h"
#include "task/kind.h"
#include "task/pids.h"

/* --- in a task ----------------------------------------------------------------------------------------------- */

static int install_files(struct restore *r)
{
	int err = files_install(r);

	return err ? err : barrier_pass(r, STEP_INSTALLED);
}

static int make_task(struct restore *r)
{
	late_begin(r);
	return task_kinds_make(r, r->self);
}

static int map_memory(struct restore *r)
{
	struct shared_task *s = &r->shared->tasks[r->self->index];
	int err = restorer_map(r);

	if (err)
		return err;
	s->region = r->place.addr;
	s->region_len = r->place.size;
	return mem_make(r, r->self);
}

static int free_low_fds(struct restore *r)
{
	return service_fds_free_low(r);
}

static int pass_forked(struct restore *r)
{
	int err = barrier_pass(r, STEP_FORKED);

	if (!err)
		err = ns_make_last(r);
	if (!err)
		err = fork_join_group(r);
	return err ? err : barrier_pass(r, STEP_GROUPED);
}

static int make_files(struct restore *r)
{
	int err = files_make(r);

	return err ? err : barrier_pass(r, STEP_MADE);
}

static int pass_ready(struct restore *r)
{
	return barrier_pass(r, STEP_READY);
}

/* What every living task does, in this order; the last of it does not return. */
static const struct {
	const char *name;
	int (*enter)(struct restore *r);
} task_steps[] = {
	{ "fds", free_low_fds },
	{ "forked", pass_forked },
	{ "owner", ns_own_files },
	{ "files", make_files },
	{ "install", install_files },	/* after everybody has made what others fetch */
	{ "helpers", fork_reap_helpers },
	{ "user", ns_enter_user },	/* nothing is fetched from others any more, and only there capabilities count */
	{ "state", make_task },		/* before fill: late_add needs its tables */
	{ "fill", files_fill },
	{ "memory", map_memory },	/* last of all that needs libc's memory */
	{ "fs", fs_enter },		/* chroot: no path of the tool's means the same after it */
	{ "ready", pass_ready },
	{ "enter", restorer_enter },
};

static void run_task(struct restore *r)
{
	int err = 0;

	for (size_t i = 0; i < array_size(task_steps) && !err; i++) {
		IN_SCOPE(task_steps[i].name, -1);
		debug("begins");
		err = task_steps[i].enter(r);
	}
	barrier_fail(r, err);
	_exit(EXIT_FAILURE);
}

/* --- in the tool ----------------------------------------------------------------------------------------------- */

static int load(void *run)
{
	struct restore *r = run;
	int err = load_model(r);

	return err ? err : service_fds_reserve(r);
}

/* What the stages that a dry run leaves out would fail at, as far as it shows without making anything. */
static int foresee(struct restore *r)
{
	int err = fork_foresee(r), of_files = files_foresee(r);

	return err ?: of_files;
}

static int plan(void *run)
{
	struct restore *r = run;
	int err;

	if (r->opt->root && !r->m.mounts)
		warn("--root %s means nothing here: the tree has no mount namespace of its own", r->opt->root);
	r->births = arena_new(&r->m.arena, struct birth_plan);
	err = births_plan(&r->m, r->opt->shell_job, r->births);
	if (!err)
		err = ns_prepare(r);
	if (!err)
		err = shared_new(r);
	if (!err)
		err = files_prepare(r);
	if (!err)
		err = cgroups_prepare(r);
	if (!err)
		err = task_kinds_note(r);
	if (!err)
		err = mem_note_own(r);
	return err || !r->opt->dry_run ? err : foresee(r);
}

static void unplan(void *run)
{
	files_restore_release(run);
}

static int pre_restore(void *run)
{
	struct restore *r = run;

	return script_run(r->opt, "pre-restore", 0, r->img_path);
}

/* From the first change to the outside on, somebody must be there to take it back. */
static int watch(void *run)
{
	struct restore *r = run;

	r->watcher = guard_watch(r->journal);
	return r->watcher < 0 ? r->watcher : 0;
}

static void unwatch(void *run)
{
	struct restore *r = run;

	guard_unwatch(r->watcher);
	r->watcher = 0;
}

static int make_cgroups(void *run)
{
	return cgroups_make(run);
}

static void unmake_cgroups(void *run)
{
	cgroups_unmake(run);
}

static size_t count_alive(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->tasks.n; i++)
		n += is_alive(m->tasks.v[i]);
	return n;
}

static size_t count_threads(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->tasks.n; i++)
		n += is_alive(m->tasks.v[i]) ? m->tasks.v[i]->n_threads : 0;
	return n;
}

/* The tasks are in their namespaces, which are still empty: the caller may put in what it has for them. */
static int fill_namespaces(struct restore *r)
{
	int err;

	if (!r->m.namespaces.n)
		return 0;
	err = script_run(r->opt, "setup-namespaces", restore_root(r), r->img_path);
	if (!err)
		err = ns_make_outside(r);
	return err ? err : script_run(r->opt, "post-setup-namespaces", restore_root(r), r->img_path);
}

static int fork_tasks(void *run)
{
	struct restore *r = run;
	pid_t root;
	int err;

	/* What a failed restore leaves must be ours to reap. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	journal_set_tasks(r->journal, r->shared);
	r->tasks_entry = journal_enter(r->journal, JOURNAL_TASKS, NULL, NULL);
	if (r->tasks_entry < 0)
		return r->tasks_entry;
	root = fork_tree(r, r->opt->sibling, run_task);
	if (root < 0)
		return root;
	err = barrier_wait(r, STEP_FORKED, r->m.tasks.n);
	if (!err)
		err = fill_namespaces(r);
	if (!err)
		err = files_hand_over(r, restore_root(r));
	if (err)
		return err;
	barrier_open(r, STEP_GROUPED);
	err = barrier_wait(r, STEP_GROUPED, r->m.tasks.n);
	if (!err)
		barrier_open(r, STEP_MADE);
	return err;
}

static void kill_tasks(void *run)
{
	struct restore *r = run;

	if (!r->shared)
		return;
	barrier_kill(r->shared);
	journal_strike(r->journal, r->tasks_entry);
	guard_unwatch(r->watcher);
	r->watcher = 0;
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static int step_done(struct restore *r, enum restore_step step, size_t n)
{
	int err = barrier_wait(r, step, n);

	if (!err)
		barrier_open(r, step + 1);
	return err;
}

/* Nobody waits for a zombie to end; the program must not be faster. */
static int await_zombies(const struct restore *r)
{
	const struct timespec moment = { .tv_nsec = 100 * 1000 };
	struct proc_stat st;

	for (size_t i = 0; i < r->m.tasks.n; i++) {
		pid_t pid = r->shared->tasks[i].pid_real;

		while (!is_alive(r->m.tasks.v[i]) && !proc_stat_read(pid, 0, &st) && st.state != 'Z') {
			int err = check_cancelled();

			if (err)
				return err;
			nanosleep(&moment, NULL);
		}
	}
	return 0;
}

static int make(void *run)
{
	struct restore *r = run;
	size_t n = count_alive(&r->m);
	int err = step_done(r, STEP_MADE, n);

	if (!err)
		err = step_done(r, STEP_INSTALLED, n);
	if (!err)
		err = step_done(r, STEP_READY, n);
	return err ? err : await_zombies(r);
}

static int fill(void *run)
{
	struct restore *r = run;
	int err = barrier_wait(r, STEP_MAPPED, count_alive(&r->m));

	if (!err)
		err = mem_fill(r);
	if (!err)
		barrier_open(r, STEP_ARMED);	/* the restorer waits no more until then */
	return err;
}

static int arm(void *run)
{
	struct restore *r = run;
	size_t n = count_threads(&r->m);
	int err = barrier_wait(r, STEP_ARMED, n);

	if (!err)
		err = pids_find_real(r);
	if (!err)
		err = cgroups_place_threads(r);
	if (!err)
		err = attach_all(r);
	if (err)
		return err;
	barrier_open(r, STEP_TRACED);
	err = barrier_wait(r, STEP_TRACED, n);
	if (!err)
		err = attach_finish(r);
	if (!err)
		err = cgroups_limit(r);	/* when what the tool needed itself is gone */
	return err;
}

/* Nothing in these images needs a lock; who has locked something himself is told. */
static void tell_unlock(struct restore *r)
{
	if (ns_first(&r->m, NS_NET) &&
	    script_run(r->opt, "network-unlock", restore_root(r), r->img_path))
		warn("the script at network-unlock failed; the restore goes on");
}

static int post_restore(void *run)
{
	struct restore *r = run;
	auto_fd int fd = -1;
	int err = script_run(r->opt, "post-restore", restore_root(r), r->img_path);

	if (err)
		return err;
	tell_unlock(r);
	if (!r->opt->pidfile)
		return 0;
	fd = open(r->opt->pidfile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno("create pidfile %s", r->opt->pidfile);
	r->has_pidfile = true;
	if (dprintf(fd, "%d", restore_root(r)) < 0)
		return fail_errno("write pidfile %s", r->opt->pidfile);
	return 0;
}

static void remove_pidfile(void *run)
{
	struct restore *r = run;

	if (r->has_pidfile)
		unlink(r->opt->pidfile);
}

static const struct stage restore_stages[] = {
	{ "load", load, NULL, "nothing is made from a record that was not checked" },
	{ "plan", plan, unplan, "who makes what; clashes show before anything exists" },
	{ "hook", pre_restore, NULL, "the last word before tasks exist" },
	{ "watch", watch, unwatch, "before anything is made that outlives this process" },
	{ "cgroups", make_cgroups, unmake_cgroups, "tasks are born in them" },
	{ "fork", fork_tasks, kill_tasks, "while the tool is small: a fork copies its memory" },
	{ "make", make, NULL, "objects, by tasks that hold them" },
	{ "fill", fill, NULL, "memory from outside, on all CPUs" },
	{ "arm", arm, NULL, "the last moment: timers, credentials, registers" },
	{ "commit", post_restore, remove_pidfile, "the last that may say no" },
};
enum { N_STAGES = array_size(restore_stages), N_DRY = 2 };

pid_t restore_root(const struct restore *r)
{
	return r->shared->tasks[0].pid_real;
}

static void report_hook(struct restore *r, const char *action)
{
	if (script_run(r->opt, action, restore_root(r), r->img_path))
		warn("the script at %s failed; the tasks run all the same", action);
}

static void go(struct restore *r)
{
	cancel_ignore();
	report_hook(r, "pre-resume");
	journal_keep(r->journal);
	/* Behind it: whoever has to kill them must not find them frozen, since then they do not end. */
	if (cgroups_freeze(r))
		warn("not every cgroup is frozen as it was");
	files_restore_commit(r);
	/* Before the tasks look, and before the watcher ends, which takes back what is still in the journal. */
	files_restore_release(r);
	attach_go(r);
	cgroups_commit(r);
	guard_unwatch(r->watcher);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	report_hook(r, "post-resume");
}

int restore_run(struct restore *r)
{
	struct stage_times times[N_STAGES] = { 0 };
	uint64_t begin = now_us();
	int err;

	r->tasks_entry = -1;
	if (r->opt->dry_run)
		return try_stages(restore_stages, N_DRY, r);
	err = run_stages(restore_stages, N_STAGES, r, times);
	if (err)
		return err;
	go(r);
	r->stats.forking_us = times[5].us;
	r->stats.restore_us = now_us() - begin;
	return 0;
}
