/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does the path still lead to the open file, and what if not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/describe.h"
#include "file/path.h"
#include "file/record.h"
#include "file/state.h"
#include "file/where.h"
#include "ns/ns.h"
#include "options.h"
#include "run/dump.h"
#include "run/journal.h"

static const char deleted[] = " (deleted)";

struct paths *paths_of(struct model *m)
{
	void **data = file_kind_data(m, file_kind_by_type(FD_TYPES__REG));

	if (!*data)
		*data = arena_new(&m->arena, struct paths);
	return *data;
}

/* Whether the path leads to the file, without following it. */
static bool leads_to(const struct file_facts *f, const char *path)
{
	struct stat at;

	return where_stat(f, path, &at) == 0 && at.st_dev == f->st.st_dev && at.st_ino == f->st.st_ino &&
	       (at.st_mode & S_IFMT) == (f->st.st_mode & S_IFMT);
}

static bool cut_deleted(char *name)
{
	size_t len = strlen(name), cut = sizeof(deleted) - 1;

	if (len <= cut || !streq(name + len - cut, deleted))
		return false;
	name[len - cut] = 0;
	return true;
}

/* "/proc/41/task/43/..." exists as long as the thread, and restored files are opened before threads are made. */
static bool is_of_thread(const struct model *m, const char *link)
{
	int pid, tid;

	if (sscanf(link, "/proc/%d/task/%d/", &pid, &tid) != 2)
		return false;
	return pid != tid && model_task_by_pid(m, pid);
}

static void warn_of_outsider(const struct model *m, const char *link)
{
	int pid;

	if (sscanf(link, "/proc/%d/", &pid) == 1 && !model_task_by_pid(m, pid))
		warn("%s belongs to a process outside the tree: restore opens whatever has that pid then", link);
}

/* --- link remaps ----------------------------------------------------------------------------------------- */

/* Of a name in a mount namespace of the tree the other process has no descriptor, and the task may be in a chroot. */
static int journal_link(struct dump *d, const struct file_facts *f, const char *path)
{
	char ns[64];

	if (f->root == AT_FDCWD)
		return journal_enter(d->journal, JOURNAL_FILE, path, NULL);
	snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", leader(where_task(d, f))->pid_real);
	return journal_enter(d->journal, JOURNAL_FILE_INSIDE, path, ns);
}

