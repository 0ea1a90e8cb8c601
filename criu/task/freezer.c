/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroup freezer around the stopping of a tree. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "cgroup/hierarchy.h"
#include "cgroup/lines.h"
#include "kernel/read.h"
#include "options.h"
#include "run/cancel.h"
#include "run/dump.h"
#include "run/journal.h"
#include "task/freezer.h"

static int write_state(const char *file, const char *value)
{
	auto_fd int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno("open %s", file);
	if (write(fd, value, strlen(value)) < 0)
		return fail_errno("write %s to %s", value, file);
	return 0;
}

/* v2 says in cgroup.events whether all are frozen, v1 in the state itself (FREEZING until then). */
static int is_frozen(const struct freezer *f, const char *dir, bool *ret)
{
	auto_proc_text text = { 0 };
	bool is_v2 = streq(f->freeze, "1");
	int err = proc_text_read(&text, "%s/%s", dir, is_v2 ? "cgroup.events" : "freezer.state");

	if (err)
		return fail_with(err, "read the state of %s", dir);
	*ret = strstr(text.s, is_v2 ? "frozen 1" : "FROZEN") != NULL;
	return 0;
}

static int wait_frozen(struct dump *d)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 };

	for (;;) {
		bool done;
		int err = is_frozen(&d->freezer, d->freezer.dir, &done);

		if (err || done)
			return err;
		err = check_cancelled();
		if (err)
			return err;
		nanosleep(&pause, NULL);	/* notifications are rate limited to 5 ms: asking again is faster */
	}
}

static int find_file(struct dump *d)
{
	struct freezer *f = &d->freezer;
	const char *dir = f->dir;

	f->file = arena_printf(&d->m.arena, "%s/cgroup.freeze", dir);
	f->freeze = "1";
	f->thaw = "0";
	if (!access(f->file, W_OK))
		return 0;
	f->file = arena_printf(&d->m.arena, "%s/freezer.state", dir);
	f->freeze = "FROZEN";
	f->thaw = "THAWED";
	if (access(f->file, W_OK) < 0) {
		f->file = NULL;
		return fail_errno("--freeze-cgroup %s is no freezer cgroup (neither cgroup.freeze nor freezer.state)",
				  dir);
	}
	return 0;
}

static bool holds_one(const char *dir, const char *file)
{
	auto_proc_text text = { 0 };

	return !proc_text_read(&text, "%s/%s", dir, file) && *text.s == '1';
}

/* The cgroup at or above `path` that somebody froze, as a directory; NULL: none, or none that can be seen. */
static const char *find_held(struct dump *d, const struct cg_mounts *mounts, const char *name, const char *path)
{
	const struct cg_mount *m = cgroup_mount_find(mounts, name, path);
	const struct cg_hierarchy h = { .top = m ? m->root : "/" };
	char *part = arena_strdup(&d->m.arena, path);

	while (m && !streq(part, h.top) && part[1]) {
		const char *dir = arena_printf(&d->m.arena, "%s/%s", m->point, hierarchy_relative(&h, part) ?: ".");
		char *slash = strrchr(part, '/');

		if (holds_one(dir, *name ? "freezer.self_freezing" : "cgroup.freeze"))
			return dir;
		slash[slash == part] = 0;
	}
	return NULL;
}

/*
 * An engine may have frozen the tree without telling us which cgroup it was. A tree that is in our own cgroups is not
 * frozen, or we were too: then two reads are all this costs.
 */
static int find_engines_freezer(struct dump *d)
{
	auto_proc_text own = { 0 }, its = { 0 }, text = { 0 };
	struct arena *a = &d->m.arena;
	struct cg_mounts mounts;
	struct cg_lines lines;

	if (proc_text_read(&own, "/proc/self/cgroup") || proc_text_read(&its, "/proc/%d/cgroup", d->opt->tree) ||
	    streq(own.s, its.s))
		return 0;
	if (proc_text_read(&text, "/proc/self/mountinfo") ||
	    cgroup_mounts_parse(a, arena_strdup(a, text.s), &mounts) ||
	    cgroup_lines_parse(a, arena_strdup(a, its.s), &lines))
		return fail(EINVAL, "/proc/PID/cgroup or mountinfo holds what this tool does not understand");
	for (size_t i = 0; i < lines.v.n && !d->freezer.dir; i++)
		if (!*lines.v.v[i].name || cgroup_name_has(lines.v.v[i].name, "freezer"))
			d->freezer.dir = find_held(d, &mounts, lines.v.v[i].name, lines.v.v[i].path);
	return 0;
}

int freezer_freeze(struct dump *d)
{
	struct freezer *f = &d->freezer;
	int err;

	f->entry = -1;
	f->dir = d->opt->freeze_cgroup;
	err = f->dir ? 0 : find_engines_freezer(d);
	if (err || !f->dir)
		return err;
	err = find_file(d);
	if (!err)
		err = is_frozen(f, f->dir, &f->was_frozen);
	if (err)
		return err;
	f->entry = journal_enter(d->journal, JOURNAL_FREEZER, f->file, f->was_frozen ? f->freeze : f->thaw);
	if (f->entry < 0)
		return f->entry;
	cancel_after(d->opt->timeout);
	err = write_state(f->file, f->freeze);
	if (err)
		return err;
	f->is_on = true;
	return wait_frozen(d);
}

void freezer_thaw(struct dump *d)
{
	if (!d->freezer.is_on)
		return;
	if (write_state(d->freezer.file, d->freezer.thaw))
		warn("the cgroup stays frozen");
	d->freezer.is_on = false;
}

void freezer_before_release(struct dump *d)
{
	struct freezer *f = &d->freezer;

	if (!f->file)
		return;
	if (f->was_frozen && !f->is_on) {
		if (write_state(f->file, f->freeze))
			warn("the cgroup was frozen before the dump and is not any more");
	} else if (!f->was_frozen) {
		freezer_thaw(d);
	}
	f->is_on = false;
	journal_strike(d->journal, f->entry);
}

void freezer_take_back(const char *path, const char *value)
{
	auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		warn_errno("write %s back to %s", value, path);
}
