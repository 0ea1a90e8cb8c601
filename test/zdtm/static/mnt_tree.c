// SPDX-License-Identifier: GPL-2.0-or-later
/* zdtm-ignore: fd \d+: (inode|mnt_id) */
/* zdtm-peer: needs --root and a list of what comes from outside */
/*
 * A child with a mount namespace of its own: tmpfs in tmpfs, binds of directories and files, over-mounts, flags, propagation. What
 * mountinfo shows afterwards is the same but for numbers, which must relate mounts as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

enum { MAX = 128 };

struct line {
	int id, parent, depth, major, minor, shared, master;
	char rest[600];
};

static int field(const char *optional, const char *name)
{
	const char *at = strstr(optional, name);

	return at ? atoi(at + strlen(name)) : 0;
}

/* How many mounts of the list it is mounted in. */
static int depth_of(const struct line *v, int n, const struct line *l)
{
	for (int i = 0; i < n; i++)
		if (v[i].id == l->parent && l->parent != l->id)
			return 1 + depth_of(v, n, &v[i]);
	return 0;
}

static int read_mounts(struct line *v)
{
	static char text[64 << 10];
	int n = 0;
	char *save;

	SETUP(zt_read_file("/proc/self/mountinfo", text, sizeof(text)) > 0);
	for (char *l = strtok_r(text, "\n", &save); l && n < MAX; l = strtok_r(NULL, "\n", &save), n++) {
		int at = 0;
		char where[300];

		sscanf(l, "%d %d %d:%d %n", &v[n].id, &v[n].parent, &v[n].major, &v[n].minor, &at);
		snprintf(where, sizeof(where), "%s", l + at);
		v[n].shared = field(where, "shared:");
		v[n].master = field(where, "master:");
		where[strcspn(where, "-")] = 0;	/* root, mountpoint, options */
		if (strstr(where, " shared:"))
			*strstr(where, " shared:") = 0;
		if (strstr(where, " master:"))
			*strstr(where, " master:") = 0;
		snprintf(v[n].rest, sizeof(v[n].rest), "%s", where);
	}
	for (int i = 0; i < n; i++)
		v[i].depth = depth_of(v, n, &v[i]);
	return n;
}

/* Two lists of numbers that name the same things differently. */
static int is_renaming(const struct line *a, const struct line *b, int n, int (*get)(const struct line *))
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < n; k++)
			if ((get(&a[i]) == get(&a[k])) != (get(&b[i]) == get(&b[k])) || !get(&a[i]) != !get(&b[i]))
				return 0;
	return 1;
}

static int dev_of(const struct line *l)
{
	return l->major << 20 | l->minor;
}

static int shared_of(const struct line *l)
{
	return l->shared;
}

/* Of what is mounted twice at one place, the one below goes first: numbers say nothing about the order. */
static int compare(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(x->rest, y->rest);

	return order ?: x->depth - y->depth;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	SETUP(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static const char *at(const char *name)
{
	return zt_path(name);
}

static void set_up(void)
{
	SETUP(unshare(CLONE_NEWNS) == 0);
	SETUP(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	SETUP(mkdir(at("m"), 0755) == 0);
	SETUP(mount("outer", at("m"), "tmpfs", MS_NOSUID, "size=4m,mode=750") == 0);
	SETUP(mkdir(at("m/a"), 0700) == 0 && mkdir(at("m/a/deep"), 0710) == 0 && mkdir(at("m/b"), 0700) == 0 &&
	      mkdir(at("m/c"), 0700) == 0 && mkdir(at("m/s"), 0700) == 0 && mkdir(at("m/slave"), 0700) == 0);
	put(at("m/a/file"), "content");
	put(at("m/point"), "");
	SETUP(mount("inner", at("m/b"), "tmpfs", MS_NOEXEC | MS_NODEV, "mode=711") == 0);
	put(at("m/b/inner"), "inner");
	SETUP(mount(at("m/a"), at("m/c"), NULL, MS_BIND, NULL) == 0);
	SETUP(mount(NULL, at("m/c"), NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	SETUP(mount(at("m/a/file"), at("m/point"), NULL, MS_BIND, NULL) == 0);
	SETUP(mount("shared", at("m/s"), "tmpfs", 0, NULL) == 0);
	SETUP(mkdir(at("m/s/below"), 0700) == 0);
	SETUP(mount(NULL, at("m/s"), NULL, MS_SHARED, NULL) == 0);
	SETUP(mount(at("m/s"), at("m/slave"), NULL, MS_BIND, NULL) == 0);
	SETUP(mount(NULL, at("m/slave"), NULL, MS_SLAVE, NULL) == 0);
	SETUP(mount("prop", at("m/s/below"), "tmpfs", 0, NULL) == 0);	/* appears in the slave, too */
	put(at("m/s/below/p"), "propagated");
	SETUP(mount("unbind", at("m/a/deep"), "tmpfs", MS_NOATIME, NULL) == 0);
	SETUP(mount(NULL, at("m/a/deep"), NULL, MS_UNBINDABLE, NULL) == 0);
	SETUP(mount("over", at("m/b"), "tmpfs", MS_RELATIME, "mode=700") == 0);
	put(at("m/b/over"), "over");
	SETUP(umount(at("m/b")) == 0);	/* what is covered by the tree itself cannot be read */
}

static void check_text(const char *name, const char *text)
{
	char is[32] = "";

	CHECK(zt_read_file(at(name), is, sizeof(is)) >= 0 && !strcmp(is, text), "%s holds \"%s\"", name, is);
}

static void child(void *arg)
{
	static struct line before[MAX], after[MAX];
	int n, fd, n_after;
	struct stat st;
	char byte;

	(void)arg;
	set_up();
	n = read_mounts(before);
	SETUP((fd = open(at("m/c/file"), O_RDONLY | O_CLOEXEC)) >= 0 && read(fd, &byte, 1) == 1);
	zt_checkpoint();

	n_after = read_mounts(after);
	CHECK_EQ(n_after, n);
	qsort(before, n, sizeof(*before), compare);
	qsort(after, n_after, sizeof(*after), compare);
	for (int i = 0; i < n && i < n_after; i++)
		CHECK(!strcmp(before[i].rest, after[i].rest), "\"%s\" is \"%s\" now", before[i].rest, after[i].rest);
	CHECK(is_renaming(before, after, n, dev_of), "the file systems are others");
	CHECK(is_renaming(before, after, n, shared_of), "the peer groups are others");
	check_text("m/a/file", "content");
	check_text("m/c/file", "content");
	check_text("m/point", "content");
	check_text("m/b/inner", "inner");
	check_text("m/slave/below/p", "propagated");
	CHECK(open(at("m/c/new"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EROFS, "m/c can be written");
	CHECK(stat(at("m"), &st) == 0 && (st.st_mode & 07777) == 0750, "mode of m is %o", st.st_mode);
	CHECK(read(fd, &byte, 1) == 1 && byte == 'o', "the open file goes on with '%c'", byte);
	/* Propagation works: it is not only shown. */
	CHECK(umount(at("m/s/below")) == 0 && access(at("m/slave/below/p"), F_OK) < 0, "umount does not reach the slave");
}

int main(void)
{
	return zt_in_child(child);
}
