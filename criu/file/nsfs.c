/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors of namespaces: an open link of /proc/PID/ns. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/kind.h"
#include "ns/ns.h"
#include "ns.pb-c.h"
#include "run/dump.h"
#include "run/restore.h"

/* "net:[4026531840]"; one that was opened by the path of a bind mount has that for a link. */
static bool nsfs_claims(const struct file_facts *f)
{
	char number[24];

	if (*f->link == '/')
		return false;
	snprintf(number, sizeof(number), ":[%lu]", (unsigned long)f->st.st_ino);
	return S_ISREG(f->st.st_mode) && strstr(f->link, number);
}

static int nsfs_scan(struct dump *d, const struct file_facts *f, void *rec)
{
	NsFileEntry *e = rec;
	int err = ns_identify(d, f->copy, &e->ns_id, &e->ns_cflag);

	if (err == -ENOENT)
		refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED,
		       "%s is a namespace that no process of the tree is in, nor this tool", f->link);
	return err == -ENOENT ? 0 : err;
}

static int nsfs_check(const void *rec)
{
	const NsFileEntry *e = rec;

	return ns_flag_is_known(e->ns_cflag) ? 0 : fail(EINVAL, "0x%x is no kind of namespace", e->ns_cflag);
}

static int nsfs_make(struct restore *r, const void *rec, int *ret_fd)
{
	const NsFileEntry *e = rec;
	auto_fd int fd = ns_open(r, e->ns_cflag, e->ns_id);

	if (fd < 0)
		return fd;
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct file_kind nsfs_kind = {
	.name = "nsfs",
	.type = FD_TYPES__NS,
	.record = &ns_file_entry__descriptor,
	.sign = { .format = S_IFREG },
	.claims = nsfs_claims,
	.scan = nsfs_scan,
	.check = nsfs_check,
	.make = nsfs_make,
};
