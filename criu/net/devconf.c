/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of devices: read from the arrays of RTM_NEWLINK, written through their files where they differ. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netlink/attr.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "base/vec.h"
#include "net/devconf.h"
#include "net/sysctl.h"
#include "options.h"

enum unit { PLAIN, SECONDS, SECRET };

struct conf_row {
	const char *name;
	int index;
	enum unit unit;
};

static const struct conf_row conf4_rows[] = {
#define CONF4(name, index) { #name, index, PLAIN },
#include "net/devconf.def"
};
static const struct conf_row more4_rows[] = {
#define MORE4(name, index) { #name, index, PLAIN },
#include "net/devconf.def"
};
static const struct conf_row conf6_rows[] = {
#define CONF6(name, index, unit) { #name, index, unit },
#include "net/devconf.def"
};
static const struct conf_row more6_rows[] = {
#define MORE6(name, index, unit) { #name, index, unit },
#include "net/devconf.def"
};

enum { N4 = array_size(conf4_rows), N6 = array_size(conf6_rows) };

/* Values of one family as the kernel lays them out: index begins at `first`. */
struct conf_array {
	const int32_t *v;
	int n, first;
};

static struct conf_array find_array(struct nlattr *spec, int family, int type, int first)
{
	struct nlattr *af = spec ? nla_find(nla_data(spec), nla_len(spec), family) : NULL;
	struct nlattr *conf = af ? nla_find(nla_data(af), nla_len(af), type) : NULL;

	return (struct conf_array){ conf ? nla_data(conf) : NULL, conf ? nla_len(conf) / 4 : 0, first };
}

static bool get(const struct conf_array *c, const struct conf_row *row, int32_t *ret)
{
	int i = row->index - c->first;

	if (i < 0 || i >= c->n)
		return false;
	memcpy(ret, c->v + i, sizeof(*ret));
	if (row->unit == SECONDS && *ret > 0)
		*ret /= 1000;
	return true;
}

static SysctlEntry *new_entry(struct arena *a, const struct conf_row *row)
{
	SysctlEntry *e = arena_msg(a, SysctlEntry, sysctl_entry__init);

	e->type = row->unit == SECRET ? SYSCTL_TYPE__CTL_STR : SYSCTL_TYPE__CTL_32;
	return e;
}

/* Only if it was ever set. */
static void scan_secret(struct arena *a, NetDeviceEntry *e)
{
	char path[128], value[64];

	for (size_t i = 0; i < e->n_conf6; i++) {
		if (conf6_rows[i].unit != SECRET)
			continue;
		snprintf(path, sizeof(path), "ipv6/conf/%s/stable_secret", e->name);
		if (sysctl_read(path, value, sizeof(value)) > 0)
			e->conf6[i]->sarg = arena_strdup(a, value);
	}
}

static SysctlEntry **entries(struct arena *a, const struct conf_row *rows, size_t n, const struct conf_array *c)
{
	SysctlEntry **v = arena_array(a, SysctlEntry *, n);

	for (size_t i = 0; i < n; i++) {
		v[i] = new_entry(a, &rows[i]);
		if (rows[i].unit != SECRET)
			v[i]->has_iarg = get(c, &rows[i], &v[i]->iarg);
	}
	return v;
}

static void add_more(struct arena *a, NetDeviceEntry *e, const char *dir, const struct conf_row *rows, size_t n,
		     const struct conf_array *c)
{
	for (size_t i = 0; i < n; i++) {
		NamedSysctl *s;
		int32_t v;

		if (!get(c, &rows[i], &v))
			continue;
		s = arena_msg(a, NamedSysctl, named_sysctl__init);
		s->name = arena_printf(a, "%s/conf/%s/%s", dir, e->name, rows[i].name);
		s->value = arena_printf(a, "%d", v);
		pb_push(a, e->more_conf, e->n_more_conf, s);
	}
}

void devconf_scan(struct arena *a, NetDeviceEntry *e, struct nlattr *spec)
{
	struct conf_array c4 = find_array(spec, AF_INET, IFLA_INET_CONF, 1);
	struct conf_array c6 = find_array(spec, AF_INET6, IFLA_INET6_CONF, 0);

	if (c4.n) {
		e->n_conf4 = N4;
		e->conf4 = entries(a, conf4_rows, N4, &c4);
		add_more(a, e, "ipv4", more4_rows, array_size(more4_rows), &c4);
	}
	if (c6.n) {
		e->n_conf6 = N6;
		e->conf6 = entries(a, conf6_rows, N6, &c6);
		add_more(a, e, "ipv6", more6_rows, array_size(more6_rows), &c6);
	}
}

