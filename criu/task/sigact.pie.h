/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/sigact.pie.h: signal actions, known to the process only */
#include <stdint.h>

enum { SIGACT_LAST = 64 };		/* signals are 1 to 64 */

/* struct sigaction as the system call has it, which is not libc's. */
struct sigact_raw {
	uint64_t handler, flags, restorer, mask;
};

struct sigact_inside {
	struct sigact_raw of[SIGACT_LAST];	/* signal n at n-1; SIGKILL's and SIGSTOP's stay zero */
	int32_t err;			/* the first error of rt_sigaction, raw */
};
void sigact_scan_inside(struct sigact_inside *ret);

struct sigact_arm {
	struct sigact_raw act;
	int32_t signo;
};
long sigact_arm(const struct sigact_arm *rows, unsigned int n);
