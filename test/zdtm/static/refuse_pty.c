// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A terminal pair with both ends inside the tree: refused until its kind exists.
 * zdtm-refuse: tty|terminal|pts|ptmx
 * zdtm-code: file.tty
 * zdtm-peer: saves it
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int master, slave;
	char got[8];

	zt_init();
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	SETUP(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	SETUP(slave >= 0);
	zt_checkpoint();

	CHECK(write(slave, "ab", 2) == 2 && read(master, got, sizeof(got)) == 2, "the pair");
	return zt_result();
}
