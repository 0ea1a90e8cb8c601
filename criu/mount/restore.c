/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mounts from images: the tool opens what comes from outside, a process that the root task forks builds the rest. */
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "kernel/lsm.h"
#include "mount/build.h"
#include "mount/deleted.h"
#include "mount/external.h"
#include "mount/flags.h"
#include "mount/later.h"
#include "mount/make.h"
#include "mount/set.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "options.h"
#include "run/restore.h"
#include "task/fork.h"

int mount_set_load(struct restore *r, uint32_t ns_id)
{
	struct mount_set *s = mount_set_of(&r->m);
	struct mnt_ns *ns = mounts_ns_add(&s->m, ns_id);
	struct image_in in;
	MntEntry *e;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_MNTS, ns_id);

	while (!got && (got = image_next(&in, &e)) > 0) {
		mounts_add(&s->m, ns, e);
		got = 0;
	}
	return got || ns->mnts.n ? got : fail(ENOENT, "image %s is missing or holds no mounts", in.name);
}

/* --- what comes from outside --------------------------------------------------------------------------------------- */

/* "dev[NAME]" of the record, --external dev[NAME]:/dev/path */
static int make_from_device(struct restore *r, const struct mnt_base *b, int *ret_fd)
{
	MntEntry *e = b->owner->e;
	size_t len = strlen(e->source);
	char *name = arena_strdup(&r->m.arena, len > 5 ? e->source + 4 : "");
	const char *path;

	if (*name)
		name[strlen(name) - 1] = 0;
	path = external_device(r->opt, name);
	if (!path || !*path)
		return fail(ENOENT, "%s is on a device that comes from outside: name it with --external dev[%s]:PATH",
			    e->mountpoint, name);
	if (!b->sb->kind)
		return fail(EOPNOTSUPP, "%s: file system %s is not known; allow it with --enable-fs", e->mountpoint,
			    mount_fs_name(e));
	e->source = (char *)path;
	return base_make(b, -1, ret_fd);
}

/* The tool's root stands for that of the tree only if it is the same directory of its file system. */
static int check_own_root(const struct mountinfo_list *outside, const struct mnt *root)
{
	for (size_t i = outside->n; i--;) {
		const struct mountinfo *m = &outside->v[i];

		if (!streq(m->point, "/"))
			continue;
		if (streq(m->root, root->e->root))
			return 0;
		break;
	}
	return fail(ENOENT, "the root of the tree was %s of its file system: say with --root where that is now",
		    root->e->root);
}

static int find_outside(struct restore *r, const struct mountinfo_list *outside, const struct mnt_base *b,
			const char **ret)
{
	const struct mnt *mnt = b->owner;
	const MntEntry *e = mnt->e;
	const char *key = mnt_is_external(e) ? mnt_external_key(e) : NULL;
	bool is_root = !mnt->parent && !mnt->ns->index;

	if (key && !streq(key, KEY_FOUND)) {
		*ret = external_mount(r->opt, key);
		return *ret && **ret ? 0 : fail(ENOENT, "%s comes from outside: name it with --external mnt[%s]:PATH",
						e->mountpoint, key);
	}
	if (key) {
		*ret = e->source;
		return 0;
	}
	if (is_root) {
		*ret = r->opt->root ?: "/";
		return r->opt->root ? 0 : check_own_root(outside, mnt);
	}
	*ret = outside_path(&r->m.arena, outside, e->root_dev, e->root);
	return *ret ? 0 : fail(ENOENT, "the root of mount namespace %u, %s of a %s, is not there: dump with "
			       "--external mnt[/]:KEY",
			       mnt->ns->id, e->root, mount_fs_name(e));
}

