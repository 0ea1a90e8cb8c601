/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables by netlink: tables, chains, sets, objects, flow tables, elements and rules are kept as the kernel tells
 * them, and given back in one transaction. So rules that text cannot say (those of iptables-nft with extensions)
 * come back too.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include "base/log.h"
#include "base/parse.h"
#include "net/net.h"
#include "net/nft.h"

#define NFT(msg)	((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_##msg)
#define LOCK_PREFIX	"CRIU-"		/* tables that keep the network still: net/lock.c */
#define NONE		(const uint16_t[]){ 0 }
#define ATTRS(...)	(const uint16_t[]){ __VA_ARGS__, 0 }
enum { HEAD = sizeof(struct nfgenmsg), TABLE_NAME = 1 };	/* every message has the table's name first */

/* In the order in which they are given back. */
static const struct sort {
	int get, add;
	const uint16_t *fixed;		/* attributes that can only be read */
} sorts[] = {
	{ NFT(GETTABLE), NFT(NEWTABLE), ATTRS(NFTA_TABLE_USE, NFTA_TABLE_HANDLE, NFTA_TABLE_OWNER, NFTA_TABLE_PAD) },
	{ NFT(GETCHAIN), NFT(NEWCHAIN), ATTRS(NFTA_CHAIN_HANDLE, NFTA_CHAIN_USE, NFTA_CHAIN_ID, NFTA_CHAIN_PAD) },
	{ NFT(GETSET), NFT(NEWSET), ATTRS(NFTA_SET_HANDLE, NFTA_SET_ID, NFTA_SET_PAD, 19 /* TYPE */, 20 /* COUNT */) },
	{ NFT(GETOBJ), NFT(NEWOBJ), ATTRS(NFTA_OBJ_USE, NFTA_OBJ_HANDLE, NFTA_OBJ_PAD) },
	{ NFT(GETFLOWTABLE), NFT(NEWFLOWTABLE), ATTRS(NFTA_FLOWTABLE_USE, NFTA_FLOWTABLE_HANDLE, NFTA_FLOWTABLE_PAD) },
	{ NFT(GETSETELEM), NFT(NEWSETELEM), NONE },
	{ NFT(GETRULE), NFT(NEWRULE), ATTRS(NFTA_RULE_HANDLE, NFTA_RULE_POSITION, NFTA_RULE_ID, NFTA_RULE_PAD) },
};
enum { SORT_SETS = 2, SORT_ELEMENTS = 5 };

struct nft_dump {
	struct arena *a;
	const struct sort *sort;
	struct net_stream_data *to;
};

static bool is_lock(const struct nlmsghdr *h)
{
	struct nlattr *name = netlink_find(h, HEAD, TABLE_NAME);

	return name && nla_len(name) > (int)strlen(LOCK_PREFIX) &&
	       !memcmp(nla_data(name), LOCK_PREFIX, strlen(LOCK_PREFIX));
}

static void *space(struct arena *a, struct net_stream_data *s, size_t len)
{
	if (s->n + len > s->room) {
		size_t room = max(s->room * 2, s->n + len + 4096);
		uint8_t *bigger = arena_alloc(a, room);

		if (s->n)
			memcpy(bigger, s->v, s->n);
		s->room = room;
		s->v = bigger;
	}
	s->n += len;
	return s->v + s->n - len;
}

static int each_message(const struct nlmsghdr *h, void *arg)
{
	struct nft_dump *d = arg;

	if (h->nlmsg_type == d->sort->add && !is_lock(h))
		memcpy(space(d->a, d->to, NLMSG_ALIGN(h->nlmsg_len)), h, h->nlmsg_len);
	return 0;
}

static int list(struct nft_dump *d, struct netlink *nl, const struct nlmsghdr *set)
{
	struct nfgenmsg g = { .nfgen_family = set ? ((struct nfgenmsg *)NLMSG_DATA(set))->nfgen_family : AF_UNSPEC };
	struct nl_msg *auto_msg m = netlink_request(d->sort->get, 0, &g, sizeof(g));
	int err;

	if (set) {
		struct nlattr *table = netlink_find(set, HEAD, NFTA_SET_TABLE);
		struct nlattr *name = netlink_find(set, HEAD, NFTA_SET_NAME);

		netlink_put(m, NFTA_SET_ELEM_LIST_TABLE, nla_data(table), nla_len(table));
		netlink_put(m, NFTA_SET_ELEM_LIST_SET, nla_data(name), nla_len(name));
	}
	err = netlink_dump(nl, m, each_message, d);
	return err == -EOPNOTSUPP ? 0 : err;
}

