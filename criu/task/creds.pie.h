/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/creds.pie.h: credentials, set by each thread for itself */
#include <stdint.h>

struct creds_inside_thread {
	int64_t securebits;		/* or a negative errno */
};
void creds_scan_inside_thread(struct creds_inside_thread *ret);

/* All rows of a thread together are its supplementary groups. */
struct creds_groups_arm {
	uint32_t gid;
};
long creds_groups_arm(const struct creds_groups_arm *rows, unsigned int n);

struct creds_caps {
	uint64_t inh, prm, eff;
};

enum creds_step {			/* what differs from the tool's own */
	CREDS_NO_GROUPS = 1,
	CREDS_INHERITABLE = 2,
	CREDS_IDS = 4,
	CREDS_AMBIENT = 8,
	CREDS_SECUREBITS = 16,
	CREDS_CAPS = 32,
	CREDS_NO_NEW_PRIVS = 64,
};

struct creds_arm {
	uint32_t steps;			/* enum creds_step */
	uint32_t securebits;
	uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	struct creds_caps caps;		/* with what is kept for creds_final */
	uint64_t ambient;
	uint64_t drop;			/* from the bounding set */
	uint64_t own;			/* the tool's permitted set */
};
long creds_arm(const struct creds_arm *rows, unsigned int n);

/* For threads that need a capability a little longer than they have it. */
struct creds_final_arm {
	struct creds_caps caps;
};
long creds_final_arm(const struct creds_final_arm *rows, unsigned int n);
