/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* rpc/requests.h: what can be asked for */
#include "base/compiler.h"
#include "rpc.pb-c.h"

struct session;

/* Serves requests until the connection is to end; an exit status. */
int session_serve(struct session *s);

/* Each answers by itself: 0, or a negative errno when the answer was a failure. */
int serve_dump(struct session *s, const CriuReq *req) must_check;
int serve_restore(struct session *s, const CriuReq *req) must_check;
int serve_check(struct session *s, const CriuReq *req) must_check;
int serve_version(struct session *s, const CriuReq *req) must_check;
int serve_feature_check(struct session *s, const CriuReq *req) must_check;
int serve_wait_pid(struct session *s, const CriuReq *req) must_check;
int serve_cpuinfo(struct session *s, const CriuReq *req) must_check;
int serve_missing(struct session *s, const CriuReq *req) must_check;
