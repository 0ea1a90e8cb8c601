/* SPDX-License-Identifier: GPL-2.0-or-later */
/* criu dump */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "arch/cpuinfo.h"
#include "base/log.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "file/places.h"
#include "net/hold.h"
#include "options.h"
#include "run/cancel.h"
#include "run/dump.h"
#include "run/dump_run.h"
#include "run/guard.h"
#include "run/journal.h"
#include "run/outcome.h"
#include "run/script.h"
#include "run/stats.h"

struct dump_job {
	const struct options *opt;
	struct journal *journal;
	const struct dirs *dirs;
	struct outcome *outcome;	/* NULL: nobody asks for more than the exit status */
};

/* In the guardian. */
static int work(void *arg)
{
	const struct dump_job *job = arg;
	struct dump d = {
		.opt = job->opt,
		.journal = job->journal,
		.img_dir = job->dirs->img,
		.img_path = job->dirs->img_path,
		.run_id = job->dirs->run_id,
	};
	int err;

	if (cancel_on_signals())
		return EXIT_FAILURE;
	compel_give_up_when(is_cancelled);
	if (compel_wait_asleep(SIGRTMIN))
		debug("the kernel gives no timer: stops are polled for");
	err = dump_run(&d, job->opt->dry_run);
	if (job->outcome)
		outcome_set(job->outcome, err, &d.refusals);
	if (err)
		return err > 0 ? err : EXIT_FAILURE;
	if (!job->opt->dry_run && stats_save_dump(&d.stats, job->opt->display_stats))
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

static int check_options(const struct options *opt)
{
	struct cpu_cap cap;

	if (opt->tree <= 0)
		return fail(EINVAL, "pid not specified: name the process to dump with -t PID");
	if (opt->inherit_fd.n)
		return fail(EINVAL, "--inherit-fd is restore-only option");
	if (opt->explain && opt->explain[0] != 't' && opt->explain[0] != 'j')
		return fail(EINVAL, "invalid argument for --explain: %s (text or json)", opt->explain);
	return files_check_options(opt) ?: cpu_cap_parse(opt->cpu_cap, &cap) ?: net_hold_check(opt);
}

/* A dump that would fail at its first byte is better refused before the target is stopped. */
static int check_writable(const struct dump_job *job)
{
	if (job->opt->dry_run)
		return 0;
	if (faccessat(job->dirs->img, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return fail_errno("the images directory %s cannot be written", job->dirs->img_path);
	return 0;
}

int dump_in(const struct options *opt, const struct dirs *dirs, struct outcome *outcome)
{
	struct dump_job job = { .opt = opt, .dirs = dirs, .outcome = outcome };
	int status;

	if (check_options(opt) || check_writable(&job))
		return EXIT_FAILURE;
	progress_begin("dump");
	job.journal = journal_new();
	if (!job.journal) {
		(void)fail_errno("map the journal");
		return EXIT_FAILURE;
	}
	/* only post-dump's own exit status becomes ours */
	status = script_run(opt, "pre-dump", 0, dirs->img_path) ? EXIT_FAILURE : EXIT_SUCCESS;
	if (!status)
		status = guard_run(job.journal, work, &job);
	if (status < 0)
		status = EXIT_FAILURE;
	if (status)
		log_final("Dumping FAILED.");
	else if (!opt->dry_run)
		info("Dumping finished successfully");
	return status;
}

int cmd_dump(const struct options *opt)
{
	struct dirs dirs;

	if (check_options(opt) || dirs_open(opt, &dirs))
		return EXIT_FAILURE;
	return dump_in(opt, &dirs, NULL);
}
