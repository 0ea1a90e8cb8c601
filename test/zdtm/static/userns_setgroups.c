// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the user namespace says of setgroups(2) stays: unshare --map-root-user has denied it.
 * zdtm-flavor: uns
 */
#include <errno.h>
#include <grp.h>
#include <string.h>

#include "zdtm.h"

int main(void)
{
	char before[16] = "", after[16] = "";
	int can;

	zt_init();
	SETUP(zt_read_file("/proc/self/setgroups", before, sizeof(before)) > 0);
	can = setgroups(0, NULL);
	SETUP((can == 0) == !strncmp(before, "allow", 5));
	zt_checkpoint();

	CHECK(zt_read_file("/proc/self/setgroups", after, sizeof(after)) > 0 && !strcmp(before, after),
	      "\"%s\" is \"%s\" now", before, after);
	CHECK(setgroups(0, NULL) == can, "setgroups changed its mind (errno %d)", errno);
	return zt_result();
}
