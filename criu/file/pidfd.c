/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pidfds: of a process of the tree, by its number; of one that has ended and was waited for, by a helper that is made and
 * ends in the same way. All pidfds of one dead process have one inode, and what they tell is the same afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/kind.h"
#include "file/places.h"
#include "file/relay.h"
#include "image/dir.h"
#include "options.h"
#include "pidfd.pb-c.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/fork.h"
#include "task/pids.h"

enum { DEAD = -1, THREAD = O_EXCL };	/* PIDFD_THREAD, 6.9 */

/* linux/pidfd.h of 6.15; earlier ones ignore the bit of the mask. */
struct pidfd_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};
#define GET_INFO _IOWR(0xff, 11, struct pidfd_info)
enum { INFO_EXIT = 8 };

/* --- dump ------------------------------------------------------------------------------------------------------ */

static int pidfd_fdinfo(struct dump *d not_used, void *rec, const char *key, const char *val)
{
	PidfdEntry *e = rec;

	if (streq(key, "Pid"))
		return parse_i32(val, 10, &e->nspid);	/* as the tool counts: for pidfd_scan() */
	return streq(key, "NSpid") ? 0 : FDINFO_NOT_MINE;
}

static void scan_exit(const struct file_facts *f, PidfdEntry *e)
{
	struct pidfd_info info = { .mask = INFO_EXIT };

	if (ioctl(f->copy, GET_INFO, &info) < 0 || !(info.mask & INFO_EXIT))
		return;
	e->has_exit_code = info.exit_code != 0;
	e->exit_code = info.exit_code;
}

static int pidfd_scan(struct dump *d, const struct file_facts *f, void *rec)
{
	PidfdEntry *e = rec;
	const struct task *t;

	e->ino = f->st.st_ino;
	e->flags &= ~(uint32_t)O_ACCMODE;
	if (e->nspid == DEAD) {
		scan_exit(f, e);
		return 0;
	}
	t = model_task_by_real(&d->m, e->nspid);
	if (t) {
		e->nspid = leader(t)->pid;
		return 0;
	}
	for (size_t i = 0; i < d->m.tasks.n; i++)
		for (size_t n = 1; n < d->m.tasks.v[i]->n_threads; n++)
			if (d->m.tasks.v[i]->threads[n].pid_real == e->nspid) {
				refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED,
				       "pidfd of thread %d, which is made when files exist already",
				       d->m.tasks.v[i]->threads[n].pid);
				return 0;
			}
	refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED, "pidfd of process %d, which is outside of the tree", e->nspid);
	return 0;
}

static void pidfd_refuse(struct dump *d, const struct file_facts *f not_used, const void *rec)
{
	const PidfdEntry *e = rec;

	if (e->flags & THREAD)
		d->m.inventory->img_version = IMG_VERSION_EXTENDED;	/* others make it a pidfd of the process */
	if (e->flags & THREAD && d->opt->plain_images)
		refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED,
		       "pidfd of a thread, which plain images cannot say (dump without --plain-images)");
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int pidfd_check(const void *rec)
{
	const PidfdEntry *e = rec;

	if (e->nspid < DEAD || !e->nspid)
		return fail(EINVAL, "pidfd of process %d is impossible", e->nspid);
	return 0;
}

/* Those of one dead process are made together. */
static uint64_t pidfd_group(const void *rec)
{
	const PidfdEntry *e = rec;

	return e->nspid == DEAD ? e->ino : 0;
}

static int open_living(struct restore *r, const PidfdEntry *e)
{
	const struct task *t = model_task_by_pid(&r->m, e->nspid);
	pid_t seen = t ? pids_seen_by(&r->m, leader(r->self), leader(t)) : 0;
	auto_fd int from = -1;
	int fd, err;

	if (!t)
		return fail(EINVAL, "pidfd of process %d, which is not in the images", e->nspid);
	if (seen) {
		fd = pidfd_open(seen, e->flags & THREAD);
		return fd < 0 ? fail_errno("pidfd_open %d", seen) : fd;
	}
	if (e->flags & THREAD)
		return fail(EOPNOTSUPP, "pidfd of a thread that is outside of the pid namespace of its holder");
	/* It has no number here. */
	from = relay_open(r, e->nspid);
	if (from < 0)
		return from;
	err = file_reopen(from, O_RDWR, &fd);
	return err ? fail_with(err, "open a pidfd again") : fd;
}

