/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cmd/cmd.h: the commands, and what all of them begin with */
#include "base/compiler.h"

struct options;

/* Each returns the exit status of the process. */
int cmd_dump(const struct options *opt);
int cmd_restore(const struct options *opt);
int cmd_check(const struct options *opt);
int cmd_cpuinfo(const struct options *opt);

/* CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, and --unprivileged for whoever is not root. Says what is missing. */
int check_privilege(const struct options *opt) must_check;

/* The directories of a run, opened; the process has changed into the work directory and logs where it should. */
struct dirs {
	int img;			/* -D */
	char *img_path;			/* absolute; lives as long as the process */
};
int dirs_open(const struct options *opt, struct dirs *ret) must_check;
