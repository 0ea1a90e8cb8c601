// SPDX-License-Identifier: GPL-2.0-or-later
/* Network: the kernel's messages into records and back into requests, for kinds that the test machine's kernel has not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail				/* base/log.h has one of its own */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include "base/log.h"
#include "kernel/netlink.h"
#include "net/external.h"
#include "net/link.h"
#include "net/net.h"
#include "net/plain_link.h"
#include "net/protocols.h"
#include "net/stream.h"
#include "options.h"
#include "run/dump.h"

static struct options opt;

static struct dump new_dump(void)
{
	struct dump d = { .opt = &opt };

	return d;
}

/* RTM_NEWLINK of a device called x0, of this kind, with these bytes of IFLA_INFO_DATA. */
static struct nl_msg *new_link(const char *kind, const void *data, size_t len)
{
	struct ifinfomsg ifi = { .ifi_type = ARPHRD_ETHER, .ifi_index = 7, .ifi_flags = IFF_UP };
	struct nl_msg *m = netlink_request(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	struct nlattr *info;

	netlink_put_str(m, IFLA_IFNAME, "x0");
	netlink_put_u32(m, IFLA_MTU, 1400);
	netlink_put_u32(m, IFLA_LINK, 3);
	netlink_put(m, IFLA_ADDRESS, "\2\0\0\0\0\1", 6);
	info = netlink_nest(m, IFLA_LINKINFO);
	if (kind)
		netlink_put_str(m, IFLA_INFO_KIND, kind);
	if (data)
		netlink_put(m, IFLA_INFO_DATA, data, len);
	netlink_nest_end(m, info);
	return m;
}

/* A vlan as Linux 6.1 tells it: protocol 802.1Q, id 42, flags with their mask. */
static const uint8_t vlan_data[] = {
	6, 0, IFLA_VLAN_PROTOCOL, 0, 0x81, 0, 0, 0, 6, 0, IFLA_VLAN_ID, 0, 42, 0, 0, 0,
	12, 0, IFLA_VLAN_FLAGS, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
};

static void vlan_keeps_all_its_data(void **state not_used)
{
	struct dump d = new_dump();
	struct nl_msg *auto_msg m = new_link("vlan", vlan_data, sizeof(vlan_data));
	NetDeviceEntry *e;

	d.refusals.arena = &d.m.arena;
	e = link_record(&d, nlmsg_hdr(m));
	assert_non_null(e);
	assert_int_equal(d.refusals.list.n, 0);
	assert_string_equal(e->kind, "vlan");
	assert_int_equal(e->type, ND_TYPE__EXTLINK);
	assert_int_equal(e->mtu, 1400);
	assert_int_equal(e->peer_ifindex, 3);
	assert_int_equal(e->info_data.len, sizeof(vlan_data));
	assert_memory_equal(e->info_data.data, vlan_data, sizeof(vlan_data));
	assert_int_equal(link_kind_of(e)->below, LINK_LOWER);
	arena_free(&d.m.arena);
}

static void what_can_only_be_read_is_left_out(void **state not_used)
{
	static const uint8_t data[] = {
		8, 0, IFLA_BR_AGEING_TIME, 0, 1, 2, 0, 0,
		12, 0, IFLA_BR_BRIDGE_ID, 0, 0x80, 0, 1, 2, 3, 4, 5, 6,
		12, 0, IFLA_BR_GC_TIMER, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	};
	struct dump d = new_dump();
	struct nl_msg *auto_msg m = new_link("bridge", data, sizeof(data));
	NetDeviceEntry *e;

	e = link_record(&d, nlmsg_hdr(m));
	assert_non_null(e);
	assert_int_equal(e->type, ND_TYPE__BRIDGE);
	assert_int_equal(e->info_data.len, 8);
	assert_memory_equal(e->info_data.data, data, 8);
	arena_free(&d.m.arena);
}

static void unknown_kinds_are_refused_by_name(void **state not_used)
{
	struct dump d = new_dump();
	struct nl_msg *auto_msg m = new_link("wireguard", NULL, 0), *auto_msg physical = new_link(NULL, NULL, 0);

	d.refusals.arena = &d.m.arena;
	assert_null(link_record(&d, nlmsg_hdr(m)));
	assert_null(link_record(&d, nlmsg_hdr(physical)));
	assert_int_equal(d.refusals.list.n, 2);
	assert_int_equal(d.refusals.list.v[0].code, REFUSE_NET_LINK);
	assert_non_null(strstr(d.refusals.list.v[0].text, "wireguard"));
	arena_free(&d.m.arena);
}

static void an_external_device_is_not_looked_into(void **state not_used)
{
	const char *names[] = { "netdev[x0]" };
	struct options external = { .external = { names, 1 } };
	struct dump d = { .opt = &external };
	struct nl_msg *auto_msg m = new_link("wireguard", NULL, 0);
	NetDeviceEntry *e = link_record(&d, nlmsg_hdr(m));

	assert_non_null(e);
	assert_int_equal(e->type, ND_TYPE__EXTLINK);
	assert_null(e->kind);
	arena_free(&d.m.arena);
}

static void plain_images_have_no_field_of_ours(void **state not_used)
{
	static const uint8_t data[] = {
		8, 0, IFLA_IPTUN_LOCAL, 0, 10, 0, 0, 1, 8, 0, IFLA_IPTUN_REMOTE, 0, 10, 0, 0, 2, 5, 0, IFLA_IPTUN_TTL, 0, 9, 0, 0, 0,
	};
	struct options plain = { .plain_images = true };
	struct dump d = { .opt = &plain };
	struct nl_msg *auto_msg sit = new_link("sit", data, sizeof(data)), *auto_msg vlan = new_link("vlan", NULL, 0);
	NetDeviceEntry *e;

	d.refusals.arena = &d.m.arena;
	e = link_record(&d, nlmsg_hdr(sit));
	assert_non_null(e);
	assert_int_equal(e->type, ND_TYPE__SIT);
	assert_null(e->kind);
	assert_false(e->has_info_data || e->has_attrs);
	assert_int_equal(e->sit->ttl, 9);
	assert_int_equal(e->sit->n_remote, 1);
	assert_int_equal(plain_link_check(e), 0);
	assert_null(link_record(&d, nlmsg_hdr(vlan)));
	assert_int_equal(d.refusals.list.n, 1);
	arena_free(&d.m.arena);
}

static struct nlmsghdr *fixed(const struct nl_msg *m, bool (*fix)(const struct nlmsghdr *h, struct nlmsghdr *to))
{
	static _Alignas(8) uint8_t room[4096];

