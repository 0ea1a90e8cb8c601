/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the hierarchies of cgroups are mounted, and how one is seen that is not. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "cgroup/hierarchy.h"
#include "cgroup/lines.h"
#include "kernel/read.h"

/* "\040" for a blank, and so on, in place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
			*out++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = 0;
}

static char *next_word(char **line)
{
	return strsep(line, " ");
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS */
static int parse_mount(char *line, struct cg_mount *ret)
{
	char *tail = strstr(line, " - ") + 3, *dev, *root, *point;
	struct cursor c;

	*ret = (struct cg_mount){ .is_v2 = has_prefix(tail, "cgroup2 ") };
	next_word(&line);
	next_word(&line);
	dev = next_word(&line);
	root = next_word(&line);
	point = next_word(&line);
	next_word(&tail);
	next_word(&tail);
	ret->options = next_word(&tail);
	if (!dev || !root || !point || !line || !ret->options)
		return -EINVAL;
	c = (struct cursor){ .p = dev };
	ret->major = take_u64(&c, 10);
	take_char(&c, ':');
	ret->minor = take_u64(&c, 10);
	unescape(root);
	unescape(point);
	ret->root = root;
	ret->point = point;
	return c.bad ? -EINVAL : 0;
}

int cgroup_mounts_parse(struct arena *a, char *text, struct cg_mounts *ret)
{
	struct cg_mounts mounts = { 0 };
	char *line;

	while ((line = next_line(&text))) {
		const char *tail = strstr(line, " - ");
		struct cg_mount m;

		if (!tail || (!has_prefix(tail, " - cgroup ") && !has_prefix(tail, " - cgroup2 ")))
			continue;
		if (parse_mount(line, &m))
			return -EINVAL;
		vec_push(a, &mounts.v, m);
	}
	*ret = mounts;
	return 0;
}

/* Every controller of the name (or "name=X") is among the options of the superblock. */
static bool is_mount_of(const struct cg_mount *m, const char *name)
{
	if (m->is_v2 || !*name)
		return m->is_v2 && !*name;
	while (*name) {
		char word[128];
		size_t len = strcspn(name, ",");

		if (len >= sizeof(word))
			return false;
		memcpy(word, name, len);
		word[len] = 0;
		if (!cgroup_name_has(m->options, word))
			return false;
		name += len + (name[len] == ',');
	}
	return true;
}

const struct cg_mount *cgroup_mount_find(const struct cg_mounts *m, const char *name, const char *path)
{
	const struct cg_mount *best = NULL;

	for (size_t i = 0; i < m->v.n; i++) {
		const struct cg_mount *c = &m->v.v[i];

		if (!is_mount_of(c, name))
			continue;
		if (streq(c->root, "/"))
			return c;
		if (!best && cgroup_path_is_below(path, c->root))
			best = c;
	}
	return best;
}

const char *hierarchy_dir_name(const char *name)
{
	return !*name ? "unified" : has_prefix(name, "name=") ? name + strlen("name=") : name;
}

static bool is_cgroup_dir(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

static int open_in_yard(struct cg_hierarchies *h, struct cg_hierarchy *ret)
{
	const char *path = arena_printf(h->arena, "%s/%s", h->yard, hierarchy_dir_name(ret->name));
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!is_cgroup_dir(fd)) {
		close(fd);
		return -ENOENT;
	}
	ret->point = path;
	ret->top = "/";
	return fd;
}

/* It may be covered by another mount: what is found there must be on the same superblock. */
static int open_mounted(const struct cg_mount *m, struct cg_hierarchy *ret)
{
	auto_fd int fd = open(m->point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_dev != makedev(m->major, m->minor) || !is_cgroup_dir(fd))
		return -ENOENT;
	ret->point = m->point;
	ret->top = m->root;
	return take_fd(&fd);
}

/* The superblock exists as long as the hierarchy does: this adds a view of it that goes away with the descriptor. */
static int mount_detached(const char *name)
{
	auto_fd int fs = fsopen(*name ? "cgroup" : "cgroup2", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return -errno;
	while (*name) {
		char word[128];
		size_t len = strcspn(name, ",");
		int err;

		if (len >= sizeof(word))
			return -ENAMETOOLONG;
		memcpy(word, name, len);
		word[len] = 0;
		if (has_prefix(word, "name="))
			err = fsconfig(fs, FSCONFIG_SET_STRING, "name", word + strlen("name="), 0) ||
			      fsconfig(fs, FSCONFIG_SET_FLAG, "none", NULL, 0);
		else
			err = fsconfig(fs, FSCONFIG_SET_FLAG, word, NULL, 0);
		if (err)
			return -errno;
		name += len + (name[len] == ',');
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static int read_mounts(struct cg_hierarchies *h)
{
	auto_proc_text text = { 0 };
	int err;

	if (h->is_read)
		return 0;
	err = proc_text_read(&text, "/proc/self/mountinfo");
	if (!err)
		err = cgroup_mounts_parse(h->arena, arena_strdup(h->arena, text.s), &h->mounts);
	h->is_read = !err;
	return err ? fail_with(err, "read /proc/self/mountinfo") : 0;
}

static int open_hierarchy(struct cg_hierarchies *h, const char *path, struct cg_hierarchy *ret)
{
	const struct cg_mount *m;
	int err = -ENOENT;

	if (h->yard)
		err = open_in_yard(h, ret);
	if (err >= 0)
		return err;
	err = read_mounts(h);
	if (err)
		return err;
	m = cgroup_mount_find(&h->mounts, ret->name, path);
	err = m ? open_mounted(m, ret) : -ENOENT;
	if (err >= 0)
		return err;
	ret->top = "/";
	err = mount_detached(ret->name);
	if (err < 0)
		return fail_with(err, "the cgroup hierarchy %s is not mounted where this tool can see it (%s), and it "
				 "cannot mount it; name a directory with --cgroup-yard",
				 *ret->name ? ret->name : "of version 2", hierarchy_dir_name(ret->name));
	return err;
}

int hierarchy_get(struct cg_hierarchies *h, const char *name, const char *path, struct cg_hierarchy **ret)
{
	struct cg_hierarchy *new;

	for (size_t i = 0; i < h->v.n; i++)
		if (streq(h->v.v[i]->name, name)) {
			*ret = h->v.v[i];
			return 0;
		}
	new = arena_new(h->arena, struct cg_hierarchy);
	new->name = arena_strdup(h->arena, name);
	new->dir = open_hierarchy(h, path, new);
	if (new->dir < 0)
		return new->dir;
	vec_push(h->arena, &h->v, new);
	*ret = new;
	return 0;
}

const char *hierarchy_relative(const struct cg_hierarchy *h, const char *path)
{
	if (!cgroup_path_is_below(path, h->top))
		return NULL;
	path += streq(h->top, "/") ? 0 : strlen(h->top);
	return *path == '/' && path[1] ? path + 1 : ".";
}

void hierarchies_close(struct cg_hierarchies *h)
{
	for (size_t i = 0; i < h->v.n; i++)
		close(h->v.v[i]->dir);
	h->v.n = 0;
}
