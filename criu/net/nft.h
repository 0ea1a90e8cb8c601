/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/nft.h: nftables rules, as the kernel's own messages */
#include "kernel/netlink.h"
#include "net/stream.h"

struct arena;
struct net_ns;

/* Inside the namespace. */
int nft_scan(struct arena *a, struct net_ns *ns, struct netlink *nl) must_check;
int nft_make(struct arena *a, struct net_ns *ns, struct netlink *nl) must_check;
int nft_check(const struct net_ns *ns) must_check;

/* Requests that the kernel takes all or none of: begin, any number of nft_batch_add(), send. */
struct nft_batch {
	struct arena *a;
	struct net_stream_data data;
	uint32_t seq;
	size_t last;			/* where the last request begins */
};
struct nlmsghdr *nft_batch_add(struct nft_batch *b, int type, int flags, const struct nlmsghdr *from, size_t room);
int nft_batch_send(struct nft_batch *b, struct netlink *nl) must_check;
