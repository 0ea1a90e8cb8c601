/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/label.pie.h: security labels, which only a thread itself can change */
#include <stdint.h>

enum { LABEL_BYTES = 2048 };

struct label_arm {
	int32_t proc;			/* descriptor of /proc */
	uint32_t len;
	char file[48];			/* below it */
	char text[LABEL_BYTES];		/* in one write */
};
long label_arm(const struct label_arm *rows, unsigned int n);

/* The same for a process that will have threads, which inherit it. */
struct label_all_arm {
	struct label_arm row;
};
long label_all_arm(const struct label_all_arm *rows, unsigned int n);
