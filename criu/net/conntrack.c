/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tracked connections by ctnetlink: kept as told; TCP comes back liberal about windows that it has not followed. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include "base/log.h"
#include "net/conntrack.h"
#include "net/net.h"
#include "net/sysctl.h"

enum {
	HEAD = sizeof(struct nfgenmsg),
	CT_NEW = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW,
	CT_GET = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET,
	EXP_NEW = (NFNL_SUBSYS_CTNETLINK_EXP << 8) | IPCTNL_MSG_EXP_NEW,
	EXP_GET = (NFNL_SUBSYS_CTNETLINK_EXP << 8) | IPCTNL_MSG_EXP_GET,
};

struct ct_dump {
	struct arena *a;
	struct net_stream_data *to;
	int type;
};

static int each_message(const struct nlmsghdr *h, void *arg)
{
	struct ct_dump *d = arg;
	size_t len = NLMSG_ALIGN(h->nlmsg_len);

	if (h->nlmsg_type != d->type)
		return 0;
	if (d->to->n + len > d->to->room) {
		size_t room = max(d->to->room * 2, d->to->n + len + 4096);
		uint8_t *bigger = arena_alloc(d->a, room);

		if (d->to->n)
			memcpy(bigger, d->to->v, d->to->n);
		d->to->v = bigger;
		d->to->room = room;
	}
	memcpy(d->to->v + d->to->n, h, h->nlmsg_len);
	d->to->n += len;
	return 0;
}

static int list(struct arena *a, struct netlink *nl, int get, int type, struct net_stream_data *to)
{
	struct ct_dump d = { a, to, type };
	struct nfgenmsg g = { .nfgen_family = AF_UNSPEC };
	struct nl_msg *auto_msg m = netlink_request(get, 0, &g, sizeof(g));
	int err = netlink_dump(nl, m, each_message, &d);

	/* A kernel without connection tracking has none of it. */
	return err == -EINVAL || err == -EOPNOTSUPP || err == -EPROTONOSUPPORT ? 0 : err;
}

/* The kernel looks for them in a table that all namespaces share, which takes it 10 ms. */
static bool has_none(void)
{
	char count[32];

	return sysctl_read("netfilter/nf_conntrack_count", count, sizeof(count)) > 0 && !strcmp(count, "0");
}

int conntrack_scan(struct arena *a, struct net_ns *ns, struct netlink *nl)
{
	int err;

	if (has_none())
		return 0;
	err = list(a, nl, CT_GET, CT_NEW, &ns->ct);

	if (!err)
		err = list(a, nl, EXP_GET, EXP_NEW, &ns->expect);
	return err ? fail_with(err, "list of tracked connections") : 0;
}