static void no_return end_as(uint32_t status)
{
	struct rlimit no_core = { 0 };
	sigset_t none;

	if (!WIFSIGNALED(status))
		_exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_DUMPABLE, 0);
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	raise(WTERMSIG(status));
	_exit(EXIT_FAILURE);
}

/* Of one dead process: as many as there are files of it, which this task makes all. */
struct dead {
	uint32_t ino;
	VEC(int) fds;
};

struct deads {
	VEC(struct dead) v;
};

static int open_all(struct restore *r, struct dead *dead, pid_t helper)
{
	for (size_t i = 0; i < r->m.files.n; i++) {
		const PidfdEntry *e = r->m.files.v[i].rec;
		int fd;

		if (r->m.files.v[i].kind->type != FD_TYPES__PIDFD || e->nspid != DEAD || e->ino != dead->ino)
			continue;
		fd = pidfd_open(helper, e->flags & THREAD);
		if (fd < 0)
			return fail_errno("pidfd_open a helper");
		vec_push(&r->m.arena, &dead->fds, fd);
	}
	return 0;
}

static int make_dead(struct restore *r, struct dead *dead, const PidfdEntry *e)
{
	int go[2], err;
	pid_t helper;

	if (pipe2(go, O_CLOEXEC) < 0)
		return fail_errno("pipe");
	helper = fork_helper_sharing(r, 0);
	if (!helper) {
		close(go[1]);
		end_as(read(go[0], &(char){ 0 }, 1) < 0 ? EXIT_FAILURE : e->exit_code);
	}
	err = helper < 0 ? helper : open_all(r, dead, helper);
	close(go[0]);
	close(go[1]);
	if (helper > 0 && waitpid(helper, NULL, 0) < 0 && !err)
		err = fail_errno("wait for a helper");
	return err;
}

static int take_dead(struct restore *r, const struct file_kind *kind, const PidfdEntry *e)
{
	struct deads **all = (struct deads **)file_kind_data(&r->m, kind);
	struct dead *dead = NULL;

	if (!*all)
		*all = arena_new(&r->m.arena, struct deads);
	for (size_t i = 0; i < (*all)->v.n; i++)
		if ((*all)->v.v[i].ino == e->ino)
			dead = &(*all)->v.v[i];
	if (!dead) {
		int err;

		vec_push(&r->m.arena, &(*all)->v, (struct dead){ .ino = e->ino });
		dead = &(*all)->v.v[(*all)->v.n - 1];
		err = make_dead(r, dead, e);
		if (err)
			return err;
	}
	return dead->fds.v[--dead->fds.n];
}

static int pidfd_make(struct restore *r, const void *rec, int *ret_fd);

const struct file_kind pidfd_kind = {
	.name = "pidfd",
	.type = FD_TYPES__PIDFD,
	.record = &pidfd_entry__descriptor,
	.sign = { .anon = "[pidfd]" },
	.fdinfo = pidfd_fdinfo,
	.scan = pidfd_scan,
	.refuse = pidfd_refuse,
	.check = pidfd_check,
	.group = pidfd_group,
	.make = pidfd_make,
};

static int pidfd_make(struct restore *r, const void *rec, int *ret_fd)
{
	const PidfdEntry *e = rec;
	auto_fd int fd = e->nspid == DEAD ? take_dead(r, &pidfd_kind, e) : open_living(r, e);

	if (fd < 0)
		return fd;
	*ret_fd = take_fd(&fd);
	return 0;
}
