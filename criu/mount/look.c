/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mountinfo shows a reader what lies below its own root, which of a chrooted task is too little. One that enters the
 * namespace begins at its root.
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "kernel/mountinfo.h"
#include "mount/idmap.h"
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

int mount_id_of(int fd, uint64_t *ret_id)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return -errno;
	*ret_id = st.stx_mnt_id;
	return st.stx_mask & STATX_MNT_ID ? 0 : -ENOENT;
}

/* The path of a mount leads to it only if nothing covers it. */
static int open_in_sight(const struct mnt *mnt)
{
	auto_fd int fd = open(mnt->e->mountpoint, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	uint64_t id;
	int err;

	if (fd < 0)
		return -errno;
	err = mount_id_of(fd, &id);
	if (!err && id != mnt->e->mnt_id)
		err = -ENOENT;
	return err ? err : take_fd(&fd);
}

static int look_at(int fd, const struct mnt *mnt)
{
	int view = mnt->is_idmapped ? idmap_clone_without(fd) :
				      open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (mnt->is_idmapped)
		return view;

	/* An unbindable one cannot be cloned; nothing hides what is in it if nothing is mounted in it. */
	return view < 0 && !mnt->child ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : view;
}

static bool is_on_way(const struct mnt *mnt, uint64_t id)
{
	while (mnt && (uint64_t)mnt->e->mnt_id != id)
		mnt = mnt->parent;
	return mnt;
}

/* The mount that became of it in a copy of its namespace: numbers change, places do not. NULL: there is none. */
static const struct mnt *twin_of(const struct mnt *mnt, const struct mnt_ns *copy)
{
	const struct mnt *up = mnt->parent ? twin_of(mnt->parent, copy) : NULL, *twin = up ? up->child : NULL;

	if (!mnt->parent)
		return copy->root;
	while (twin && !streq(twin->point, mnt->point))
		twin = twin->next;
	return twin;
}

/* Takes off whatever lies at this path and is not on the way to target. */
static int uncover_at(const char *path, const struct mnt *target)
{
	uint64_t id = 0, last;
	int err;

	do {
		auto_fd int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		last = id;
		err = fd < 0 ? -errno : mount_id_of(fd, &id);
		if (err || is_on_way(target, id))
			return err;
	} while (id != last && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0);
	return -ENOENT;
}

/* From the root on, name by name: below what covers a directory on the way, no path leads anywhere. */
static int uncover(const struct mnt *target, struct arena *a)
{
	char *path = arena_strdup(a, target->e->mountpoint);
	int err = uncover_at("/", target);

	for (char *slash = path; !err && slash && slash[1];) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = 0;
		err = uncover_at(path, target);
		if (slash)
			*slash = '/';
	}
	return err;
}

static int view_in_copy(const struct mnt *mnt, struct arena *a, int proc)
{
	struct mounts copy = { .arena = a };
	const struct mnt *twin;
	auto_fd int fd = -1;
	int err;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	err = mounts_read(&copy, 0, proc) ?: mounts_link(&copy);
	twin = err ? NULL : twin_of(mnt, copy.ns.v[0]);
	if (!twin)
		return err ?: -ENOENT;
	err = uncover(twin, a);
	fd = err ? err : open_in_sight(twin);
	return fd < 0 ? fd : look_at(fd, twin);
}

static int view_uncovered(const struct mnt *mnt, int proc)
{
	struct arena a = { 0 };
	int view = view_in_copy(mnt, &a, proc);

	arena_free(&a);
	return view;
}

/* A copy that another user namespace makes has all covers locked: who owns the namespace may take off its own. */
static int become_owner(int proc)
{
	auto_fd int ns = openat(proc, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC), user = -1;
	struct stat own, its;

	user = ns < 0 ? -1 : ioctl(ns, NS_GET_USERNS);
	if (user < 0 || fstat(user, &its) < 0 || fstatat(proc, "thread-self/ns/user", &own, 0) < 0)
		return -errno;
	return own.st_ino == its.st_ino || setns(user, CLONE_NEWUSER) == 0 ? 0 : -errno;
}

/* In a child, which has the same descriptors, and takes its copy of the namespace along when it ends. */
static int view_covered(const struct mnt *mnt, int proc)
{
	int ends[2], status, view = -ENOENT;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno("pipe");
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		view = become_owner(proc) ?: view_uncovered(mnt, proc);
		_exit(write(ends[1], &view, sizeof(view)) != sizeof(view));
	}
	if (pid > 0 && (waitpid(pid, &status, 0) != pid || status || read(ends[0], &view, sizeof(view)) != sizeof(view)))
		view = -ECHILD;
	close(ends[0]);
	close(ends[1]);
	return pid < 0 ? -ENOMEM : view;
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

int mount_open_covered(const struct mnt *mnt, int proc)
{
	int fd = open_in_sight(mnt);

	return fd < 0 ? view_covered(mnt, proc) : fd;
}