bool devconf_has_secret(const NetDeviceEntry *e)
{
	for (size_t i = 0; i < e->n_conf6 && i < N6; i++)
		if (conf6_rows[i].unit == SECRET && e->conf6[i]->sarg)
			return true;
	return false;
}

static bool has_row(const struct conf_row *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(rows[i].name, name))
			return true;
	return false;
}

static bool has_any_row(const char *family, const char *name)
{
	if (streq(family, "ipv4"))
		return has_row(conf4_rows, N4, name) || has_row(more4_rows, array_size(more4_rows), name);
	return has_row(conf6_rows, N6, name) || has_row(more6_rows, array_size(more6_rows), name);
}

static void add_named(struct arena *a, const char *path, const char *value, size_t *n, NamedSysctl ***v)
{
	NamedSysctl *s = arena_msg(a, NamedSysctl, named_sysctl__init);

	s->name = arena_strdup(a, path);
	s->value = arena_strdup(a, value);
	pb_push(a, *v, *n, s);
}

/* Is it one of "default" that only files have? */
static bool is_unlisted(const NamedSysctl *s, const char *family)
{
	char prefix[32];
	const char *name = s->name + snprintf(prefix, sizeof(prefix), "%s/conf/default/", family);

	/* How addresses are made up is told among the attributes of the device. */
	return has_prefix(s->name, prefix) && !has_any_row(family, name) && !streq(name, "addr_gen_mode");
}

void devconf_list_files(struct arena *a, const NetnsEntry *ns, struct devconf_files *ret)
{
	for (size_t i = 0; i < ns->n_sysctls; i++) {
		if (is_unlisted(ns->sysctls[i], "ipv4"))
			vec_push(a, &ret->v4, ns->sysctls[i]);
		if (is_unlisted(ns->sysctls[i], "ipv6"))
			vec_push(a, &ret->v6, ns->sysctls[i]);
	}
}

static void scan_unlisted(struct arena *a, const NamedSysctl *const *defaults, size_t n, NetDeviceEntry *e,
			  const char *family)
{
	auto_fd int dir = -1;
	char path[128], value[64];

	if (!n)
		return;
	snprintf(path, sizeof(path), "%s/conf/%s", family, e->name);
	dir = sysctl_open_dir(path);
	for (size_t i = 0; i < n; i++) {
		const char *name = strrchr(defaults[i]->name, '/') + 1;

		if (sysctl_read_at(dir, name, value, sizeof(value)) <= 0 ||
		    (e->type != ND_TYPE__LOOPBACK && streq(value, defaults[i]->value)))
			continue;
		snprintf(path, sizeof(path), "%s/conf/%s/%s", family, e->name, name);
		add_named(a, path, value, &e->n_more_conf, &e->more_conf);
	}
}

void devconf_scan_device_files(struct arena *a, const struct devconf_files *files, NetDeviceEntry *e)
{
	scan_secret(a, e);
	if (e->n_conf4)
		scan_unlisted(a, files->v4.v, files->v4.n, e, "ipv4");
	if (e->n_conf6)
		scan_unlisted(a, files->v6.v, files->v6.n, e, "ipv6");
}

/* "default" or "all" of one family. */
struct conf_dir {
	int fd;
	char path[32];
};

static struct conf_dir open_conf(const char *family, const char *device)
{
	struct conf_dir c;

	snprintf(c.path, sizeof(c.path), "%s/conf/%s", family, device);
	c.fd = sysctl_open_dir(c.path);
	return c;
}

static SysctlEntry **read_files(struct arena *a, const struct conf_dir *c, const struct conf_row *rows, size_t n)
{
	SysctlEntry **v = arena_array(a, SysctlEntry *, n);

	for (size_t i = 0; i < n; i++) {
		char value[64];

		v[i] = new_entry(a, &rows[i]);
		if (sysctl_read_at(c->fd, rows[i].name, value, sizeof(value)) <= 0)
			continue;
		if (rows[i].unit == SECRET)
			v[i]->sarg = arena_strdup(a, value);
		else
			v[i]->has_iarg = !parse_i32(value, 10, &v[i]->iarg);
	}
	return v;
}

