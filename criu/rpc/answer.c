/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers, and how failures are told within what clients read. */
#include <errno.h>
#include "base/log.h"
#include "rpc/answer.h"
#include "rpc/session.h"
#include "run/outcome.h"

/* Old clients read into 1024 bytes, others into 8192; the kernel cuts what does not fit. */
enum { SHORT_ANSWER = 1024, LONG_ANSWER = 8191 };

CriuResp answer_of(CriuReqType type)
{
	CriuResp r = CRIU_RESP__INIT;

	r.type = type;
	r.success = true;
	return r;
}

int answer_send(struct session *s, CriuResp *resp)
{
	return session_send(s, resp, -1);
}

static void add_refusals(struct session *s, CriuResp *resp, const struct outcome *o)
{
	uint32_t n = outcome_n_kept(o);

	resp->has_all_refusals = o->n_refusals > 0;
	resp->all_refusals = o->n_refusals;
	resp->refusals = arena_array(&s->arena, CriuRefusal *, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		const struct outcome_refusal *from = &o->refusals[i];
		CriuRefusal *to = arena_msg(&s->arena, CriuRefusal, criu_refusal__init);

		to->code = (char *)refusal_code_text(from->code);
		to->object = (char *)from->object;
		to->text = (char *)from->text;
		to->hint = (char *)refusal_hint(from->code);
		resp->refusals[resp->n_refusals++] = to;
	}
}

int answer_failure(struct session *s, CriuReqType type, int err, const struct outcome *o)
{
	size_t limit = s->has_long_answers ? LONG_ANSWER : SHORT_ANSWER;
	CriuResp resp = answer_of(type);
	int sent;

	resp.success = false;
	resp.has_cr_errno = err < 0;
	resp.cr_errno = -err;
	if (log_first_error_line()[0])
		resp.cr_errmsg = (char *)log_first_error_line();
	if (o)
		add_refusals(s, &resp, o);
	while (resp.n_refusals && criu_resp__get_packed_size(&resp) > limit)
		resp.n_refusals--;
	sent = answer_send(s, &resp);
	return err ? err : sent ? sent : -EIO;
}
