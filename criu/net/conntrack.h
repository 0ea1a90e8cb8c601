/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/conntrack.h: tracked connections, and those that are expected */
#include "kernel/netlink.h"

struct arena;
struct net_ns;

/* Inside the namespace. */
int conntrack_scan(struct arena *a, struct net_ns *ns, struct netlink *nl) must_check;
int conntrack_make(struct arena *a, struct net_ns *ns, struct netlink *nl) must_check;
int conntrack_check(const struct net_ns *ns) must_check;
