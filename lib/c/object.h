/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRIU_LIB_OBJECT_H
#define CRIU_LIB_OBJECT_H
#include "criu.h"

struct kept;

struct criu_opts {
	CriuOpts rpc;
	CriuPageServerInfo ps;
	struct kept *kept;		/* what rpc points to; freed with the object */
	int (*notify)(char *action, criu_notify_arg_t na);
	void (*tell)(const CriuProgress *progress);
	unsigned int every_ms;		/* of tell() */
	enum criu_service_comm comm;
	char *address, *binary;		/* among kept */
	int fd;
	int swrk;			/* pid of the program started for this request */
};

extern criu_opts *criu_global_opts __attribute__((visibility("hidden")));

/* transport.c: a connection by the way chosen, or a negative errno; what a request is sent and answered by */
int criu_connect(criu_opts *o, bool is_self_dump) __attribute__((visibility("hidden")));
void criu_disconnect(criu_opts *o, int sock) __attribute__((visibility("hidden")));
/* -ECOMM, errno says why */
int criu_send(int sock, const CriuReq *req) __attribute__((visibility("hidden")));
CriuResp *criu_receive(int sock) __attribute__((visibility("hidden")));
#endif
