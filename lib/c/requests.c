/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests: one connection, one request, answers to steps, one result. */
#include <errno.h>
#include <string.h>
#include "object.h"

#define TEXT_OF(x) TEXT_OF_NUMBER(x)
#define TEXT_OF_NUMBER(x) #x
const char *criu_lib_version = TEXT_OF(CRIU_VERSION_MAJOR) "." TEXT_OF(CRIU_VERSION_MINOR);

int criu_notify_pid(criu_notify_arg_t na)
{
	return na->has_pid ? na->pid : 0;
}

/* 0: agreed; else what the callback says. */
static int answer_step(criu_opts *o, int sock, const CriuResp *resp)
{
	CriuReq req = CRIU_REQ__INIT;
	int said = o->notify && resp->notify ? o->notify(resp->notify->script, resp->notify) : 0, err;

	req.type = CRIU_REQ_TYPE__NOTIFY;
	req.has_notify_success = true;
	req.notify_success = !said;
	err = criu_send(sock, &req);
	return said ? said : err;
}

/* The final answer, which the caller frees, or NULL and *ret_err. */
static CriuResp *exchange(criu_opts *o, int sock, const CriuReq *req, int *ret_err)
{
	int refused = 0;

	*ret_err = criu_send(sock, req);
	while (!*ret_err) {
		CriuResp *resp = criu_receive(sock);
		int err;

		if (!resp) {
			*ret_err = refused ? refused : errno == EBADMSG ? -EBADMSG : -ECOMM;
			return NULL;
		}
		if (resp->progress) {	/* news, which wants no answer */
			if (o->tell)
				o->tell(resp->progress);
			criu_resp__free_unpacked(resp, NULL);
			continue;
		}
		if (resp->type != CRIU_REQ_TYPE__NOTIFY) {
			if (!refused)
				return resp;
			*ret_err = refused;
			criu_resp__free_unpacked(resp, NULL);
			return NULL;
		}
		err = answer_step(o, sock, resp);
		if (err && !refused)
			refused = err;
		criu_resp__free_unpacked(resp, NULL);
	}
	return NULL;
}

static int judge(const CriuResp *resp, CriuReqType type)
{
	if (resp->has_cr_errno)
		errno = resp->cr_errno;
	if (resp->type == CRIU_REQ_TYPE__EMPTY && !resp->success)
		return -EINVAL;
	if (resp->type != type)
		return -EBADMSG;
	return resp->success ? 0 : -EBADE;
}

static int result(const CriuResp *resp)
{
	switch (resp->type) {
	case CRIU_REQ_TYPE__DUMP:
		return resp->dump && resp->dump->has_restored && resp->dump->restored;
	case CRIU_REQ_TYPE__RESTORE:
		return resp->restore ? resp->restore->pid : -EBADMSG;
	default:
		return 0;
	}
}

/* The answer, judged good, or NULL and *ret_err. */
static CriuResp *ask(criu_opts *o, CriuReq *req, int *ret_err)
{
	bool is_self = req->type == CRIU_REQ_TYPE__DUMP && !o->rpc.has_pid;
	int sock = criu_connect(o, is_self);
	CriuResp *resp;

	*ret_err = sock;
	if (sock < 0)
		return NULL;
	resp = exchange(o, sock, req, ret_err);
	criu_disconnect(o, sock);
	if (!resp)
		return NULL;
	*ret_err = judge(resp, req->type);
	if (!*ret_err)
		return resp;
	criu_resp__free_unpacked(resp, NULL);
	return NULL;
}

static int request(criu_opts *o, CriuReqType type, bool has_opts)
{
	CriuReq req = CRIU_REQ__INIT;
	CriuResp *resp;
	int err;

	req.type = type;
	req.opts = has_opts ? &o->rpc : NULL;
	req.has_progress_ms = o->every_ms;
	req.progress_ms = o->every_ms;
	resp = ask(o, &req, &err);
	if (!resp)
		return err;
	err = result(resp);
	criu_resp__free_unpacked(resp, NULL);
	return err;
}

int criu_local_check(criu_opts *o)
{
	return request(o, CRIU_REQ_TYPE__CHECK, false);
}

int criu_local_dump(criu_opts *o)
{
	return request(o, CRIU_REQ_TYPE__DUMP, true);
}

int criu_local_pre_dump(criu_opts *o)
{
	return request(o, CRIU_REQ_TYPE__SINGLE_PRE_DUMP, true);
}

int criu_local_restore(criu_opts *o)
{
	return request(o, CRIU_REQ_TYPE__RESTORE, true);
}

