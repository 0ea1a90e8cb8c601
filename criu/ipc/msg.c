/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System V message queues. No call sets the processes that were the last to send and receive, nor the times. */
#include <inttypes.h>
#include <limits.h>
#include <sys/msg.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/perm.h"
#include "ipc/sysctl.h"
#include "ns/ns.h"
#include "run/dump.h"
#include "run/restore.h"

enum { PADDING = 8 };

/* What msgsnd(2) and msgrcv(2) take. */
struct buffer {
	long type;
	char text[];
};

/* --- dump ------------------------------------------------------------------------------------------------------ */

/* The message number n of the queue, without taking it out. */
static int scan_message(struct dump *d, struct ipc_queue *q, struct buffer *b, size_t room, size_t n)
{
	struct ipc_message *m = &q->messages[n];
	ssize_t len = msgrcv(q->entry->desc->id, b, room, n, MSG_COPY | IPC_NOWAIT);

	if (len < 0 && errno == EINVAL) {	/* copy_msg(): the buffer of the kernel is as large as msgmax */
		refuse(&d->refusals, REFUSE_IPC_MESSAGE, "message %zu is longer than kernel.msgmax says now", n);
		return 1;
	}
	if (len < 0)
		return fail_errno("copy message %zu (needs CONFIG_CHECKPOINT_RESTORE)", n);
	m->entry = arena_msg(&d->m.arena, IpcMsg, ipc_msg__init);
	m->entry->mtype = b->type;
	m->entry->msize = len;
	m->text = memcpy(arena_alloc(&d->m.arena, align_up(len + 1, PADDING)), b->text, len);
	return 0;
}

static int scan_queue(struct dump *d, struct ipc_ns *ns, int id, const struct msqid_ds *ds)
{
	IN_SCOPE("message queue", id);
	struct ipc_queue q = { .entry = arena_msg(&d->m.arena, IpcMsgEntry, ipc_msg_entry__init) };
	size_t room = ds->__msg_cbytes;
	auto_free struct buffer *b = malloc(sizeof(*b) + room);

	if (!b)
		return fail(ENOMEM, "no memory for %zu bytes of messages", room);
	q.entry->desc = ipc_perm_scan(d, ns, &ds->msg_perm, id);
	q.entry->qbytes = min(ds->msg_qbytes, (msglen_t)UINT32_MAX);
	q.entry->qnum = ds->msg_qnum;
	q.messages = arena_array(&d->m.arena, struct ipc_message, ds->msg_qnum);
	for (size_t i = 0; i < ds->msg_qnum; i++) {
		int err = scan_message(d, &q, b, room, i);

		if (err)
			return min(err, 0);
	}
	vec_push(&d->m.arena, &ns->queues, q);
	return 0;
}

static int ipc_msg_scan(struct dump *d, struct ipc_ns *ns)
{
	struct msginfo info;
	int last = msgctl(0, MSG_INFO, (struct msqid_ds *)&info);

	if (last < 0)
		return fail_errno("MSG_INFO");
	for (int i = 0; i <= last; i++) {
		struct msqid_ds ds;
		int id = msgctl(i, MSG_STAT_ANY, &ds), err;

		if (id < 0 && (errno == EINVAL || errno == EIDRM))
			continue;	/* nothing has this index */
		if (id < 0)
			return fail_errno("MSG_STAT_ANY %d", i);
		err = scan_queue(d, ns, id, &ds);
		if (err)
			return err;
	}
	return 0;
}

static int ipc_msg_save(struct dump *d, struct ipc_ns *ns)
{
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_IPCNS_MSG, ns->ns->id);
	for (size_t i = 0; i < ns->queues.n; i++) {
		const struct ipc_queue *q = &ns->queues.v[i];

		image_put(&o, &q->entry->base);
		for (size_t k = 0; k < q->entry->qnum; k++) {
			image_put(&o, &q->messages[k].entry->base);
			image_put_raw(&o, q->messages[k].text, align_up(q->messages[k].entry->msize, PADDING));
		}
	}
	return image_out_close(&o);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int load_message(struct image_in *in, struct ipc_message *ret)
{
	int got = image_next_as(in, &ipc_msg__descriptor, &ret->entry);

	if (got <= 0)
		return got ? got : image_bad(in, "fewer messages than the queue has");
	if (!ret->entry->mtype || ret->entry->mtype > LONG_MAX || ret->entry->msize > INT32_MAX)
		return image_bad(in, "impossible message: type %" PRIu64 ", %u bytes", ret->entry->mtype,
				 ret->entry->msize);
	return image_raw(in, align_up(ret->entry->msize, PADDING), &ret->text);
}