/* from, until: where the sets are. */
static int list_elements(struct nft_dump *d, struct netlink *nl, size_t from, size_t until)
{
	int err = 0;

	for (size_t at = from; at < until && !err;) {
		const struct nlmsghdr *h = (void *)(d->to->v + at);

		at += NLMSG_ALIGN(h->nlmsg_len);
		err = list(d, nl, h);
	}
	return err;
}

int nft_scan(struct arena *a, struct net_ns *ns, struct netlink *nl)
{
	struct nft_dump d = { a, NULL, &ns->nft };
	size_t sets = 0, sets_end = 0;
	int err = 0;

	for (size_t i = 0; i < array_size(sorts) && !err; i++) {
		d.sort = &sorts[i];
		if (i == SORT_SETS)
			sets = d.to->n;
		err = i == SORT_ELEMENTS ? list_elements(&d, nl, sets, sets_end) : list(&d, nl, NULL);
		if (i == SORT_SETS)
			sets_end = d.to->n;
		if (!d.to->n)		/* no table */
			break;
	}
	/* A kernel without nftables has no rules. */
	return err && err != -EINVAL && err != -EPROTONOSUPPORT ? fail_with(err, "list of nftables rules") : 0;
}

static const struct sort *sort_of(const struct nlmsghdr *h)
{
	for (size_t i = 0; i < array_size(sorts); i++)
		if (sorts[i].add == h->nlmsg_type)
			return &sorts[i];
	return NULL;
}

