/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Idmapped mounts (Linux 5.12). Their maps were given by a user namespace that may be gone; since 6.15 statmount(2) tells
 * them, as the caller's user namespace sees the lower ids. At restore another user namespace is made for each, by a child
 * that does nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "image/records.h"
#include "mount/external.h"
#include "mount/idmap.h"
#include "mount/set.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "options.h"
#include "run/dump.h"

#ifndef SYS_statmount			/* Linux 6.8 */
#define SYS_statmount 457
#define SYS_listmount 458
#endif
#ifndef SYS_open_tree_attr		/* Linux 6.15 */
#define SYS_open_tree_attr 467
#endif

/* --- what the kernel tells ----------------------------------------------------------------------------------------- */

/* Of linux/mount.h of newer kernels. */
struct mount_request {
	uint32_t size, spare;
	uint64_t mnt_id, param, mnt_ns_id;
};
enum { MNT_BASIC = 0x2, MNT_UIDMAP = 0x2000, MNT_GIDMAP = 0x4000 };

struct mount_status {
	uint32_t size, mnt_opts;
	uint64_t mask;
	uint32_t sb_dev[2];
	uint64_t sb_magic;
	uint32_t sb_flags, fs_type;
	uint64_t mnt_id, mnt_parent_id;
	uint32_t mnt_id_old, mnt_parent_id_old;
	uint64_t mnt_attr, mnt_propagation, mnt_peer_group, mnt_master, propagate_from;
	uint32_t mnt_root, mnt_point;
	uint64_t mnt_ns_id;
	uint32_t fs_subtype, sb_source, opt_num, opt_array, opt_sec_num, opt_sec_array;
	uint64_t supported_mask;
	uint32_t uid_num, uid_at, gid_num, gid_at;
	uint64_t spare[43];
	char text[];
};
_Static_assert(sizeof(struct mount_status) == 512, "as linux/mount.h has it");
enum { STATUS_ROOM = 64 << 10, LIST_ROOM = 512 };

static int ask_status(uint64_t mnt_id, uint64_t mask, struct mount_status *ret)
{
	struct mount_request r = { .size = 24, .mnt_id = mnt_id, .param = mask };

	return syscall(SYS_statmount, &r, ret, STATUS_ROOM, 0) < 0 ? -errno : 0;
}

/* The mount that mountinfo calls `old`, with its maps; -ENOENT: not told. */
static int find_status(uint32_t old, struct mount_status *ret)
{
	struct mount_request r = { .size = 24, .mnt_id = UINT64_MAX };	/* from the root of the namespace */
	uint64_t list[LIST_ROOM];
	long n;

	while ((n = syscall(SYS_listmount, &r, list, LIST_ROOM, 0)) > 0) {
		for (long i = 0; i < n; i++)
			if (!ask_status(list[i], MNT_BASIC, ret) && ret->mnt_id_old == old)
				return ask_status(list[i], MNT_BASIC | MNT_UIDMAP | MNT_GIDMAP, ret);
		r.param = list[n - 1];
	}
	return -ENOENT;
}

/* --- dump ---------------------------------------------------------------------------------------------------------- */

/* The lower id as the tree's user namespace counts it; false: it has no name there, or the range is torn. */
static bool translate(const struct model *m, bool is_gid, UidGidExtent *x)
{
	uint32_t last = x->lower_first + x->count - 1;
	uint32_t first_in = is_gid ? user_gid_inside(m, NULL, x->lower_first) : user_uid_inside(m, NULL, x->lower_first);
	uint32_t last_in = is_gid ? user_gid_inside(m, NULL, last) : user_uid_inside(m, NULL, last);

	x->lower_first = first_in;
	return last_in - first_in == x->count - 1;
}

static bool read_map(struct dump *d, bool is_gid, const char *at, uint32_t n, UidGidExtent ***ret, size_t *ret_n)
{
	for (; n; n--, at += strlen(at) + 1) {
		UidGidExtent *x = arena_msg(&d->m.arena, UidGidExtent, uid_gid_extent__init);

		if (sscanf(at, "%u %u %u", &x->first, &x->lower_first, &x->count) != 3 || !x->count ||
		    !translate(&d->m, is_gid, x))
			return false;
		pb_push(&d->m.arena, *ret, *ret_n, x);
	}
	return *ret_n;
}