/* All that has no place by position, whether this tool knows it or not. */
static void read_more(struct arena *a, const struct conf_dir *c, const struct conf_row *rows, size_t n, size_t *n_more,
		      NamedSysctl ***more)
{
	auto_dir DIR *list = fdopendir(c->fd);
	struct dirent *at;

	while (list && (at = readdir(list))) {
		char path[128], value[64];
		/* What can only be read follows from something else. */
		auto_fd int fd = has_row(rows, n, at->d_name) ? -1 : openat(c->fd, at->d_name, O_RDWR | O_CLOEXEC);

		if (fd < 0 || sysctl_read_fd(fd, value, sizeof(value)) <= 0 ||
		    snprintf(path, sizeof(path), "%s/%s", c->path, at->d_name) >= (int)sizeof(path))
			continue;
		add_named(a, path, value, n_more, more);
	}
}

void devconf_scan_files(struct arena *a, const char *device, size_t *n4, SysctlEntry ***conf4, size_t *n6,
			SysctlEntry ***conf6, size_t *n_more, NamedSysctl ***more)
{
	struct conf_dir c = open_conf("ipv4", device);

	*n4 = N4;
	*conf4 = read_files(a, &c, conf4_rows, N4);
	read_more(a, &c, conf4_rows, N4, n_more, more);
	c = open_conf("ipv6", device);
	if (c.fd < 0)
		return;		/* a kernel without IPv6 */
	*n6 = N6;
	*conf6 = read_files(a, &c, conf6_rows, N6);
	read_more(a, &c, conf6_rows, N6, n_more, more);
}

static bool is_same(const SysctlEntry *want, const SysctlEntry *now)
{
	if (want->type == SYSCTL_TYPE__CTL_STR)
		return now->sarg && streq(want->sarg, now->sarg);
	return now->has_iarg && want->iarg == now->iarg;
}

static int make_value(const struct options *opt, const char *family, const char *device, const struct conf_row *row,
		      const SysctlEntry *want)
{
	char path[128], number[16];

	snprintf(path, sizeof(path), "%s/conf/%s/%s", family, device, row->name);
	snprintf(number, sizeof(number), "%d", want->iarg);
	return sysctl_set(opt, path, want->type == SYSCTL_TYPE__CTL_STR ? want->sarg : number);
}

static int make_values(const struct options *opt, const char *family, const char *device, const struct conf_row *rows,
		       size_t n_rows, size_t n, SysctlEntry *const *want, size_t n_now, SysctlEntry *const *now)
{
	size_t last = n_rows;
	int err = 0;

	for (size_t i = 0; i < n && i < n_rows && !err; i++) {
		if (want[i]->type == SYSCTL_TYPE__CTL_STR ? !want[i]->sarg : !want[i]->has_iarg)
			continue;
		if (i < n_now && is_same(want[i], now[i]))
			continue;
		if (streq(rows[i].name, "accept_redirects"))	/* forwarding changes it behind our back */
			last = i;
		else
			err = make_value(opt, family, device, &rows[i], want[i]);
	}
	if (!err && last < n_rows)
		err = make_value(opt, family, device, &rows[last], want[last]);
	return err;
}

int devconf_make(const struct options *opt, const NetDeviceEntry *want, const NetDeviceEntry *now)
{
	static const NetDeviceEntry none = NET_DEVICE_ENTRY__INIT;
	int err;

	now = now ?: &none;
	err = make_values(opt, "ipv4", want->name, conf4_rows, N4, want->n_conf4, want->conf4, now->n_conf4, now->conf4);
	if (!err)
		err = make_values(opt, "ipv6", want->name, conf6_rows, N6, want->n_conf6, want->conf6, now->n_conf6,
				  now->conf6);
	for (size_t i = 0; i < want->n_more_conf && !err; i++)
		if (i >= now->n_more_conf || !streq(want->more_conf[i]->name, now->more_conf[i]->name) ||
		    !streq(want->more_conf[i]->value, now->more_conf[i]->value))
			err = sysctl_set(opt, want->more_conf[i]->name, want->more_conf[i]->value);
	return err;
}

static int check_values(const struct conf_row *rows, size_t n_rows, size_t n, SysctlEntry *const *v)
{
	if (n > n_rows)
		return fail(EINVAL, "%zu settings of a device, at most %zu are known", n, n_rows);
	for (size_t i = 0; i < n; i++)
		if (v[i]->type != (rows[i].unit == SECRET ? SYSCTL_TYPE__CTL_STR : SYSCTL_TYPE__CTL_32))
			return fail(EINVAL, "setting %zu (%s) is of type %d", i, rows[i].name, v[i]->type);
	return 0;
}

int devconf_check(size_t n4, SysctlEntry *const *conf4, size_t n6, SysctlEntry *const *conf6)
{
	return check_values(conf4_rows, N4, n4, conf4) ?: check_values(conf6_rows, N6, n6, conf6);
}
