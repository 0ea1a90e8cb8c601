/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection: requests one after the other, each to its function. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "rpc/answer.h"
#include "rpc/requests.h"
#include "rpc/session.h"

static const struct request {
	CriuReqType type;
	int (*serve)(struct session *s, const CriuReq *req);
	bool in_child;			/* so that the process that goes on is as it was */
	bool may_keep_open;
	bool for_all;			/* harmless: also for clients that are somebody else */
} requests[] = {
	{ CRIU_REQ_TYPE__DUMP, serve_dump },
	{ CRIU_REQ_TYPE__RESTORE, serve_restore },
	{ CRIU_REQ_TYPE__CHECK, serve_check, .in_child = true },
	{ CRIU_REQ_TYPE__PRE_DUMP, serve_missing },
	{ CRIU_REQ_TYPE__SINGLE_PRE_DUMP, serve_missing },
	{ CRIU_REQ_TYPE__PAGE_SERVER, serve_missing, .may_keep_open = true },
	{ CRIU_REQ_TYPE__PAGE_SERVER_CHLD, serve_missing, .may_keep_open = true },
	{ CRIU_REQ_TYPE__CPUINFO_DUMP, serve_cpuinfo, .in_child = true, .may_keep_open = true },
	{ CRIU_REQ_TYPE__CPUINFO_CHECK, serve_cpuinfo, .in_child = true, .may_keep_open = true },
	{ CRIU_REQ_TYPE__FEATURE_CHECK, serve_feature_check, .in_child = true, .may_keep_open = true, .for_all = true },
	{ CRIU_REQ_TYPE__VERSION, serve_version, .may_keep_open = true, .for_all = true },
	{ CRIU_REQ_TYPE__WAIT_PID, serve_wait_pid },
};

static const struct request *find_request(CriuReqType type)
{
	for (size_t i = 0; i < array_size(requests); i++)
		if (requests[i].type == type)
			return &requests[i];
	return NULL;
}

/*
 * A service works with its own rights: what it writes where a client points it, and whom it dumps, the client might
 * not be allowed to. Whoever started the worker itself (swrk) has given it its rights.
 */
static bool is_stranger(const struct session *s)
{
	return !s->is_swrk && s->peer_uid && s->peer_uid != geteuid();
}

static int serve_in_child(const struct request *r, struct session *s, const CriuReq *req)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return answer_failure(s, req->type, fail_errno("fork"), NULL);
	if (!pid)
		exit(r->serve(s, req) ? EXIT_FAILURE : EXIT_SUCCESS);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno("wait for the child that serves the request");
	if (WIFEXITED(status))
		return WEXITSTATUS(status) ? -EIO : 0;
	return answer_failure(s, req->type, fail(EIO, "the process that serves the request was killed by signal %d",
						 WTERMSIG(status)), NULL);
}

static int serve_one(struct session *s, const CriuReq *req)
{
	const struct request *r = find_request(req->type);

	if (!r)
		return answer_failure(s, CRIU_REQ_TYPE__EMPTY,
				      fail(EINVAL, "a request of type %d cannot be served", req->type), NULL);
	if (req->has_keep_open && req->keep_open && !r->may_keep_open)
		return fail(EINVAL, "a request of type %d ends its connection, keep_open is not possible", req->type);
	if (is_stranger(s) && !r->for_all)
		return answer_failure(s, req->type,
				      fail(EPERM, "uid %u may not use the service of uid %u; run criu swrk with the "
					   "rights of your own", s->peer_uid, geteuid()), NULL);
	return r->in_child ? serve_in_child(r, s, req) : r->serve(s, req);
}

int session_serve(struct session *s)
{
	for (bool is_first = true;; is_first = false) {
		CriuReq *req;
		int got, err;

		arena_free(&s->arena);
		s->arena = (struct arena){ 0 };
		log_forget_errors();
		got = session_receive(s, &req);
		if (got == -EBADMSG)
			got = answer_failure(s, CRIU_REQ_TYPE__EMPTY, got, NULL);
		if (!got && is_first)
			got = fail(ECONNRESET, "the client closed its connection without a request");
		if (got <= 0)
			return got ? EXIT_FAILURE : EXIT_SUCCESS;
		s->has_long_answers = req->has_long_answers && req->long_answers;
		s->progress_ms = req->has_progress_ms ? req->progress_ms : 0;
		err = serve_one(s, req);
		if (err)
			return EXIT_FAILURE;
		if (!req->has_keep_open || !req->keep_open)
			return EXIT_SUCCESS;
	}
}
