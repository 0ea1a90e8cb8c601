/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transparent huge pages switched off for the whole process, from Linux 6.18 on with the exception of what madvise(2)
 * asked for. Belongs to the address space, which outlives the exchange of its mappings.
 */
#include <errno.h>
#include <sys/prctl.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "run/dump.h"
#include "task/kind.h"

enum { THP_DISABLED = 1, THP_EXCEPT_ADVISED = 2 };

static int thp_scan(struct dump *d not_used, struct task *t)
{
	TaskCoreEntry *tc = leader(t)->core->tc;
	int64_t value = t->dump->inside->thp.value;

	if (value < 0)
		return 0;	/* a kernel without huge pages */
	t->mm->has_thp_disabled = true;
	t->mm->thp_disabled = value & THP_DISABLED;
	tc->has_thp_disable = value > THP_DISABLED;
	tc->thp_disable = value;
	return 0;
}

static void thp_refuse(struct dump *d, const struct task *t)
{
	uint32_t flags = leader(t)->core->tc->thp_disable & ~(THP_DISABLED | THP_EXCEPT_ADVISED);

	if (flags)
		refuse(&d->refusals, REFUSE_TASK_STATE, "unknown flags 0x%x of PR_GET_THP_DISABLE", flags);
}

static int thp_check(const struct task *t)
{
	uint32_t value = leader(t)->core->tc->thp_disable;

	if (value && (!(value & THP_DISABLED) || value & ~(THP_DISABLED | THP_EXCEPT_ADVISED)))
		return fail(EINVAL, "value 0x%x is unknown", value);
	return 0;
}

static int thp_make(struct restore *r not_used, const struct task *t)
{
	int own = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0);
	uint32_t wanted = leader(t)->core->tc->thp_disable;

	if (!t->mm->has_thp_disabled || own < 0)
		return 0;
	if (!wanted)
		wanted = t->mm->thp_disabled;
	if ((uint32_t)own == wanted)
		return 0;
	if (prctl(PR_SET_THP_DISABLE, wanted & THP_DISABLED, wanted & ~THP_DISABLED, 0, 0) == 0)
		return 0;
	if (errno != EINVAL || wanted == THP_DISABLED)
		return fail_errno("PR_SET_THP_DISABLE %u", wanted);
	warn("lost: huge pages for advised memory; this kernel can only switch them all off (Linux 6.18 can)");
	if (prctl(PR_SET_THP_DISABLE, THP_DISABLED, 0, 0, 0) < 0)
		return fail_errno("PR_SET_THP_DISABLE");
	return 0;
}

const struct task_kind thp_kind = {
	.name = "thp",
	.scan = thp_scan,
	.refuse = thp_refuse,
	.check = thp_check,
	.make = thp_make,
};
