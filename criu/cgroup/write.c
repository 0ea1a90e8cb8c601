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
#include "cgroup/write.h"

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
		if (!is_optional || !has_prefix(line + len - (len >= 2 ? 2 : len), " 0"))
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

/* What is listed now and is not wanted goes, what is wanted comes. */
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
	return write_at(dir, e->name, e->value);
}

static int report(const struct cg_made *made, const CgroupPropEntry *e, int err)
{
	const char *h = *made->h->name ? made->h->name : "version 2";

	if (err == -ENOENT)
		return fail(ENOENT, "cgroup %s of %s has no %s: the controller is not there or not enabled; enable it, or "
			    "make the cgroup yourself and use --manage-cgroups=none", made->path, h, e->name);
	return fail_with(err, "write \"%.64s\" to %s of cgroup %s of %s", e->value, e->name, made->path, h);
}

int cg_write_props(int dir, const struct cg_made *made, enum prop_when when)
{
	bool is_v2 = !*made->h->name;

	for (size_t i = 0; i < made->entry->n_properties; i++) {
		const CgroupPropEntry *e = made->entry->properties[i];
		const struct prop *p = prop_by_name(e->name, is_v2);
		int err;

		if (p->when != when || (!*e->value && p->style != PROP_ENABLED))
			continue;
		if (made->is_new && p->def && streq(e->value, p->def))
			continue;	/* that is what it holds */
		err = write_styled(dir, p, e);
		if (err == -ENOENT && p->def && streq(e->value, p->def))
			continue;	/* nothing is lost */
		if (err)
			return report(made, e, err);
	}
	return 0;
}

static int set_file_perms(int dir, const char *name, const CgroupPerms *p, const struct cg_made *made)
{
	struct stat st;

	if (!p || fstatat(dir, name, &st, 0) < 0)
		return 0;
	if ((st.st_uid != p->uid || st.st_gid != p->gid) && fchownat(dir, name, p->uid, p->gid, 0) < 0)
		return fail_errno("give cgroup %s/%s to user %u, group %u", made->path, name, p->uid, p->gid);
	if ((st.st_mode & 07777) != (p->mode & 07777) && fchmodat(dir, name, p->mode & 07777, 0) < 0)
		return fail_errno("change the mode of cgroup %s/%s", made->path, name);
	return 0;
}

int cg_set_perms(int dir, const struct cg_made *made)
{
	int err = set_file_perms(dir, ".", made->entry->dir_perms, made);

	for (size_t i = 0; i < made->entry->n_properties && !err; i++) {
		const CgroupPropEntry *e = made->entry->properties[i];

		err = set_file_perms(dir, e->name, e->perms, made);
	}
	return err;
}
