/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file is that no kind claims: a refusal must name it. */
#include <linux/magic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include "base/parse.h"
#include "file/describe.h"
#include "file/kinds.h"
#include "run/dump.h"

static const struct {
	int family;
	const char *name;
} families[] = {
	{ AF_INET, "an IPv4" }, { AF_INET6, "an IPv6" }, { AF_NETLINK, "a netlink" },
	{ AF_PACKET, "a packet" }, { AF_VSOCK, "a vsock" }, { AF_ALG, "a crypto" }, { AF_XDP, "an XDP" },
};

static const char *const types[] = {
	[SOCK_STREAM] = "stream ", [SOCK_DGRAM] = "datagram ", [SOCK_RAW] = "raw ", [SOCK_SEQPACKET] = "seqpacket ",
};

static int socket_option(int fd, int name)
{
	int v = -1;
	socklen_t len = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) < 0 ? -1 : v;
}

static void refuse_socket(struct dump *d, const struct file_facts *f)
{
	int family = socket_option(f->copy, SO_DOMAIN), type = socket_option(f->copy, SO_TYPE);
	const char *type_name = type >= 0 && type < (int)array_size(types) && types[type] ? types[type] : "";

	for (size_t i = 0; i < array_size(families); i++) {
		if (families[i].family == family) {
			refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED, "%s is %s %ssocket; its kind is not supported yet",
			       f->link, families[i].name, type_name);
			return;
		}
	}
	refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED, "%s is a %ssocket of family %d; its kind is not supported yet",
	       f->link, type_name, family);
}

const char *special_fs_name(int fd)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} names[] = {
		{ 0x19800202, "a POSIX message queue" }, { NSFS_MAGIC, "a namespace" },
		{ 0x50494446, "a pidfd" }, { SECRETMEM_MAGIC, "secret memory" }, { HUGETLBFS_MAGIC, "huge pages" },
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0)
		for (size_t i = 0; i < array_size(names); i++)
			if (names[i].magic == (unsigned long)fs.f_type)
				return names[i].name;
	return "";
}

void refuse_unclaimed(struct dump *d, const struct file_facts *f)
{
	mode_t format = f->st.st_mode & S_IFMT;
	const char *special;

	if (anon_name(f->link)) {
		refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED, "%s is not supported", f->link);
	} else if (format == S_IFSOCK) {
		refuse_socket(d, f);
	} else if (format == S_IFCHR || format == S_IFBLK) {
		refuse(&d->refusals, REFUSE_FILE_DEVICE, "%s is %s device %u:%u", f->link,
		       format == S_IFCHR ? "character" : "block", major(f->st.st_rdev), minor(f->st.st_rdev));
	} else {
		special = special_fs_name(f->copy);
		refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED, "%s is %s", f->link,
		       *special ? special : has_prefix(f->link, "/memfd:") ? "a memfd" : "of no known kind");
	}
}
