// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tree whose mounts belong to a user namespace that its proc, mounted before, does not: in there nobody may mount one
 * of that pid namespace.
 * zdtm-refuse: /proc shows a pid namespace that is owned by a user namespace above that of the mounts \[ns.nested\]
 * zdtm-code: ns.nested
 * zdtm-flavor: ns,uns
 */
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "userns.h"
#include "zdtm.h"

int main(void)
{
	zt_init();
	zt_userns_enter_new("0 0 1", "0 0 1");
	SETUP(unshare(CLONE_NEWNS) == 0);
	zt_checkpoint();
	return zt_result();
}
