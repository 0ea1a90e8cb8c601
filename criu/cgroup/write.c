/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing the files of a cgroup, each in the way that its row says. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "cgroup/value.h"
#include "cgroup/write.h"

int cg_open_made(struct cg_made *made)
{
	if (made->dir >= 0)
		return 0;
	made->dir = openat(made->h->dir, hierarchy_relative(made->h, made->path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (made->dir < 0)
		return fail_errno("open cgroup %s of %s", made->path, *made->h->name ? made->h->name : "version 2");
	return 0;
}

void cg_close_made(struct cg_made *made)
{
	if (made->dir >= 0)
		close(made->dir);
	made->dir = -1;
}

/* A question: the caller knows what the file is. */
static int write_at(int dir, const char *name, const char *text)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int write_lines(int dir, const char *name, const char *text, bool is_optional)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char line[256];
		int err = len < sizeof(line) ? 0 : -E2BIG;

		if (err)
			return err;
		memcpy(line, text, len);
		line[len] = 0;
		err = len ? write_at(dir, name, line) : 0;
		if (err && !is_optional)
			return err;
		text += len + (text[len] == '\n');
	}
	return 0;
}

static int write_devices(int dir, const char *text)
{
	int err = write_at(dir, "devices.deny", "a");

	return err ? err : write_lines(dir, "devices.allow", text, false);
}

/* What is handed down beyond that stays: somebody else may use it below. */
static int write_enabled(int dir, const char *name, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, " \n");
		char word[64];
		int err;

		if (len >= sizeof(word) - 1)
			return -E2BIG;
		snprintf(word, sizeof(word), "+%.*s", (int)len, text);
		err = len ? write_at(dir, name, word) : 0;
		if (err)
			return err;
		text += len + (text[len] != 0);
	}
	return 0;
}

static int write_styled(int dir, const struct prop *p, const CgroupPropEntry *e)
{
	switch (p->style) {
	case PROP_LINES:
		return write_lines(dir, e->name, e->value, false);
	case PROP_PRIOS:
		return write_lines(dir, e->name, e->value, true);
	case PROP_DEVICES:
		return write_devices(dir, e->value);
	case PROP_ENABLED:
		return write_enabled(dir, e->name, e->value);
	case PROP_TYPE:
		return streq(e->value, "threaded") ? write_at(dir, e->name, e->value) : 0;
	case PROP_TEXT:
	case PROP_OOM:
	case PROP_FREEZER:
		break;
	}
	return write_at(dir, e->name, *e->value ? e->value : "\n");
}

static int report(const struct cg_made *made, const CgroupPropEntry *e, int err)
{
	const char *h = *made->h->name ? made->h->name : "version 2";

	if (err == -ENOENT)
		return fail(ENOENT, "cgroup %s of %s has no %s: the controller is not there or not enabled; enable it, or "
			    "make the cgroup yourself and use --manage-cgroups=none", made->path, h, e->name);
	return fail_with(err, "write \"%.64s\" to %s of cgroup %s of %s", e->value, e->name, made->path, h);
}

/* What the new directories of one parent hold, read from the first of them before anything is written there. */
static int given_value(struct cg_made *made, const struct cg_file *file, const char **ret)
{
	struct arena *a = made->files->arena;
	char *text = NULL;
	auto_fd int fd = -1;
	int err;

	*ret = cg_level_value(made->level, file);
	if (*ret)
		return 0;
	err = cg_open_made(made);
	if (err)
		return err;
	fd = openat(made->dir, file->name, O_RDONLY | O_CLOEXEC);
	err = fd < 0 ? -errno : cg_value_read(a, fd, &text);
	/* What cannot be read is as if it were the default: writing it, where it is not, tells why not. */
	*ret = !err ? cg_value_cut(file->row, text) : file->row->def ? file->row->def : "";
	vec_push(a, &made->level->v, ((struct cg_value){ file, *ret }));
	return 0;
}

/* Is that what the directory holds anyway? */
static int is_held(struct cg_made *made, const struct cg_file *file, const char *value, bool *ret)
{
	const char *given = file->row->def;
	int err = made->level && file->row->is_inherited ? given_value(made, file, &given) : 0;

	*ret = made->level && given && streq(value, given);
	return err;
}

static int write_prop(struct cg_made *made, const struct cg_file *file, const CgroupPropEntry *e)
{
	const struct prop *p = file->row;
	bool held;
	int err = is_held(made, file, e->value, &held);

	if (err || held)
		return err;
	if (!*e->value && p->style != PROP_ENABLED && !(made->level && p->is_inherited))
		return 0;	/* nothing was set: no write says so */
	err = cg_open_made(made);
	if (err)
		return err;
	err = write_styled(made->dir, p, e);
	if (err == -ENOENT && p->def && streq(e->value, p->def))
		return 0;	/* nothing is lost */
	return err ? report(made, e, err) : 0;
}

int cg_write_props(struct cg_made *made, enum prop_when when)
{
	int err = 0;

	for (size_t i = 0; i < made->entry->n_properties && !err; i++) {
		const CgroupPropEntry *e = made->entry->properties[i];
		const struct cg_file *file = cg_file_get(made->files, e->name);

		if (file->row->when == when)
			err = write_prop(made, file, e);
	}
	return err;
}

/* 1: there is such a file. */
static int look_at(struct cg_made *made, struct cg_file *ret)
{
	struct stat st;
	int err = cg_open_made(made);

	if (err)
		return err;
	if (fstatat(made->dir, ret->name, &st, 0) < 0)
		return 0;
	ret->mode = st.st_mode & 07777;
	ret->uid = st.st_uid;
	ret->gid = st.st_gid;
	return 1;
}

static int set_file_perms(struct cg_made *made, const char *name, const CgroupPerms *p)
{
	struct cg_file *file = cg_file_get(made->files, name), now = *file;
	int is_there = p && (!made->level || !file->is_seen) ? look_at(made, &now) : p != NULL;

	if (is_there <= 0)
		return is_there;
	if (made->level && !file->is_seen) {
		*file = now;
		file->is_seen = true;
	}
	if (now.uid == p->uid && now.gid == p->gid && now.mode == (p->mode & 07777))
		return 0;
	is_there = cg_open_made(made);
	if (is_there < 0)
		return is_there;
	if ((now.uid != p->uid || now.gid != p->gid) && fchownat(made->dir, name, p->uid, p->gid, 0) < 0)
		return errno == ENOENT ? 0 : fail_errno("give cgroup %s/%s to user %u, group %u", made->path, name,
							p->uid, p->gid);
	if (now.mode != (p->mode & 07777) && fchmodat(made->dir, name, p->mode & 07777, 0) < 0)
		return errno == ENOENT ? 0 : fail_errno("change the mode of cgroup %s/%s", made->path, name);
	return 0;
}

int cg_set_perms(struct cg_made *made)
{
	int err = set_file_perms(made, ".", made->entry->dir_perms);

	for (size_t i = 0; i < made->entry->n_properties && !err; i++) {
		const CgroupPropEntry *e = made->entry->properties[i];

		err = set_file_perms(made, e->name, e->perms);
	}
	return err;
}
