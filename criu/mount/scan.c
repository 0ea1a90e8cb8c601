/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mounts of a stopped tree: read from within each namespace, then planned, so that what cannot be made is found now. */
#include <fcntl.h>
#include <dirent.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "kernel/mountinfo.h"
#include "mount/deleted.h"
#include "mount/external.h"
#include "mount/flags.h"
#include "mount/idmap.h"
#include "mount/look.h"
#include "mount/set.h"
#include "mount/shown.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "options.h"
#include "run/dump.h"

struct mount_set *mount_set_of(struct model *m)
{
	if (!m->mounts) {
		m->mounts = arena_new(&m->arena, struct mount_set);
		m->mounts->m.arena = &m->arena;
		m->mounts->proc = m->mounts->tool_root = -1;
	}
	return m->mounts;
}

bool fs_is_enabled(const void *arg, const char *fsname)
{
	const struct string_list *l = arg;
	size_t len = strlen(fsname);

	for (unsigned int i = 0; i < l->n; i++) {
		const char *at = l->v[i];

		if (streq(at, "all"))
			return true;
		for (; *at; at += strcspn(at, ","), at += *at == ',')
			if (!strncmp(at, fsname, len) && (!at[len] || at[len] == ','))
				return true;
	}
	return false;
}

int mount_set_visit(struct dump *d, int (*visit)(struct dump *d, struct mnt_ns *ns))
{
	struct mount_set *s = d->m.mounts;
	int err = 0;

	for (size_t i = 0; i < s->m.ns.n && !err; i++) {
		struct mnt_ns *ns = s->m.ns.v[i];
		struct mount_visit v;
		int end;
		IN_SCOPE("mnt", ns->id);

		err = mount_visit_begin(&v, ns_by_id(&d->m, NS_MNT, ns->id)->fd, s->proc);
		if (err)
			return err;
		err = visit(d, ns);
		end = mount_visit_end(&v);
		err = err ?: end;
	}
	return err;
}

/* --skip-mnt: with all that hangs from it. */
static void leave_out(struct arena *a, const struct options *opt, struct mnt_ns *ns)
{
	size_t kept = ns->mnts.n;
	uint32_t *gone;
	size_t n_gone = 0;

	if (!opt->skip_mnt.n)
		return;
	gone = arena_array(a, uint32_t, ns->mnts.n);
	/* Children are in front of their parents, so this goes backwards, and keeps what it keeps at the end. */
	for (size_t i = ns->mnts.n; i--;) {
		const MntEntry *e = ns->mnts.v[i]->e;
		bool is_out = false;

		for (size_t k = 0; k < n_gone && !is_out; k++)
			is_out = gone[k] == e->parent_mnt_id;
		for (unsigned int k = 0; k < opt->skip_mnt.n && !is_out; k++)
			is_out = streq(opt->skip_mnt.v[k], e->mountpoint);
		if (is_out)
			gone[n_gone++] = e->mnt_id;
		else
			ns->mnts.v[--kept] = ns->mnts.v[i];
	}
	ns->mnts.n -= kept;
	memmove(ns->mnts.v, ns->mnts.v + kept, ns->mnts.n * sizeof(ns->mnts.v[0]));
}

static int read_one(struct dump *d, struct ns *ns)
{
	struct mount_set *s = d->m.mounts;
	struct mount_visit v;
	int end, err = mount_visit_begin(&v, ns->fd, s->proc);

	if (err)
		return err;
	err = mounts_read(&s->m, ns->id, s->proc);
	if (!err) {
		ns->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (ns->root < 0)
			err = fail_errno("open the root of mount namespace %u", ns->id);
	}
	end = mount_visit_end(&v);
	return err ?: end;
}

static const enum refusal_code obstacle_codes[] = {
	[MOUNT_NO_SOURCE] = REFUSE_MOUNT_SOURCE,
	[MOUNT_NO_GROUP] = REFUSE_MOUNT_GROUP,
	[MOUNT_NO_MASTER] = REFUSE_MOUNT_GROUP,
	[MOUNT_TOO_LATE] = REFUSE_MOUNT_SOURCE,
};

static const char *const obstacle_texts[] = {
	[MOUNT_NO_SOURCE] = "is of a file system that can neither be made again nor found outside",
	[MOUNT_NO_GROUP] = "shares with mounts that show more of the file system than anything that can be made",
	[MOUNT_NO_MASTER] = "is a slave of a mount that is neither in the tree nor outside",
	[MOUNT_TOO_LATE] = "is the root of a mount namespace and shows a namespace that comes with the tasks in it",
};

