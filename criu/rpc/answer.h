/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* rpc/answer.h: the last packet for a request */
#include "base/compiler.h"
#include "rpc.pb-c.h"

struct outcome;
struct session;

/* An answer of this type, good unless changed. */
CriuResp answer_of(CriuReqType type);
/* Sends it; a good answer that cannot be sent is a failed request. */
int answer_send(struct session *s, CriuResp *resp) must_check;
/*
 * The failure of a request: err (negative; 0: not known) as cr_errno, the first error of the log, refusals of the
 * outcome (may be NULL). Returns a negative errno always.
 */
int answer_failure(struct session *s, CriuReqType type, int err, const struct outcome *o) must_check;
