/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mount namespaces: all of the tree at once, since mounts of several share with each other. The root task has them
 * built before any other task is forked, and all inherit descriptors of them. Mounts that show a namespace of another task
 * (its /proc) follow when all are forked.
 */
#include "mount/set.h"
#include "ns/kind.h"
#include "run/dump.h"
#include "run/restore.h"

static int mnt_scan(struct dump *d, struct ns *ns)
{
	return ns_first(&d->m, NS_MNT) == ns ? mount_set_scan(d) : 0;
}

static int mnt_save(struct dump *d, struct ns *ns)
{
	int err = mount_set_save(d, ns->id);

	return err || ns_first(&d->m, NS_MNT) != ns ? err : mount_set_save_contents(d);
}

static int mnt_load(struct restore *r, struct ns *ns)
{
	return mount_set_load(r, ns->id);
}

static int mnt_prepare(struct restore *r, struct ns *ns)
{
	return ns_first(&r->m, NS_MNT) == ns ? mount_set_prepare(r) : 0;
}

static int mnt_make_first(struct restore *r, struct ns *ns)
{
	return ns_first(&r->m, NS_MNT) == ns ? mount_set_build(r) : 0;
}

static int mnt_make_last(struct restore *r, struct ns *ns)
{
	return ns_first(&r->m, NS_MNT) == ns ? mount_set_finish(r) : 0;
}

const struct ns_kind mnt_ns_kind = {
	.scan = mnt_scan,
	.save = mnt_save,
	.load = mnt_load,
	.prepare = mnt_prepare,
	.make_first = mnt_make_first,
	.make_last = mnt_make_last,
};