int path_link(int fd, int dir, const char *name)
{
	char own[32];

	if (linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, own, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int link_at(struct dump *d, const struct file_facts *f, const char *dir, struct remap_link *l)
{
	int entry = journal_link(d, f, l->path);
	const char *base = l->path + strlen(dir) + 1;
	auto_fd int at = -1;
	int err;

	if (entry < 0)
		return entry;
	at = where_open(f, *dir ? dir : "/");
	err = at < 0 ? at : path_link(f->copy, at, base);
	if (err) {
		journal_strike(d->journal, entry);
		return err;
	}
	l->dir = take_fd(&at);
	l->entry = entry;
	return 0;
}

/* In the directory of the file or, if that is gone too, in the nearest one that is left. */
static int make_link(struct dump *d, const struct file_facts *f, const char *name, struct remap_link *l)
{
	char *dir = arena_strdup(&d->m.arena, name), *slash;
	int err = -ENOENT;

	l->entry = l->dir = -1;
	while (err == -ENOENT && (slash = strrchr(dir, '/'))) {
		*slash = 0;
		l->path = arena_printf(&d->m.arena, "%s/link_remap.%u", dir, l->id);
		if (d->opt->dry_run)
			return 0;
		err = link_at(d, f, dir, l);
	}
	return err ? fail_with(err, "link %s", l->path) : 0;
}

static int add_link(struct dump *d, const struct file_facts *f, const char *name, struct remap_link **ret)
{
	struct paths *p = paths_of(&d->m);
	struct remap_link l = { .dev = f->st.st_dev, .ino = f->st.st_ino };
	struct file *file;
	int err;

	for (size_t i = 0; i < p->links.n; i++) {
		if (p->links.v[i].dev == l.dev && p->links.v[i].ino == l.ino) {
			*ret = &p->links.v[i];
			return 0;
		}
	}
	file = model_file_add(&d->m, file_kind_by_type(FD_TYPES__REG));
	record_begin(&d->m, file, 0, 0);
	l.id = file->entry->id;
	err = make_link(d, f, name, &l);
	if (err)
		return err;
	((RegFileEntry *)file->rec)->name = (char *)l.path;
	vec_push(&d->m.arena, &p->links, l);
	*ret = &p->links.v[p->links.n - 1];
	return 0;
}

static int remap_to_link(struct dump *d, const struct file_facts *f, const char *name)
{
	struct remap_link *l;
	int err;

	if (!d->opt->link_remap) {
		refuse(&d->refusals, REFUSE_FILE_LINK_REMAP, "%s is unlinked, but has other links", name);
		return 0;
	}
	err = add_link(d, f, name, &l);
	if (!err)
		remap_add(&d->m, f->id, l->id, REMAP_TYPE__LINKED);
	return err;
}

void links_release(struct dump *d)
{
	struct paths *p = paths_of(&d->m);

	for (size_t i = 0; i < p->links.n; i++) {
		struct remap_link *l = &p->links.v[i];

		if (l->entry < 0)
			continue;
		if (!d->files->is_committed && unlinkat(l->dir, strrchr(l->path, '/') + 1, 0) < 0 && errno != ENOENT)
			warn_errno("remove %s", l->path);
		close(take_fd(&l->dir));
		journal_strike(d->journal, l->entry);
		l->entry = -1;
	}
}

/* --- devices --------------------------------------------------------------------------------------------- */

/* Any path that leads to the same device, if the user does not mind. */
static bool find_device(struct dump *d, const struct file_facts *f, char **ret_name)
{
	char path[64], line[256];
	struct stat st;
	FILE *uevent;
	bool is_found = false;

	if (!d->opt->evasive_devices || (!S_ISCHR(f->st.st_mode) && !S_ISBLK(f->st.st_mode)))
		return false;
	if (where_stat(f, *ret_name, &st) == 0 && st.st_rdev == f->st.st_rdev &&
	    (st.st_mode & S_IFMT) == (f->st.st_mode & S_IFMT))
		return true;
	snprintf(path, sizeof(path), "/sys/dev/%s/%u:%u/uevent", S_ISCHR(f->st.st_mode) ? "char" : "block",
		 major(f->st.st_rdev), minor(f->st.st_rdev));
	uevent = fopen(path, "re");
	while (uevent && !is_found && fgets(line, sizeof(line), uevent)) {
		line[strcspn(line, "\n")] = 0;
		if (!has_prefix(line, "DEVNAME="))
			continue;
		*ret_name = arena_printf(&d->m.arena, "/dev/%s", line + strlen("DEVNAME="));
		is_found = where_stat(f, *ret_name, &st) == 0 && st.st_rdev == f->st.st_rdev;
	}
	if (uevent)
		fclose(uevent);
	return is_found;
}

/* --- all together ---------------------------------------------------------------------------------------- */

/* The tool's /proc counts pids as the tool does, and those of a tree in its own pid namespace are new ones each time. */
static bool is_of_renumbered(const struct dump *d, const struct file_facts *f)
{
	int pid;

	return f->root == AT_FDCWD && sscanf(f->link, "/proc/%d/", &pid) == 1 && ns_of(&d->m, f->task, NS_PID) &&
	       model_task_by_real(&d->m, pid);
}

static void refuse_unreachable(struct dump *d, const struct file_facts *f)
{
	const char *special = special_fs_name(f->copy);
	struct stat st;

	if (*special)
		refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED, "%s is %s", f->link, special);
	else if (has_prefix(f->link, "/proc/"))
		refuse(&d->refusals, REFUSE_FILE_UNREACHABLE, "%s belongs to a process that has ended", f->link);
	else if (where_stat(f, f->link, &st))
		refuse(&d->refusals, REFUSE_FILE_UNREACHABLE, "nothing is at the path %s any more", f->link);
	else
		refuse(&d->refusals, REFUSE_FILE_UNREACHABLE, "another file is at the path %s now", f->link);
}

static int scan_lost(struct dump *d, const struct file_facts *f, char **name)
{
	char *cut = arena_strdup(&d->m.arena, f->link);

	if (find_device(d, f, name))
		return 0;
	if (*special_fs_name(f->copy) || has_prefix(f->link, "/proc/") || f->link[0] != '/' || !cut_deleted(cut)) {
		refuse_unreachable(d, f);
		return 0;
	}
	*name = cut;
	/* Unlinked, and linked again under its name. */
	if (leads_to(f, cut))
		return 0;
	/* Some file systems never count the links of directories. */
	if (!f->st.st_nlink || S_ISDIR(f->st.st_mode))
		return ghost_scan(d, f, cut);
	return remap_to_link(d, f, cut);
}

int path_scan(struct dump *d, const struct file_facts *f, char **ret_name)
{
	*ret_name = arena_strdup(&d->m.arena, f->link);
	if (f->is_outside && !*special_fs_name(f->copy)) {
		refuse(&d->refusals, REFUSE_FILE_OUTSIDE, "%s is on mount %d, which is in no mount namespace of the tree",
		       f->link, f->mnt_id);
		return 0;
	}
	if (!leads_to(f, f->link))
		return scan_lost(d, f, ret_name);
	if (has_prefix(f->link, "/proc/")) {
		if (is_of_renumbered(d, f))
			refuse(&d->refusals, REFUSE_FILE_UNREACHABLE,
			       "%s is a process of the tree by its number outside of the tree's pid namespace", f->link);
		else if (is_of_thread(&d->m, f->link))
			refuse(&d->refusals, REFUSE_FILE_UNREACHABLE, "%s belongs to a thread", f->link);
		else
			warn_of_outsider(&d->m, f->link);
	}
	return 0;
}