	return fix(nlmsg_hdr((struct nl_msg *)m), (void *)room) ? (void *)room : NULL;
}

static void addresses_lose_what_the_kernel_decides(void **state not_used)
{
	struct ifaddrmsg ifa = { .ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_index = 7, .ifa_flags = IFA_F_PERMANENT };
	struct ifa_cacheinfo ci = { UINT32_MAX, UINT32_MAX, 5, 6 };
	struct nl_msg *auto_msg m = netlink_request(RTM_NEWADDR, 0, &ifa, sizeof(ifa));
	struct nlmsghdr *h;

	netlink_put(m, IFA_ADDRESS, "0123456789abcdef", 16);
	netlink_put(m, IFA_CACHEINFO, &ci, sizeof(ci));
	netlink_put_u32(m, IFA_FLAGS, IFA_F_PERMANENT | IFA_F_TENTATIVE | IFA_F_NOPREFIXROUTE);
	h = fixed(m, addr_fix);
	assert_non_null(h);
	assert_null(netlink_find(h, sizeof(ifa), IFA_CACHEINFO));
	assert_int_equal(nla_get_u32(netlink_find(h, sizeof(ifa), IFA_FLAGS)), IFA_F_NOPREFIXROUTE);
	assert_memory_equal(nla_data(netlink_find(h, sizeof(ifa), IFA_ADDRESS)), "0123456789abcdef", 16);
}

static void temporary_addresses_are_the_kernels(void **state not_used)
{
	struct ifaddrmsg ifa = { .ifa_family = AF_INET6, .ifa_flags = IFA_F_TEMPORARY };
	struct nl_msg *auto_msg m = netlink_request(RTM_NEWADDR, 0, &ifa, sizeof(ifa));

	assert_null(fixed(m, addr_fix));
}

static void a_route_of_a_nexthop_object_names_only_that(void **state not_used)
{
	struct rtmsg rt = { .rtm_family = AF_INET, .rtm_flags = RTNH_F_LINKDOWN | RTNH_F_ONLINK };
	struct nl_msg *auto_msg m = netlink_request(RTM_NEWROUTE, 0, &rt, sizeof(rt));
	struct nlmsghdr *h;

	netlink_put_u32(m, RTA_NH_ID, 5);
	netlink_put_u32(m, RTA_GATEWAY, 1);
	netlink_put_u32(m, RTA_OIF, 7);
	h = fixed(m, route_fix);
	assert_non_null(h);
	assert_null(netlink_find(h, sizeof(rt), RTA_GATEWAY));
	assert_null(netlink_find(h, sizeof(rt), RTA_OIF));
	assert_int_equal(nla_get_u32(netlink_find(h, sizeof(rt), RTA_NH_ID)), 5);
	assert_int_equal(((struct rtmsg *)NLMSG_DATA(h))->rtm_flags, RTNH_F_ONLINK);
}

static void torn_streams_are_refused(void **state not_used)
{
	struct rtmsg rt = { .rtm_family = AF_INET };
	struct nl_msg *auto_msg m = netlink_request(RTM_NEWROUTE, 0, &rt, sizeof(rt));
	struct net_ns ns = { .id = 9 };
	struct net_stream_data *s = &ns.streams[NET_STREAM_route];

	s->v = (void *)nlmsg_hdr(m);
	s->n = nlmsg_hdr(m)->nlmsg_len;
	assert_int_equal(stream_check(&ns, NET_STREAM_route), 0);
	s->n -= 4;
	assert_int_equal(stream_check(&ns, NET_STREAM_route), -EINVAL);
	s->n += 4;
	nlmsg_hdr(m)->nlmsg_len = 4;
	assert_int_equal(stream_check(&ns, NET_STREAM_route), -EINVAL);
	nlmsg_hdr(m)->nlmsg_len = s->n;
	nlmsg_hdr(m)->nlmsg_type = RTM_NEWADDR;
	assert_int_equal(stream_check(&ns, NET_STREAM_route), -EINVAL);
}

static void outer_ends_are_named_in_two_ways(void **state not_used)
{
	const char *names[] = { "veth[eth0]:host0@br0", "veth[eth00]:host1", "veth[long]:a-name-that-is-too-long" };
	const char *pairs[] = { "eth1=host2" };
	struct options o = { .external = { names, 3 }, .veth_pair = { pairs, 1 } };
	struct external_veth x;

	assert_true(external_veth(&o, "eth0", &x));
	assert_string_equal(x.out, "host0");
	assert_string_equal(x.bridge, "br0");
	assert_true(external_veth(&o, "eth00", &x));
	assert_string_equal(x.out, "host1");
	assert_string_equal(x.bridge, "");
	assert_true(external_veth(&o, "eth1", &x));
	assert_string_equal(x.out, "host2");
	assert_false(external_veth(&o, "long", &x));
	assert_false(external_veth(&o, "eth", &x));
}

/* /proc/net/protocols of Linux 6.18, shortened: what packets reach counts, wherever it stands. */
static bool hears(const char *sockets)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "protocol  size sockets  memory press maxhdr  slab module     cl co\n"
		 "PACKET    1600 %6d      -1   NI       0   no   kernel      n  n\n"
		 "UNIX-STREAM 1152 %6d      -1   NI       0   yes  kernel      y  n\n"
		 "TCP       2304 %6d      34   no     192   yes  kernel      y  y\n"
		 "NETLINK   1096 %6d      -1   NI       0   no   kernel      n  n\n",
		 sockets[0] - '0', sockets[1] - '0', sockets[2] - '0', sockets[3] - '0');
	return protocols_text_hears(text);
}

static void a_namespace_hears_by_its_sockets(void **state not_used)
{
	char torn[] = "protocol  size sockets  memory\nTCP\n", other[] = "TCP 2304 0 34\n", none[] = "";

	assert_false(hears("0000"));
	assert_false(hears("0709"));
	assert_true(hears("1000"));
	assert_true(hears("0010"));
	/* What is not understood may hear. */
	assert_true(protocols_text_hears(torn));
	assert_true(protocols_text_hears(other));
	assert_true(protocols_text_hears(none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vlan_keeps_all_its_data),
		cmocka_unit_test(what_can_only_be_read_is_left_out),
		cmocka_unit_test(unknown_kinds_are_refused_by_name),
		cmocka_unit_test(an_external_device_is_not_looked_into),
		cmocka_unit_test(plain_images_have_no_field_of_ours),
		cmocka_unit_test(addresses_lose_what_the_kernel_decides),
		cmocka_unit_test(temporary_addresses_are_the_kernels),
		cmocka_unit_test(a_route_of_a_nexthop_object_names_only_that),
		cmocka_unit_test(torn_streams_are_refused),
		cmocka_unit_test(outer_ends_are_named_in_two_ways),
		cmocka_unit_test(a_namespace_hears_by_its_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