static int open_outside(struct restore *r, const struct mountinfo_list *outside, struct mnt_base *b)
{
	struct mount_set *s = r->m.mounts;
	const MntEntry *e = b->owner->e;
	int *fd = &s->outside[b->index], err;

	if (mnt_is_external(e) && streq(mnt_external_key(e), KEY_DEVICE))
		return make_from_device(r, b, fd);
	if (mnt_is_external(e) && streq(mnt_external_key(e), KEY_FOUND) && !*e->source)
		return tmpfs_make(SOURCE_COVERED, fd);
	err = find_outside(r, outside, b, &s->paths[b->index]);
	if (err)
		return err;
	*fd = open_tree(AT_FDCWD, s->paths[b->index], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return *fd < 0 ? fail_errno("%s comes from outside, but %s cannot be taken", e->mountpoint,
				    s->paths[b->index]) : 0;
}

static int fail_problems(const mount_problems *p)
{
	static const char *const texts[] = {
		[MOUNT_NO_SOURCE] = "is of a file system that is not made here; allow it with --enable-fs",
		[MOUNT_NO_GROUP] = "shares with mounts that show more of the file system than there is",
		[MOUNT_NO_MASTER] = "is a slave of a mount that is neither in the images nor outside",
		[MOUNT_TOO_LATE] = "is the root of a mount namespace and shows a namespace that comes with the tasks in it",
	};

	const struct mnt *mnt;

	if (!p->n)
		return 0;
	mnt = p->v[0].mnt;
	return fail(EOPNOTSUPP, "%s (%s) %s", mnt->e->mountpoint, mount_fs_name(mnt->e), texts[p->v[0].what]);
}

/* The root of a tmpfs is in the images, unless the one who dumped had it, too. */
static bool is_root_given(const struct restore *r)
{
	const struct mnt *root = r->m.mounts->m.ns.v[0]->root;
	char name[64];

	image_name(IMG_TMPFS_DEV, root->e->root_dev, name, sizeof(name));
	return r->opt->root || faccessat(r->img_dir, name, F_OK, 0) < 0;
}

static int open_all(struct restore *r)
{
	struct mount_set *s = r->m.mounts;
	struct mountinfo_list outside;
	int err = outside_read(s->m.arena, s->proc, &outside);

	if (err)
		return fail_with(err, "read /proc/thread-self/mountinfo");
	for (size_t i = 0; i < s->m.bases.n && !err; i++) {
		struct mnt_base *b = s->m.bases.v[i];

		if (b->is_outside) {
			err = open_outside(r, &outside, b);
		} else if (base_has_contents(b)) {
			/* The builder may be in a user namespace that may not read images. */
			s->contents[i] = base_contents_open(b, r->img_dir);
			err = min(s->contents[i], 0);
		}
	}
	return err;
}

/* SELinux contexts of what is made here; --lsm-mount-context has another one for them. */
static int set_contexts(struct restore *r)
{
	const struct options *opt = r->opt;
	bool has_selinux = lsm_active() == LSMTYPE__SELINUX, is_none = opt->lsm_profile && streq(opt->lsm_profile, "none");
	const struct mounts *m = &r->m.mounts->m;

	for (size_t i = 0; i < m->bases.n; i++) {
		MntEntry *e = m->bases.v[i]->owner->e;
		const char *context = m->bases.v[i]->is_outside ? NULL : mount_context_first(m->arena, e->options);

		if (!context || (has_selinux && !opt->lsm_mount_context))
			continue;
		if (!has_selinux && !is_none)
			return fail(EOPNOTSUPP, "%s (%s) was mounted with %s, and SELinux is not active on this machine; "
				    "--lsm-profile none restores it without", e->mountpoint, mount_fs_name(e), context);
		mount_contexts_set(m->arena, has_selinux ? opt->lsm_mount_context : NULL, &e->options);
	}
	return 0;
}

int mount_set_prepare(struct restore *r)
{
	struct mount_set *s = r->m.mounts;
	mount_problems problems = { 0 };
	int err;

	s->m.is_enabled = fs_is_enabled;
	s->m.enabled_arg = &r->opt->enable_fs;
	s->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	s->tool_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc < 0 || s->tool_root < 0)
		return fail_errno("open / and /proc");
	err = mounts_link(&s->m);
	if (!err)
		err = mounts_plan(&s->m, is_root_given(r), &problems, &s->plan);
	if (!err)
		err = fail_problems(&problems);
	if (!err)
		err = set_contexts(r);
	if (err)
		return err;
	s->outside = arena_array(s->m.arena, int, s->m.bases.n + 1);
	s->paths = arena_array(s->m.arena, const char *, s->m.bases.n + 1);
	s->contents = arena_array(s->m.arena, int, s->m.bases.n + 1);
	for (size_t i = 0; i < s->m.bases.n; i++)
		s->outside[i] = s->contents[i] = -1;
	err = deleted_load(r);
	return err ?: open_all(r);
}

