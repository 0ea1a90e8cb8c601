/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths and mount namespaces: the one place that knows which root a name begins at. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/own.h"
#include "file/kind.h"
#include "file/where.h"
#include "mount/look.h"
#include "mount/set.h"
#include "ns/ns.h"
#include "run/dump.h"
#include "run/restore.h"

/* What openat2(2) knows; open(2) ignores the rest. */
#define OPENAT2_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | \
		       O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_NOCTTY)

static int open_in(int root, const char *path, uint32_t flags)
{
	struct open_how how = { .flags = flags & OPENAT2_FLAGS, .resolve = RESOLVE_IN_ROOT };

	if (flags & O_PATH)
		how.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	return syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

void where_find(const struct dump *d, struct file_facts *f)
{
	const struct mnt *mnt = d->m.mounts ? mounts_by_id(&d->m.mounts->m, f->mnt_id) : NULL;

	f->root = mnt ? ns_by_id(&d->m, NS_MNT, mnt->ns->id)->root : AT_FDCWD;
	/* A task that left the tool's mounts may have files of theirs. */
	f->is_outside = !mnt && d->m.mounts && !mount_set_is_own(d->m.mounts, f->mnt_id);
}

const struct task *where_task(const struct dump *d, const struct file_facts *f)
{
	return ns_by_id(&d->m, NS_MNT, mounts_by_id(&d->m.mounts->m, f->mnt_id)->ns->id)->task;
}

int where_open(const struct file_facts *f, const char *path)
{
	int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	int fd = f->root == AT_FDCWD ? open(path, flags) : open_in(f->root, path, flags);

	return fd < 0 ? -errno : fd;
}

int where_stat(const struct file_facts *f, const char *path, struct stat *ret)
{
	auto_fd int fd = -1;

	if (f->root == AT_FDCWD)
		return lstat(path, ret) < 0 ? -errno : 0;
	fd = where_open(f, path);
	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

/* --- restore --------------------------------------------------------------------------------------------------- */

const RegFileEntry *where_entry(const struct model *m, uint32_t id)
{
	const struct file *f = model_file(m, id);
	const RegFileEntry *e = f && f->entry->type == FD_TYPES__REG ? f->rec : NULL;

	return e && *e->name == '/' ? e : NULL;
}

static const struct mnt *mount_of(const struct restore *r, const RegFileEntry *e)
{
	const struct mounts *m = &r->m.mounts->m;
	const struct ns *root = ns_of_root(&r->m, NS_MNT);

	if (e->has_mnt_id && e->mnt_id >= 0)
		return mounts_by_id(m, e->mnt_id);
	for (size_t i = 0; root && i < m->ns.n; i++)
		if (m->ns.v[i]->id == root->id)
			return m->ns.v[i]->root;
	return NULL;
}

/* NULL: the tool's own, since the number is not in the images. */
static const struct ns *namespace_of(const struct restore *r, const RegFileEntry *e)
{
	const struct mnt *mnt = mount_of(r, e);

	return mnt ? ns_by_id(&r->m, NS_MNT, mnt->ns->id) : NULL;
}

int where_open_entry(const struct restore *r, const RegFileEntry *e, uint32_t flags)
{
	const struct ns *ns;
	int fd;

	flags |= O_CLOEXEC;
	if (!r->m.mounts) {
		fd = open(e->name, flags);
	} else {
		ns = namespace_of(r, e);
		fd = open_in(ns ? ns->root : r->m.mounts->tool_root, e->name, flags);
	}
	return fd < 0 ? -errno : fd;
}

bool where_is_inside(const struct restore *r, const RegFileEntry *e)
{
	return r->m.mounts && namespace_of(r, e);
}

const char *where_namespace(struct restore *r, const RegFileEntry *e)
{
	const struct ns *ns = r->m.mounts ? namespace_of(r, e) : NULL;

	return ns ? ns_path_made(r, ns) : NULL;
}

int where_visit(struct restore *r, const RegFileEntry *e, struct mount_visit *ret)
{
	const struct ns *ns = r->m.mounts ? namespace_of(r, e) : NULL;
	auto_fd int fd = -1;

	*ret = (struct mount_visit){ -1, -1, -1 };
	if (!ns)
		return 0;
	if (ns->fd >= 0)
		return mount_visit_begin(ret, ns->fd, r->m.mounts->proc);
	fd = ns_open_made(r, ns);
	return fd < 0 ? fd : mount_visit_begin(ret, fd, r->m.mounts->proc);
}

int where_leave(struct mount_visit *v)
{
	return v->home >= 0 ? mount_visit_end(v) : 0;
}

const char *where_outside(struct restore *r, const RegFileEntry *e, const char *name)
{
	const struct mnt *mnt;

	if (!r->m.mounts)
		return name;
	/* Without a mount in the image, the one at the root is only a guess: others may be mounted on it. */
	if (!e->has_mnt_id || e->mnt_id < 0)
		return NULL;
	mnt = mount_of(r, e);
	return mnt ? mount_set_outside_path(r, mnt, name) : name;
}
