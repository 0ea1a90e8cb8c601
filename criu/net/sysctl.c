/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of a network namespace that belong to no device. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "net/devconf.h"
#include "net/net.h"
#include "net/sysctl.h"
#include "options.h"
#include "run/dump.h"

#define ROOT "/proc/sys/net/"

/* Not walked: devices' own (net/devconf.c, the stream neightbl), and what has a field of its own. */
static const char *const left_out[] = {
	"ipv4/conf", "ipv6/conf", "ipv4/neigh", "ipv6/neigh", "ipv4/ping_group_range", "unix/max_dgram_qlen",
	"ipv4/ip_forward",	/* conf/all/forwarding under another name */
	"ipv4/route/flush", "ipv6/route/flush",
	"ipv4/tcp_child_ehash_entries", "ipv4/udp_child_hash_entries",	/* of namespaces made from this one */
};

ssize_t sysctl_read_fd(int fd, char *ret, size_t room)
{
	ssize_t got = read(fd, ret, room - 1);

	if (got < 0)
		return -errno;
	while (got > 0 && ret[got - 1] == '\n')
		got--;
	ret[got] = 0;
	return got;
}

ssize_t sysctl_read_at(int dir, const char *name, char *ret, size_t room)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : sysctl_read_fd(fd, ret, room);
}

ssize_t sysctl_read(const char *path, char *ret, size_t room)
{
	char full[192];

	snprintf(full, sizeof(full), ROOT "%s", path);
	return sysctl_read_at(AT_FDCWD, full, ret, room);
}

int sysctl_open_dir(const char *path)
{
	char full[192];
	int fd;

	snprintf(full, sizeof(full), ROOT "%s", path);
	fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_set(const struct options *opt, const char *path, const char *value)
{
	char full[192], now[SYSCTL_ROOM];
	auto_fd int fd = -1;

	snprintf(full, sizeof(full), ROOT "%s", path);
	fd = open(full, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && opt->weak_sysctls) {
		warn("net.%s does not exist here, it was %s", path, value);
		return 0;
	}
	if (fd < 0)
		return fail_errno("open %s (--weak-sysctls goes on without it if it does not exist)", full);
	if (sysctl_read_fd(fd, now, sizeof(now)) >= 0 && streq(now, value))
		return 0;
	if (pwrite(fd, value, strlen(value), 0) < 0)
		return fail_errno("write %s to %s", value, full);
	return 0;
}

static bool is_left_out(const char *path)
{
	for (size_t i = 0; i < array_size(left_out); i++)
		if (streq(path, left_out[i]))
			return true;
	return false;
}

static void add_file(struct arena *a, NetnsEntry *e, int dir, const char *name, const char *path)
{
	char value[SYSCTL_ROOM];
	/* What can only be read follows from something else; not even root may open such a file for writing. */
	auto_fd int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	NamedSysctl *s;

	if (fd < 0 || sysctl_read_fd(fd, value, sizeof(value)) < 0)
		return;
	s = arena_msg(a, NamedSysctl, named_sysctl__init);
	s->name = arena_strdup(a, path);
	s->value = arena_strdup(a, value);
	pb_push(a, e->sysctls, e->n_sysctls, s);
}

static void walk(struct arena *a, NetnsEntry *e, const char *dir)
{
	int fd = sysctl_open_dir(dir);
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *at;
	char path[160];

	while (list && (at = readdir(list))) {
		if (at->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", at->d_name) >= (int)sizeof(path) ||
		    is_left_out(path))
			continue;
		if (at->d_type == DT_DIR)
			walk(a, e, path);
		else
			add_file(a, e, fd, at->d_name, path);
	}
}

static void scan_qlen(struct arena *a, NetnsEntry *e)
{
	SysctlEntry *s = arena_msg(a, SysctlEntry, sysctl_entry__init);
	char value[32];

	s->type = SYSCTL_TYPE__CTL_32;
	s->has_iarg = sysctl_read("unix/max_dgram_qlen", value, sizeof(value)) > 0 && !parse_i32(value, 10, &s->iarg);
	pb_push(a, e->unix_conf, e->n_unix_conf, s);
}

static void scan_ping_groups(struct arena *a, NetnsEntry *e)
{
	SysctlEntry *s = arena_msg(a, SysctlEntry, sysctl_entry__init);
	char value[64];

	s->type = SYSCTL_TYPE__CTL_STR;
	/* Also the range that no group is in: without it the established tool fails to restore. */
	if (sysctl_read("ipv4/ping_group_range", value, sizeof(value)) > 0)
		s->sarg = arena_printf(a, "%s\n", value);
	pb_push(a, e->ipv4_sysctl, e->n_ipv4_sysctl, s);
}

int sysctl_scan(struct dump *d, struct net_ns *ns)
{
	struct arena *a = &d->m.arena;
	NetnsEntry *e = ns->entry;
	size_t n_more = 0;
	NamedSysctl **more = NULL;

	/* "all" first: it writes some values through to "default". */
	devconf_scan_files(a, "all", &e->n_all_conf4, &e->all_conf4, &e->n_all_conf6, &e->all_conf6, &n_more, &more);
	devconf_scan_files(a, "default", &e->n_def_conf4, &e->def_conf4, &e->n_def_conf6, &e->def_conf6, &n_more, &more);
	scan_qlen(a, e);
	scan_ping_groups(a, e);
	if (d->opt->plain_images)
		return 0;
	walk(a, e, "");
	for (size_t i = 0; i < n_more; i++)
		pb_push(a, e->sysctls, e->n_sysctls, more[i]);
	return 0;
}

static int make_devices(const struct options *opt, const NetnsEntry *e)
{
	NetDeviceEntry all = NET_DEVICE_ENTRY__INIT, def = NET_DEVICE_ENTRY__INIT;
	int err;

	all.name = (char *)"all";
	all.n_conf4 = e->n_all_conf4;
	all.conf4 = e->all_conf4;
	all.n_conf6 = e->n_all_conf6;
	all.conf6 = e->all_conf6;
	def.name = (char *)"default";
	def.n_conf4 = e->n_def_conf4;
	def.conf4 = e->def_conf4;
	def.n_conf6 = e->n_def_conf6;
	def.conf6 = e->def_conf6;
	err = devconf_make(opt, &all, NULL);	/* "all" writes some values through to "default" */
	return err ?: devconf_make(opt, &def, NULL);
}

int sysctl_make(const struct options *opt, const struct net_ns *ns)
{
	const NetnsEntry *e = ns->entry;
	char number[16], range[64];
	int err = make_devices(opt, e);

	if (!err && e->n_unix_conf && e->unix_conf[0]->has_iarg) {
		snprintf(number, sizeof(number), "%d", e->unix_conf[0]->iarg);
		err = sysctl_set(opt, "unix/max_dgram_qlen", number);
	}
	if (!err && e->n_ipv4_sysctl && e->ipv4_sysctl[0]->sarg) {
		snprintf(range, sizeof(range), "%.*s", (int)strcspn(e->ipv4_sysctl[0]->sarg, "\n"),
			 e->ipv4_sysctl[0]->sarg);
		err = sysctl_set(opt, "ipv4/ping_group_range", range);
	}
	for (size_t i = 0; i < e->n_sysctls && !err; i++)
		err = sysctl_set(opt, e->sysctls[i]->name, e->sysctls[i]->value);
	return err;
}