/* Directories of processes are there again when those are; sb: the proc that shows them. */
static void refuse_outsider(struct dump *d, const struct mnt *mnt, const struct mnt_sb *sb, pid_t pid)
{
	if (pid && !sb->shown_ns && !model_task_by_pid(&d->m, pid))
		refuse(&d->refusals, REFUSE_MOUNT_SOURCE, "%s is mounted on or shows a directory of process %d, which "
		       "is not in the tree", mnt->e->mountpoint, pid);
}

static void refuse_problems(struct dump *d, const mount_problems *p)
{
	const struct mounts *m = &d->m.mounts->m;

	for (size_t i = 0; i < p->n; i++) {
		const MntEntry *e = p->v[i].mnt->e;

		refuse(&d->refusals, obstacle_codes[p->v[i].what], "%s (%s, %s of %s) %s", e->mountpoint,
		       mount_fs_name(e), e->root, e->source, obstacle_texts[p->v[i].what]);
	}
	for (size_t i = 0; i < m->all.n; i++) {
		const struct mnt *mnt = m->all.v[i];

		if (mnt->base && !mnt->base->is_outside)
			refuse_outsider(d, mnt, mnt->sb, mnt_of_process(mnt));
		if (mnt->parent)
			refuse_outsider(d, mnt, mnt->parent->sb, mnt_on_process(mnt));
	}
}

/* -ENOENT: nothing of it is in sight. */
static int look_for_files(const struct mnt_sb *sb, const struct mnt_ns *ns, int proc, bool *ret_empty)
{
	auto_fd int view = mount_view(sb, ns, proc);
	auto_dir DIR *dir = NULL;
	int fd;

	if (view < 0)
		return view;
	fd = openat(view, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return fail_errno("look into %s", sb->mnts.v[0]->e->mountpoint);
	*ret_empty = true;
	for (const struct dirent *e; (e = readdir(dir));)
		*ret_empty = *ret_empty && (streq(e->d_name, ".") || streq(e->d_name, ".."));
	return 0;
}

/* What we make, but cannot fill, must be empty; what we fill must be in sight. */
static int check_contents(struct dump *d, struct mnt_ns *ns)
{
	const struct mounts *m = &d->m.mounts->m;

	for (size_t i = 0; i < m->sbs.n; i++) {
		const struct mnt_sb *sb = m->sbs.v[i];
		const MntEntry *e = sb->mnts.v[0]->e;
		bool is_empty = true;
		int err;

		if (sb->mnts.v[0]->ns != ns || !sb->is_made || !(sb->kind->traits & (KIND_EMPTY | KIND_CONTENTS)))
			continue;
		err = look_for_files(sb, ns, d->m.mounts->proc, &is_empty);
		if (err == -ENOENT)
			refuse(&d->refusals, REFUSE_MOUNT_CONTENTS, "%s (%s) is covered wherever it is mounted, so nobody "
			       "can read what is in it", e->mountpoint, mount_fs_name(e));
		else if (err)
			return err;
		else if (sb->kind->traits & KIND_EMPTY && !is_empty)
			refuse(&d->refusals, REFUSE_MOUNT_CONTENTS, "%s (%s) has something in it that no image can hold",
			       e->mountpoint, mount_fs_name(e));
	}
	return 0;
}

static int look_inside(struct dump *d, struct mnt_ns *ns)
{
	return check_contents(d, ns) ?: shown_pids(d, ns) ?: idmaps_scan(d, ns) ?: deleted_scan(d, ns);
}

static const struct mountinfo *mountinfo_of(const struct mountinfo_list *l, uint32_t id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].id == id)
			return &l->v[i];
	return NULL;
}

static bool is_cgroup(const MntEntry *e)
{
	return e->fstype == FSTYPE__CGROUP || e->fstype == FSTYPE__CGROUP2;
}

/* "/..": more of the hierarchy than the namespace shows. */
static bool has_more(const struct mountinfo_list *l, uint32_t dev)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].dev == dev && has_prefix(l->v[i].root, "/.."))
			return true;
	return false;
}

/*
 * Cgroup mounts that were made in the root's cgroup namespace are made again there: their roots are as it sees them.
 * Those that were there before show the machine's hierarchy, and come from outside.
 */
