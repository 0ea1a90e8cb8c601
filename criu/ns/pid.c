/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pid namespaces: they hold nothing but their tasks, and what pidns-N.img says of one that stays outside. */
#include "base/log.h"
#include "image/dir.h"
#include "ns/kind.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/pids.h"

static int pid_scan(struct dump *d, struct ns *ns)
{
	if (pids_own(leader(ns->task)) != 1)
		refuse(&d->refusals, REFUSE_NS_OUTSIDE,
		       "process %d is the first of its pid namespace in the tree, but not its init", leader(ns->task)->pid);
	if (leader(ns->task)->n_inner && d->opt->plain_images)
		refuse(&d->refusals, REFUSE_NS_NESTED, "process %d is in a nested pid namespace, which plain images cannot "
		       "say (dump without --plain-images)", leader(ns->task)->pid);
	else if (leader(ns->task)->n_inner)
		d->m.inventory->img_version = IMG_VERSION_EXTENDED;	/* others would make one namespace of all */
	return 0;
}

static int pid_save(struct dump *d, struct ns *ns)
{
	PidnsEntry e = PIDNS_ENTRY__INIT;

	if (!ns->ext_key)
		return 0;
	e.ext_key = (char *)ns->ext_key;
	return image_write_one(d->img_dir, IMG_PIDNS, ns->id, &e.base);
}

static int pid_load(struct restore *r, struct ns *ns)
{
	struct image_in in;
	PidnsEntry *e;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_PIDNS, ns->id);

	if (!got)
		got = image_next(&in, &e);
	if (got > 0)
		ns->ext_key = e->ext_key;
	return min(got, 0);
}

const struct ns_kind pid_ns_kind = {
	.scan = pid_scan,
	.save = pid_save,
	.load = pid_load,
};
