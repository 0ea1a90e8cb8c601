/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipsets. The kernel tells each as one message or more: the first has its type, all have elements. Rules call a set by its
 * number, which is the first that is free: so sets are made in the order of their numbers, with others in the gaps
 * meanwhile.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/ipset/ip_set.h>
#include "base/log.h"
#include "kernel/netlink.h"
#include "net/ipset.h"
#include "net/net.h"
#include "options.h"
#include "run/dump.h"

#define CMD(name)	((NFNL_SUBSYS_IPSET << 8) | IPSET_CMD_##name)
enum {
	HEAD = sizeof(struct nfgenmsg),
	FEW = 256,
};

struct ipset_dump {
	struct dump *d;
	struct net_ns *ns;
};

static const char *name_of(const struct nlmsghdr *h)
{
	struct nlattr *name = netlink_find(h, HEAD, IPSET_ATTR_SETNAME);

	return name && nla_len(name) > 0 && !((char *)nla_data(name))[nla_len(name) - 1] ? nla_data(name) : NULL;
}

static int each_set(const struct nlmsghdr *h, void *arg)
{
	struct ipset_dump *s = arg;

	if (h->nlmsg_type != CMD(LIST) || !name_of(h))
		return 0;
	if (s->d->opt->plain_images) {
		if (netlink_find(h, HEAD, IPSET_ATTR_TYPENAME))
			refuse(&s->d->refusals, REFUSE_NET_RULES, "ipset %s, which plain images have no place for",
			       name_of(h));
		return 0;
	}
	stream_append(&s->d->m.arena, &s->ns->ipset, h);
	return 0;
}

int ipset_scan(struct dump *d, struct net_ns *ns, struct netlink *nf)
{
	struct nfgenmsg g = { .nfgen_family = AF_INET };
	struct nl_msg *auto_msg m = netlink_request(CMD(LIST), 0, &g, sizeof(g));
	struct ipset_dump s = { d, ns };
	uint8_t protocol = IPSET_PROTOCOL;
	int err;

	netlink_put(m, IPSET_ATTR_PROTOCOL, &protocol, sizeof(protocol));
	err = netlink_dump(nf, m, each_set, &s);
	/* A kernel without them has none. */
	return err && err != -EINVAL && err != -EOPNOTSUPP ? fail_with(err, "list of ipsets") : 0;
}

#define each_message(ns, at, h)                                                                                        \
	(size_t at = 0; at < (ns)->ipset.n && ((h) = (void *)((ns)->ipset.v + at));                                    \
	 at += NLMSG_ALIGN((h)->nlmsg_len))

/* Its number; -1: it is only more of a set that was told before. */
static int index_of(const struct nlmsghdr *h)
{
	struct nlattr *index = netlink_find(h, HEAD, IPSET_ATTR_INDEX);

	if (!netlink_find(h, HEAD, IPSET_ATTR_TYPENAME))
		return -1;
	return index && nla_len(index) == 2 ? ntohs(nla_get_u16(index)) : -1;
}