static int read_cgroup_roots(struct dump *d, void *arg)
{
	struct mount_set *s = d->m.mounts;
	const struct mnt_ns *ns = s->m.ns.v[s->m.ns.n - 1];
	struct mountinfo_list l = { 0 };
	struct mount_visit v;
	int end, err = mount_visit_begin(&v, ((struct ns *)arg)->fd, s->proc);

	if (err)
		return err;
	err = mountinfo_read(s->m.arena, s->proc, "thread-self/mountinfo", &l);
	end = mount_visit_end(&v);
	for (size_t i = 0; i < ns->mnts.n && !err; i++) {
		struct mnt *mnt = ns->mnts.v[i];
		const struct mountinfo *seen = is_cgroup(mnt->e) ? mountinfo_of(&l, mnt->e->mnt_id) : NULL;

		if (!seen || has_more(&l, mnt->e->root_dev))
			continue;
		mnt->e->root = seen->root;
		mnt->is_of_cgroup_ns = true;
	}
	return err ? fail_with(err, "read the mountinfo of mount namespace %u", ns->id) : end;
}

static int read_all(struct dump *d, const struct mountinfo_list *outside)
{
	struct mounts *m = &d->m.mounts->m;
	const struct ns *cgroups = ns_of_root(&d->m, NS_CGROUP);
	const struct tree_ns in = { ns_of_root(&d->m, NS_USER), cgroups };

	for (size_t i = 0; i < d->m.namespaces.n; i++) {
		struct ns *ns = d->m.namespaces.v[i];
		IN_SCOPE("mnt", ns->id);
		int err = ns->type == NS_MNT ? read_one(d, ns) : 0;

		if (!err && ns->type == NS_MNT && cgroups)
			err = ns_inside(d, cgroups, read_cgroup_roots, ns);
		if (err)
			return err;
	}
	for (size_t i = 0; i < m->ns.n; i++) {
		leave_out(m->arena, d->opt, m->ns.v[i]);
		external_mark(m->arena, d->opt, outside, &in, m->ns.v[i]);
	}
	return 0;
}

/* "uid=" and "gid=" are shown as the machine counts, and mean what the user namespace that mounts it counts. */
static void translate_ids(const struct model *m, MntEntry *e)
{
	struct arena *a = m->mounts->m.arena;
	const struct ns *owner = ns_mounts_owner(m);
	char *text = arena_strdup(a, e->options), *option, *out = NULL;

	while ((option = next_option_text(&text))) {
		int32_t id;

		if (has_prefix(option, "uid=") && !parse_i32(option + 4, 10, &id))
			option = arena_printf(a, "uid=%u", user_uid_in(owner, id));
		else if (has_prefix(option, "gid=") && !parse_i32(option + 4, 10, &id))
			option = arena_printf(a, "gid=%u", user_gid_in(owner, id));
		out = arena_printf(a, "%s%s%s", out ?: "", out ? "," : "", option);
	}
	e->options = out ?: (char *)"";
}

static void translate_all(struct dump *d)
{
	const struct mounts *m = &d->m.mounts->m;

	for (size_t i = 0; ns_of_root(&d->m, NS_USER) && i < m->all.n; i++) {
		const struct mnt *mnt = m->all.v[i];
		uint32_t type = mnt->sb->kind ? mnt->sb->kind->type : FSTYPE__UNSUPPORTED;

		if ((type == FSTYPE__TMPFS || type == FSTYPE__DEVPTS || type == FSTYPE__PROC) && !mnt_is_external(mnt->e))
			translate_ids(&d->m, mnt->e);
	}
}

static void tell_found(const struct mounts *m)
{
	for (size_t i = 0; i < m->all.n; i++) {
		const MntEntry *e = m->all.v[i]->e;

		if (e->ext_key && streq(e->ext_key, KEY_FOUND))
			info("%s is %s outside of the tree, and not part of the snapshot", e->mountpoint, e->source);
	}
}

bool mount_set_is_own(const struct mount_set *s, int mnt_id)
{
	for (size_t i = 0; i < s->own.n; i++)
		if (s->own.v[i].id == (uint32_t)mnt_id)
			return true;
	return false;
}

int mount_set_scan(struct dump *d)
{
	struct mount_set *s = mount_set_of(&d->m);
	mount_problems problems = { 0 };
	int err;

	s->m.is_enabled = fs_is_enabled;
	s->m.enabled_arg = &d->opt->enable_fs;
	s->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc < 0)
		return fail_errno("open /proc");
	err = outside_read(s->m.arena, s->proc, &s->own);
	if (err)
		return fail_with(err, "read /proc/thread-self/mountinfo");
	err = read_all(d, &s->own);
	if (!err)
		err = mounts_link(&s->m);
	if (!err)
		err = mounts_plan(&s->m, outside_has_device(&s->own, s->m.ns.v[0]->root->sb->dev), &problems, &s->plan);
	if (err)
		return err;
	translate_all(d);
	tell_found(&s->m);
	err = shown_scan(d) ?: mount_set_visit(d, look_inside);
	late_roots_find(&s->m, &problems);
	refuse_problems(d, &problems);
	return err;
}