const char *mount_set_outside_path(struct restore *r, const struct mnt *mnt, const char *name)
{
	const char *path = mnt->base->is_outside ? r->m.mounts->paths[mnt->base->index] : NULL;
	const char *within, *below;

	if (!path || !path_is_below(name, mnt->e->mountpoint))
		return NULL;
	within = path_below(mnt->e->root, mnt->base->root);
	below = path_below(name, mnt->e->mountpoint);
	return arena_printf(&r->m.arena, "%s%s%s%s%s", streq(path, "/") ? "" : path, *within ? "/" : "", within,
			    *below ? "/" : "", below);
}

/* --- the builder --------------------------------------------------------------------------------------------------- */

static void take_built(struct restore *r, const struct mount_built *built)
{
	const struct mounts *m = &r->m.mounts->m;

	for (size_t i = 0; i < m->ns.n; i++) {
		struct ns *ns = ns_by_id(&r->m, NS_MNT, m->ns.v[i]->id);

		ns->fd = built[i].ns;
		ns->root = built[i].root;
	}
	for (size_t i = 0; i < m->bases.n; i++) {
		if (r->m.mounts->outside[i] >= 0)
			close(take_fd(&r->m.mounts->outside[i]));
		if (r->m.mounts->contents[i] >= 0)
			close(take_fd(&r->m.mounts->contents[i]));
	}
}

/* What the builder leaves, in memory that it shares with the root task. */
struct answer {
	struct mounts_later later;
	size_t n_ptys;
	struct mount_built built[];	/* and the terminals behind them */
};

/* Descriptors of those user namespaces that are not the one mounts are built in. */
static int *owners_of(struct restore *r)
{
	const struct mounts *m = &r->m.mounts->m;
	int *v = arena_array(m->arena, int, m->ns.n + 1);

	for (size_t i = 0; i < m->ns.n; i++) {
		const struct ns *owner = ns_by_id(&r->m, NS_MNT, m->ns.v[i]->id)->owner;

		v[i] = owner && owner != ns_mounts_owner(&r->m) ? owner->fd : -1;
	}
	return v;
}

static int builder_main(struct restore *r, const struct mount_build *b, struct mount_built *ret)
{
	int err = user_ns_go(r, ns_mounts_owner(&r->m));

	return err ? err : mounts_build(b, ret);
}

/* Its descriptors are the root task's, its memory and mounts are its own. */
int mount_set_build(struct restore *r)
{
	struct mount_set *s = r->m.mounts;
	size_t n_ptys = pts_count(&s->m), at = sizeof(struct answer) + s->m.ns.n * sizeof(struct mount_built);
	struct answer *a = mmap(NULL, at + n_ptys * sizeof(struct pts_made), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct mount_build b = {
		.m = &s->m, .plan = &s->plan, .outside = s->outside, .contents = s->contents, .proc = s->proc,
		.split = later_split, .make_shown = later_make_shown, .clone_deleted = deleted_clone,
		.take_names = deleted_take_names, .arg = r,
		.owners = owners_of(r),
	};
	int status, err;
	pid_t pid;

	if (a == MAP_FAILED)
		return fail_errno("no memory for mounts");
	s->later = &a->later;
	err = later_begin(r, s->later);
	if (err)
		return err;
	s->ptys = b.ptys = (struct pts_made *)((char *)a + at);
	b.n_ptys = &a->n_ptys;
	pid = fork_helper_sharing(r, CLONE_FILES);
	if (pid == 0)
		_exit(builder_main(r, &b, a->built) ? EXIT_FAILURE : EXIT_SUCCESS);
	if (pid < 0)
		return pid;
	err = later_await(s->later, pid, &status);
	if (err)
		return err;
	s->n_ptys = a->n_ptys;
	if (status)
		return -ECANCELED;
	take_built(r, a->built);
	return 0;
}
