/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cmd/cmd.h: the commands, and what all of them begin with */
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include "base/compiler.h"
#include "run/run_id.h"

struct options;

/* Each returns the exit status of the process. */
int cmd_dump(const struct options *opt);
int cmd_restore(const struct options *opt);
int cmd_check(const struct options *opt);
int cmd_cpuinfo(const struct options *opt);
int cmd_service(const struct options *opt);
int cmd_swrk(const struct options *opt);

bool has_privilege(void);		/* CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE */
/* That, and --unprivileged for whoever is not root. Says what is missing. */
int check_privilege(const struct options *opt) must_check;

/* The directories of a run, opened; the process has changed into the work directory and logs where it should. */
struct dirs {
	int img;			/* -D */
	char img_path[PATH_MAX];	/* absolute */
	char run_id[RUN_ID_SIZE];
};
int dirs_open(const struct options *opt, struct dirs *ret) must_check;
/* The second half of that, for who has no images: changes into `work`, logs to -o. */
int work_dir_enter(const struct options *opt, const char *work, char ret_run_id[RUN_ID_SIZE]) must_check;

/* dump and restore behind that, for the commands and the service. outcome may be NULL. */
struct outcome;				/* run/outcome.h */
int dump_in(const struct options *opt, const struct dirs *dirs, struct outcome *outcome);	/* an exit status */
int restore_in(const struct options *opt, const struct dirs *dirs, pid_t *ret_root) must_check;
/* Becomes the command of --exec-cmd; comes back only with a failure, reported. */
int exec_command(const struct options *opt);
