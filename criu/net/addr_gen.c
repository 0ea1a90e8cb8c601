/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel makes up for a device in the mode eui64, and whether it is there already. */
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include "base/log.h"
#include "net/addr_gen.h"
#include "net/net.h"

static const struct nlmsghdr *message_at(const struct net_stream_data *s, size_t at)
{
	return (const struct nlmsghdr *)(s->v + at);
}

static uint64_t last_half(const struct in6_addr *address)
{
	uint64_t half;

	memcpy(&half, address->s6_addr + 8, sizeof(half));
	return half;
}

static void learn_address(struct arena *a, const struct nlmsghdr *h, struct addr_gen *g)
{
	static const uint8_t link_local[8] = { 0xfe, 0x80 };
	struct nlattr *at = netlink_find(h, sizeof(struct ifaddrmsg), IFA_ADDRESS);
	const struct ifaddrmsg *ifa = NLMSG_DATA(h);

	if (ifa->ifa_family == AF_INET6 && ifa->ifa_prefixlen == 64 && at && nla_len(at) == sizeof(struct in6_addr) &&
	    !memcmp(nla_data(at), link_local, sizeof(link_local)))
		*map_at(a, &g->local, hash_add(ifa->ifa_index, last_half(nla_data(at)))) = 1;
}

static void learn_route(struct arena *a, const struct nlmsghdr *h, struct addr_gen *g)
{
	struct nlattr *out = netlink_find(h, sizeof(struct rtmsg), RTA_OIF);
	struct nlattr *to = netlink_find(h, sizeof(struct rtmsg), RTA_DST);
	const struct rtmsg *rt = NLMSG_DATA(h);

	if (rt->rtm_type == RTN_MULTICAST && rt->rtm_table == RT_TABLE_LOCAL && rt->rtm_dst_len == 8 && out && to &&
	    nla_len(out) == 4 && nla_len(to) == sizeof(struct in6_addr) && *(uint8_t *)nla_data(to) == 0xff)
		*map_at(a, &g->multicast, nla_get_u32(out)) = 1;
}

void addr_gen_learn(struct arena *a, const struct net_ns *ns, struct addr_gen *ret)
{
	const struct net_stream_data *addresses = &ns->streams[NET_STREAM_addr], *routes = &ns->streams[NET_STREAM_route6];

	for (size_t at = 0; at < addresses->n; at += NLMSG_ALIGN(message_at(addresses, at)->nlmsg_len))
		learn_address(a, message_at(addresses, at), ret);
	for (size_t at = 0; at < routes->n; at += NLMSG_ALIGN(message_at(routes, at)->nlmsg_len))
		learn_route(a, message_at(routes, at), ret);
}

bool addr_gen_has_all(const struct addr_gen *g, const NetDeviceEntry *e)
{
	struct in6_addr own = { 0 };
	uint8_t *eui = own.s6_addr + 8;

	/* Others may lie on hardware that has a number of its own in it. */
	if (e->type != ND_TYPE__VETH || !(e->flags & IFF_UP) || !e->has_address || e->address.len != 6)
		return false;
	memcpy(eui, e->address.data, 3);
	memcpy(eui + 5, e->address.data + 3, 3);
	eui[0] ^= 2;
	eui[3] = 0xff;
	eui[4] = 0xfe;
	return map_find(&g->local, hash_add(e->ifindex, last_half(&own))) && map_find(&g->multicast, e->ifindex);
}
