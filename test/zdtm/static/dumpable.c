// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dumpable flag: off in the child, on in the root, both as before.
 * zdtm-flavor: h,ns,uns
 */
#include <sys/prctl.h>

#include "zdtm.h"

static void child(void *arg)
{
	(void)arg;
	SETUP(prctl(PR_SET_DUMPABLE, 0) == 0);
	zt_checkpoint();
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
}

int main(void)
{
	pid_t kid;

	zt_init();
	kid = zt_child(child, NULL);
	zt_checkpoint();
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
	zt_end_child(kid);
	return zt_result();
}
