/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams of messages: kept as the kernel tells them; made again by comparing with what is there. */
#include <sys/socket.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_addrlabel.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include "base/log.h"
#include "base/map.h"
#include "base/vec.h"
#include "net/net.h"
#include "net/stream.h"

#define PLAIN	STREAM_PLAIN
#define DELETE	STREAM_DELETE
#define LINKS	STREAM_LINKS
enum { RTM_DELNEIGHTBL = 0 };		/* these are changed, never deleted */

const struct stream_row stream_rows[NET_STREAMS] = {
#define STREAM(id, img, word, messages, fam, header, fixer, bits)                                                      \
	{ #id, IMG_##img, word, RTM_GET##messages, RTM_NEW##messages, RTM_DEL##messages, fam, sizeof(header), fixer,    \
	  NULL, bits },
#define SPLIT(id, img, word, messages, fam, header, splitter, bits)                                                    \
	{ #id, IMG_##img, word, RTM_GET##messages, RTM_NEW##messages, RTM_DEL##messages, fam, sizeof(header), NULL,     \
	  splitter, bits },
#include "net/streams.def"
};

enum { FIX_ROOM = 64 };			/* what fix() may add to a message */

void stream_append(struct arena *a, struct net_stream_data *s, const struct nlmsghdr *h)
{
	size_t len = NLMSG_ALIGN(h->nlmsg_len);

	if (s->n + len > s->room) {
		uint8_t *bigger = arena_alloc(a, max(s->room * 2, s->n + len + 1024));

		if (s->n)
			memcpy(bigger, s->v, s->n);
		s->room = max(s->room * 2, s->n + len + 1024);
		s->v = bigger;
	}
	memcpy(s->v + s->n, h, h->nlmsg_len);
	s->n += len;
}

struct stream_dump {
	struct arena *a;
	const struct stream_row *row;
	struct net_stream_data *to;
	bool is_fixed;			/* keep what fix() makes of it, or the message itself */
};

/* Classes of traffic control are kept among the disciplines that they belong to. */
static bool is_of(const struct stream_row *row, const struct nlmsghdr *h)
{
	return h->nlmsg_type == row->add || (row->add == RTM_NEWQDISC && h->nlmsg_type == RTM_NEWTCLASS);
}

void stream_keep(struct stream_dump *s, const struct nlmsghdr *request)
{
	stream_append(s->a, s->to, request);
}

static int each_message(const struct nlmsghdr *h, void *arg)
{
	struct stream_dump *s = arg;
	_Alignas(8) uint8_t room[8192];
	struct nlmsghdr *fixed = h->nlmsg_len + FIX_ROOM > sizeof(room) ? arena_alloc(s->a, h->nlmsg_len + FIX_ROOM) :
									  (void *)room;

	if (s->row->split) {
		s->row->split(h, s);
		return 0;
	}
	if (!is_of(s->row, h) || !s->row->fix(h, fixed))
		return 0;
	stream_append(s->a, s->to, s->is_fixed ? fixed : h);
	return 0;
}

static int dump_stream(struct stream_dump *s, struct netlink *nl, enum net_stream id)
{
	uint8_t head[64] = { s->row->family };
	struct nl_msg *auto_msg m = NULL;
	int err;

	if (id == NET_STREAM_proxy)
		((struct ndmsg *)head)->ndm_flags = NTF_PROXY;
	m = netlink_request(s->row->get, 0, head, s->row->head);
	err = netlink_dump(nl, m, each_message, s);
	/* A kernel built without it has none of it. */
	return err == -EOPNOTSUPP ? 0 : err;
}

/* Classes are only told device by device: asked for where there is a discipline that somebody chose. */
static int dump_classes(struct stream_dump *s, struct netlink *nl)
{
	const struct net_stream_data disciplines = *s->to;
	int done = 0, err = 0;

	for (size_t at = 0; at < disciplines.n && !err;) {
		const struct nlmsghdr *h = (void *)(disciplines.v + at);
		struct tcmsg tc = { .tcm_ifindex = ((struct tcmsg *)NLMSG_DATA(h))->tcm_ifindex };

		at += NLMSG_ALIGN(h->nlmsg_len);
		if (tc.tcm_ifindex == done)	/* told in the order of devices */
			continue;
		done = tc.tcm_ifindex;
		struct nl_msg *auto_msg m = netlink_request(RTM_GETTCLASS, 0, &tc, sizeof(tc));

		err = netlink_dump(nl, m, each_message, s);
	}
	return err;
}

