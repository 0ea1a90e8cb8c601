// SPDX-License-Identifier: GPL-2.0-or-later
/* Every resource limit, soft and hard, with infinity and zero among them. */
#include <sys/resource.h>

#include "zdtm.h"

int main(void)
{
	struct rlimit before[RLIM_NLIMITS], now;
	static const rlim_t soft[] = {
		[RLIMIT_CPU] = 3600,	  [RLIMIT_FSIZE] = 1ul << 40, [RLIMIT_DATA] = RLIM_INFINITY,
		[RLIMIT_STACK] = 1 << 20, [RLIMIT_CORE] = 0,	      [RLIMIT_NPROC] = 4000,
		[RLIMIT_NOFILE] = 333,	  [RLIMIT_MEMLOCK] = 65536,   [RLIMIT_AS] = 1ul << 42,
		[RLIMIT_SIGPENDING] = 77, [RLIMIT_MSGQUEUE] = 4096,   [RLIMIT_RTTIME] = 5000000
	};

	zt_init();
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		SETUP(getrlimit(i, &before[i]) == 0);
		if (i < (int)(sizeof(soft) / sizeof(soft[0])) && soft[i]) {
			before[i].rlim_cur = soft[i];
			if (before[i].rlim_max == RLIM_INFINITY && i % 2)
				before[i].rlim_max = soft[i] == RLIM_INFINITY ? RLIM_INFINITY
									      : soft[i] * 2;
			SETUP(setrlimit(i, &before[i]) == 0);
		}
	}
	zt_checkpoint();

	for (int i = 0; i < RLIM_NLIMITS; i++)
		CHECK(getrlimit(i, &now) == 0 && now.rlim_cur == before[i].rlim_cur &&
			      now.rlim_max == before[i].rlim_max,
		      "limit %d is %#lx %#lx, was %#lx %#lx", i, now.rlim_cur, now.rlim_max,
		      before[i].rlim_cur, before[i].rlim_max);
	return zt_result();
}
