/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Putting a process back whose tracer has died, by the record that the tracer has kept. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include "arch.h"
#include "inject.h"
#include "wait.h"

enum { MS_PATIENCE = 3000 };	/* for threads that are still in the code, which ends by itself */

static int own_registers(struct compel_proc *p, struct record *r)
{
	int err = guard_end(p, r->tid, &r->guard);

	return err ? err : compel_regs_set(r->tid, &r->regs);
}

/* All but the two signals that cannot be. */
static bool is_all_blocked(uint64_t mask)
{
	return (mask | sig_bit(SIGKILL) | sig_bit(SIGSTOP)) == ~0ULL;
}

/* It has its own registers, and had them when the tracer died: what was not put back then? */
static int rest_of_state(struct compel_proc *p, const struct record *r)
{
	uint64_t mask;
	int err = 0;

	if (r->guard.dispatch.mode)
		err = guard_end(p, r->tid, &(struct guard){ .dispatch = r->guard.dispatch });
	if (!err)
		err = get_sigmask(r->tid, &mask);
	if (!err && is_all_blocked(mask))
		err = set_sigmask(r->tid, r->mask);
	return err;
}

static int put_thread_back(struct compel_proc *p, struct record *r)
{
	struct user_regs_struct now;
	struct compel_stop stop;
	int err = compel_stop_thread(r->tid, &stop);

	if (err || stop.kind == COMPEL_ZOMBIE || stop.kind == COMPEL_EXITED)
		return err == -ESRCH || err == -EOWNERDEAD ? 0 : err;
	err = compel_regs_get(r->tid, &now);
	if (!err && r->loop && arch_ip(&now) == r->loop) {
		record_result(r, arch_syscall_result(&now));
		err = own_registers(p, r);
	} else if (!err && arch_is_in_pause(&now, r->insn)) {
		err = own_registers(p, r);
	}
	if (!err)
		err = rest_of_state(p, r);
	if (!err)
		atomic_store(&r->is_injecting, 0);
	compel_release(r->tid);
	return err;
}

struct threads {
	pid_t *tid;
	size_t n;
};

static int list_threads(pid_t pid, struct threads *ret_threads)
{
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	if (!d)
		return -ESRCH;
	while ((e = readdir(d))) {
		pid_t *more, tid = atoi(e->d_name);

		if (tid <= 0)
			continue;
		more = realloc(ret_threads->tid, (ret_threads->n + 1) * sizeof(*more));
		if (!more)
			break;
		more[ret_threads->n++] = tid;
		ret_threads->tid = more;
	}
	closedir(d);
	return ret_threads->n ? 0 : -ESRCH;
}

static bool is_inside(const struct record *r, const struct user_regs_struct *regs)
{
	return arch_ip(regs) - r->map < r->len_map;
}

/*
 * Stop them all. Threads that are made meanwhile, and those that cannot stop (a zombie, one that waits in
 * vfork), are not in our code. Returns one that is stopped, 0 if there is none.
 */
static pid_t stop_all(const struct record *r, const struct threads *t, bool *ret_is_inside)
{
	struct user_regs_struct regs;
	struct compel_stop stop;
	pid_t stopped = 0;

	*ret_is_inside = false;
	for (size_t i = 0; i < t->n; i++) {
		if (compel_stop_thread(t->tid[i], &stop) || stop.kind == COMPEL_ZOMBIE ||
		    stop.kind == COMPEL_EXITED || compel_regs_get(t->tid[i], &regs))
			continue;
		*ret_is_inside |= is_inside(r, &regs);
		if (!stopped && arch_is_native64(&regs))
			stopped = t->tid[i];
	}
	return stopped;
}

/* -EAGAIN: a thread is still in there. */
static int unmap(struct compel_proc *p, struct record *r)
{
	unsigned long args[6] = { r->map, r->len_map };
	struct threads t = { 0 };
	bool is_busy = false;
	pid_t stopped;
	long ret = 0;
	int err = list_threads(r->pid, &t);

	if (!err) {
		stopped = stop_all(r, &t, &is_busy);
		err = is_busy ? -EAGAIN : stopped ? inject(p, stopped, SYS_munmap, args, &ret) : -ESRCH;
	}
	for (size_t i = 0; i < t.n; i++)
		compel_release(t.tid[i]);
	free(t.tid);
	if (!err && ret)
		err = ret;
	if (!err)
		atomic_store(&r->map, 0);
	return err;
}

static int put_back(struct compel_proc *p, struct record *r)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	int err = 0;

	if (r->is_injecting)
		err = put_thread_back(p, r);
	if (err)
		return proc_fail(p, err, "thread %d: put back what a killed tracer has left", r->tid);
	for (int i = 0; r->map && i < MS_PATIENCE; i++) {
		err = unmap(p, r);
		if (err != -EAGAIN)
			break;
		nanosleep(&ms, NULL);
	}
	if (err && err != -ESRCH)
		return proc_fail(p, err, "process %d: unmap 0x%lx, which a killed tracer has left", r->pid, r->map);
	return 0;
}

int compel_put_back(void *record, char *ret_error, size_t size)
{
	struct record *r = record;
	struct compel_proc *p;
	int err;

	if (!r->is_injecting && !r->map)
		return 0;
	err = compel_open(r->pid, &p);
	if (!err)
		err = put_back(p, r);
	else if (err == -ESRCH || err == -ENOENT)
		err = 0;	/* it has died, and may be a zombie */
	if (err)
		snprintf(ret_error, size, "%s", compel_error(p));
	compel_close(p);
	return err;
}