int nft_check(const struct net_ns *ns)
{
	for (size_t at = 0; at < ns->nft.n;) {
		const struct nlmsghdr *h = (void *)(ns->nft.v + at);

		if (ns->nft.n - at < NLMSG_SPACE(HEAD) || h->nlmsg_len > ns->nft.n - at ||
		    h->nlmsg_len < NLMSG_SPACE(HEAD) || !sort_of(h))
			return fail(EINVAL, "nftables of network namespace %u: no rule of the kernel at byte %zu",
				    ns->id, at);
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return 0;
}

struct nlmsghdr *nft_batch_add(struct nft_batch *b, int type, int flags, const struct nlmsghdr *from, size_t room)
{
	struct nlmsghdr *h = space(b->a, &b->data, NLMSG_ALIGN(room));

	memset(h, 0, room);
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = b->seq++;
	h->nlmsg_len = NLMSG_SPACE(HEAD);
	if (from)
		memcpy(NLMSG_DATA(h), NLMSG_DATA(from), HEAD);
	b->last = (uint8_t *)h - b->data.v;
	return h;
}

static void mark(struct nft_batch *b, int type)
{
	size_t last = b->last;
	struct nlmsghdr *h = nft_batch_add(b, type, 0, NULL, NLMSG_SPACE(HEAD));

	((struct nfgenmsg *)NLMSG_DATA(h))->res_id = htons(NFNL_SUBSYS_NFTABLES);
	if (type == NFNL_MSG_BATCH_END)
		b->last = last;
}

int nft_batch_send(struct nft_batch *b, struct netlink *nl)
{
	struct nft_batch whole = { .a = b->a, .seq = ++nl->seq };
	struct nlmsghdr *last = (void *)(b->data.v + b->last);
	int size = 64 << 20;

	last->nlmsg_flags |= NLM_F_ACK;
	mark(&whole, NFNL_MSG_BATCH_BEGIN);
	memcpy(space(b->a, &whole.data, b->data.n), b->data.v, b->data.n);
	mark(&whole, NFNL_MSG_BATCH_END);
	/* One message may be as long as the socket's buffer. */
	setsockopt(nl->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return netlink_batch(nl, whole.data.v, whole.data.n, last->nlmsg_seq);
}

/* Whether an expression inside NFTA_RULE_EXPRESSIONS has this name; its data. */
static struct nlattr *expression(struct nlattr *elem, const char *name)
{
	struct nlattr *n = nla_find(nla_data(elem), nla_len(elem), NFTA_EXPR_NAME);

	if (!n || nla_len(n) != (int)strlen(name) + 1 || memcmp(nla_data(n), name, nla_len(n)))
		return NULL;
	return nla_find(nla_data(elem), nla_len(elem), NFTA_EXPR_DATA);
}

static bool loads_protocol(struct nlattr *elem)
{
	struct nlattr *d = expression(elem, "meta"), *at;

	if (d) {
		at = nla_find(nla_data(d), nla_len(d), NFTA_META_KEY);
		return at && ntohl(nla_get_u32(at)) == NFT_META_L4PROTO;
	}
	d = expression(elem, "payload");
	at = d ? nla_find(nla_data(d), nla_len(d), NFTA_PAYLOAD_OFFSET) : NULL;
	return at && ntohl(nla_get_u32(at)) == 9;	/* protocol, in struct iphdr */
}

static int compared_with(struct nlattr *elem)
{
	struct nlattr *d = expression(elem, "cmp"), *at = d ? nla_find(nla_data(d), nla_len(d), NFTA_CMP_DATA) : NULL;

	at = at ? nla_find(nla_data(at), nla_len(at), NFTA_DATA_VALUE) : NULL;
	return at && nla_len(at) == 1 ? nla_get_u8(at) : 0;
}

/* Extensions of iptables want to hear the protocol once more, which the kernel does not tell. */
static void add_compat(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	struct nlattr *all = netlink_find(h, HEAD, NFTA_RULE_EXPRESSIONS), *elem;
	struct {
		struct nlattr a;
		uint32_t proto;
		struct nlattr b;
		uint32_t flags;
	} compat = { { 8, NFTA_RULE_COMPAT_PROTO }, 0, { 8, NFTA_RULE_COMPAT_FLAGS }, 0 };
	bool is_next = false, is_compat = false;
	int left;

	if (!all)
		return;
	nla_for_each_nested(elem, all, left) {
		if (is_next && !compat.proto)
			compat.proto = htonl(compared_with(elem));
		is_next = loads_protocol(elem);
		is_compat |= expression(elem, "match") || expression(elem, "target");
	}
	if (is_compat && compat.proto)
		stream_add(to, NFTA_RULE_COMPAT | NLA_F_NESTED, &compat, sizeof(compat));
}

static void add_request(struct nft_batch *b, const struct nlmsghdr *h, uint32_t set_id)
{
	const struct sort *sort = sort_of(h);
	int flags = NLM_F_CREATE | (h->nlmsg_type == NFT(NEWRULE) ? NLM_F_APPEND : 0);
	struct nlmsghdr *to = nft_batch_add(b, h->nlmsg_type, flags, h, h->nlmsg_len + 128);
	size_t before = b->data.n, len;
	struct nlmsghdr keep = *to;

	stream_copy(h, to, HEAD, sort->fixed);
	if (h->nlmsg_type == NFT(NEWSET))
		stream_add(to, NFTA_SET_ID, &set_id, sizeof(set_id));
	if (h->nlmsg_type == NFT(NEWRULE))
		add_compat(h, to);
	len = to->nlmsg_len;
	*to = keep;
	to->nlmsg_len = len;
	((struct nfgenmsg *)NLMSG_DATA(to))->res_id = 0;
	b->data.n = before - (NLMSG_ALIGN(h->nlmsg_len + 128) - NLMSG_ALIGN(len));
}

int nft_make(struct arena *a, struct net_ns *ns, struct netlink *nl)
{
	struct nft_batch b = { .a = a, .seq = nl->seq + 2 };
	uint32_t n = 0;
	int err;

	for (size_t at = 0; at < ns->nft.n;) {
		const struct nlmsghdr *h = (void *)(ns->nft.v + at);

		at += NLMSG_ALIGN(h->nlmsg_len);
		add_request(&b, h, htonl(++n));
	}
	if (!n)
		return 0;
	err = nft_batch_send(&b, nl);
	return err ? fail_with(err, "give %u nftables rules and sets back%s%s", n, *nl->told ? ": " : "", nl->told) : 0;
}
