/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mountinfo to MntEntry. */
#include <sys/mount.h>
#include "base/parse.h"
#include "kernel/mountinfo.h"
#include "mount/flags.h"
#include "mount/kind.h"
#include "mount/record.h"

static uint32_t propagation_flags(const struct mountinfo *m)
{
	if (m->is_unbindable)
		return MS_UNBINDABLE;
	if (!m->shared && !m->master)
		return MS_PRIVATE;
	return (m->shared ? MS_SHARED : 0) | (m->master ? MS_SLAVE : 0);
}

MntEntry *mnt_record(struct arena *a, const struct mountinfo *m, bool *ret_idmapped)
{
	MntEntry *e = arena_msg(a, MntEntry, mnt_entry__init);
	const struct mount_kind *k = mount_kind_by_name(m->fstype);

	e->mnt_id = m->id;
	e->parent_mnt_id = m->parent;
	e->root_dev = m->dev;
	e->fstype = k ? k->type : FSTYPE__AUTO;
	if (e->fstype == FSTYPE__AUTO)
		e->fsname = m->fstype;
	e->flags = mount_flags_parse(m->options, ret_idmapped) | propagation_flags(m);
	e->has_sb_flags = true;
	e->sb_flags = sb_flags_parse(a, m->sb_options, &e->options);
	e->root = m->root;
	e->mountpoint = m->point;
	e->source = m->source;
	e->has_shared_id = e->has_master_id = true;
	e->shared_id = m->shared;
	e->master_id = m->master;
	e->has_deleted = e->deleted = m->is_deleted;
	return e;
}
