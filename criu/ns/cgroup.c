/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroup namespaces: what they hide of each path. A namespace has the cgroups of its maker as its roots, so the first
 * task goes there for the moment in which it makes it.
 */
#include <sched.h>
#include "base/log.h"
#include "cgroup/cgroups.h"
#include "ns/kind.h"
#include "run/dump.h"
#include "run/restore.h"

static int scan_roots(struct dump *d, void *arg)
{
	struct ns *ns = arg;

	return cgroups_scan_roots(d, ns->task, (struct cg_roots **)&ns->data);
}

static int cgroup_scan(struct dump *d, struct ns *ns)
{
	return ns_inside(d, ns, scan_roots, ns);
}

static int cgroup_make_and_enter(struct restore *r, struct ns *ns)
{
	int err = cgroups_enter_roots(r, ns->task);

	if (!err && unshare(CLONE_NEWCGROUP) < 0)
		err = fail_errno("make a cgroup namespace");
	return err ?: cgroups_enter(r, ns->task, false);
}

const struct ns_kind cgroup_ns_kind = {
	.scan = cgroup_scan,
	.make_and_enter = cgroup_make_and_enter,
};
