/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/seccomp.pie.h: filters, as a stream of words */
#include <stdint.h>

/*
 * Programs differ in length and rows do not, so a row is a word: a head, then the instructions of the program.
 * An instruction is a struct sock_filter, 8 bytes.
 */
enum seccomp_op { SECCOMP_ROW_STRICT = 1, SECCOMP_ROW_FILTER = 2 };

struct seccomp_arm {
	union {
		uint64_t insn;
		struct {
			uint16_t op, len;	/* len: instructions that follow */
			uint32_t flags;		/* SECCOMP_FILTER_FLAG_* */
		};
	};
};
long seccomp_arm(const struct seccomp_arm *rows, unsigned int n);

/* The same, by the leader for all threads. */
struct seccomp_shared_arm {
	struct seccomp_arm row;
};
long seccomp_shared_arm(const struct seccomp_shared_arm *rows, unsigned int n);
