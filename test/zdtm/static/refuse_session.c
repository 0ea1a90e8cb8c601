// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tree whose root is not a session leader: refused without --shell-job, which is named.
 * zdtm-refuse: shell-job
 * zdtm-code: task.session
 * zdtm-run: no-session
 */
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	pid_t session;

	zt_init();
	session = getsid(0);
	zt_checkpoint();

	CHECK_EQ(getsid(0), session);
	return zt_result();
}
