/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a file system: its options one by one, so that an error can name the one that is wrong. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "kernel/mountinfo.h"
#include "mount/flags.h"
#include "mount/make.h"
#include "mount/tar.h"

bool base_has_contents(const struct mnt_base *b)
{
	return !b->is_outside && b->sb->kind->traits & KIND_CONTENTS;
}

/* What the file system itself says of its failure: "e tmpfs: Bad value for 'size'". */
static int fs_fail(int fs, const struct mnt_base *b, const char *what)
{
	char text[256];
	int err = errno;
	ssize_t n = read(fs, text, sizeof(text) - 1);

	if (n <= 0)
		return fail_with(err, "%s %s (%s on %s)", what, mount_fs_name(b->owner->e), b->owner->e->source,
				 b->owner->e->mountpoint);
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return fail_with(err, "%s %s (on %s): %s", what, mount_fs_name(b->owner->e), b->owner->e->mountpoint,
			 text[1] == ' ' ? text + 2 : text);
}

/* mountinfo shows these, but they are no options of the mount that shows them. */
static bool is_shown_only(const char *key)
{
	return streq(key, "seclabel") || streq(key, "release_agent");
}

static int set_option(int fs, const struct mnt_base *b, const char *key, const char *value)
{
	int cmd = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	if (is_shown_only(key) || fsconfig(fs, cmd, key, value, 0) == 0)
		return 0;
	return fs_fail(fs, b, value ? value : key);
}

/* Layers: "lowerdir=/a:/b::/data", each of which may be longer together than fsconfig(2) takes. */
static int set_layers(int fs, const struct mnt_base *b, char *value)
{
	const char *key = "lowerdir+";

	if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", value, 0) == 0)
		return 0;
	while (*value) {
		char *out = value, *in = value, *layer = value;

		for (; *in && *in != ':'; in++) {	/* "\:" is a colon of a name */
			if (in[0] == '\\' && in[1])
				in++;
			*out++ = *in;
		}
		value = *in ? in + 1 : in;
		*out = 0;
		if (fsconfig(fs, FSCONFIG_SET_STRING, key, layer, 0) < 0)
			return fs_fail(fs, b, layer);
		if (*value == ':') {
			key = "datadir+";
			value++;
		}
	}
	return 0;
}

static int set_options(int fs, const struct mnt_base *b)
{
	auto_free char *text = strdup(b->owner->e->options);
	char *at = text, *key, *value;
	int err = 0;

	if (!text)
		return fail(ENOMEM, "no memory for options");
	/* Of what the machine has only once, options would change everybody's. */
	if (b->sb->kind->traits & (KIND_SINGLE | KIND_DEVICE))
		return 0;
	while (!err && next_option(&at, &key, &value)) {
		if (b->sb->kind->type == FSTYPE__OVERLAYFS && value && streq(key, "lowerdir"))
			err = set_layers(fs, b, value);
		else
			err = set_option(fs, b, key, value);
	}
	return err;
}

/* Mounting cgroup2 again sets the options of the only instance: to what they are. */
static int set_host_options(int fs, const struct mnt_base *b)
{
	struct arena a = { 0 };
	struct mountinfo_list l;
	int err = mountinfo_read(&a, AT_FDCWD, "/proc/self/mountinfo", &l);

	for (size_t i = 0; i < l.n && !err; i++) {
		char *rest, *key, *value;

		if (!streq(l.v[i].fstype, "cgroup2"))
			continue;
		sb_flags_parse(&a, l.v[i].sb_options, &rest);
		while (!err && next_option(&rest, &key, &value))
			err = set_option(fs, b, key, value);
		break;
	}
	arena_free(&a);
	return err;
}

static bool is_filled_later(const struct mnt_base *b)
{
	return b->sb->kind->traits & KIND_CONTENTS;
}

static int set_sb_flags(int fs, const struct mnt_base *b)
{
	uint32_t flags = b->owner->e->sb_flags;

	if (b->sb->kind->traits & KIND_SINGLE)
		return 0;
	if ((flags & MS_RDONLY && !is_filled_later(b) && fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0) ||
	    (flags & MS_SYNCHRONOUS && fsconfig(fs, FSCONFIG_SET_FLAG, "sync", NULL, 0) < 0) ||
	    (flags & MS_DIRSYNC && fsconfig(fs, FSCONFIG_SET_FLAG, "dirsync", NULL, 0) < 0) ||
	    (flags & MS_MANDLOCK && fsconfig(fs, FSCONFIG_SET_FLAG, "mand", NULL, 0) < 0))
		return fs_fail(fs, b, "set flags of");
	return 0;
}

static int make(const struct mnt_base *b, int *ret_fd)
{
	auto_fd int fs = fsopen(mount_fs_name(b->owner->e), FSOPEN_CLOEXEC), fd = -1;
	bool is_cgroup2 = b->sb->kind->type == FSTYPE__CGROUP2;
	int err = 0;

	if (fs < 0)
		return fail_errno("the kernel makes no %s (for %s)", mount_fs_name(b->owner->e), b->owner->e->mountpoint);
	if (*b->owner->e->source && fsconfig(fs, FSCONFIG_SET_STRING, "source", b->owner->e->source, 0) < 0)
		return fs_fail(fs, b, "name the source of");
	err = set_sb_flags(fs, b);
	if (!err)
		err = is_cgroup2 ? set_host_options(fs, b) : set_options(fs, b);
	if (err)
		return err;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_fail(fs, b, "make");
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return fs_fail(fs, b, "mount");
	*ret_fd = take_fd(&fd);
	return 0;
}

int base_contents_open(const struct mnt_base *b, int img_dir)
{
	char name[64], older[64];	/* by the number of the mount, in older dumps */
	int in;

	image_name(IMG_TMPFS_DEV, b->sb->dev, name, sizeof(name));
	image_name(IMG_TMPFS_IMG, b->owner->e->mnt_id, older, sizeof(older));
	in = openat(img_dir, name, O_RDONLY | O_CLOEXEC);
	if (in < 0 && errno == ENOENT)
		in = openat(img_dir, older, O_RDONLY | O_CLOEXEC);
	return in < 0 ? fail_errno("image %s, the contents of %s", name, b->owner->e->mountpoint) : in;
}

static int fill(const struct mnt_base *b, int contents, int fd)
{
	char name[300];

	snprintf(name, sizeof(name), "the contents of %s", b->owner->e->mountpoint);
	return tar_load(contents, fd, name);
}

static int make_read_only(const struct mnt_base *b, int fd)
{
	auto_fd int fs = fspick(fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);

	if (fs < 0)
		return fail_errno("pick %s", b->owner->e->mountpoint);
	if (fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return fs_fail(fs, b, "make read-only");
	return 0;
}

int base_make(const struct mnt_base *b, int contents, int *ret_fd)
{
	auto_fd int fd = -1;
	int err = make(b, &fd);

	if (!err && contents >= 0)
		err = fill(b, contents, fd);
	if (!err && is_filled_later(b) && b->owner->e->sb_flags & MS_RDONLY)
		err = make_read_only(b, fd);
	if (err)
		return err;
	*ret_fd = take_fd(&fd);
	return 0;
}

int tmpfs_make(const char *source, int *ret_fd)
{
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), fd = -1;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_errno("make a tmpfs");
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno("mount a tmpfs");
	*ret_fd = take_fd(&fd);
	return 0;
}
