/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * membarrier(2) registrations: a process that did not register gets EPERM from the commands it relies on. They belong to
 * the address space, which outlives the exchange of its mappings, so they are made with libc.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "run/dump.h"
#include "task/kind.h"

/* MEMBARRIER_CMD_REGISTER_ GLOBAL_EXPEDITED, PRIVATE_EXPEDITED, PRIVATE_EXPEDITED_SYNC_CORE, PRIVATE_EXPEDITED_RSEQ */
enum { REGISTER_CMDS = 1 << 2 | 1 << 4 | 1 << 6 | 1 << 8 };

static int membarrier_scan(struct dump *d not_used, struct task *t)
{
	int64_t mask = t->dump->inside->membarrier.registered;
	TaskCoreEntry *tc = leader(t)->core->tc;

	if (mask <= 0)		/* a kernel that cannot tell is too old for anybody to expect it */
		return 0;
	tc->has_membarrier_registration_mask = true;
	tc->membarrier_registration_mask = mask;
	return 0;
}

static void membarrier_refuse(struct dump *d, const struct task *t)
{
	uint32_t mask = leader(t)->core->tc->membarrier_registration_mask & ~REGISTER_CMDS;

	if (mask)
		refuse(&d->refusals, REFUSE_TASK_STATE, "unknown membarrier registrations 0x%x", mask);
}

static int membarrier_check(const struct task *t)
{
	uint32_t mask = leader(t)->core->tc->membarrier_registration_mask & ~REGISTER_CMDS;

	return mask ? fail(EINVAL, "unknown membarrier registrations 0x%x", mask) : 0;
}

static int membarrier_make(struct restore *r not_used, const struct task *t)
{
	uint32_t mask = leader(t)->core->tc->membarrier_registration_mask;

	for (uint32_t cmd = 1; cmd <= mask; cmd <<= 1)
		if (mask & cmd && syscall(SYS_membarrier, cmd, 0, 0) < 0)
			return fail_errno("membarrier register 0x%x", cmd);
	return 0;
}

const struct task_kind membarrier_kind = {
	.name = "membarrier",
	.scan = membarrier_scan,
	.refuse = membarrier_refuse,
	.check = membarrier_check,
	.make = membarrier_make,
};
