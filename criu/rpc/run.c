/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DUMP and RESTORE: the worker is the visible process of the run. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/log.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "options.h"
#include "rpc/answer.h"
#include "rpc/requests.h"
#include "rpc/session.h"
#include "rpc/setup.h"
#include "run/cancel.h"
#include "run/outcome.h"

static void tell_progress(void *to, const struct progress_now *now)
{
	CriuProgress p = CRIU_PROGRESS__INIT;
	CriuResp resp = answer_of(CRIU_REQ_TYPE__NOTIFY);

	p.stage = (char *)now->stage;
	p.has_unit = p.has_done = p.has_stage_us = p.has_run_us = true;
	p.unit = now->unit == PROGRESS_BYTES ? CRIU_PROGRESS_UNIT__BYTES : CRIU_PROGRESS_UNIT__TASKS;
	p.has_total = now->total;
	p.total = now->total;
	/* What was counted on while the stage went to its end is no news. */
	p.done = now->total ? min(now->done, now->total) : now->done;
	p.stage_us = now->stage_us;
	p.run_us = now->run_us;
	resp.progress = &p;
	session_offer(to, &resp);
}

static void begin_run(struct session *s)
{
	cancel_on_hangup(s->sock);
	if (s->progress_ms)
		progress_tell(tell_progress, s, s->progress_ms);
}

int serve_dump(struct session *s, const CriuReq *req)
{
	struct outcome *out = outcome_new();
	CriuDumpResp dump = CRIU_DUMP_RESP__INIT;
	CriuResp resp = answer_of(req->type);
	struct options opt;
	struct dirs dirs;

	if (!out)
		return answer_failure(s, req->type, fail_errno("memory for the outcome"), NULL);
	if (setup_run(s, req->opts, FOR_DUMP, &opt, &dirs))
		return answer_failure(s, req->type, -EBADRQC, NULL);
	begin_run(s);
	if (dump_in(&opt, &dirs, out))
		return answer_failure(s, req->type, min(out->err, 0), out);
	resp.dump = &dump;
	dump.has_restored = true;
	return answer_send(s, &resp);
}

static int become_command(const struct options *opt)
{
	if (dup2(log_fd(), STDOUT_FILENO) < 0 || dup2(log_fd(), STDERR_FILENO) < 0)
		return fail_errno("give the log to %s", opt->args[0]);
	return exec_command(opt);
}

int serve_restore(struct session *s, const CriuReq *req)
{
	CriuRestoreResp restore = CRIU_RESTORE_RESP__INIT;
	CriuResp resp = answer_of(req->type);
	struct options opt;
	struct dirs dirs;
	int err;

	if (setup_run(s, req->opts, FOR_RESTORE, &opt, &dirs))
		return answer_failure(s, req->type, -EBADRQC, NULL);
	opt.detach = true;
	begin_run(s);
	err = restore_in(&opt, &dirs, &restore.pid);
	if (err)
		return answer_failure(s, req->type, err, NULL);
	resp.restore = &restore;
	err = answer_send(s, &resp);
	if (err || !opt.exec_cmd)
		return err;
	return become_command(&opt);
}