int criu_local_restore_child(criu_opts *o)
{
	enum criu_service_comm comm = o->comm;
	protobuf_c_boolean had = o->rpc.has_rst_sibling, was = o->rpc.rst_sibling;
	int ret;

	o->comm = CRIU_COMM_BIN;
	o->rpc.has_rst_sibling = o->rpc.rst_sibling = true;
	ret = request(o, CRIU_REQ_TYPE__RESTORE, true);
	o->comm = comm;
	o->rpc.has_rst_sibling = had;
	o->rpc.rst_sibling = was;
	return ret;
}

static int iterate(criu_opts *o, int sock, int (*more)(criu_predump_info pi))
{
	for (;;) {
		CriuReq req = CRIU_REQ__INIT;
		CriuResp *resp;
		int err, again = 0;
		bool is_last;

		req.type = CRIU_REQ_TYPE__PRE_DUMP;
		req.opts = &o->rpc;
		resp = exchange(o, sock, &req, &err);
		if (resp)
			err = judge(resp, req.type);
		if (resp)
			criu_resp__free_unpacked(resp, NULL);
		if (err)
			return err;
		again = more(NULL);
		if (again < 0)
			return again;
		is_last = !again;
		if (!is_last)
			continue;
		req.type = CRIU_REQ_TYPE__DUMP;
		resp = exchange(o, sock, &req, &err);
		if (!resp)
			return err;
		err = judge(resp, req.type);
		if (!err)
			err = result(resp);
		criu_resp__free_unpacked(resp, NULL);
		return err;
	}
}

int criu_local_dump_iters(criu_opts *o, int (*more)(criu_predump_info pi))
{
	int sock, err;

	if (!o->rpc.has_pid || !more) {
		errno = EINVAL;
		return -EINVAL;
	}
	sock = criu_connect(o, false);
	if (sock < 0)
		return sock;
	err = iterate(o, sock, more);
	criu_disconnect(o, sock);
	return err;
}

int criu_local_get_version(criu_opts *o)
{
	CriuReq req = CRIU_REQ__INIT;
	CriuResp *resp;
	int v;

	req.type = CRIU_REQ_TYPE__VERSION;
	resp = ask(o, &req, &v);
	if (!resp)
		return v;
	v = -EBADMSG;
	if (resp->version) {
		v = resp->version->major_number * 10000 + resp->version->minor_number * 100;
		/* between two releases counts as the next */
		if (resp->version->gitid)
			v += 100;
		else if (resp->version->has_sublevel)
			v += resp->version->sublevel;
	}
	criu_resp__free_unpacked(resp, NULL);
	return v;
}

int criu_local_check_version(criu_opts *o, int minimum)
{
	int v = criu_local_get_version(o);

	return v < 0 ? v : v >= minimum;
}

int criu_local_feature_check(criu_opts *o, struct criu_feature_check *features, size_t size)
{
	struct criu_feature_check f = { 0 };
	CriuFeatures wanted = CRIU_FEATURES__INIT;
	CriuReq req = CRIU_REQ__INIT;
	CriuResp *resp;
	int err;

	if (!features || size > sizeof(f))
		return -1;
	memcpy(&f, features, size);
	wanted.has_mem_track = wanted.mem_track = f.mem_track;
	wanted.has_lazy_pages = wanted.lazy_pages = f.lazy_pages;
	wanted.has_pidfd_store = wanted.pidfd_store = f.pidfd_store;
	req.type = CRIU_REQ_TYPE__FEATURE_CHECK;
	req.features = &wanted;
	resp = ask(o, &req, &err);
	if (!resp)
		return err;
	f = (struct criu_feature_check){ 0 };
	if (resp->features) {
		f.mem_track = resp->features->mem_track;
		f.lazy_pages = resp->features->lazy_pages;
		f.pidfd_store = resp->features->pidfd_store;
	}
	memcpy(features, &f, size);
	criu_resp__free_unpacked(resp, NULL);
	return 0;
}

/* The same on the library's own object. */
#define GLOBAL(name) int criu_##name(void) { return criu_local_##name(criu_global_opts); }
GLOBAL(check)
GLOBAL(dump)
GLOBAL(pre_dump)
GLOBAL(restore)
GLOBAL(restore_child)
GLOBAL(get_version)

int criu_dump_iters(int (*more)(criu_predump_info pi))
{
	return criu_local_dump_iters(criu_global_opts, more);
}

int criu_check_version(int minimum)
{
	return criu_local_check_version(criu_global_opts, minimum);
}

int criu_feature_check(struct criu_feature_check *features, size_t size)
{
	return criu_local_feature_check(criu_global_opts, features, size);
}
