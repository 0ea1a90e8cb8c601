/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that change nothing: what this is, what the machine can do, how a child ended. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "arch/cpuinfo.h"
#include "base/log.h"
#include "base/parse.h"
#include "cmd/cmd.h"
#include "cmd/features.h"
#include "image/dir.h"
#include "options.h"
#include "rpc/answer.h"
#include "rpc/requests.h"
#include "rpc/session.h"
#include "rpc/setup.h"
#include "run/cancel.h"

int serve_version(struct session *s, const CriuReq *req)
{
	CriuVersion v = CRIU_VERSION__INIT;
	CriuResp resp = answer_of(req->type);

	if (sscanf(VERSION, "%d.%d.%d", &v.major_number, &v.minor_number, &v.sublevel) < 2)
		return answer_failure(s, req->type, fail(EINVAL, "version %s has no numbers", VERSION), NULL);
	v.has_sublevel = v.sublevel > 0;
	resp.version = &v;
	return answer_send(s, &resp);
}

int serve_feature_check(struct session *s, const CriuReq *req)
{
	CriuFeatures f = CRIU_FEATURES__INIT;
	CriuResp resp = answer_of(req->type);

	/*
	 * They stand for pre-dumps and lazy restores, which this version does not have, whatever the kernel can do. All are
	 * there in the answer: clients tell "no" from "not known" by that.
	 */
	f.has_mem_track = f.has_lazy_pages = f.has_pidfd_store = true;
	resp.features = &f;
	return answer_send(s, &resp);
}

/* With a log file, a check needs directories; else nothing of the request matters to it. */
static bool check_has_log(const CriuOpts *opts)
{
	return opts && opts->log_file && !(opts->has_log_to_stderr && opts->log_to_stderr);
}

static int check_basic(void)
{
	const struct feature *f = NULL;

	while ((f = feature_next(f))) {
		int err = f->class == FEATURE_BASIC ? f->probe() : 0;

		if (err)
			return fail_with(err, "%s is missing: %s", f->name, f->loss);
	}
	return 0;
}

int serve_check(struct session *s, const CriuReq *req)
{
	CriuResp resp = answer_of(req->type);
	struct options opt;
	struct dirs dirs;
	int err;

	/* a log file name that is none is an error with or without directories */
	err = check_has_log(req->opts) ? setup_run(s, req->opts, FOR_ALL, &opt, &dirs) : check_privilege(s->base);
	if (err)
		return answer_failure(s, req->type, -EBADRQC, NULL);
	err = check_basic();
	if (err)
		return answer_failure(s, req->type, err, NULL);
	if (check_has_log(req->opts))
		dprintf(log_fd(), "Looks good.\n");
	return answer_send(s, &resp);
}

int serve_wait_pid(struct session *s, const CriuReq *req)
{
	CriuResp resp = answer_of(req->type);

	if (!req->has_pid)
		return answer_failure(s, req->type, fail(EBADRQC, "WAIT_PID without a pid"), NULL);
	if (cancel_on_signals())
		return answer_failure(s, req->type, -EIO, NULL);
	while (waitpid(req->pid, &resp.status, 0) < 0) {
		int err = errno == EINTR ? check_cancelled() : fail_errno("wait for pid %u", req->pid);

		if (err)
			return answer_failure(s, req->type, err, NULL);
	}
	resp.has_status = true;
	return answer_send(s, &resp);
}

static int cpuinfo_run(struct session *s, const struct options *opt, const struct dirs *dirs, bool is_check)
{
	struct cpu_cap cap;
	CpuinfoEntry *there;
	int err;

	if (!is_check)
		return image_write_one(dirs->img, IMG_CPUINFO, 0, &cpuinfo_scan(&s->arena)->base);
	err = cpu_cap_parse(opt->cpu_cap, &cap);
	if (!err)
		err = image_read_one(&s->arena, dirs->img, IMG_CPUINFO, 0, &there);
	if (err)
		return err;
	err = cpuinfo_check(there, cpuinfo_scan(&s->arena), &cap);
	return err == -ENODEV ? -ENOTSUP : err;		/* by this number clients know that it is the CPU */
}

int serve_cpuinfo(struct session *s, const CriuReq *req)
{
	CriuResp resp = answer_of(req->type);
	struct options opt;
	struct dirs dirs;
	int err;

	if (setup_run(s, req->opts, FOR_ALL, &opt, &dirs))
		return answer_failure(s, req->type, -EBADRQC, NULL);
	err = cpuinfo_run(s, &opt, &dirs, req->type == CRIU_REQ_TYPE__CPUINFO_CHECK);
	return err ? answer_failure(s, req->type, err, NULL) : answer_send(s, &resp);
}

int serve_missing(struct session *s, const CriuReq *req)
{
	/* the answer to PAGE_SERVER_CHLD is one of a page server */
	CriuReqType type = req->type == CRIU_REQ_TYPE__PAGE_SERVER_CHLD ? CRIU_REQ_TYPE__PAGE_SERVER : req->type;
	bool is_server = type == CRIU_REQ_TYPE__PAGE_SERVER;

	return answer_failure(s, type, fail(EOPNOTSUPP, "%s not supported by this version; %s",
					    is_server ? "page servers are" : "pre-dumps (memory tracking) are",
					    is_server ? "copy the image directory" : "ask for DUMP at once"), NULL);
}
