/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What waits in a unix socket, looked at without taking it out. A stream shows all of it to one MSG_PEEK. Messages are
 * behind one another, so SO_PEEK_OFF moves the place that is looked at, and is put back at once.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "run/dump.h"
#include "run/journal.h"
#include "sock/sockopt.h"
#include "sock/unixsk.h"

enum { CONTROL_BYTES = 8192 }; /* for the most that SCM_RIGHTS brings (253 descriptors), and more */

/* --- dump ------------------------------------------------------------------------------------------------------ */

/* Copies of descriptors that came along would stay open in the tool. */
static void close_rights(struct cmsghdr *c)
{
	int *fds = (int *)CMSG_DATA(c);

	for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
		close(fds[i]);
}

/* Names what comes with the message and cannot be sent again. */
static const char *look_at_control(struct msghdr *m)
{
	const char *what = NULL;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		bool is_cred = c->cmsg_type == SCM_CREDENTIALS;

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS) {
			close_rights(c);
			what = "descriptors";
		} else if (!what) {
			what = is_cred ? "credentials (SO_PASSCRED)" : "control messages";
		}
	}
	return what;
}

static bool is_from_peer(struct dump *d, const struct unix_sock *s, const struct msghdr *m)
{
	enum { HEAD = offsetof(struct sockaddr_un, sun_path) };
	const struct unix_socks *all = unix_socks_of(&d->m);
	const struct sockaddr_un *from = m->msg_name;
	const struct unix_info *peer = NULL;
	size_t len = m->msg_namelen - HEAD;

	if (m->msg_namelen <= HEAD)
		return true;
	for (size_t i = 0; i < all->nets.n && !peer && s->entry->peer; i++)
		peer = unix_info_find(&all->nets.v[i]->infos, s->entry->peer);
	return peer && peer->peer == s->entry->ino && peer->len_name == len &&
	       !memcmp(peer->name, from->sun_path, len);
}

struct look {
	struct msghdr m;
	struct iovec iov;
	struct sockaddr_un from;
	union {
		struct cmsghdr align;
		char bytes[CONTROL_BYTES];
	} control;
};

/* One look; the bytes there are, or a negative errno. *ret_what: why it cannot be saved, or NULL. */
static ssize_t peek(struct dump *d, const struct unix_sock *s, int fd, void *buf, size_t size,
		    const char **ret_what)
{
	struct look *l = arena_new(&d->m.arena, struct look);
	ssize_t n;

	l->iov = (struct iovec){ buf, size };
	l->m = (struct msghdr){
		.msg_name = &l->from,
		.msg_namelen = sizeof(l->from),
		.msg_iov = &l->iov,
		.msg_iovlen = 1,
		.msg_control = &l->control,
		.msg_controllen = sizeof(l->control),
	};
	n = recvmsg(fd, &l->m, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	*ret_what = look_at_control(&l->m);
	if (!*ret_what && !is_from_peer(d, s, &l->m))
		*ret_what = "messages of a sender that is not its peer";
	return n;
}

static void add_message(struct dump *d, struct unix_sock *s, const void *data, size_t len)
{
	struct unix_message m = {
		.data = data, .entry = arena_msg(&d->m.arena, SkPacketEntry, sk_packet_entry__init)
	};

	m.entry->id_for = s->entry->id;
	m.entry->length = len;
	vec_push(&d->m.arena, &s->queue, m);
}

static void refuse_queue(struct dump *d, const struct file_facts *f, const char *what)
{
	refuse(&d->refusals, REFUSE_SOCK_QUEUE, "%s waiting in %s cannot be saved", what, f->link);
}

static int scan_stream(struct dump *d, const struct file_facts *f, struct unix_sock *s)
{
	const char *what = NULL;
	ssize_t n = 0;
	int bytes;
	char *buf;

	if (ioctl(f->copy, FIONREAD, &bytes) < 0)
		return fail_errno("ask how much waits in %s", f->link);
	if (!bytes)
		return 0;
	/* A byte that was sent out of band is not among the others. */
	if (recv(f->copy, &(char){ 0 }, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) == 1)
		what = "a byte out of band";
	buf = arena_alloc(&d->m.arena, bytes);
	if (!what)
		n = peek(d, s, f->copy, buf, bytes, &what);
	if (n < 0)
		return fail_with(n, "look into %s", f->link);
	/* A look ends at descriptors. */
	if (!what && n < bytes)
		what = "descriptors";
	if (what)
		refuse_queue(d, f, what);
	else
		add_message(d, s, buf, n);
	return 0;
}

static int set_peek_off(int fd, int off)
{
	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)) < 0)
		return fail_errno("set SO_PEEK_OFF");
	return 0;
}

/* The largest message that a socket takes fits into what its sender may have on the way. */
static int scan_messages(struct dump *d, const struct file_facts *f, struct unix_sock *s, char *buf,
			 size_t size)
{
	for (;;) {
		const char *what = NULL;
		ssize_t n = peek(d, s, f->copy, buf, size, &what);

		/* The end of a stream of messages reads as one of no bytes. */
		if (n == -EAGAIN ||
		    (!n && s->info->shutdown & 1 && s->entry->type == SOCK_SEQPACKET))
			return 0;
		if (n < 0)
			return fail_with(n, "look into %s", f->link);
		if ((size_t)n > size)
			return fail(EMSGSIZE, "a message of %zd bytes waits in %s", n, f->link);
		if (what) {
			refuse_queue(d, f, what);
			return 0;
		}
		add_message(d, s, arena_memdup(&d->m.arena, buf, n), n);
	}
}

