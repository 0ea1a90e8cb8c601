/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* rpc/session.h: one client, one connection, one packet for one message */
#include <stdbool.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "rpc.pb-c.h"
#include "run/script.h"

struct options;

struct session {
	int sock;
	pid_t peer;			/* 0: in a pid namespace that cannot be seen from here */
	uid_t peer_uid;
	bool is_swrk;			/* the client has started us: it may hand us descriptors */
	bool has_long_answers;		/* this client reads more than 1024 bytes */
	uint32_t progress_ms;		/* and wants news of the run so often; 0: never */
	const struct options *base;	/* what holds before a request says anything */
	struct options *opt;		/* of the request being served, for query-ext-files */
	struct client client;		/* how stages reach the client */
	struct arena arena;		/* of the request being served */
};

/* SO_PEERCRED, close-on-exec. The descriptor stays the caller's. */
int session_open(struct session *s, int sock) must_check;
/*
 * 1: a request, which lives in the session's arena until the next. 0: the client closed the connection. -EBADMSG: what
 * came is no request (reported, can be answered); another negative errno: reported.
 */
int session_receive(struct session *s, CriuReq **ret) must_check;
/* With a descriptor (SCM_RIGHTS) unless fd is -1. */
int session_send(struct session *s, const CriuResp *resp, int fd) must_check;
/* As long as the client has room for it, and without a word where it has not. */
void session_offer(const struct session *s, const CriuResp *resp);

/* session.client.notify */
int session_notify(const struct client *c, const char *action, pid_t root_real, int fd);
