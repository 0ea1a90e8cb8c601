/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one loop that every order of work goes through. */
#include <errno.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/progress.h"
#include "run/cancel.h"
#include "run/stage.h"

/* For the fault tests: the stage has done its work, and then something goes wrong. */
static int inject_fault(const char *stage)
{
	const char *wanted = getenv("CRIU_FAULT_STAGE");

	if (wanted && streq(wanted, stage))
		return fail(EIO, "fault injected by CRIU_FAULT_STAGE");
	return 0;
}

/* From the n-th on downwards. */
static void undo_stages(const struct stage *s, size_t n, void *run)
{
	while (n--)
		if (s[n].undo) {
			IN_SCOPE("undo", -1);
			s[n].undo(run);
		}
}

int run_stages(const struct stage *s, size_t n, void *run, struct stage_times *ret_times)
{
	size_t i;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		IN_SCOPE(s[i].name, -1);
		uint64_t begin = now_us(), us;

		progress_stage(s[i].name);
		err = s[i].enter(run);
		if (!err)
			err = inject_fault(s[i].name);
		if (!err && i + 1 < n)
			err = check_cancelled();
		us = now_us() - begin;
		debug("took %llu us", (unsigned long long)us);
		if (ret_times)
			ret_times[i] = (struct stage_times){ s[i].name, us };
	}
	if (err)
		undo_stages(s, i, run);	/* the failed one too: an undo accepts half-done work */
	return err;
}

int try_stages(const struct stage *s, size_t n, void *run)
{
	int err = run_stages(s, n, run, NULL);

	if (!err)
		undo_stages(s, n, run);
	return err;
}
