/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/link.h: network devices */
#include <stdbool.h>
#include <stddef.h>
#include "kernel/netlink.h"
#include "netdev.pb-c.h"

struct arena;
struct dump;
struct restore;
struct net_ns;
struct net_set;

/* What IFLA_LINK of a kind of device names. */
enum link_below { LINK_NONE, LINK_PEER, LINK_LOWER, LINK_REPEATED };

enum { LINK_ALL_ATTRS = 0xffff };	/* in a list of attributes: every one */

struct link_kind {
	const char *name;		/* IFLA_INFO_KIND */
	NdType type;
	enum link_below below;
	const char *own;		/* the device of this kind that every namespace has from birth */
	const uint16_t *fixed;		/* attributes that can only be read; ends with 0 */
	const uint16_t *late;		/* attributes that can be given when the ports are there */
};

/* The row of links.def, or NULL. */
const struct link_kind *link_kind(const char *name);
/* The attributes of a port (IFLA_INFO_SLAVE_DATA) that can only be read; NULL: no such port is known. */
const uint16_t *link_port_fixed(const char *name);
bool link_kind_is_own(const struct link_kind *k, const char *device);

bool link_attr_is_in(const uint16_t *list, int type);

/* What RTM_NEWLINK says of every sort of device: name, flags, size, address, kept attributes, settings. NULL: nonsense. */
NetDeviceEntry *link_state(struct arena *a, const struct nlmsghdr *h);
/* The whole record; NULL: refused, or the kernel makes this device itself and nothing was changed. */
NetDeviceEntry *link_record(struct dump *d, const struct nlmsghdr *h);
int link_scan(struct dump *d, struct net_ns *ns, struct netlink *nl) must_check;
/* The list of devices; family AF_BRIDGE: of bridge ports with their VLANs. */
int link_dump(struct netlink *nl, int family, netlink_each each, void *arg) must_check;
NetDeviceEntry *link_find(const struct net_ns *ns, uint32_t index);

/* By its name in the record, or what plain images say. NULL: lo, or a device that was there before. */
const struct link_kind *link_kind_of(const NetDeviceEntry *e);
int link_check(const NetDeviceEntry *e) must_check;
/* Bytes of attributes that a request with all of the record may have. */
size_t link_room(const NetDeviceEntry *e);
/* The number of a device by its name: a question. */
int link_index(struct netlink *nl, const char *name, int *ret) must_check;