/* What the kernel counts for all of these on their way, asked of a pair of the tool's own; -1: it could not be made. */
static int weight_of(const struct unix_sock *s)
{
	int fds[2], weight = -1;

	if (socketpair(AF_UNIX, s->entry->type | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	if (unix_queue_send(s, fds[0]) || ioctl(fds[0], SIOCOUTQ, &weight) < 0)
		weight = -1;
	close(fds[0]);
	close(fds[1]);
	return weight;
}

/*
 * A look passes over messages of no bytes that somebody has looked at before, which the kernel marks
 * (__skb_try_recv_from_queue() in net/core/datagram.c). That there are some shows in what the other end has on its way.
 */
static void find_empty_messages(struct dump *d, const struct file_facts *f,
				const struct unix_sock *s, const struct unix_info *peer)
{
	int weight;

	if (!s->queue.n || !peer || peer->peer != s->info->ino)
		return;
	weight = weight_of(s);
	if (weight >= 0 && (uint32_t)weight < peer->room)
		refuse_queue(d, f, "messages of no bytes, which the program has looked at,");
}

/* Whoever survives puts the place back: the descriptor is the target's, named by process and number. */
static int enter_peek_off(struct dump *d, const struct file_facts *f, int was)
{
	char where[40], value[16];

	snprintf(where, sizeof(where), "%d %d", leader(f->task)->pid_real, f->fd);
	snprintf(value, sizeof(value), "%d", was);
	return journal_enter(d->journal, JOURNAL_PEEK_OFF, where, value);
}

static int scan_datagrams(struct dump *d, const struct file_facts *f, struct unix_sock *s)
{
	struct pollfd p = { .fd = f->copy, .events = POLLIN };
	enum { SIZE = 8 << 20 };
	auto_free char *buf = NULL;
	int was, entry, err, end;
	socklen_t len = sizeof(was);

	/* Mostly there is nothing. (A look at a message of no bytes marks it, and the next one passes over it.) */
	if (poll(&p, 1, 0) == 0)
		return 0;
	if (getsockopt(f->copy, SOL_SOCKET, SO_PEEK_OFF, &was, &len) < 0)
		return fail_errno("get SO_PEEK_OFF");
	buf = malloc(SIZE);
	if (!buf)
		return fail(ENOMEM, "no memory to look into %s", f->link);
	entry = enter_peek_off(d, f, was);
	if (entry < 0)
		return entry;
	err = set_peek_off(f->copy, 0);
	if (!err)
		err = scan_messages(d, f, s, buf, SIZE);
	end = set_peek_off(f->copy, was);
	if (!end)
		journal_strike(d->journal, entry);
	return err ? err : end;
}

int unix_queue_scan(struct dump *d, const struct file_facts *f, const struct unix_infos *infos,
		    struct unix_sock *s)
{
	int err;

	if (s->entry->state == TCP_LISTEN)
		return 0;
	if (s->entry->type == SOCK_STREAM)
		return scan_stream(d, f, s);
	err = scan_datagrams(d, f, s);
	if (!err)
		find_empty_messages(d, f, s, unix_info_find(infos, s->info->peer));
	return err;
}

int unix_queues_save(struct dump *d)
{
	const struct unix_socks *all = unix_socks_of(&d->m);
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_SK_QUEUES, 0);
	for (size_t i = 0; i < all->list.n; i++) {
		const struct unix_sock *s = all->list.v[i];

		for (size_t n = 0; n < s->queue.n; n++) {
			image_put(&o, &s->queue.v[n].entry->base);
			image_put_raw(&o, s->queue.v[n].data, s->queue.v[n].entry->length);
		}
	}
	return image_out_close(&o);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

int unix_queues_load(struct model *m, int img_dir)
{
	struct unix_message msg;
	struct image_in in;
	int got = 0, err;

	err = image_in_open(&in, &m->arena, img_dir, IMG_SK_QUEUES, 0);
	while (!err && (got = image_next(&in, &msg.entry)) > 0) {
		struct unix_sock *s = unix_sock_by_id(m, msg.entry->id_for);

		if (!s || s->entry->state == TCP_LISTEN)
			return image_bad(&in, "is for file %u, which is no socket that receives",
					 msg.entry->id_for);
		if (msg.entry->n_scm)
			return image_bad(
				&in, "has descriptors in it, which this version cannot send again");
		err = image_raw(&in, msg.entry->length, &msg.data);
		if (!err)
			vec_push(&m->arena, &s->queue, msg);
	}
	return err ? err : got;
}

static int send_message(const struct unix_sock *s, const struct unix_message *m, int through)
{
	const char *data = m->data;
	size_t left = m->entry->length;

	do {
		ssize_t n = send(through, data, left, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return fail_errno("put %zu bytes into socket:[%u]", left, s->entry->ino);
		data += n;
		left -= n;
	} while (left);
	return 0;
}

int unix_queue_send(const struct unix_sock *s, int through)
{
	size_t bytes = 0;
	int err = 0;

	for (size_t i = 0; i < s->queue.n; i++)
		bytes += s->queue.v[i].entry->length + 1024;
	if (bytes)
		sock_make_room(through, bytes);
	for (size_t i = 0; i < s->queue.n && !err; i++)
		err = send_message(s, &s->queue.v[i], through);
	return err;
}
