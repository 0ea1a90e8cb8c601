/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builder. It works in three sorts of mount namespace, one after the other as steps need:
 *	a copy of the caller's: where file systems are made (the kernel wants to see another proc before a user
 *		namespace may mount one)
 *	the yard: one tmpfs that bases are attached in, since kernels before 6.15 clone attached mounts only
 *	those to be made: begun as copies of the empty yard, so that making one costs the same whatever the others hold
 * Mounts are addressed by descriptors throughout: a path would mean what happens to cover it.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "mount/build.h"
#include "mount/flags.h"
#include "mount/idmap.h"
#include "mount/make.h"
#include "mount/tar.h"

struct builder {
	const struct mount_build *b;
	struct mount_built *built;
	int *mnts, *points, *bases, *groups;	/* descriptors by index */
	int home;				/* the copy of the caller's, for plans with late steps; else -1 */
	int yard_ns, yard;			/* namespace and root of the yard, -1 before it is there */
	int at;					/* the namespace we are in */
};

static int *fds(struct arena *a, size_t n)
{
	int *v = arena_array(a, int, n + 1);

	for (size_t i = 0; i < n; i++)
		v[i] = -1;
	return v;
}

static void close_fds(int *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		own_close_fd(&v[i]);
}

static int go_to(struct builder *s, int ns)
{
	if (s->at == ns)
		return 0;
	if (setns(ns, CLONE_NEWNS) < 0)
		return fail_errno("enter a mount namespace");
	s->at = ns;
	return 0;
}

static int own_ns(const struct builder *s)
{
	int fd = openat(s->b->proc, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? fail_errno("open the mount namespace of the builder") : fd;
}

static int attach(int fd, int to)
{
	return move_mount(fd, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
}

/* The mount behind fd becomes the root; what was the root before goes. */
static int become_root(int fd)
{
	auto_fd int old = open("/", O_PATH | O_CLOEXEC);
	int err;

	if (old < 0)
		return fail_errno("open the root of the builder");
	err = attach(fd, old);
	if (err)
		return fail_with(err, "mount over the root of the builder");
	if (fchdir(fd) < 0)
		return fail_errno("enter the new root");
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH) < 0)
			return fail_errno("take the old root away");
		return 0;
	}
	/* The very first root, as of an initramfs, cannot be exchanged, only covered. */
	if (errno != EINVAL || chroot(".") < 0)
		return fail_errno("change the root");
	return 0;
}

/* --- the yard --- */

static int attach_in_yard(struct builder *s, size_t base)
{
	char name[16];
	auto_fd int at = -1;
	struct stat st;
	int err = go_to(s, s->yard_ns);

	if (err)
		return err;
	snprintf(name, sizeof(name), "%zu", base);
	if (fstat(s->bases[base], &st) < 0)
		return fail_errno("stat base %zu", base);
	if (S_ISDIR(st.st_mode) ? mkdirat(s->yard, name, 0700) : mknodat(s->yard, name, S_IFREG | 0600, 0))
		return fail_errno("make a place for base %zu", base);
	at = openat(s->yard, name, O_PATH | O_CLOEXEC);
	if (at < 0)
		return fail_errno("open the place of base %zu", base);
	err = attach(s->bases[base], at);
	return err ? fail_with(err, "attach base %zu", base) : 0;
}

static int begin_namespace(struct builder *s, size_t i)
{
	if (unshare(CLONE_NEWNS) < 0)
		return fail_errno("make mount namespace %u", s->b->m->ns.v[i]->id);
	s->built[i].ns = own_ns(s);
	return min(s->built[i].ns, 0);
}

