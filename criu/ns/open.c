/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors of namespaces that tasks hold: which one it is, and the same one again. */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "file/places.h"
#include "kernel/read.h"
#include "ns/kind.h"
#include "run/dump.h"
#include "run/restore.h"
#include "run/shared.h"

static int type_of_flag(uint64_t flag, enum ns_type *ret)
{
	for (enum ns_type type = 0; type < NS_COUNT; type++)
		if (ns_rows[type].flag == flag) {
			*ret = type;
			return 0;
		}
	return -EINVAL;
}

bool ns_flag_is_known(uint32_t flag)
{
	enum ns_type type;

	return !type_of_flag(flag, &type);
}

int ns_identify(struct dump *d, int fd, uint32_t *ret_id, uint32_t *ret_flag)
{
	int flag = ioctl(fd, NS_GET_NSTYPE), err;
	enum ns_type type;
	const struct ns *ns;
	struct stat st;
	ino_t own;

	if (flag < 0 || fstat(fd, &st) < 0)
		return fail_errno("ask for the kind of a namespace");
	err = type_of_flag(flag, &type);
	if (err)
		return -ENOENT;		/* a kind that this tool does not know */
	*ret_flag = flag;
	ns = ns_by_inode(&d->m, type, st.st_ino);
	if (!ns) {
		err = ns_inode(0, ns_rows[type].name, &own);
		if (err < 0)
			return err;
		if (own != st.st_ino)
			return -ENOENT;
	}
	*ret_id = ns ? ns->id : ns_id_get(d->m.inventory->root_ids, type);
	return 0;
}

static int open_link(pid_t pid_real, enum ns_type type, const char *suffix)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s%s", pid_real, ns_rows[type].name, suffix);
	fd = proc_open(path, O_RDONLY);
	return fd < 0 ? fail_errno("open %s", path) : fd;
}

int ns_open_link(pid_t pid_real, enum ns_type type)
{
	return open_link(pid_real, type, "");
}

int ns_open_of(pid_t pid_real, const struct ns *ns)
{
	return open_link(pid_real, ns->type, ns->parent ? "_for_children" : "");
}

static int open_again(int from)
{
	int fd, err = file_reopen(from, O_RDONLY, &fd);

	return err ? fail_with(err, "open a namespace again") : fd;
}

int ns_open(struct restore *r, uint32_t flag, uint32_t id)
{
	const struct ns *ns;
	enum ns_type type;
	int fd;

	if (type_of_flag(flag, &type))
		return fail(EINVAL, "0x%x is no kind of namespace", flag);
	ns = ns_by_id(&r->m, type, id);
	if (!ns && (!r->m.inventory->root_ids || ns_id_get(r->m.inventory->root_ids, type) != id))
		return fail(EINVAL, "%s namespace %u is not in the images", ns_rows[type].name, id);
	if (!ns)
		return r->own_ns ? open_again(r->own_ns[type]) : ns_open_link(getpid(), type);
	if (ns->fd >= 0)
		return open_again(ns->fd);
	if (ns->ext_key) {
		fd = inherited_find(r, ns->ext_key);
		return fd < 0 ? fail(ENOENT, "the %s namespace is external: hand it over with --inherit-fd fd[NUMBER]:%s",
				     ns_rows[type].name, ns->ext_key) : open_again(fd);
	}
	/* The root task is born in the base, whoever else is in it. */
	return ns_open_of(ns == ns_base(&r->m) ? r->shared->tasks[0].pid_real :
			  shared_ns(r->shared, ns->index)->pid_real, ns);
}
