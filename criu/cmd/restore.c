/* SPDX-License-Identifier: GPL-2.0-or-later */
/* criu restore */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "options.h"
#include "run/cancel.h"
#include "run/journal.h"
#include "run/restore.h"
#include "run/restore_run.h"
#include "run/stats.h"

static int check_options(const struct options *opt)
{
	if (opt->tree)
		warn("-t is not needed at restore");
	if (opt->sibling && !opt->detach)
		return fail(EINVAL, "--restore-sibling needs --restore-detached");
	if (opt->exec_cmd && (opt->detach || !opt->n_args))
		return fail(EINVAL, "--exec-cmd needs a command behind --, and goes without --restore-detached");
	return 0;
}

/* Without -d the command stays until the tree is gone. How the root ended is not told, as callers expect it. */
static int wait_for_tasks(void)
{
	int status;

	while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
		;
	return EXIT_SUCCESS;
}

static int after(const struct options *opt)
{
	/* ignored signals would be inherited by the command, and a tool that waits could not be ended */
	cancel_reset();
	if (opt->exec_cmd) {
		execvp(opt->args[0], opt->args);
		(void)fail_errno("run %s", opt->args[0]);
		return EXIT_FAILURE;
	}
	return opt->detach ? EXIT_SUCCESS : wait_for_tasks();
}

int cmd_restore(const struct options *opt)
{
	struct restore r = { .opt = opt };
	struct dirs dirs;

	if (check_options(opt) || dirs_open(opt, &dirs) || cancel_on_signals())
		return EXIT_FAILURE;
	r.img_dir = dirs.img;
	r.img_path = dirs.img_path;
	progress_begin("restore");
	r.journal = journal_new();
	if (!r.journal || restore_run(&r)) {
		log_final("Restoring FAILED.");
		return EXIT_FAILURE;
	}
	if (opt->dry_run)
		return EXIT_SUCCESS;
	info("Restore finished successfully. Tasks resumed.");
	if (stats_save_restore(&r.stats, opt->display_stats))
		warn("no statistics were written");
	return after(opt);
}