static int load_queue(struct image_in *in, struct map *seen, struct ipc_queue *q)
{
	VEC(struct ipc_message) messages = { 0 };	/* grows with the file, not with what qnum claims */
	int err = ipc_perm_check(in, seen, q->entry->desc, 0);

	if (!err && q->entry->qbytes > INT32_MAX)
		err = image_bad(in, "a queue of %u bytes", q->entry->qbytes);
	for (uint32_t i = 0; i < q->entry->qnum && !err; i++) {
		struct ipc_message m;

		err = load_message(in, &m);
		if (!err)
			vec_push(in->arena, &messages, m);
	}
	q->messages = messages.v;
	return err;
}

static int ipc_msg_load(struct restore *r, struct ipc_ns *ns)
{
	struct map seen = { 0 };
	struct ipc_queue q;
	struct image_in in;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_IPCNS_MSG, ns->ns->id);

	if (got)
		return got;
	while ((got = image_next(&in, &q.entry)) > 0) {
		int err = load_queue(&in, &seen, &q);

		if (err)
			return err;
		vec_push(&r->m.arena, &ns->queues, q);
	}
	return got;
}

static int get_queue(const void *rec)
{
	const IpcMsgEntry *e = rec;
	int id = msgget(e->desc->key, IPC_CREAT | IPC_EXCL | 0600);

	return id < 0 ? fail_errno("make a message queue with key 0x%x", e->desc->key) : id;
}

/* The owner last: it may be someone who could not send. */
static int set_limits(const struct ipc_queue *q, bool is_final)
{
	struct msqid_ds ds = { .msg_qbytes = is_final ? q->entry->qbytes : INT_MAX };

	if (is_final)
		ipc_perm_fill(q->entry->desc, &ds.msg_perm);
	else
		ds.msg_perm = (struct ipc_perm){ .uid = geteuid(), .gid = getegid(), .mode = 0600 };
	if (msgctl(q->entry->desc->id, IPC_SET, &ds) < 0)
		return fail_errno("set owner %u:%u, mode %o and a limit of %lu bytes", ds.msg_perm.uid, ds.msg_perm.gid,
				  ds.msg_perm.mode, ds.msg_qbytes);
	return 0;
}

/* The limit of a queue may have been lowered below what is in it. */
static bool is_overfull(const struct ipc_queue *q)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < q->entry->qnum; i++)
		bytes += q->messages[i].entry->msize;
	return max(bytes, (uint64_t)q->entry->qnum) > q->entry->qbytes;
}

static int send(const struct ipc_queue *q)
{
	size_t room = 0;
	auto_free struct buffer *b = NULL;

	for (size_t i = 0; i < q->entry->qnum; i++)
		room = max(room, (size_t)q->messages[i].entry->msize);
	b = malloc(sizeof(*b) + room);
	if (!b)
		return fail(ENOMEM, "no memory for a message of %zu bytes", room);
	for (size_t i = 0; i < q->entry->qnum; i++) {
		const struct ipc_message *m = &q->messages[i];

		b->type = m->entry->mtype;
		memcpy(b->text, m->text, m->entry->msize);
		if (msgsnd(q->entry->desc->id, b, m->entry->msize, IPC_NOWAIT) < 0)
			return fail_errno("put message %zu of %u bytes", i, m->entry->msize);
	}
	return 0;
}

static int make_queue(const struct ipc_queue *q, int next)
{
	IN_SCOPE("message queue", q->entry->desc->id);
	int err = ipc_perm_make(q->entry->desc, next, get_queue, q->entry);

	if (!err)
		err = set_limits(q, !is_overfull(q));
	if (!err && q->entry->qnum)
		err = send(q);
	if (!err && is_overfull(q))
		err = set_limits(q, true);
	return err;
}

static int ipc_msg_make(struct restore *r not_used, const struct ipc_ns *ns)
{
	auto_fd int next = ns->queues.n ? ipc_next_id_open("msg") : -1;
	int err = ns->queues.n ? min(next, 0) : 0;

	for (size_t i = 0; i < ns->queues.n && !err; i++)
		err = make_queue(&ns->queues.v[i], next);
	return err;
}

const struct ipc_kind ipc_msg_kind = {
	.name = "message queues",
	.scan = ipc_msg_scan,
	.save = ipc_msg_save,
	.load = ipc_msg_load,
	.make = ipc_msg_make,
};
