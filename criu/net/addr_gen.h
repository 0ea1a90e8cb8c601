/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/addr_gen.h: how the kernel makes up IPv6 addresses of devices */
#include <stdbool.h>
#include "base/map.h"
#include "netdev.pb-c.h"

struct net_ns;

/* By number of the device: the link-local address (its last half), and whether it has the route for multicast. */
struct addr_gen {
	struct map local, multicast;
};

void addr_gen_learn(struct arena *a, const struct net_ns *ns, struct addr_gen *ret);
/*
 * A device that is to make up an address out of its hardware address is told so by its file in /proc/sys or by netlink.
 * The file makes that address at once, and the route for multicast; netlink has the kernel look at all its routes, which
 * takes a second for a thousand devices. Does it have both already, so that the file changes nothing else?
 */
bool addr_gen_has_all(const struct addr_gen *g, const NetDeviceEntry *e);