int stream_scan(struct arena *a, struct net_ns *ns, enum net_stream id, struct netlink *nl)
{
	struct stream_dump s = { a, &stream_rows[id], &ns->streams[id], false };
	int err = dump_stream(&s, nl, id);

	if (!err && id == NET_STREAM_qdisc)
		err = dump_classes(&s, nl);
	return err ? fail_with(err, "list of kind %s", s.row->name) : 0;
}

static const struct nlmsghdr *message_at(const struct net_stream_data *s, size_t at)
{
	return (const struct nlmsghdr *)(s->v + at);
}

#define each_in(s, at, h) (size_t at = 0; at < (s)->n && ((h) = message_at(s, at)); at += NLMSG_ALIGN((h)->nlmsg_len))

int stream_check(const struct net_ns *ns, enum net_stream id)
{
	const struct stream_row *row = &stream_rows[id];
	const struct net_stream_data *s = &ns->streams[id];

	for (size_t at = 0; at < s->n;) {
		const struct nlmsghdr *h = message_at(s, at);

		if (s->n - at < sizeof(*h) || h->nlmsg_len > s->n - at || h->nlmsg_len < NLMSG_SPACE(row->head) ||
		    !is_of(row, h))
			return fail(EINVAL, "%s of network namespace %u: no message of the kernel at byte %zu", row->name,
				    ns->id, at);
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return 0;
}

/* Whether two messages say the same is seen by their bytes behind the header. */
static uint64_t fingerprint(const struct nlmsghdr *h)
{
	uint64_t f = hash_u64(h->nlmsg_len);

	for (const uint32_t *p = NLMSG_DATA(h), *end = (void *)((char *)h + h->nlmsg_len); p + 1 <= end; p++)
		f = hash_add(f, *p);
	return f;
}

static void fix_all(struct arena *a, const struct stream_row *row, const struct net_stream_data *from,
		    struct net_stream_data *ret)
{
	struct stream_dump s = { a, row, ret, true };
	const struct nlmsghdr *h;

	if (row->split)
		*ret = *from;
	else for each_in(from, at, h)
		each_message(h, &s);
}

/* How often each message is there. */
static struct map count(struct arena *a, const struct net_stream_data *s)
{
	struct map m = { 0 };
	const struct nlmsghdr *h;

	for each_in(s, at, h)
		++*map_at(a, &m, fingerprint(h));
	return m;
}

/* Takes one of it away, if there is one. */
static bool take_one(struct map *m, const struct nlmsghdr *h)
{
	uint64_t *n = map_find(m, fingerprint(h));

	if (!n || !*n)
		return false;
	--*n;
	return true;
}

static int delete_others(struct arena *a, const struct stream_row *row, const struct net_stream_data *now,
			 const struct net_stream_data *want, struct netlink *nl, bool *ret_any)
{
	struct map wanted = count(a, want);
	const struct nlmsghdr *h;

	for each_in(now, at, h) {
		struct nlmsghdr *copy;
		int err;

		if (take_one(&wanted, h))
			continue;
		copy = arena_memdup(a, h, NLMSG_ALIGN(h->nlmsg_len));
		copy->nlmsg_type = row->del;
		*ret_any = true;
		err = netlink_talk_raw(nl, copy, 0);
		/* Some go with what was deleted before them. */
		if (err && err != -ESRCH && err != -ENOENT && err != -EADDRNOTAVAIL)
			return fail_with(err, "take away what the kernel made itself%s%s", *nl->told ? ": " : "", nl->told);
	}
	return 0;
}

static bool is_addr6(const struct stream_row *row, const struct nlmsghdr *h)
{
	return row->add == RTM_NEWADDR && *(uint8_t *)NLMSG_DATA(h) == AF_INET6;
}

static int add(const struct stream_row *row, struct netlink *nl, const struct nlmsghdr *h, struct arena *a)
{
	enum { CREATE = NLM_F_CREATE | NLM_F_APPEND, REPLACE = NLM_F_CREATE | NLM_F_REPLACE };
	struct nlmsghdr *copy = arena_alloc(a, NLMSG_ALIGN(h->nlmsg_len) + FIX_ROOM);
	bool is_inet6 = is_addr6(row, h), is_list;
	int err;

	memcpy(copy, h, h->nlmsg_len);
	if (row->add == RTM_NEWNEIGHTBL)
		copy->nlmsg_type = RTM_SETNEIGHTBL;
	if (is_inet6) {
		/* No search for duplicates: it was ours before. The second message takes the mark off. */
		struct nlattr *at = netlink_find(h, row->head, IFA_FLAGS);
		uint32_t flags = (at ? nla_get_u32(at) : ((struct ifaddrmsg *)NLMSG_DATA(h))->ifa_flags) | IFA_F_NODAD;

		stream_copy(h, copy, row->head, (const uint16_t[]){ IFA_FLAGS, 0 });
		stream_add(copy, IFA_FLAGS, &flags, sizeof(flags));
	}
	/* A tunnel may send one address to several hosts. */
	is_list = row->add == RTM_NEWROUTE || row->add == RTM_NEWRULE ||
		  (row->add == RTM_NEWNEIGH && row->family == AF_BRIDGE && netlink_find(h, row->head, NDA_DST));
	err = netlink_talk_raw(nl, copy, is_list ? CREATE : REPLACE);
	if (!err && is_inet6) {
		memcpy(copy, h, h->nlmsg_len);
		err = netlink_talk_raw(nl, copy, NLM_F_REPLACE);
	}
	return err == -EEXIST ? 0 : err;
}

struct pending {
	VEC(const struct nlmsghdr *) v;
};

/* The gateway has been there, and its way has been taken away since: told so, the kernel believes it. */
static int add_unreachable(struct arena *a, const struct stream_row *row, const struct nlmsghdr *h, struct netlink *nl)
{
	struct nlmsghdr *copy = arena_memdup(a, h, NLMSG_ALIGN(h->nlmsg_len));

	if (row->add != RTM_NEWROUTE)
		return -EINVAL;
	((struct rtmsg *)NLMSG_DATA(copy))->rtm_flags |= RTNH_F_ONLINK;
	return add(row, nl, copy, a);
}

/* Again and again, while some of them work: routes lie behind gateways that other routes lead to. */
static int add_all(struct arena *a, const struct stream_row *row, struct pending *p, struct netlink *nl)
{
	for (size_t left; p->v.n; p->v.n = left) {
		int first = 0;

		left = 0;
		for (size_t i = 0; i < p->v.n; i++) {
			int err = add(row, nl, p->v.v[i], a);

			if (!err)
				continue;
			first = first ?: err;
			p->v.v[left++] = p->v.v[i];
		}
		if (left == p->v.n && !add_unreachable(a, row, p->v.v[left - 1], nl))
			left--;
		if (left == p->v.n)
			return fail_with(first, "the kernel takes %zu of kind %s not back%s%s", left, row->name,
					 *nl->told ? ": " : "", nl->told);
	}
	return 0;
}

/* What is wanted and not there, in its order. */
static int add_missing(struct arena *a, const struct stream_row *row, const struct net_stream_data *now,
		       const struct net_stream_data *want, struct netlink *nl)
{
	struct map there = count(a, now);
	struct pending missing = { 0 };
	const struct nlmsghdr *h;
	size_t first6;

	for each_in(want, at, h)
		if (!is_addr6(row, h) && !take_one(&there, h))
			vec_push(a, &missing.v, h);
	first6 = missing.v.n;
	for each_in(want, at, h)
		if (is_addr6(row, h) && !take_one(&there, h))
			vec_push(a, &missing.v, h);
	/* The newest IPv6 address of a device is told first. */
	for (size_t i = first6, j = missing.v.n; i + 1 < j; i++) {
		j--;
		h = missing.v.v[i];
		missing.v.v[i] = missing.v.v[j];
		missing.v.v[j] = h;
	}
	return add_all(a, row, &missing, nl);
}

static int list_now(struct arena *a, enum net_stream id, struct netlink *nl, struct net_stream_data *ret)
{
	struct stream_dump s = { a, &stream_rows[id], ret, true };
	int err;

	ret->n = 0;
	err = dump_stream(&s, nl, id);
	return err ? fail_with(err, "list of kind %s", s.row->name) : 0;
}

int stream_make(struct arena *a, struct net_ns *ns, enum net_stream id, struct netlink *nl)
{
	const struct stream_row *row = &stream_rows[id];
	struct net_stream_data now = { 0 }, want = { 0 };
	bool has_deleted = false;
	int err;

	if (!ns->streams[id].is_there)
		return 0;
	fix_all(a, row, &ns->streams[id], &want);
	err = list_now(a, id, nl, &now);
	/* First add, then delete: a route may be there that was made while another one still led to its gateway. */
	if (!err)
		err = add_missing(a, row, &now, &want, nl);
	if (!err && (row->flags & STREAM_DELETE) && (row->add != RTM_NEWROUTE || ns->entry->all_tables))
		err = delete_others(a, row, &now, &want, nl, &has_deleted);
	if (err || !has_deleted)
		return err;
	/* Some go with others: a second look. */
	err = list_now(a, id, nl, &now);
	return err ?: add_missing(a, row, &now, &want, nl);
}
