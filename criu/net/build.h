/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/build.h: what the parts of making network namespaces share */
#include <sched.h>
#include "kernel/netlink.h"
#include "net/net.h"

struct options;

struct net_build {
	const struct options *opt;
	struct arena *arena;
	struct net_set *set;
	struct netlink own;		/* in the tool's namespace */
	struct netlink *nl;		/* in each of the set, by index */
	const char **gen_mode;		/* the same: net.ipv6.conf.default.addr_gen_mode as it is to be; NULL: no IPv6 */
};

/* By the id that images give it; NULL: it is not among them. */
struct net_ns *net_by_id(const struct net_set *set, uint32_t id);
static inline size_t net_index(const struct net_set *set, const struct net_ns *ns)
{
	for (size_t i = 0; i < set->v.n; i++)
		if (set->v.v[i] == ns)
			return i;
	return 0;
}
/* The calling thread goes into the namespace of this descriptor. */
int net_enter(int fd) must_check;
/* Back to the tool's own after work that ended with err: that, or why there is no way back. */
int net_return(int own_fd, int err) must_check;

/* How a namespace calls others (net/nsid.c). */
int nsid_scan(struct arena *a, struct net_set *set, size_t i, struct netlink *nl) must_check;
int nsid_make(struct net_build *b, size_t i) must_check;
/* The number of the namespace of fd, given to it if it has none. */
int nsid_of(struct netlink *nl, int fd, int32_t *ret) must_check;
/* The other way round: the id of the namespace in these images; 0: it is not among them. */
uint32_t nsid_target(const struct net_ns *ns, int32_t nsid);

/* Inside a namespace: from now on devices are born without making up addresses; links_finish() ends it. */
int links_begin(struct net_build *b, size_t i) must_check;
/* Devices of all namespaces, then their settings, masters and flags. */
int links_make(struct net_build *b) must_check;
/* When addresses and routes are there: how the kernel makes addresses up from now on. */
int links_finish(struct net_build *b, struct net_ns *ns, struct netlink *nl) must_check;
/* One namespace: settings, masters, flags. Inside it. */
int link_settings_make(struct net_build *b, struct net_ns *ns, struct netlink *nl) must_check;
