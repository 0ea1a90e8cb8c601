// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that is not dumpable: its own user may not attach to it.
 * zdtm-refuse: may not be attached to: .* is not dumpable; CAP_SYS_PTRACE is needed
 * zdtm-flavor: user
 */
#include <sys/prctl.h>

#include "zdtm.h"

static void child(void *arg)
{
	(void)arg;
	SETUP(prctl(PR_SET_DUMPABLE, 0) == 0);
	zt_checkpoint();
}

int main(void)
{
	return zt_in_child(child);
}
