/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/net.h: the network namespaces of a tree, as records */
#include <stdbool.h>
#include <stdint.h>
#include "base/vec.h"
#include "netdev.pb-c.h"
#include "xtables.pb-c.h"
#include "net/stream.h"
#include "net/text.h"

struct dump;
struct restore;

/* One network namespace that is not the tool's. */
struct net_ns {
	uint32_t id;			/* TaskKobjIdsEntry.net_ns_id */
	int fd;				/* of the namespace; not owned. At restore: of the new, empty one */
	bool is_empty;			/* --empty-ns net: somebody else fills it */
	const char *ext_key;		/* not part of the snapshot: the label that --inherit-fd gives it again */
	NetnsEntry *entry;
	VEC(NetDeviceEntry *) links;
	struct net_stream_data streams[NET_STREAMS];
	struct net_stream_data tcfilter;	/* net/tcfilter.h */
	struct net_stream_data xfrm;	/* net/xfrm.h */
	struct net_stream_data nft;	/* net/nft.h */
	struct net_stream_data ct, expect;	/* net/conntrack.h */
	struct net_stream_data ipset;	/* net/ipset.h */
	const char *texts[NET_TEXTS];
	VEC(XtablesEntry *) xtables;
};

struct net_set {
	VEC(struct net_ns *) v;
	int own_fd;			/* the tool's namespace, which its thread is in around all calls */
};

/*
 * Dump: reads all, or refuses by name what cannot be made again. The tool's thread enters each namespace and comes
 * back. Nothing is changed inside.
 */
int net_scan(struct dump *d, struct net_set *set) must_check;
int net_save(struct dump *d, const struct net_set *set) must_check;
/* Restore: the records of ns->id, checked. */
int net_load(struct restore *r, struct net_ns *ns) must_check;
/* Makes everything in all namespaces of the set, which are new and empty. Needs privileges over them and the tool's own. */
int net_build(struct restore *r, struct net_set *set) must_check;
