/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/ipset.h: named sets of addresses, as the kernel's own messages */
#include "base/compiler.h"

struct dump;
struct netlink;
struct net_ns;
struct arena;

/* Inside the namespace. */
int ipset_scan(struct dump *d, struct net_ns *ns, struct netlink *nf) must_check;
int ipset_check(const struct net_ns *ns) must_check;
int ipset_make(struct arena *a, const struct net_ns *ns, struct netlink *nf) must_check;
