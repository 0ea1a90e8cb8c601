// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child in a namespace of its own: refused for now.
 * zdtm-refuse: namespace|ns
 */
#include <sched.h>
#include <unistd.h>

#include "zdtm.h"

static void child(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_NEWUTS) == 0);
	zt_checkpoint();
	CHECK(sethostname("x", 1) == 0, "sethostname");
}

int main(void)
{
	pid_t kid;

	zt_init();
	kid = zt_child(child, NULL);
	zt_checkpoint();

	zt_end_child(kid);
	return zt_result();
}
