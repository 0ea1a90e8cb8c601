/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --join-ns: the tree comes into namespaces that exist, as of a pod, instead of those it had or of the tool's. To the
 * rest of the family such a namespace is external: it is entered, and nothing is made in it.
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "ns/kind.h"
#include "options.h"
#include "run/restore.h"

enum { MAX_JOIN_PID = 65535 };		/* a larger number is the name of a file */

static const enum ns_type can_be_joined[] = { NS_IPC, NS_NET, NS_TIME, NS_UTS };

/* What can be asked for and not done, and why. */
static const struct {
	const char *name, *why;
} cannot_be_joined[] = {
	{ "user", "in there nobody may choose the pids of the tree, nor give its tasks the ids that they have" },
	{ "mnt", "the mounts of the tree are in the images, and a tree that has none of its own gets those of the tool: "
		 "run the tool in it (nsenter --mount)" },
};

static int check_can_be_joined(const char *arg)
{
	for (size_t i = 0; i < array_size(cannot_be_joined); i++) {
		size_t len = strlen(cannot_be_joined[i].name);

		if (!strncmp(arg, cannot_be_joined[i].name, len) && arg[len] == ':')
			return fail(EOPNOTSUPP, "--join-ns %s: %s", arg, cannot_be_joined[i].why);
	}
	return fail(EINVAL, "invalid argument for --join-ns: %s (ipc, net, time or uts, a colon, a pid or a file)", arg);
}

/* "net:1234", "ipc:/run/pod/ipc" */
static int parse(const char *arg, enum ns_type *ret_type, const char **ret_what)
{
	const char *colon = strchr(arg, ':');
	size_t len = colon ? (size_t)(colon - arg) : 0;

	for (size_t i = 0; i < array_size(can_be_joined); i++) {
		const char *name = ns_rows[can_be_joined[i]].name;

		if (len == strlen(name) && !strncmp(arg, name, len) && colon[1]) {
			*ret_type = can_be_joined[i];
			*ret_what = colon + 1;
			return 0;
		}
	}
	return check_can_be_joined(arg);
}

static int open_namespace(enum ns_type type, const char *what, int *ret_fd)
{
	char path[64];
	auto_fd int fd = -1;
	int32_t pid;
	int is;

	if (parse_i32(what, 10, &pid) == 0 && pid > 0 && pid <= MAX_JOIN_PID) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns_rows[type].name);
		what = path;
	}
	fd = open(what, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno("--join-ns %s: open %s", ns_rows[type].name, what);
	is = ioctl(fd, NS_GET_NSTYPE);
	if (is < 0 || (uint64_t)is != ns_rows[type].flag)
		return fail(EINVAL, "--join-ns %s: %s is no %s namespace", ns_rows[type].name, what, ns_rows[type].name);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* That of the root task, also if it was the tool's. */
static struct ns *namespace_of_root(struct restore *r, enum ns_type type)
{
	const struct task *root = r->m.tasks.v[0];

	return ns_of_root(&r->m, type) ?: ns_add(&r->m, type, ns_id_get(root->ids, type), root);
}

int ns_join(struct restore *r)
{
	for (unsigned int i = 0; i < r->opt->join_ns.n; i++) {
		enum ns_type type;
		const char *what;
		struct ns *ns;
		int err = parse(r->opt->join_ns.v[i], &type, &what);

		if (!err && type == NS_NET && r->opt->empty_net_ns)
			err = fail(EINVAL, "--join-ns net and --empty-ns net exclude each other");
		if (!err && (!r->m.tasks.v[0]->ids || !ns_id_get(r->m.tasks.v[0]->ids, type)))
			err = fail(EINVAL, "--join-ns %s: the images name no such namespace", ns_rows[type].name);
		if (err)
			return err;
		ns = namespace_of_root(r, type);
		ns->ext_key = r->opt->join_ns.v[i];
		err = open_namespace(type, what, &ns->fd);
		if (err)
			return err;
	}
	return 0;
}
