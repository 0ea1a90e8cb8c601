/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix sockets: pairs, listeners, bound and connected ones, and what waits in them. */
#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <poll.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/state.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"
#include "run/script.h"
#include "sock/sockopt.h"
#include "sock/unixsk.h"

const struct file_kind *unixsk_self(void)
{
	return file_kind_by_type(FD_TYPES__UNIXSK);
}

struct unix_socks *unix_socks_of(struct model *m)
{
	void **data = file_kind_data(m, unixsk_self());

	if (!*data)
		*data = arena_new(&m->arena, struct unix_socks);
	return *data;
}

struct unix_sock *unix_sock_add(struct model *m, UnixSkEntry *e)
{
	struct unix_socks *all = unix_socks_of(m);
	struct unix_sock *s = arena_new(&m->arena, struct unix_sock);

	s->entry = e;
	s->spare = s->name_entry = -1;
	vec_push(&m->arena, &all->list, s);
	*map_at(&m->arena, &all->by_ino, e->ino) = all->list.n;
	*map_at(&m->arena, &all->by_id, e->id) = all->list.n;
	return s;
}

static struct unix_sock *find(struct model *m, const struct map *by, uint32_t key)
{
	const uint64_t *n = map_find(by, key);

	return n && *n ? unix_socks_of(m)->list.v[*n - 1] : NULL;
}

struct unix_sock *unix_sock_by_ino(struct model *m, uint32_t ino)
{
	return find(m, &unix_socks_of(m)->by_ino, ino);
}

struct unix_sock *unix_sock_by_id(struct model *m, uint32_t id)
{
	return find(m, &unix_socks_of(m)->by_id, id);
}

struct unix_sock *unix_sock_pair(struct model *m, const UnixSkEntry *e)
{
	struct unix_sock *peer = e->peer ? unix_sock_by_ino(m, e->peer) : NULL;

