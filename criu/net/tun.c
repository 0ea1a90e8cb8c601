/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tun and tap devices: netlink tells of them, but only their own ioctls make them. */
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <netlink/attr.h>
#include "base/arena.h"
#include "base/log.h"
#include "base/own.h"
#include "net/tun.h"

enum { PLAIN_HEADER = 10 };		/* of struct virtio_net_hdr: what a new device has */

static uint8_t flag(struct nlattr **tb, int type)
{
	return tb[type] && nla_get_u8(tb[type]);
}

void tun_scan(struct arena *a, NetDeviceEntry *e, struct nlattr *data)
{
	struct nlattr *tb[IFLA_TUN_MAX + 1] = { 0 };

	nla_parse_nested(tb, IFLA_TUN_MAX, data, NULL);
	e->tun = arena_msg(a, TunLinkEntry, tun_link_entry__init);
	e->tun->flags = tb[IFLA_TUN_TYPE] ? nla_get_u8(tb[IFLA_TUN_TYPE]) : IFF_TUN;
	if (!flag(tb, IFLA_TUN_PI))
		e->tun->flags |= IFF_NO_PI;
	if (flag(tb, IFLA_TUN_VNET_HDR))
		e->tun->flags |= IFF_VNET_HDR;
	if (flag(tb, IFLA_TUN_MULTI_QUEUE))
		e->tun->flags |= IFF_MULTI_QUEUE;
	if (flag(tb, IFLA_TUN_PERSIST))
		e->tun->flags |= IFF_PERSIST;
	e->tun->owner = tb[IFLA_TUN_OWNER] ? (int32_t)nla_get_u32(tb[IFLA_TUN_OWNER]) : -1;
	e->tun->group = tb[IFLA_TUN_GROUP] ? (int32_t)nla_get_u32(tb[IFLA_TUN_GROUP]) : -1;
	/*
	 * Only a descriptor tells these, and attaching one switches the carrier on, which the namespace would notice:
	 * what a new device has. A task's own descriptor tells the truth to whoever saves that.
	 */
	e->tun->vnethdr = PLAIN_HEADER;
	e->tun->sndbuf = INT_MAX;
}

int tun_make(const NetDeviceEntry *e)
{
	struct ifreq ifr = { .ifr_flags = e->tun->flags & ~IFF_PERSIST };
	int index = e->ifindex, header = e->tun->vnethdr, sndbuf = e->tun->sndbuf;
	auto_fd int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return fail_errno("open /dev/net/tun");
	if (ioctl(fd, TUNSETIFINDEX, &index) < 0)
		return fail_errno("choose the index %d of %s", index, e->name);
	memcpy(ifr.ifr_name, e->name, min(strlen(e->name), sizeof(ifr.ifr_name) - 1));
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return fail_errno("make %s", e->name);
	if (e->tun->owner >= 0 && ioctl(fd, TUNSETOWNER, e->tun->owner) < 0)
		return fail_errno("give %s to user %d", e->name, e->tun->owner);
	if (e->tun->group >= 0 && ioctl(fd, TUNSETGROUP, e->tun->group) < 0)
		return fail_errno("give %s to group %d", e->name, e->tun->group);
	if ((e->tun->flags & IFF_VNET_HDR) && ioctl(fd, TUNSETVNETHDRSZ, &header) < 0)
		return fail_errno("set the size of headers of %s to %d", e->name, header);
	if (sndbuf > 0 && sndbuf != INT_MAX && ioctl(fd, TUNSETSNDBUF, &sndbuf) < 0)
		return fail_errno("set the buffer of %s to %d", e->name, sndbuf);
	if (ioctl(fd, TUNSETPERSIST, 1) < 0)
		return fail_errno("keep %s", e->name);
	return 0;
}
