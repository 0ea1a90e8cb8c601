/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No text says which namespace a proc, sysfs or mqueue shows. A proc tells by its process 1, which is the init of the
 * namespace. Of the others there is one instance for each namespace: mounting it again from within shows its number.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "mount/look.h"
#include "mount/set.h"
#include "mount/shown.h"
#include "ns/kind.h"
#include "options.h"
#include "run/dump.h"
#include "task/pids.h"

/* The root task's needs no mark. NULL: the tool's own, which can only be the root's here. */
static void note_shown(struct dump *d, struct mnt_sb *sb, const struct ns *ns, enum ns_type type)
{
	const MntEntry *e = sb->mnts.v[0]->e;

	/* They are built in there, where nobody has a right to what is owned above. */
	if (!ns_is_within(ns ? ns->owner : NULL, ns_mounts_owner(&d->m)))
		refuse(&d->refusals, REFUSE_NS_NESTED, "%s shows a %s namespace that is owned by a user namespace above "
		       "that of the mounts", e->mountpoint, ns_rows[type].name);
	if (ns == ns_of_root(&d->m, type))
		return;
	if (!ns || d->opt->plain_images) {
		refuse(&d->refusals, REFUSE_NS_NESTED, "%s shows another %s namespace than that of the root%s",
		       e->mountpoint, ns_rows[type].name,
		       ns ? ", which plain images cannot say (dump without --plain-images)" : "");
		return;
	}
	sb->shown_ns = ns->id;
	for (size_t i = 0; i < sb->mnts.n; i++) {
		sb->mnts.v[i]->e->has_shown_ns_id = true;
		sb->mnts.v[i]->e->shown_ns_id = ns->id;
	}
	d->m.inventory->img_version = IMG_VERSION_EXTENDED;	/* others would show the root's */
}

/* --- proc ---------------------------------------------------------------------------------------------------------- */

static int note_pids(struct dump *d, const struct mnt_ns *ns, struct mnt_sb *sb)
{
	const char *point = sb->mnts.v[0]->e->mountpoint;
	auto_fd int view = mount_view(sb, ns, d->m.mounts->proc);
	struct stat shown, own;
	const struct ns *pids;

	if (fstatat(d->m.mounts->proc, "self/ns/pid", &own, 0) < 0)
		return fail_errno("look at the tool's own pid namespace");
	if (view < 0 || fstatat(view, "1/ns/pid", &shown, 0) < 0) {
		/* Of one that cannot be looked at, there is nothing to choose between. */
		if (!pids_are_nested(&d->m) && (view < 0 || errno != ENOENT))
			return 0;
		refuse(&d->refusals, REFUSE_NS_NESTED, "%s is covered, or its init has ended, so nobody can tell whose "
		       "processes it shows", point);
		return 0;
	}
	pids = ns_by_inode(&d->m, NS_PID, shown.st_ino);
	if (!pids && shown.st_ino != own.st_ino)
		refuse(&d->refusals, REFUSE_NS_NESTED, "%s shows the processes of a pid namespace that nobody in the "
		       "tree is in", point);
	else
		note_shown(d, sb, pids, NS_PID);
	return 0;
}

int shown_pids(struct dump *d, struct mnt_ns *ns)
{
	const struct mounts *m = &d->m.mounts->m;
	int err = 0;

	for (size_t i = 0; i < m->sbs.n && !err; i++)
		if (m->sbs.v[i]->mnts.v[0]->ns == ns && m->sbs.v[i]->is_made && m->sbs.v[i]->kind->traits & KIND_PIDS)
			err = note_pids(d, ns, m->sbs.v[i]);
	return err;
}

/* --- sysfs, mqueue ----------------------------------------------------------------------------------------------- */

struct question {
	const struct mount_kind *kind;
	enum ns_type type;
	const struct ns *ns;		/* that we are in; NULL: our own */
	bool *is_answered;		/* by superblock */
};

static int mount_again(const char *fsname, uint32_t *ret_dev)
{
	auto_fd int fs = fsopen(fsname, FSOPEN_CLOEXEC), fd = -1;
	struct stat st;

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_errno("mount another %s", fsname);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno("mount another %s", fsname);
	*ret_dev = major(st.st_dev) << 20 | minor(st.st_dev);
	return 0;
}

static int ask(struct dump *d, void *arg)
{
	const struct question *q = arg;
	const struct mounts *m = &d->m.mounts->m;
	uint32_t dev;
	int err = mount_again(q->kind->name, &dev);

	for (size_t i = 0; i < m->sbs.n && !err; i++)
		if (m->sbs.v[i]->is_made && m->sbs.v[i]->kind == q->kind && m->sbs.v[i]->dev == dev) {
			q->is_answered[i] = true;
			note_shown(d, m->sbs.v[i], q->ns, q->type);
		}
	return err;
}

static bool is_asked_about(const struct mnt_sb *sb, const struct mount_kind *kind)
{
	return sb->is_made && sb->kind == kind;
}

static int ask_all(struct dump *d, struct question *q)
{
	const struct mounts *m = &d->m.mounts->m;
	bool is_there = false;
	int err;

	for (size_t i = 0; i < m->sbs.n; i++)
		is_there = is_there || is_asked_about(m->sbs.v[i], q->kind);
	if (!is_there)
		return 0;
	err = ask(d, q);
	for (size_t i = 0; i < d->m.namespaces.n && !err; i++) {
		q->ns = d->m.namespaces.v[i];
		err = q->ns->type == q->type ? ns_inside(d, q->ns, ask, q) : 0;
	}
	for (size_t i = 0; i < m->sbs.n && !err; i++)
		if (is_asked_about(m->sbs.v[i], q->kind) && !q->is_answered[i])
			refuse(&d->refusals, REFUSE_NS_NESTED, "%s shows a %s namespace that nobody in the tree is in",
			       m->sbs.v[i]->mnts.v[0]->e->mountpoint, ns_rows[q->type].name);
	return err;
}

int shown_scan(struct dump *d)
{
	struct question about_net = { .kind = mount_kind_by_name("sysfs"), .type = NS_NET };
	struct question about_ipc = { .kind = mount_kind_by_name("mqueue"), .type = NS_IPC };
	size_t n = d->m.mounts->m.sbs.n;

	about_net.is_answered = arena_array(&d->m.arena, bool, n + 1);
	about_ipc.is_answered = arena_array(&d->m.arena, bool, n + 1);
	return ask_all(d, &about_net) ?: ask_all(d, &about_ipc);
}