static int check(const struct net_ns *ns, const struct net_stream_data *s, int type)
{
	for (size_t at = 0; at < s->n;) {
		const struct nlmsghdr *h = (void *)(s->v + at);

		if (s->n - at < NLMSG_SPACE(HEAD) || h->nlmsg_len > s->n - at || h->nlmsg_len < NLMSG_SPACE(HEAD) ||
		    h->nlmsg_type != type)
			return fail(EINVAL, "connections of network namespace %u: nothing of the kernel's at byte %zu",
				    ns->id, at);
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return 0;
}

int conntrack_check(const struct net_ns *ns)
{
	return check(ns, &ns->ct, CT_NEW) ?: check(ns, &ns->expect, EXP_NEW);
}

static void make_liberal(struct nlmsghdr *h)
{
	struct nlattr *info = netlink_find(h, HEAD, CTA_PROTOINFO);
	struct nlattr *tcp = info ? nla_find(nla_data(info), nla_len(info), CTA_PROTOINFO_TCP) : NULL;

	for (int type = CTA_PROTOINFO_TCP_FLAGS_ORIGINAL; tcp && type <= CTA_PROTOINFO_TCP_FLAGS_REPLY; type++) {
		struct nlattr *at = nla_find(nla_data(tcp), nla_len(tcp), type);
		struct nf_ct_tcp_flags *f = at && nla_len(at) >= (int)sizeof(*f) ? nla_data(at) : NULL;

		if (f) {
			f->flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
			f->mask = f->flags;
		}
	}
}

static bool is_translated(const struct nlmsghdr *h)
{
	struct nlattr *at = netlink_find(h, HEAD, CTA_STATUS);

	return at && (ntohl(nla_get_u32(at)) & IPS_NAT_MASK);
}

/* One direction of a connection. */
struct tuple {
	struct nlattr *src, *dst, *num, *sport, *dport;
	bool is_v6;
};

static struct nlattr *inside(struct nlattr *nest, int type)
{
	return nest ? nla_find(nla_data(nest), nla_len(nest), type) : NULL;
}

/* false: it has no ports, or is nonsense. */
static bool read_tuple(const struct nlmsghdr *h, int type, struct tuple *ret)
{
	struct nlattr *tuple = netlink_find(h, HEAD, type), *ip = inside(tuple, CTA_TUPLE_IP);
	struct nlattr *proto = inside(tuple, CTA_TUPLE_PROTO);
	int len;

	ret->is_v6 = !inside(ip, CTA_IP_V4_SRC);
	len = ret->is_v6 ? 16 : 4;
	ret->src = inside(ip, ret->is_v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC);
	ret->dst = inside(ip, ret->is_v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST);
	ret->num = inside(proto, CTA_PROTO_NUM);
	ret->sport = inside(proto, CTA_PROTO_SRC_PORT);
	ret->dport = inside(proto, CTA_PROTO_DST_PORT);
	return ret->src && ret->dst && ret->num && ret->sport && ret->dport && nla_len(ret->src) == len &&
	       nla_len(ret->dst) == len && nla_len(ret->num) == 1 && nla_len(ret->sport) == 2 && nla_len(ret->dport) == 2;
}

static void nest_end(struct nlmsghdr *h, struct nlattr *nest)
{
	nest->nla_len = (char *)h + h->nlmsg_len - (char *)nest;
}

static void add_as(struct nlmsghdr *to, int type, const struct nlattr *value)
{
	stream_add(to, type, nla_data(value), nla_len(value));
}

/* The answers to what t sends. */
static void add_answer(struct nlmsghdr *to, const struct tuple *t)
{
	struct nlattr *all = stream_add(to, CTA_TUPLE_REPLY | NLA_F_NESTED, NULL, 0), *nest;

	nest = stream_add(to, CTA_TUPLE_IP | NLA_F_NESTED, NULL, 0);
	add_as(to, t->is_v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, t->dst);
	add_as(to, t->is_v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, t->src);
	nest_end(to, nest);
	nest = stream_add(to, CTA_TUPLE_PROTO | NLA_F_NESTED, NULL, 0);
	add_as(to, CTA_PROTO_NUM, t->num);
	add_as(to, CTA_PROTO_SRC_PORT, t->dport);
	add_as(to, CTA_PROTO_DST_PORT, t->sport);
	nest_end(to, nest);
	nest_end(to, all);
}

static bool differs(const struct nlattr *a, const struct nlattr *b)
{
	return memcmp(nla_data(a), nla_data(b), nla_len(a));
}

static void add_translation(struct nlmsghdr *to, int type, bool is_v6, const struct nlattr *ip, const struct nlattr *port)
{
	struct nlattr *all = stream_add(to, type | NLA_F_NESTED, NULL, 0), *nest;

	add_as(to, is_v6 ? CTA_NAT_V6_MINIP : CTA_NAT_V4_MINIP, ip);
	add_as(to, is_v6 ? CTA_NAT_V6_MAXIP : CTA_NAT_V4_MAXIP, ip);
	nest = stream_add(to, CTA_NAT_PROTO | NLA_F_NESTED, NULL, 0);
	add_as(to, CTA_PROTONAT_PORT_MIN, port);
	add_as(to, CTA_PROTONAT_PORT_MAX, port);
	nest_end(to, nest);
	nest_end(to, all);
}

/*
 * The kernel tells what answers look like after the translation, but takes them as they would be without (else it
 * sees nothing to translate: nf_nat_setup_info()) and what is to become of them. NULL: not for this protocol.
 */
static struct nlmsghdr *as_request(struct arena *a, const struct nlmsghdr *h)
{
	enum { MORE = 256 };
	struct nlmsghdr *to = arena_alloc(a, NLMSG_ALIGN(h->nlmsg_len) + MORE);
	struct tuple there, back;

	if (!read_tuple(h, CTA_TUPLE_ORIG, &there) || !read_tuple(h, CTA_TUPLE_REPLY, &back) || there.is_v6 != back.is_v6)
		return NULL;
	stream_copy(h, to, HEAD, (const uint16_t[]){ CTA_TUPLE_REPLY, 0 });
	add_answer(to, &there);
	if (differs(back.src, there.dst) || differs(back.sport, there.dport))
		add_translation(to, CTA_NAT_DST, back.is_v6, back.src, back.sport);
	if (differs(back.dst, there.src) || differs(back.dport, there.sport))
		add_translation(to, CTA_NAT_SRC, back.is_v6, back.dst, back.dport);
	return to;
}

static int give_back(struct arena *a, const struct net_stream_data *s, struct netlink *nl)
{
	for (size_t at = 0; at < s->n;) {
		const struct nlmsghdr *h = (void *)(s->v + at);
		bool has_nat = h->nlmsg_type == CT_NEW && is_translated(h);
		struct nlmsghdr *copy = has_nat ? as_request(a, h) : arena_memdup(a, h, NLMSG_ALIGN(h->nlmsg_len));
		int err;

		at += NLMSG_ALIGN(h->nlmsg_len);
		if (!copy) {
			warn("a connection without ports, with translated addresses, is tracked anew from its next packet");
			continue;
		}
		make_liberal(copy);
		err = netlink_talk_raw(nl, copy, NLM_F_CREATE);
		if (err && err != -EEXIST)
			return fail_with(err, "give a tracked connection back%s%s", *nl->told ? ": " : "", nl->told);
	}
	return 0;
}

int conntrack_make(struct arena *a, struct net_ns *ns, struct netlink *nl)
{
	return give_back(a, &ns->ct, nl) ?: give_back(a, &ns->expect, nl);
}
