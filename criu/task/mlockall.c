/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mlockall(MCL_FUTURE): what the process maps from now on is locked. Mappings that are locked already say so themselves
 * and belong to the memory family. The flag is set when all mappings are there, or it would lock them too.
 */
#include <errno.h>
#include <sys/mman.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/kind.h"

static int mlockall_scan(struct dump *d not_used, struct task *t)
{
	const struct mlockall_inside *in = &t->dump->inside->mlockall;
	TaskCoreEntry *tc = leader(t)->core->tc;

	if (in->err)
		return fail_with(in->err, "map a page to see whether it is locked");
	if (in->flags) {
		tc->has_mcl_future = true;
		tc->mcl_future = in->flags;
	}
	return 0;
}

static int mlockall_check(const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;

	if (tc->mcl_future && (tc->mcl_future & ~MCL_ONFAULT) != MCL_FUTURE)
		return fail(EINVAL, "mcl_future: flags 0x%x", tc->mcl_future);
	return 0;
}

static int mlockall_make(struct restore *r, const struct task *t)
{
	struct mlockall_arm row = { .flags = leader(t)->core->tc->mcl_future };

	if (row.flags)
		late_add(r, LATE_mlockall, leader(t), &row, sizeof(row));
	return 0;
}

const struct task_kind mlockall_kind = {
	.name = "mlockall",
	.scan = mlockall_scan,
	.check = mlockall_check,
	.make = mlockall_make,
};