static bool scan_one(struct dump *d, const struct mnt *mnt, struct mount_status *s)
{
	MntEntry *e = mnt->e;

	return !find_status(e->mnt_id, s) && s->mask & MNT_UIDMAP && s->mask & MNT_GIDMAP &&
	       read_map(d, false, s->text + s->uid_at, s->uid_num, &e->uid_map, &e->n_uid_map) &&
	       read_map(d, true, s->text + s->gid_at, s->gid_num, &e->gid_map, &e->n_gid_map);
}

int idmaps_scan(struct dump *d, struct mnt_ns *ns)
{
	auto_free struct mount_status *s = NULL;

	for (size_t i = 0; i < ns->mnts.n; i++) {
		const struct mnt *mnt = ns->mnts.v[i];

		/* Whoever names it hands it over as it should be; what we find ourselves shows the true owners. */
		if (!mnt->is_idmapped || external_mount(d->opt, mnt->e->mountpoint))
			continue;
		s = s ?: calloc(1, STATUS_ROOM);
		if (!s)
			return fail(ENOMEM, "no memory for the maps of mounts");
		if (!scan_one(d, mnt, s))
			refuse(&d->refusals, REFUSE_MOUNT_IDMAPPED, "%s shows files with other owners than they have, "
			       "and the kernel does not tell which", mnt->e->mountpoint);
		else if (d->opt->plain_images)
			refuse(&d->refusals, REFUSE_MOUNT_IDMAPPED, "%s shows files with other owners than they have, "
			       "which plain images cannot say (dump without --plain-images)", mnt->e->mountpoint);
		d->m.inventory->img_version = IMG_VERSION_EXTENDED;	/* others would show the true owners */
	}
	return 0;
}

int idmap_clone_without(int fd)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_IDMAP };
	int clone = syscall(SYS_open_tree_attr, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH, &attr,
			    sizeof(attr));

	return clone < 0 ? -errno : clone;
}

/* --- restore ------------------------------------------------------------------------------------------------------- */

bool idmap_is_set(const MntEntry *e)
{
	return e->n_uid_map || e->n_gid_map;
}

static int write_map(int proc, const char *pid, const char *name, UidGidExtent *const *map, size_t n)
{
	auto_free char *text = malloc(n * 36 + 1);
	auto_fd int fd = -1;
	char path[64];
	int len = 0;

	if (!text)
		return fail(ENOMEM, "no memory for a map");
	for (size_t i = 0; i < n; i++)
		len += sprintf(text + len, "%u %u %u\n", map[i]->first, map[i]->lower_first, map[i]->count);
	snprintf(path, sizeof(path), "%s/%s", pid, name);
	fd = openat(proc, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != len)
		return fail_errno("set the %s of a mount: these ids may not be mapped here", name);
	return 0;
}

/* In a new user namespace: tells what the tool's /proc calls it, and waits for the end of `go_on`. */
static int no_return be_namespace(int proc, int tell, int go_on)
{
	char self[24] = "";

	if (readlinkat(proc, "self", self, sizeof(self) - 1) > 0 && write(tell, self, sizeof(self)) == sizeof(self) &&
	    read(go_on, self, 1) == 0)
		_exit(EXIT_SUCCESS);
	_exit(EXIT_FAILURE);
}

static int open_namespace(const MntEntry *e, int proc, int told, int *ret_fd)
{
	char pid[24], path[64];
	int err;

	if (read(told, pid, sizeof(pid)) != sizeof(pid))
		return fail(ECHILD, "no user namespace could be made for an idmapped mount");
	err = write_map(proc, pid, "uid_map", e->uid_map, e->n_uid_map);
	if (!err)
		err = write_map(proc, pid, "gid_map", e->gid_map, e->n_gid_map);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/ns/user", pid);
	*ret_fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("open the user namespace of an idmapped mount") : 0;
}

static int make_namespace(const MntEntry *e, int proc, int *ret_fd)
{
	int down[2], up[2], err;
	pid_t pid;

	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		return fail_errno("pipe");
	pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		close(down[1]);
		be_namespace(proc, up[1], down[0]);
	}
	close(up[1]);
	err = pid < 0 ? fail_errno("make a user namespace for an idmapped mount") : open_namespace(e, proc, up[0], ret_fd);
	close(up[0]);
	close(down[0]);
	close(down[1]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return err;
}

int idmap_apply(const MntEntry *e, int fd, int proc)
{
	auto_fd int user = -1;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int err = make_namespace(e, proc, &user);

	if (err)
		return err;
	attr.userns_fd = user;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0)
		return 0;
	/* An engine that prepares the root has done it already, and a map can be set but once. */
	if (errno == EPERM && streq(e->mountpoint, "/"))
		return 0;
	return fail_errno("%s: show its files with other owners", e->mountpoint);
}
