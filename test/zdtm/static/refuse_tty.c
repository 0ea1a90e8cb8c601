// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A terminal whose master is outside: refused without --shell-job, which is named.
 * zdtm-refuse: shell-job|tty
 * zdtm-code: file.tty
 * zdtm-run: pty
 */
#include <termios.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct termios before, now;

	zt_init();
	SETUP(tcgetattr(0, &before) == 0);
	zt_checkpoint();

	CHECK(tcgetattr(0, &now) == 0 && now.c_lflag == before.c_lflag, "the terminal");
	return zt_result();
}
