/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run's steps are told to the client, which answers each before the run goes on. */
#include "base/log.h"
#include "base/parse.h"
#include "options.h"
#include "rpc/session.h"

/* Clients know the pid at these steps; at others they take its presence for news. */
static bool tells_pid(const char *action)
{
	return streq(action, "setup-namespaces") || streq(action, "post-restore");
}

static int take_externals(struct session *s, const CriuReq *answer)
{
	for (size_t i = 0; answer->opts && i < answer->opts->n_external; i++) {
		int err = options_set(s->opt, "external", answer->opts->external[i], false);

		if (err)
			return err;
	}
	return 0;
}

int session_notify(const struct client *c, const char *action, pid_t root_real, int fd)
{
	struct session *s = container_of(c, struct session, client);
	CriuNotify note = CRIU_NOTIFY__INIT;
	CriuResp resp = CRIU_RESP__INIT;
	CriuReq *answer;
	int got;

	note.script = (char *)action;
	note.has_pid = root_real > 0 && tells_pid(action);
	note.pid = root_real;
	resp.type = CRIU_REQ_TYPE__NOTIFY;
	resp.success = true;
	resp.notify = &note;
	got = session_send(s, &resp, fd);
	if (got < 0)
		return got;
	got = session_receive(s, &answer);
	if (got < 0)
		return got;
	if (!got)
		return fail(ECANCELED, "the client closed its connection at %s", action);
	if (answer->type != CRIU_REQ_TYPE__NOTIFY || !answer->notify_success)
		return fail(ECANCELED, "RPC client reported script error at %s", action);
	return streq(action, "query-ext-files") ? take_externals(s, answer) : 0;
}
