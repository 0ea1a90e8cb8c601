/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mountinfo shows a reader what lies below its own root, which of a chrooted task is too little. One that enters the
 * namespace begins at its root.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "kernel/mountinfo.h"
#include "mount/look.h"
#include "mount/record.h"

int mount_visit_begin(struct mount_visit *v, int ns, int proc)
{
	*v = (struct mount_visit){
		.home = openat(proc, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC),
		.root = open("/", O_PATH | O_CLOEXEC),
		.cwd = open(".", O_PATH | O_CLOEXEC),
	};
	if (v->home >= 0 && v->root >= 0 && v->cwd >= 0 && setns(ns, CLONE_NEWNS) == 0)
		return 0;
	{
		int err = fail_errno("enter a mount namespace");

		own_close_fd(&v->home);
		own_close_fd(&v->root);
		own_close_fd(&v->cwd);
		return err;
	}
}

int mount_visit_end(struct mount_visit *v)
{
	int err = 0;

	if (setns(v->home, CLONE_NEWNS) < 0 || fchdir(v->root) < 0 || chroot(".") < 0 || fchdir(v->cwd) < 0)
		err = fail_errno("come back from a mount namespace");
	own_close_fd(&v->home);
	own_close_fd(&v->root);
	own_close_fd(&v->cwd);
	return err;
}

int mounts_read(struct mounts *m, uint32_t id, int proc)
{
	struct mnt_ns *ns = mounts_ns_add(m, id);
	struct mountinfo_list l;
	int err = mountinfo_read(m->arena, proc, "thread-self/mountinfo", &l);

	if (err)
		return fail_with(err, "read the mountinfo of mount namespace %u", id);
	while (l.n--) {
		bool is_idmapped;

		mounts_add(m, ns, mnt_record(m->arena, &l.v[l.n], &is_idmapped));
		ns->mnts.v[ns->mnts.n - 1]->is_idmapped = is_idmapped;
	}
	return 0;
}

/* The path of a mount leads to it only if nothing covers it. */
static int open_in_sight(const struct mnt *mnt)
{
	auto_fd int fd = open(mnt->e->mountpoint, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct statx st;

	if (fd < 0)
		return -errno;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID) || st.stx_mnt_id != mnt->e->mnt_id)
		return -ENOENT;
	return take_fd(&fd);
}

static int look_at(int fd, const struct mnt *mnt)
{
	int view = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	/* An unbindable one cannot be cloned; nothing hides what is in it if nothing is mounted in it. */
	return view < 0 && !mnt->child ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : view;
}

static bool is_ancestor(const struct mnt *m, const struct mnt *mnt)
{
	while (mnt && mnt != m)
		mnt = mnt->parent;
	return mnt;
}

/* In a copy of the namespace, in which whatever is on the way can be taken off; later mounts lie on earlier ones. */
static int view_uncovered(const struct mnt *mnt)
{
	const struct mnt_ns *ns = mnt->ns;
	auto_fd int fd = -1;
	struct stat st;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	for (size_t i = ns->mnts.n; i--;) {
		const struct mnt *m = ns->mnts.v[i];

		if (!is_ancestor(m, mnt) && path_is_below(mnt->e->mountpoint, m->e->mountpoint))
			umount2(m->e->mountpoint, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
	fd = open(mnt->e->mountpoint, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return (major(st.st_dev) << 20 | minor(st.st_dev)) == mnt->sb->dev ? look_at(fd, mnt) : -ENOENT;
}

/* The same namespace again afterwards, at its root. */
static int view_covered(const struct mnt *mnt, int proc)
{
	auto_fd int here = openat(proc, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int view;

	if (here < 0)
		return fail_errno("open a mount namespace");
	view = view_uncovered(mnt);
	return setns(here, CLONE_NEWNS) < 0 ? fail_errno("come back to a mount namespace") : view;
}

int mount_view(const struct mnt_sb *sb, const struct mnt_ns *ns, int proc)
{
	int view = -ENOENT;

	for (size_t i = 0; i < sb->mnts.n && view < 0; i++) {
		auto_fd int fd = -1;

		if (sb->mnts.v[i]->ns != ns || !streq(sb->mnts.v[i]->e->root, "/"))
			continue;
		fd = open_in_sight(sb->mnts.v[i]);
		view = fd < 0 ? fd : look_at(fd, sb->mnts.v[i]);
	}
	for (size_t i = 0; i < sb->mnts.n && view < 0; i++)
		if (sb->mnts.v[i]->ns == ns && streq(sb->mnts.v[i]->e->root, "/"))
			view = view_covered(sb->mnts.v[i], proc);
	return view < 0 ? -ENOENT : view;
}