int ipset_check(const struct net_ns *ns)
{
	for (size_t at = 0; at < ns->ipset.n;) {
		const struct nlmsghdr *h = (void *)(ns->ipset.v + at);

		if (ns->ipset.n - at < NLMSG_SPACE(HEAD) || h->nlmsg_len > ns->ipset.n - at ||
		    h->nlmsg_len < NLMSG_SPACE(HEAD) || h->nlmsg_type != CMD(LIST) || !name_of(h))
			return fail(EINVAL, "ipsets of network namespace %u: no set of the kernel at byte %zu", ns->id, at);
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return 0;
}

/* Addresses are told without a mark of their byte order, and wanted with it. data: of the set, or of one element. */
static void mark_addresses(struct nlattr *data)
{
	struct nlattr *at, *address;
	int left, left_inside;

	nla_for_each_nested(at, data, left)
		if (at->nla_type & NLA_F_NESTED)
			nla_for_each_nested(address, at, left_inside)
				address->nla_type |= NLA_F_NET_BYTEORDER;
}

static struct nlmsghdr *with_marks(struct arena *a, const struct nlmsghdr *h)
{
	struct nlmsghdr *copy = arena_memdup(a, h, NLMSG_ALIGN(h->nlmsg_len));
	struct nlattr *data = netlink_find(copy, HEAD, IPSET_ATTR_DATA), *adt = netlink_find(copy, HEAD, IPSET_ATTR_ADT);
	int left;

	if (data)
		mark_addresses(data);
	if (adt)
		nla_for_each_nested(data, adt, left)
			mark_addresses(data);
	return copy;
}

static struct nl_msg *request(int command, const struct nlmsghdr *like, const char *name, size_t room)
{
	struct nfgenmsg g = { .nfgen_family = like ? ((struct nfgenmsg *)NLMSG_DATA(like))->nfgen_family : AF_INET };
	struct nl_msg *m = netlink_request_room(command, NLM_F_CREATE, &g, sizeof(g), FEW + room);
	uint8_t protocol = IPSET_PROTOCOL;

	netlink_put(m, IPSET_ATTR_PROTOCOL, &protocol, sizeof(protocol));
	netlink_put_str(m, IPSET_ATTR_SETNAME, name);
	return m;
}

static void copy_attr(struct nl_msg *m, const struct nlmsghdr *from, int type)
{
	struct nlattr *at = netlink_find(from, HEAD, type);

	if (at)
		netlink_put(m, at->nla_type, nla_data(at), nla_len(at));
}

static int create(struct netlink *nf, const struct nlmsghdr *h)
{
	struct nl_msg *auto_msg m = request(CMD(CREATE), h, name_of(h), h->nlmsg_len);
	struct nlattr *told = netlink_find(h, HEAD, IPSET_ATTR_DATA), *data, *at;
	int left, err;

	copy_attr(m, h, IPSET_ATTR_TYPENAME);
	copy_attr(m, h, IPSET_ATTR_REVISION);
	copy_attr(m, h, IPSET_ATTR_FAMILY);
	data = netlink_nest(m, IPSET_ATTR_DATA);
	if (told)
		nla_for_each_nested(at, told, left)
			if (nla_type(at) != IPSET_ATTR_ELEMENTS && nla_type(at) != IPSET_ATTR_REFERENCES &&
			    nla_type(at) != IPSET_ATTR_MEMSIZE)
				netlink_put(m, at->nla_type, nla_data(at), nla_len(at));
	netlink_nest_end(m, data);
	err = netlink_talk(nf, m);
	return err ? fail_with(err, "make ipset %s", name_of(h)) : 0;
}

static void gap_name(int index, char ret[IPSET_MAXNAMELEN])
{
	snprintf(ret, IPSET_MAXNAMELEN, "CRIU-gap-%d", index);
}

static int fill_gap(struct netlink *nf, int index)
{
	char name[IPSET_MAXNAMELEN];
	uint8_t revision = 0, family = AF_INET;
	struct nl_msg *auto_msg m = NULL;
	struct nlattr *data;
	int err;

	gap_name(index, name);
	m = request(CMD(CREATE), NULL, name, 0);
	netlink_put_str(m, IPSET_ATTR_TYPENAME, "hash:ip");
	netlink_put(m, IPSET_ATTR_REVISION, &revision, sizeof(revision));
	netlink_put(m, IPSET_ATTR_FAMILY, &family, sizeof(family));
	data = netlink_nest(m, IPSET_ATTR_DATA);
	netlink_nest_end(m, data);
	err = netlink_talk(nf, m);
	return err ? fail_with(err, "make ipset %s, so that the next has its number", name) : 0;
}

static int empty_gap(struct netlink *nf, int index)
{
	char name[IPSET_MAXNAMELEN];
	struct nl_msg *auto_msg m = NULL;
	int err;

	gap_name(index, name);
	m = request(CMD(DESTROY), NULL, name, 0);
	err = netlink_talk(nf, m);
	return err ? fail_with(err, "remove ipset %s", name) : 0;
}

/* Elements of one message, as told. */
static int add_elements(struct netlink *nf, const struct nlmsghdr *h)
{
	struct nlattr *adt = netlink_find(h, HEAD, IPSET_ATTR_ADT);
	struct nl_msg *auto_msg m = NULL;
	uint32_t line = 0;
	int err;

	if (!adt || !nla_len(adt))
		return 0;
	m = request(CMD(ADD), h, name_of(h), h->nlmsg_len);
	netlink_put(m, IPSET_ATTR_LINENO, &line, sizeof(line));
	netlink_put(m, adt->nla_type, nla_data(adt), nla_len(adt));
	err = netlink_talk(nf, m);
	return err ? fail_with(err, "give elements of ipset %s back", name_of(h)) : 0;
}

static int by_index(const void *a, const void *b)
{
	return index_of(*(const struct nlmsghdr *const *)a) - index_of(*(const struct nlmsghdr *const *)b);
}

struct sets {
	VEC(const struct nlmsghdr *) v;
};

static int create_all(struct netlink *nf, const struct sets *s)
{
	int next = 0, err = 0;

	for (size_t i = 0; i < s->v.n && !err; i++) {
		while (next < index_of(s->v.v[i]) && !err)
			err = fill_gap(nf, next++);
		err = err ?: create(nf, s->v.v[i]);
		next++;
	}
	next = 0;
	for (size_t i = 0; i < s->v.n && !err; i++) {
		while (next < index_of(s->v.v[i]) && !err)
			err = empty_gap(nf, next++);
		next++;
	}
	return err;
}

int ipset_make(struct arena *a, const struct net_ns *ns, struct netlink *nf)
{
	struct sets s = { 0 };
	const struct nlmsghdr *h;
	int err;

	for each_message(ns, at, h)
		if (index_of(h) >= 0)
			vec_push(a, &s.v, with_marks(a, h));
	if (s.v.n)
		qsort(s.v.v, s.v.n, sizeof(*s.v.v), by_index);
	err = create_all(nf, &s);
	/* When all sets are there: some have others as elements. */
	for each_message(ns, at, h)
		err = err ?: add_elements(nf, with_marks(a, h));
	return err;
}
