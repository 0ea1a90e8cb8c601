/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/signals.pie.h: pending signals, which a thread can queue to itself only */
#include <stdint.h>

enum { SIGINFO_BYTES = 128 };

struct signals_arm {
	int32_t pid, tid, signo, pad;
	_Alignas(8) unsigned char info[SIGINFO_BYTES];
};
long signals_arm(const struct signals_arm *rows, unsigned int n);

struct signals_shared_arm {
	struct signals_arm s;
};
long signals_shared_arm(const struct signals_shared_arm *rows, unsigned int n);
