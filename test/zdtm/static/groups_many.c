// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two thousand supplementary groups.
 * zdtm-peer: refuses more than some hundred groups
 * zdtm-flavor: h,ns
 */
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 2000 };

int main(void)
{
	static gid_t groups[N], now[N];

	zt_init();
	for (int i = 0; i < N; i++)
		groups[i] = (gid_t)i * 100003 + 5;
	SETUP(setgroups(N, groups) == 0 && getgroups(N, groups) == N);
	zt_checkpoint();

	CHECK_EQ(getgroups(N, now), N);
	CHECK(!memcmp(now, groups, sizeof(now)), "the groups differ");
	return zt_result();
}