/* By a process in its owner: descriptors are ours, and what it is told is in memory that is shared. */
static int begin_owned(struct builder *s, size_t i, int owner)
{
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	int status, err;

	if (!pid) {
		err = setns(owner, CLONE_NEWUSER) < 0 ? fail_errno("enter the owner of mount namespace %u",
								  s->b->m->ns.v[i]->id) : begin_namespace(s, i);
		_exit(err ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return fail_errno("fork a helper");
	return status ? -ECANCELED : go_to(s, s->built[i].ns);
}

/* The namespaces are begun while the yard is empty. */
static int begin_namespaces(struct builder *s)
{
	for (size_t i = 0; i < s->b->m->ns.n; i++) {
		int owner = s->b->owners ? s->b->owners[i] : -1;
		int err = go_to(s, s->yard_ns);

		if (!err)
			err = owner >= 0 ? begin_owned(s, i, owner) : begin_namespace(s, i);
		if (err)
			return err;
		s->at = s->built[i].ns;
	}
	return 0;
}

static int enter_yard(struct builder *s)
{
	int err;

	if (s->yard_ns >= 0)
		return 0;
	err = tmpfs_make("criu", &s->yard);
	if (!err)
		err = become_root(s->yard);
	if (err)
		return err;
	s->yard_ns = own_ns(s);
	if (s->yard_ns < 0)
		return s->yard_ns;
	s->at = s->yard_ns;
	err = begin_namespaces(s);
	for (size_t i = 0; i < s->b->m->bases.n && !err; i++)
		if (s->bases[i] >= 0)
			err = attach_in_yard(s, i);
	return err;
}

/* --- steps --- */

/* Of directories in its own tree, which exist by now, or of a namespace that does: where a user namespace may do so. */
static int make_base(struct builder *s, const struct mnt_base *base)
{
	int contents = s->b->contents ? s->b->contents[base->index] : -1, *fd = &s->bases[base->index];
	int err = s->yard_ns < 0 ? 0 : go_to(s, base->sb->shown_ns ? s->home : s->built[base->owner->ns->index].ns);

	if (err)
		return err;
	return base->sb->shown_ns ? s->b->make_shown(s->b->arg, base, fd) : base_make(base, contents, fd);
}

static int step_base(struct builder *s, const struct mnt_base *base)
{
	bool is_late = s->yard_ns >= 0;
	int err;

	if (base->is_outside) {
		s->bases[base->index] = fcntl(s->b->outside[base->index], F_DUPFD_CLOEXEC, 0);
		return s->bases[base->index] < 0 ? fail_errno("%s has no source", base->owner->e->mountpoint) : 0;
	}
	err = make_base(s, base);
	if (!err && s->b->ptys)
		err = pts_make(base->sb, s->bases[base->index], s->b->ptys, s->b->n_ptys);
	return err || !is_late ? err : attach_in_yard(s, base->index);
}

/* A piece of a file system, never through what is mounted there or through a link. */
static int open_below(int dir, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};
	int fd = *path ? (int)syscall(SYS_openat2, dir, path, &how, sizeof(how)) : fcntl(dir, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int clone_at(int base, const char *path)
{
	auto_fd int at = open_below(base, path);
	int fd;

	if (at < 0)
		return at;
	fd = open_tree(at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	return fd < 0 ? -errno : fd;
}

static int set_attr(int fd, struct mount_attr *attr)
{
	return mount_setattr(fd, "", AT_EMPTY_PATH, attr, sizeof(*attr)) < 0 ? -errno : 0;
}

static int set_propagation(int fd, uint64_t type)
{
	struct mount_attr attr = { .propagation = type };
	int err = set_attr(fd, &attr);

	return err ? fail_with(err, "set propagation") : 0;
}

static int step_clone(struct builder *s, const struct mnt *mnt)
{
	struct mount_attr attr = { .propagation = mnt->e->flags & MS_UNBINDABLE ? MS_UNBINDABLE : MS_PRIVATE };
	const char *path = path_below(mnt->e->root, mnt->base->root);
	int err = enter_yard(s), *fd = &s->mnts[mnt->index];

	if (!err)
		err = go_to(s, s->yard_ns);
	if (err)
		return err;
	if (mnt->e->deleted)
		err = s->b->clone_deleted(s->b->arg, mnt, s->bases[mnt->base->index], fd);
	else
		*fd = clone_at(s->bases[mnt->base->index], path);
	if (err)
		return err;
	if (*fd < 0)
		return fail_with(*fd, "%s: %s of its file system cannot be mounted; is it there?", mnt->e->mountpoint,
				 mnt->e->root);
	mount_attr_from_flags(mnt->e->flags, &attr);
	err = set_attr(*fd, &attr);
	if (err)
		return fail_with(err, "%s: set its flags (0x%x)", mnt->e->mountpoint, mnt->e->flags);
	return idmap_is_set(mnt->e) ? idmap_apply(mnt->e, *fd, s->b->proc) : 0;
}

static int step_enter(struct builder *s, const struct mnt *mnt)
{
	int err = go_to(s, s->built[mnt->ns->index].ns);

	return err ? err : become_root(s->mnts[mnt->index]);
}

static int step_point(struct builder *s, const struct mnt *mnt)
{
	int fd = open_below(s->mnts[mnt->parent->index], mnt->point);

	if (fd < 0)
		return fail_with(fd, "%s: nothing is there to mount it on (in the mount at %s); make it first",
				 mnt->e->mountpoint, mnt->parent->e->mountpoint);
	s->points[mnt->index] = fd;
	return 0;
}

static int step_attach(struct builder *s, const struct mnt *mnt)
{
	int *point = &s->points[mnt->index];
	int err = *point >= 0 ? 0 : step_point(s, mnt);

	if (!err)
		err = go_to(s, s->built[mnt->ns->index].ns);
	if (err)
		return err;
	err = attach(s->mnts[mnt->index], *point);
	close(*point);
	*point = -1;
	return err ? fail_with(err, "%s: mount it", mnt->e->mountpoint) : 0;
}

static int join(int from, int to)
{
	return move_mount(from, "", to, "",
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH | MOVE_MOUNT_SET_GROUP) < 0 ? -errno : 0;
}

static int step_group(struct builder *s, const struct mnt_group *g)
{
	int *fd = &s->groups[g->index];
	int err = go_to(s, s->yard_ns);

	if (err)
		return err;
	*fd = clone_at(s->bases[g->base->index], "");
	if (*fd < 0)
		return fail_with(*fd, "make a helper for peer group %u", g->shared);
	/* A clone of an outside mount that shares is its peer. */
	if (!g->is_outside_peer && !g->is_outside_slave)
		err = set_propagation(*fd, MS_PRIVATE);
	if (!err && g->up)
		err = join(s->groups[g->up->index], *fd);
	if (!err && g->master)
		err = set_propagation(*fd, MS_SLAVE);
	if (!err && g->shared)
		err = set_propagation(*fd, MS_SHARED);
	return err;
}

static int step_join(struct builder *s, const struct mnt *mnt)
{
	int err = join(s->groups[mnt->group->index], s->mnts[mnt->index]);

	if (err == -EINVAL && mnt->group->is_outside_slave && !mnt->group->shared) {
		warn("%s was a slave of a mount outside; what it comes from now does not share, so it is private",
		     mnt->e->mountpoint);
		return 0;
	}
	return err ? fail_with(err, "%s: put it into peer group %u (master %u)", mnt->e->mountpoint, mnt->group->shared,
			       mnt->group->master) : 0;
}

static int take_step(struct builder *s, const struct mount_op *op)
{
	switch (op->type) {
	case MOUNT_OP_BASE:
		return step_base(s, op->base);
	case MOUNT_OP_CLONE:
		return step_clone(s, op->mnt);
	case MOUNT_OP_ENTER:
		return step_enter(s, op->mnt);
	case MOUNT_OP_POINT:
		return step_point(s, op->mnt);
	case MOUNT_OP_ATTACH:
		return step_attach(s, op->mnt);
	case MOUNT_OP_GROUP:
		return step_group(s, op->group);
	case MOUNT_OP_JOIN:
		return step_join(s, op->mnt);
	}
	return fail(EINVAL, "no such step");
}

/* --- all together --- */

/* A descriptor for each mount, and some: as many as the limit allows. */
static int raise_limit(const struct mounts *m)
{
	size_t wanted = m->all.n + m->bases.n * 2 + m->groups.n + 256;
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return fail_errno("getrlimit");
	if (l.rlim_max < wanted)
		return fail(EMFILE, "%zu mounts need %zu descriptors, but the limit is %llu: raise ulimit -n", m->all.n,
			    wanted, (unsigned long long)l.rlim_max);
	l.rlim_cur = l.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &l) < 0 ? fail_errno("setrlimit") : 0;
}

static int begin(const struct mount_build *b)
{
	int err = raise_limit(b->m);

	for (size_t i = 0; i < b->m->bases.n && !err; i++)
		if (b->contents && b->contents[i] >= 0)
			return tar_prepare();
	return err;
}

static int open_roots(struct builder *s)
{
	for (size_t i = 0; i < s->b->m->ns.n; i++) {
		int err = go_to(s, s->yard_ns);

		/* Entering begins at the uppermost of what is mounted on the root. */
		if (!err)
			err = go_to(s, s->built[i].ns);
		if (err)
			return err;
		s->built[i].root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (s->built[i].root < 0)
			return fail_errno("open the root of mount namespace %u", s->b->m->ns.v[i]->id);
	}
	return 0;
}

static void close_built(struct mount_built *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		own_close_fd(&v[i].ns);
		own_close_fd(&v[i].root);
	}
}

static int take_steps(struct builder *s, size_t from, size_t to)
{
	int err = 0;

	for (size_t i = from; i < to && !err; i++)
		err = take_step(s, &s->b->plan->ops.v[i]);
	return err;
}

static int leave_caller(struct builder *s)
{
	if (unshare(CLONE_NEWNS) < 0)
		return fail_errno("unshare the mount namespace");
	/* Nothing that happens here may reach the machine's mounts. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail_errno("make the builder's mounts private");
	if (s->b->plan->n_early == s->b->plan->ops.n)
		return 0;
	s->home = s->at = own_ns(s);
	return min(s->home, 0);
}

static int end(const struct builder *s, int err)
{
	if (s->b->take_names)
		s->b->take_names(s->b->arg);
	return err;
}

static int build(struct builder *s)
{
	const struct mount_plan *p = s->b->plan;
	int got = leave_caller(s);

	if (!got)
		got = take_steps(s, 0, p->n_early);
	if (!got)
		got = open_roots(s);
	if (got || p->n_early == p->ops.n)
		return end(s, got);
	got = s->b->split(s->b->arg);
	if (got > 0)
		_exit(end(s, take_steps(s, p->n_early, p->ops.n)) ? EXIT_FAILURE : EXIT_SUCCESS);
	return got < 0 ? end(s, got) : 0;
}

int mounts_build(const struct mount_build *b, struct mount_built *ret)
{
	struct arena *a = b->m->arena;
	struct builder s = {
		.b = b, .home = -1, .yard_ns = -1, .yard = -1, .at = -1,
		.mnts = fds(a, b->m->all.n), .points = fds(a, b->m->all.n),
		.bases = fds(a, b->m->bases.n), .groups = fds(a, b->m->groups.n),
		.built = ret,
	};
	int err = begin(b);

	for (size_t i = 0; i < b->m->ns.n; i++)
		ret[i] = (struct mount_built){ -1, -1 };
	if (!err)
		err = build(&s);
	if (err)
		close_built(ret, b->m->ns.n);
	close_fds(s.mnts, b->m->all.n);
	close_fds(s.points, b->m->all.n);
	close_fds(s.bases, b->m->bases.n);
	close_fds(s.groups, b->m->groups.n);
	own_close_fd(&s.home);
	own_close_fd(&s.yard_ns);
	own_close_fd(&s.yard);
	return err;
}
