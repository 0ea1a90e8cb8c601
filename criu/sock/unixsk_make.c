/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unix sockets made again. make: pairs, with what waits in them, and sockets with their names; fill: who connects by
 * name does so when all names are there, and options come last, since some of them change what is sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/places.h"
#include "rpc.pb-c.h"
#include "run/restore.h"
#include "sock/sockopt.h"
#include "sock/unixsk.h"

/* --- who SO_PEERCRED will name --------------------------------------------------------------------------------- */

struct ids {
	uid_t uid;
	gid_t gid;
};

static bool are_equal(struct ids a, struct ids b)
{
	return a.uid == b.uid && a.gid == b.gid;
}

/* Raw calls: glibc would want to tell other threads. */
static int take_ids(struct ids own, struct ids ids)
{
	if (are_equal(own, ids))
		return 0;
	if (syscall(SYS_setresgid, -1, ids.gid, -1) < 0 ||
	    syscall(SYS_setresuid, -1, ids.uid, -1) < 0)
		return fail_errno("take the ids %u:%u of who made a socket", ids.uid, ids.gid);
	return 0;
}

static int give_ids_back(struct ids own, struct ids ids)
{
	if (are_equal(own, ids))
		return 0;
	/* In the opposite order: only root may choose a group. */
	if (syscall(SYS_setresuid, -1, own.uid, -1) < 0 ||
	    syscall(SYS_setresgid, -1, own.gid, -1) < 0)
		return fail_errno("become %u:%u again", own.uid, own.gid);
	/* Changing ids has switched it off, and others still fetch descriptors from this task. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail_errno("set dumpable");
	return 0;
}

/* The kernel notes the effective ids of who calls socketpair(2), listen(2) or connect(2). */
static int with_ids_of(const UnixSkEntry *e, int (*work)(const UnixSkEntry *e, int *fds), int *fds)
{
	struct ids own = { geteuid(), getegid() }, wanted = own;
	int err;

	if (e->peer_cred)
		wanted = (struct ids){ e->peer_cred->uid, e->peer_cred->gid };
	err = take_ids(own, wanted);
	if (err)
		return err;
	err = work(e, fds);
	return give_ids_back(own, wanted) ?: err;
}

static void warn_of_pid(const struct restore *r, const UnixSkEntry *e)
{
	if (e->peer_cred && e->peer_cred->pid != (uint32_t)leader(r->self)->pid)
		warn("SO_PEERCRED of socket:[%u] names process %d now, it was %u", e->ino,
		     leader(r->self)->pid, e->peer_cred->pid);
}

/* --- make ------------------------------------------------------------------------------------------------------ */

static int open_pair(const UnixSkEntry *e, int *fds)
{
	if (socketpair(AF_UNIX, e->type | SOCK_CLOEXEC, 0, fds) < 0)
		return fail_errno("socketpair");
	return 0;
}

/*
 * A peer that went away without reading what it had been sent leaves ECONNRESET behind. Of datagram sockets the kernel
 * tells the sender when it sends again.
 */
static int leave_peer(const UnixSkEntry *e, int fd, int *peer)
{
	if (e->is_reset && send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return fail_errno("leave something unread");
	close(take_fd(peer));
	return 0;
}

static int make_half(const struct unix_sock *s, int *ret_fd)
{
	int fds[2], err = with_ids_of(s->entry, open_pair, fds);
	auto_fd int own = -1, peer = -1;

	if (err)
		return err;
	own = fds[0];
	peer = fds[1];
	err = unix_queue_send(s, peer);
	if (!err)
		err = leave_peer(s->entry, own, &peer);
	if (!err)
		*ret_fd = take_fd(&own);
	return err;
}

static int make_pair(struct restore *r, const struct unix_sock *s, struct unix_sock *peer,
		     int *ret_fd)
{
	int fds[2], err = with_ids_of(s->entry, open_pair, fds);
	auto_fd int own = -1, other = -1;

	if (err)
		return err;
	own = fds[0];
	other = fds[1];
	warn_of_pid(r, s->entry);
	err = unix_queue_send(s, other);
	if (!err)
		err = unix_queue_send(peer, own);
	if (!err)
		err = fd_keep(r, &other, &peer->spare);
	if (!err)
		*ret_fd = take_fd(&own);
	return err;
}

/* A program that asked for its own dump finds the answer: it has been restored. */
static int make_service(const UnixSkEntry *e, int *ret_fd)
{
	CriuDumpResp dump = CRIU_DUMP_RESP__INIT;
	CriuResp resp = CRIU_RESP__INIT;
	uint8_t packet[64];
	int fds[2], err;
	auto_fd int own = -1, service = -1;
	size_t len;

	err = with_ids_of(e, open_pair, fds);
	if (err)
		return err;
	own = fds[0];
	service = fds[1];
	resp.type = CRIU_REQ_TYPE__DUMP;
	resp.success = true;
	resp.dump = &dump;
	dump.has_restored = dump.restored = true;
	len = criu_resp__pack(&resp, packet);
	if (send(service, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
		return fail_errno("answer the program that asked for its dump");
	*ret_fd = take_fd(&own);
	return 0;
}

static int start_listening(const UnixSkEntry *e, int *fds)
{
	if (listen(*fds, e->backlog) < 0)
		return fail_errno("listen with a backlog of %u", e->backlog);
	return 0;
}

/* From a socket without a name: whoever sent it is not there, or had none. */
static int send_from_nobody(struct restore *r, const struct unix_sock *s)
{
	auto_fd int fd = -1;
	int err;

	if (!s->queue.n)
		return 0;
	fd = socket(AF_UNIX, s->entry->type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno("socket");
	err = unix_name_connect(r, s->entry, fd);
	return err ? err : unix_queue_send(s, fd);
}

static int make_single(struct restore *r, const struct unix_sock *s, int *ret_fd)
{
	const UnixSkEntry *e = s->entry;
	auto_fd int fd = socket(AF_UNIX, e->type | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return fail_errno("socket");
	err = unix_name_bind(r, e, fd);
	if (!err && e->state == TCP_LISTEN)
		err = with_ids_of(e, start_listening, &fd);
	if (!err)
		err = send_from_nobody(r, s);
	if (!err)
		*ret_fd = take_fd(&fd);
	return err;
}

/*
 * Its peer has gone. Other writers say "connected" of a datagram socket that somebody else had connected to, which has a
 * name then.
 */
static bool is_left_alone(const UnixSkEntry *e)
{
	return e->state == TCP_ESTABLISHED && !e->peer && (unix_is_stream_like(e) || !e->name.len);
}

static int make_new(struct restore *r, struct unix_sock *s, int *ret_fd)
{
	const UnixSkEntry *e = s->entry;
	struct unix_sock *peer = unix_sock_pair(&r->m, e);
	auto_fd int fd = -1;
	int err;

	if (e->peer && !unix_sock_by_ino(&r->m, e->peer))
		return fail(
			ENOENT,
			"the peer of socket:[%u] was outside the tree: hand the socket over with --inherit-fd "
			"fd[NUMBER]:socket:[%u]",
			e->ino, e->ino);
	if (e->uflags == UNIX_SERVICE)
		return make_service(e, ret_fd);
	if (s->spare >= 0)
		fd = take_fd(&s->spare);
	else if (peer)
		err = make_pair(r, s, peer, &fd);
	else if (is_left_alone(e))
		err = make_half(s, &fd);
	else
		return make_single(r, s, ret_fd);
	if (fd < 0)
		return err;
	if (unix_is_stream_like(e) && e->name.len)
		warn("socket:[%u] loses its name %s: a connected socket cannot be bound to its listener's",
		     e->ino, unix_name_text(&r->m.arena, e));
	err = unix_name_bind(r, e, fd);
	if (!err)
		*ret_fd = take_fd(&fd);
	return err;
}

int unixsk_make(struct restore *r, const void *rec, int *ret_fd)
{
	const UnixSkEntry *e = rec;
	struct unix_sock *s = unix_sock_by_id(&r->m, e->id);
	char key[32];
	int from;

	snprintf(key, sizeof(key), "socket:[%u]", e->ino);
	from = inherited_find(r, key);
	if (from < 0)
		return make_new(r, s, ret_fd);
	*ret_fd = fcntl(from, F_DUPFD_CLOEXEC, 0);
	return *ret_fd < 0 ? fail_errno("take the inherited socket:[%u]", e->ino) : 0;
}

/* --- fill ------------------------------------------------------------------------------------------------------ */

static int shut_down(const UnixSkEntry *e, int fd)
{
	static const int how[] = {
		[SK_SHUTDOWN__READ] = SHUT_RD,
		[SK_SHUTDOWN__WRITE] = SHUT_WR,
		[SK_SHUTDOWN__BOTH] = SHUT_RDWR,
	};

	/* The kernel has done it already where the peer went away. */
	if (!e->has_shutdown || e->shutdown == SK_SHUTDOWN__NONE)
		return 0;
	if (shutdown(fd, how[e->shutdown]) < 0 && errno != ENOTCONN)
		return fail_errno("shut socket:[%u] down", e->ino);
	return 0;
}

/* Who accepts is told the ids of who has connected: those that the task will have. */
static int connect_as_task(struct restore *r, const UnixSkEntry *to, int fd)
{
	const CredsEntry *creds = leader(r->self)->core->thread_core->creds;
	struct ids own = { geteuid(), getegid() }, ids = own;
	int err;

	if (creds)
		ids = (struct ids){ creds->euid, creds->egid };
	err = take_ids(own, ids);
	if (err)
		return err;
	err = unix_name_connect(r, to, fd);
	return give_ids_back(own, ids) ?: err;
}

int unixsk_fill(struct restore *r, const struct task *t not_used, const void *rec, int fd)
{
	const UnixSkEntry *e = rec;
	struct unix_sock *peer = e->peer ? unix_sock_by_ino(&r->m, e->peer) : NULL;
	int err = 0;

	if (peer && !unix_sock_pair(&r->m, e))
		err = connect_as_task(r, peer->entry, fd);
	if (!err)
		err = shut_down(e, fd);
	return err ? err : sock_options_set(e->opts, fd);
}
