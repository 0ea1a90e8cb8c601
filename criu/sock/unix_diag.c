/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unix_diag: nothing else names the peer of a socket. */
#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netlink/attr.h>
#include <sys/socket.h>
#include "base/log.h"
#include "kernel/netlink.h"
#include "sock/unix_diag.h"

struct reading {
	struct arena *a;
	struct unix_infos *all;
};

/* How the kernel writes a device number there: its own, MAJOR << 20 | MINOR, 32 bits of it. */
static void read_attr(struct arena *a, struct nlattr *at, struct unix_info *s)
{
	const struct unix_diag_vfs *vfs = nla_data(at);
	const struct unix_diag_rqlen *rq = nla_data(at);

	switch (nla_type(at)) {
	case UNIX_DIAG_NAME:
		s->name = arena_memdup(a, nla_data(at), nla_len(at));
		s->len_name = nla_len(at);
		break;
	case UNIX_DIAG_VFS:
		s->file_ino = vfs->udiag_vfs_ino;
		s->file_dev = vfs->udiag_vfs_dev;
		break;
	case UNIX_DIAG_PEER:
		s->has_peer = true;
		s->peer = nla_get_u32(at);
		break;
	case UNIX_DIAG_ICONS:
		s->waiting = arena_memdup(a, nla_data(at), nla_len(at));
		s->n_waiting = nla_len(at) / sizeof(uint32_t);
		break;
	case UNIX_DIAG_RQLEN:
		s->n_queued = rq->udiag_rqueue;
		s->room = rq->udiag_wqueue;
		break;
	case UNIX_DIAG_SHUTDOWN:
		s->shutdown = nla_get_u8(at);
		break;
	}
}

static int add_socket(const struct nlmsghdr *h, void *arg)
{
	const struct unix_diag_msg *m = NLMSG_DATA(h);
	struct reading *r = arg;
	struct unix_info s = { .ino = m->udiag_ino,
			       .type = m->udiag_type,
			       .state = m->udiag_state };
	struct nlattr *at;
	int left;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return -EBADMSG;
	nla_for_each_attr(at, netlink_attrs(h, sizeof(*m)), netlink_attrs_len(h, sizeof(*m)), left)
		read_attr(r->a, at, &s);
	vec_push(r->a, &r->all->list, s);
	*map_at(r->a, &r->all->by_ino, s.ino) = r->all->list.n;
	for (size_t i = 0; i < s.n_waiting; i++)
		*map_at(r->a, &r->all->by_waiting, s.waiting[i]) = r->all->list.n;
	return 0;
}

int unix_infos_read(struct arena *a, struct unix_infos *ret)
{
	const struct unix_diag_req req = {
		.sdiag_family = AF_UNIX,
		.udiag_states = ~0U,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER |
			      UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN,
	};
	struct reading r = { .a = a, .all = ret };
	auto_netlink struct netlink n = NETLINK_CLOSED;
	auto_msg struct nl_msg *m = netlink_request(SOCK_DIAG_BY_FAMILY, 0, &req, sizeof(req));
	int err = netlink_open(&n, NETLINK_SOCK_DIAG);

	if (err)
		return err;
	err = netlink_dump(&n, m, add_socket, &r);
	/* EINTR: sockets of others came and went meanwhile. Those of the tree did not. */
	return err && err != -EINTR ? fail_with(err, "ask for unix sockets (unix_diag)") : 0;
}

static const struct unix_info *at(const struct unix_infos *all, const struct map *m, uint32_t key)
{
	const uint64_t *n = map_find(m, key);

	return n && *n ? &all->list.v[*n - 1] : NULL;
}

const struct unix_info *unix_info_find(const struct unix_infos *all, uint32_t ino)
{
	return at(all, &all->by_ino, ino);
}

const struct unix_info *unix_info_listener(const struct unix_infos *all, uint32_t ino)
{
	return at(all, &all->by_waiting, ino);
}