	return peer && peer->entry->peer == e->ino ? peer : NULL;
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

static bool unixsk_claims(const struct file_facts *f)
{
	int family;
	socklen_t len = sizeof(family);

	return getsockopt(f->copy, SOL_SOCKET, SO_DOMAIN, &family, &len) == 0 && family == AF_UNIX;
}

/* Since 5.10: how many descriptors are on their way in its queue. The look into the queue finds them itself. */
static int unixsk_fdinfo(struct dump *d not_used, void *rec not_used, const char *key,
			 const char *val not_used)
{
	return streq(key, "scm_fds") ? 0 : FDINFO_NOT_MINE;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

static ino_t inode_of_path(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

/* The network namespace of a socket that is not its task's; 0: it is. Without CAP_NET_ADMIN nobody tells. */
static ino_t other_net(const struct file_facts *f, const struct ns *of_task)
{
	auto_fd int net = ioctl(f->copy, SIOCGSKNS);
	ino_t ino = net < 0 ? 0 : inode_of(net);

	if (!ino || ino == (of_task ? of_task->ino : inode_of_path("/proc/self/ns/net")))
		return 0;
	return ino;
}

static int read_infos(struct dump *d, void *arg)
{
	return unix_infos_read(&d->m.arena, arg);
}

static int infos_of(struct dump *d, const struct ns *ns, const struct unix_infos **ret)
{
	struct unix_socks *all = unix_socks_of(&d->m);
	ino_t ino = ns ? ns->ino : 0;
	struct unix_net *net;
	int err;

	for (size_t i = 0; i < all->nets.n; i++) {
		*ret = &all->nets.v[i]->infos;
		if (all->nets.v[i]->ino == ino)
			return 0;
	}
	net = arena_new(&d->m.arena, struct unix_net);
	net->ino = ino;
	*ret = &net->infos;
	err = ns ? ns_inside(d, ns, read_infos, &net->infos)
		 : unix_infos_read(&d->m.arena, &net->infos);
	if (!err)
		vec_push(&d->m.arena, &all->nets, net);
	return err;
}

static int scan_peer_cred(struct dump *d, const struct file_facts *f, UnixSkEntry *e)
{
	const struct task *peer;
	struct ucred c;
	socklen_t len = sizeof(c);

	if (d->opt->plain_images)
		return 0;
	if (getsockopt(f->copy, SOL_SOCKET, SO_PEERCRED, &c, &len) < 0)
		return fail_errno("get SO_PEERCRED");
	if (c.uid == (uid_t)-1) /* never connected */
		return 0;
	e->peer_cred = arena_msg(&d->m.arena, UnixPeerCred, unix_peer_cred__init);
	/* of the tree, as the tree sees it, else 0 */
	peer = c.pid > 0 ? model_task_by_real(&d->m, c.pid) : NULL;
	e->peer_cred->pid = peer ? leader(peer)->pid : 0;
	e->peer_cred->uid = user_uid_inside(&d->m, NULL, c.uid);
	e->peer_cred->gid = user_gid_inside(&d->m, NULL, c.gid);
	return 0;
}

/* The program that asks for its own dump waits at the other end of this very connection. */
static bool is_service(const struct dump *d, const UnixSkEntry *e)
{
	return d->opt->client && e->peer && e->peer == inode_of(d->opt->client->sock);
}

static void scan_info(const struct unix_info *info, UnixSkEntry *e)
{
	e->type = info->type;
	/* A datagram socket counts as connected also when somebody else has connected to it. */
	e->state = info->type == SOCK_DGRAM && !info->has_peer ? TCP_CLOSE : info->state;
	e->peer = info->peer;
	e->backlog = info->state == TCP_LISTEN ? info->room : 0;
	if (info->shutdown) {
		e->has_shutdown = true;
		e->shutdown = (SkShutdown)info->shutdown;
	}
	e->name.data = (uint8_t *)info->name;
	e->name.len = info->len_name;
}

/* An error that the next call would get: only a reset leaves one in a unix socket. */
static bool has_error(const struct file_facts *f)
{
	struct pollfd p = { .fd = f->copy };

	return poll(&p, 1, 0) > 0 && p.revents & POLLERR;
}

static int unixsk_scan(struct dump *d, const struct file_facts *f, void *rec)
{
	const struct ns *net = ns_of(&d->m, f->task, NS_NET);
	UnixSkEntry *e = rec;
	const struct unix_infos *infos;
	struct unix_sock *s;
	int err;

	e->ino = f->st.st_ino;
	e->opts = arena_msg(&d->m.arena, SkOptsEntry, sk_opts_entry__init);
	s = unix_sock_add(&d->m, e);
	if (other_net(f, net)) {
		refuse(&d->refusals, REFUSE_FILE_OUTSIDE,
		       "%s belongs to a network namespace that its task is not in", f->link);
		return 0;
	}
	err = infos_of(d, net, &infos);
	if (err)
		return err;
	s->info = unix_info_find(infos, e->ino);
	if (!s->info)
		return fail(ENOENT, "%s is no socket of its network namespace", f->link);
	scan_info(s->info, e);
	if (is_service(d, e)) {
		e->uflags = UNIX_SERVICE;
		e->state = TCP_CLOSE;
		e->peer = 0;
	}
	if (!e->peer && e->state == TCP_ESTABLISHED && unix_info_listener(infos, e->ino))
		e->peer = unix_info_listener(infos, e->ino)->ino;
	if (f->task->ids && f->task->ids->has_net_ns_id) {
		e->has_ns_id = true;
		e->ns_id = f->task->ids->net_ns_id;
	}
	if (!d->opt->plain_images && e->state == TCP_ESTABLISHED && !e->peer && has_error(f))
		e->has_is_reset = e->is_reset = true;
	err = sock_options_scan(&d->m.arena, f->copy, d->opt->plain_images, e->opts);
	if (!err)
		err = scan_peer_cred(d, f, e);
	if (!err)
		err = unix_name_scan(d, f, s);
	return err ? err : unix_queue_scan(d, f, infos, s);
}

static bool is_external(const struct dump *d, uint32_t ino)
{
	char key[16];

	snprintf(key, sizeof(key), "%u", ino);
	return option_value(&d->opt->external, "unix", key);
}

static void refuse_waiting(struct dump *d, const struct unix_sock *s,
			   const struct unix_sock *listener)
{
	if (listener->entry->state != TCP_LISTEN)
		refuse(&d->refusals, REFUSE_SOCK_PEER,
		       "socket:[%u] waits for a listener that is none", s->entry->ino);
	else if (s->info->room)
		refuse(&d->refusals, REFUSE_SOCK_QUEUE,
		       "socket:[%u] has sent %u bytes, and is not accepted yet", s->entry->ino,
		       s->info->room);
}

static int unixsk_scan_peers(struct dump *d, const struct task *t not_used, int fd not_used,
			     void *rec)
{
	struct unix_sock *s = unix_sock_by_id(&d->m, ((UnixSkEntry *)rec)->id), *peer;
	UnixSkEntry *e = s->entry;

	if (!e->peer)
		return 0;
	peer = unix_sock_by_ino(&d->m, e->peer);
	if (!peer && (is_external(d, e->ino) || is_external(d, e->peer)))
		return 0; /* whoever restores hands the socket over */
	if (!peer)
		refuse(&d->refusals, REFUSE_SOCK_PEER,
		       "socket:[%u] is connected with socket:[%u], which is outside the tree",
		       e->ino, e->peer);
	else if (unix_sock_pair(&d->m, e))
		return 0;
	else if (!peer->entry->name.len)
		refuse(&d->refusals, REFUSE_SOCK_PEER,
		       "socket:[%u] sends to socket:[%u], which has no name to connect to", e->ino,
		       e->peer);
	else if (peer->entry->deleted)
		refuse(&d->refusals, REFUSE_SOCK_PEER,
		       "socket:[%u] leads to socket:[%u], whose name is removed", e->ino, e->peer);
	else if (unix_is_stream_like(e))
		refuse_waiting(d, s, peer);
	return 0;
}

/* --- load ------------------------------------------------------------------------------------------------------ */

static int unixsk_check(const void *rec)
{
	const UnixSkEntry *e = rec;

	if (e->type != SOCK_STREAM && e->type != SOCK_DGRAM && e->type != SOCK_SEQPACKET)
		return fail(EINVAL, "socket:[%u] has type %u", e->ino, e->type);
	if (e->state != TCP_ESTABLISHED && e->state != TCP_CLOSE && e->state != TCP_LISTEN)
		return fail(EINVAL, "socket:[%u] has state %u", e->ino, e->state);
	if (e->state == TCP_LISTEN && !unix_is_stream_like(e))
		return fail(EINVAL, "socket:[%u] is a datagram socket that listens", e->ino);
	if (e->uflags == UNIX_SERVICE && e->type == SOCK_SEQPACKET && e->state == TCP_CLOSE && !e->peer)
		return sock_options_check(e->opts);
	if (e->uflags)
		return fail(
			EOPNOTSUPP,
			"socket:[%u] has a peer of its own kind (uflags 0x%x), which this version cannot restore",
			e->ino, e->uflags);
	if (e->has_shutdown && (unsigned int)e->shutdown > SK_SHUTDOWN__BOTH)
		return fail(EINVAL, "socket:[%u] is shut down for %d", e->ino, e->shutdown);
	return unix_name_check(e) ?: sock_options_check(e->opts);
}

static int check_peer(struct model *m, const UnixSkEntry *e)
{
	const struct unix_sock *peer = e->peer ? unix_sock_by_ino(m, e->peer) : NULL;

	if (!peer || unix_sock_pair(m, e))
		return 0;
	if (unix_is_stream_like(e) && peer->entry->state != TCP_LISTEN)
		return fail(EINVAL, "socket:[%u] waits for socket:[%u], which does not listen",
			    e->ino, e->peer);
	if (peer->entry->type != e->type)
		return fail(EINVAL, "socket:[%u] of type %u is connected with one of type %u",
			    e->ino, e->type, peer->entry->type);
	return 0;
}

static int unixsk_load(struct model *m, int img_dir)
{
	struct unix_socks *all = unix_socks_of(m);
	int err = 0;

	for (size_t i = 0; i < m->files.n; i++) {
		UnixSkEntry *e = m->files.v[i].rec;

		if (m->files.v[i].kind != unixsk_self())
			continue;
		if (unix_sock_by_ino(m, e->ino))
			return fail(EINVAL, "files.img: socket:[%u] occurs twice", e->ino);
		unix_sock_add(m, e);
	}
	for (size_t i = 0; i < all->list.n && !err; i++)
		err = check_peer(m, all->list.v[i]->entry);
	return err ? err : unix_queues_load(m, img_dir);
}

static int unixsk_prepare(struct restore *r)
{
	struct unix_socks *all = unix_socks_of(&r->m);
	int err = 0;

	for (size_t i = 0; i < all->list.n && !err; i++)
		err = unix_name_prepare(r, all->list.v[i]);
	return err;
}

static void unixsk_release(struct restore *r)
{
	struct unix_socks *all = unix_socks_of(&r->m);

	for (size_t i = 0; i < all->list.n; i++)
		unix_name_release(r, all->list.v[i], r->files->is_committed);
}

/* Both ends of a pair are made in one task. */
static uint64_t unixsk_group(const void *rec)
{
	const UnixSkEntry *e = rec;

	return e->peer ? min(e->ino, e->peer) : 0;
}

const struct file_kind unixsk_kind = {
	.name = "unixsk",
	.type = FD_TYPES__UNIXSK,
	.record = &unix_sk_entry__descriptor,
	.sign = { .format = S_IFSOCK },
	.claims = unixsk_claims,
	.fdinfo = unixsk_fdinfo,
	.scan = unixsk_scan,
	.scan_peers = unixsk_scan_peers,
	.save = unix_queues_save,
	.load = unixsk_load,
	.check = unixsk_check,
	.prepare = unixsk_prepare,
	.release = unixsk_release,
	.group = unixsk_group,
	.make = unixsk_make,
	.fill = unixsk_fill,
};
