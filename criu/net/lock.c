/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network of a namespace stands still while its sockets are read: a table of nftables that belongs to our socket. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>
#include "base/log.h"
#include "net/lock.h"
#include "net/nft.h"

#define NFT(msg)	((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_##msg)
enum { ROOM = 512, TABLE_OWNER = 2 /* NFT_TABLE_F_OWNER */ };

static void put_u32(struct nlmsghdr *h, int type, uint32_t v)
{
	v = htonl(v);
	stream_add(h, type, &v, sizeof(v));
}

static void put_str(struct nlmsghdr *h, int type, const char *s)
{
	stream_add(h, type, s, strlen(s) + 1);
}

static struct nlattr *nest(struct nlmsghdr *h, int type)
{
	return stream_add(h, type | NLA_F_NESTED, NULL, 0);
}

static void nest_end(struct nlmsghdr *h, struct nlattr *n)
{
	n->nla_len = (char *)h + h->nlmsg_len - (char *)n;
}

static struct nlmsghdr *begin(struct nft_batch *b, int type)
{
	struct nlmsghdr *h = nft_batch_add(b, type, NLM_F_CREATE, NULL, ROOM);

	((struct nfgenmsg *)NLMSG_DATA(h))->nfgen_family = NFPROTO_INET;
	return h;
}

static void end(struct nft_batch *b, const struct nlmsghdr *h)
{
	b->data.n -= ROOM - NLMSG_ALIGN(h->nlmsg_len);
}

static void add_table(struct nft_batch *b, const char *table)
{
	struct nlmsghdr *h = begin(b, NFT(NEWTABLE));

	put_str(h, NFTA_TABLE_NAME, table);
	put_u32(h, NFTA_TABLE_FLAGS, TABLE_OWNER);
	end(b, h);
}

static void add_chain(struct nft_batch *b, const char *table, const char *chain, int hook)
{
	struct nlmsghdr *h = begin(b, NFT(NEWCHAIN));
	struct nlattr *n;

	put_str(h, NFTA_CHAIN_TABLE, table);
	put_str(h, NFTA_CHAIN_NAME, chain);
	n = nest(h, NFTA_CHAIN_HOOK);
	put_u32(h, NFTA_HOOK_HOOKNUM, hook);
	put_u32(h, NFTA_HOOK_PRIORITY, 0);
	nest_end(h, n);
	put_u32(h, NFTA_CHAIN_POLICY, NF_DROP);
	put_str(h, NFTA_CHAIN_TYPE, "filter");
	end(b, h);
}

static struct nlattr *begin_expression(struct nlmsghdr *h, const char *name, struct nlattr **ret_data)
{
	struct nlattr *elem = nest(h, NFTA_LIST_ELEM);

	put_str(h, NFTA_EXPR_NAME, name);
	*ret_data = nest(h, NFTA_EXPR_DATA);
	return elem;
}

/* meta mark == NET_LOCK_MARK accept */
static void add_rule(struct nft_batch *b, const char *table, const char *chain)
{
	struct nlmsghdr *h = begin(b, NFT(NEWRULE));
	struct nlattr *list, *elem, *data, *value, *verdict;
	uint32_t mark = NET_LOCK_MARK;

	put_str(h, NFTA_RULE_TABLE, table);
	put_str(h, NFTA_RULE_CHAIN, chain);
	list = nest(h, NFTA_RULE_EXPRESSIONS);
	elem = begin_expression(h, "meta", &data);
	put_u32(h, NFTA_META_KEY, NFT_META_MARK);
	put_u32(h, NFTA_META_DREG, NFT_REG_1);
	nest_end(h, data);
	nest_end(h, elem);
	elem = begin_expression(h, "cmp", &data);
	put_u32(h, NFTA_CMP_SREG, NFT_REG_1);
	put_u32(h, NFTA_CMP_OP, NFT_CMP_EQ);
	value = nest(h, NFTA_CMP_DATA);
	stream_add(h, NFTA_DATA_VALUE, &mark, sizeof(mark));
	nest_end(h, value);
	nest_end(h, data);
	nest_end(h, elem);
	elem = begin_expression(h, "immediate", &data);
	put_u32(h, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	value = nest(h, NFTA_IMMEDIATE_DATA);
	verdict = nest(h, NFTA_DATA_VERDICT);
	put_u32(h, NFTA_VERDICT_CODE, NF_ACCEPT);
	nest_end(h, verdict);
	nest_end(h, value);
	nest_end(h, data);
	nest_end(h, elem);
	nest_end(h, list);
	end(b, h);
}

int net_lock(struct arena *a, const char *name, struct netlink *ret)
{
	struct nft_batch b = { .a = a, .seq = 2 };
	char table[64];
	int err;

	snprintf(table, sizeof(table), "CRIU-%s", name);
	err = netlink_open(ret, NETLINK_NETFILTER);
	if (err)
		return err;
	add_table(&b, table);
	add_chain(&b, table, "input", NF_INET_LOCAL_IN);
	add_chain(&b, table, "output", NF_INET_LOCAL_OUT);
	add_rule(&b, table, "input");
	add_rule(&b, table, "output");
	err = nft_batch_send(&b, ret);
	if (!err)
		return 0;
	err = fail_with(err, "keep the network still by nftables (--network-lock skip does without)%s%s",
			*ret->told ? ": " : "", ret->told);
	netlink_close(ret);
	return err;
}
