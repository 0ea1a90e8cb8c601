/* SPDX-License-Identifier: GPL-2.0-or-later */
/* criu restore */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "file/places.h"
#include "kernel/lsm.h"
#include "options.h"
#include "run/cancel.h"
#include "run/journal.h"
#include "run/restore.h"
#include "run/restore_run.h"
#include "run/stats.h"
#include "task/label.h"

static int check_options(const struct options *opt)
{
	if (opt->tree)
		warn("-t is not needed at restore");
	if (opt->sibling && !opt->detach)
		return fail(EINVAL, "--restore-sibling needs --restore-detached");
	if (opt->exec_cmd && (opt->detach || !opt->n_args))
		return fail(EINVAL, "--exec-cmd needs a command behind --, and goes without --restore-detached");
	return files_check_options(opt);
}

/* Without -d the command stays until the tree is gone. How the root ended is not told, as callers expect it. */
static int wait_for_tasks(void)
{
	int status;

	while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
		;
	return EXIT_SUCCESS;
}

int exec_command(const struct options *opt)
{
	/* ignored signals would be inherited by the command */
	cancel_reset();
	execvp(opt->args[0], opt->args);
	return fail_errno("run %s", opt->args[0]);
}

static int after(const struct options *opt)
{
	/* a tool that waits could not be ended */
	cancel_reset();
	if (opt->exec_cmd) {
		(void)exec_command(opt);
		return EXIT_FAILURE;
	}
	return opt->detach ? EXIT_SUCCESS : wait_for_tasks();
}

int restore_in(const struct options *opt, const struct dirs *dirs, pid_t *ret_root)
{
	struct restore r = { .opt = opt, .img_dir = dirs->img, .img_path = dirs->img_path };
	struct label_rule rule;
	int err = label_rule_parse(opt->lsm_profile, lsm_active(), LSMTYPE__NO_LSM, &rule);

	if (!err)
		err = cancel_on_signals();
	if (err)
		return err;
	progress_begin("restore");
	r.journal = journal_new();
	err = r.journal ? restore_run(&r) : fail_errno("map the journal");
	if (err) {
		log_final("Restoring FAILED.");
		return err;
	}
	if (opt->dry_run) {
		if (!opt->client)
			printf("Nothing that can be known beforehand stands in the way of a restore of %zu process%s.\n",
			       r.m.tasks.n, r.m.tasks.n == 1 ? "" : "es");
		return 0;
	}
	*ret_root = restore_root(&r);
	info("Restore finished successfully. Tasks resumed.");
	if (stats_save_restore(&r.stats, opt->display_stats))
		warn("no statistics were written");
	return 0;
}

int cmd_restore(const struct options *opt)
{
	struct dirs dirs;
	pid_t root;

	if (check_options(opt) || dirs_open(opt, &dirs) || restore_in(opt, &dirs, &root))
		return EXIT_FAILURE;
	return opt->dry_run ? EXIT_SUCCESS : after(opt);
}
