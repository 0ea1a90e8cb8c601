/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/plain_link.h: what the established format says of a few kinds of device */
#include "kernel/netlink.h"
#include "netdev.pb-c.h"

struct arena;

/* IFLA_INFO_DATA into the message of that kind. */
void plain_link_scan(struct arena *a, NetDeviceEntry *e, struct nlattr *data);
/* The way back, for images that say no more: attributes inside IFLA_INFO_DATA. */
void plain_link_put(struct nl_msg *m, const NetDeviceEntry *e);
/* Can those be there? */
int plain_link_check(const NetDeviceEntry *e) must_check;
