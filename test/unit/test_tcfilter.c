// SPDX-License-Identifier: GPL-2.0-or-later
/* Filters of traffic control: messages as the kernel's source builds them, of kinds that the test machine's kernel has not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail				/* base/log.h has one of its own */
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_vlan.h>
#include <string.h>
#include "base/log.h"
#include "base/map.h"
#include "net/net.h"
#include "net/tcfilter.h"

static struct nl_msg *new_filter(const char *kind, uint32_t prio, uint32_t handle)
{
	struct tcmsg tc = { .tcm_ifindex = 7, .tcm_parent = 0xfffffff2, .tcm_handle = handle, .tcm_info = prio << 16 | 8 };
	struct nl_msg *m = netlink_request(RTM_NEWTFILTER, 0, &tc, sizeof(tc));

	netlink_put_str(m, TCA_KIND, kind);
	netlink_put_u32(m, TCA_CHAIN, 3);
	return m;
}

/* One action of number 5 with a struct of this size, as tcf_action_dump() tells it. */
static void put_action(struct nl_msg *m, int type, const char *kind, size_t len, int more, uint32_t value)
{
	struct nlattr *list = netlink_nest(m, type), *first = netlink_nest(m, 1), *options;
	uint8_t parms[64] = { 0 };
	struct tc_gact *g = (void *)parms;
	static const struct tcf_t times;

	*g = (struct tc_gact){ .index = 5, .action = TC_ACT_SHOT, .refcnt = 2, .bindcnt = 1 };
	netlink_put_str(m, TCA_ACT_KIND, kind);
	netlink_put(m, TCA_ACT_COOKIE, "cookie", 6);
	netlink_put_u32(m, TCA_ACT_IN_HW_COUNT, 0);
	netlink_put_u32(m, TCA_ACT_STATS, 77);
	options = netlink_nest(m, TCA_ACT_OPTIONS);
	netlink_put(m, 2, parms, len);
	netlink_put_u32(m, more, value);
	netlink_put(m, 1, &times, sizeof(times));
	netlink_nest_end(m, options);
	netlink_nest_end(m, first);
	netlink_nest_end(m, list);
}

static const char *fixed(struct nl_msg *m, const struct nlmsghdr **ret)
{
	static _Alignas(8) uint8_t room[4096];

	memset(room, 0xff, sizeof(room));
	*ret = (void *)room;
	return tcfilter_fix(nlmsg_hdr(m), (void *)room);
}

static struct nlattr *inside(const struct nlattr *nest, int type)
{
	struct nlattr *at = nest ? nla_find(nla_data(nest), nla_len(nest), type) : NULL;

	assert_non_null(at);
	return at;
}

static void a_matchall_comes_back_without_its_counters(void **state not_used)
{
	struct nl_msg *auto_msg m = new_filter("matchall", 9, 1);
	struct nlattr *options = netlink_nest(m, TCA_OPTIONS), *action;
	static const struct tc_matchall_pcnt counter = { 7 };
	const struct nlmsghdr *h;
	const struct tc_gact *g;

	netlink_put_u32(m, TCA_MATCHALL_FLAGS, TCA_CLS_FLAGS_SKIP_HW | TCA_CLS_FLAGS_NOT_IN_HW);
	netlink_put(m, TCA_MATCHALL_PCNT, &counter, sizeof(counter));
	put_action(m, TCA_MATCHALL_ACT, "gact", sizeof(struct tc_gact), TCA_GACT_PROB, 1);
	netlink_nest_end(m, options);
	netlink_put_u32(m, TCA_STATS, 5);
	assert_null(fixed(m, &h));
	assert_null(netlink_find(h, sizeof(struct tcmsg), TCA_STATS));
	assert_int_equal(nla_get_u32(netlink_find(h, sizeof(struct tcmsg), TCA_CHAIN)), 3);
	options = netlink_find(h, sizeof(struct tcmsg), TCA_OPTIONS);
	assert_null(nla_find(nla_data(options), nla_len(options), TCA_MATCHALL_PCNT));
	assert_int_equal(nla_get_u32(inside(options, TCA_MATCHALL_FLAGS)), TCA_CLS_FLAGS_SKIP_HW);
	action = inside(inside(options, TCA_MATCHALL_ACT), 1);
	assert_null(nla_find(nla_data(action), nla_len(action), TCA_ACT_STATS));
	assert_memory_equal(nla_data(inside(action, TCA_ACT_COOKIE)), "cookie", 6);
	options = inside(action, TCA_ACT_OPTIONS);
	assert_null(nla_find(nla_data(options), nla_len(options), TCA_GACT_TM));
	assert_int_equal(nla_get_u32(inside(options, TCA_GACT_PROB)), 1);
	g = nla_data(inside(options, TCA_GACT_PARMS));
	assert_int_equal(g->index, 5);
	assert_int_equal(g->action, TC_ACT_SHOT);
	assert_int_equal(g->refcnt + g->bindcnt, 0);
}

static void flower_keeps_its_keys(void **state not_used)
{
	struct nl_msg *auto_msg m = new_filter("flower", 9, 1);
	struct nlattr *options = netlink_nest(m, TCA_OPTIONS), *action;
	const struct nlmsghdr *h;

	netlink_put_u32(m, TCA_FLOWER_KEY_IPV4_SRC, 0x0a000001);
	netlink_put_u32(m, TCA_FLOWER_KEY_IPV4_SRC_MASK, 0xffffffff);
	netlink_put_u32(m, TCA_FLOWER_IN_HW_COUNT, 0);
	put_action(m, TCA_FLOWER_ACT, "vlan", sizeof(struct tc_vlan), TCA_VLAN_PUSH_VLAN_ID, 42);
	netlink_nest_end(m, options);
	assert_null(fixed(m, &h));
	options = netlink_find(h, sizeof(struct tcmsg), TCA_OPTIONS);
	assert_int_equal(nla_get_u32(inside(options, TCA_FLOWER_KEY_IPV4_SRC)), 0x0a000001);
	assert_int_equal(nla_get_u32(inside(options, TCA_FLOWER_KEY_IPV4_SRC_MASK)), 0xffffffff);
	assert_null(nla_find(nla_data(options), nla_len(options), TCA_FLOWER_IN_HW_COUNT));
	action = inside(inside(options, TCA_FLOWER_ACT), 1);
	assert_int_equal(nla_get_u32(inside(inside(action, TCA_ACT_OPTIONS), TCA_VLAN_PUSH_VLAN_ID)), 42);
}

static const char *refusal_of(const char *kind, int type, const char *action, size_t len)
{
	struct nl_msg *auto_msg m = new_filter(kind, 9, 1);
	struct nlattr *options = netlink_nest(m, TCA_OPTIONS);
	const struct nlmsghdr *h;

	put_action(m, type, action, len, 9, 1);
	netlink_nest_end(m, options);
	return fixed(m, &h);
}

static void what_is_not_known_is_refused(void **state not_used)
{
	enum { MIRRED = 28 };
	struct nl_msg *auto_msg bare = new_filter("u32", 9, 1);
	const struct nlmsghdr *h;

	assert_null(refusal_of("fw", TCA_FW_ACT, "gact", sizeof(struct tc_gact)));
	assert_non_null(strstr(refusal_of("basic", TCA_BASIC_ACT, "gact", sizeof(struct tc_gact)), "classifier"));
	assert_non_null(strstr(refusal_of("bpf", TCA_BPF_ACT, "gact", sizeof(struct tc_gact)), "classifier"));
	assert_non_null(strstr(refusal_of("fw", TCA_FW_POLICE, "gact", sizeof(struct tc_gact)), "policer"));
	assert_non_null(strstr(refusal_of("u32", TCA_U32_ACT, "police", 60), "action other than"));
	assert_non_null(strstr(refusal_of("u32", TCA_U32_ACT, "mirred", MIRRED), "device that is gone"));
	/* A struct that is too short is no action of this kind. */
	assert_non_null(strstr(refusal_of("u32", TCA_U32_ACT, "gact", sizeof(struct tc_gact) - 1), "action other than"));
	assert_non_null(strstr(fixed(bare, &h), "classifier"));	/* no options */
}

/* A table (of so many chains) or, without, a filter u32 that leads to another table or nowhere. */
static const struct nlmsghdr *new_u32(struct arena *a, uint32_t prio, uint32_t handle, uint32_t divisor, uint32_t link)
{
	struct nl_msg *auto_msg m = new_filter("u32", prio, handle);
	struct nlattr *options = netlink_nest(m, TCA_OPTIONS);

	if (divisor)
		netlink_put_u32(m, TCA_U32_DIVISOR, divisor);
	if (link)
		netlink_put_u32(m, TCA_U32_LINK, link);
	netlink_nest_end(m, options);
	return arena_memdup(a, nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len);
}

static struct tcfilter_list order(struct arena *a, const struct tcfilter_list *told, const struct map *roots, const char **ret_why)
{
	struct tcfilter_list ret = { 0 };
	struct tcfilter_reasons why = { 0 };

	tcfilter_order(a, told, roots, &ret, &why);
	*ret_why = why.v.n ? why.v.v[0] : NULL;
	return ret;
}

static uint32_t handle_of(const struct tcfilter_list *l, size_t i)
{
	return ((struct tcmsg *)NLMSG_DATA(l->v.v[i]))->tcm_handle;
}

static void tables_of_u32_come_in_the_order_of_their_numbers(void **state not_used)
{
	/* priority 5 has come after 10, with a table of its own; 10 leads to that */
	static const struct { uint32_t prio, handle, divisor, link; } told[] = {
		{ 5, 0x00200000, 1, 0 }, { 5, 0x00100000, 16, 0 }, { 5, 0x00103800, 0, 0 }, { 5, 0x80100000, 1, 0 },
		{ 10, 0x80000000, 1, 0 }, { 10, 0x80000800, 0, 0x00100000 }, { 10, 0x80000801, 0, 0 },
	};
	static const uint32_t made[] = { 0x80000801, 0x00100000, 0x00200000, 0x80000800, 0x00103800 };
	struct tcfilter_list list = { 0 }, ret;
	struct map roots = { 0 };
	struct arena a = { 0 };
	const char *why;

	for (size_t i = 0; i < array_size(told); i++)
		vec_push(&a, &list.v, new_u32(&a, told[i].prio, told[i].handle, told[i].divisor, told[i].link));
	*map_at(&a, &roots, tcfilter_place(list.v.v[0], true)) = 0x80100000;
	*map_at(&a, &roots, tcfilter_place(list.v.v[4], true)) = 0x80000000;
	ret = order(&a, &list, &roots, &why);
	assert_null(why);
	assert_int_equal(ret.v.n, array_size(made));
	for (size_t i = 0; i < ret.v.n; i++)
		assert_int_equal(handle_of(&ret, i), made[i]);
	/* Without the filter that leads nowhere, priority 10 cannot come first. */
	list.v.n--;
	order(&a, &list, &roots, &why);
	assert_non_null(strstr(why, "comes later"));
	arena_free(&a);
}

/* Two priorities, whose first tables are 802: and 804:; the last one's is told as 804: or as somebody's own table says. */
static struct tcfilter_list gap(struct arena *a, uint32_t table, uint32_t last, const char **ret_why)
{
	struct tcfilter_list list = { 0 };
	struct map roots = { 0 };

	vec_push(a, &list.v, new_u32(a, 3, 0x80200000, 1, 0));
	vec_push(a, &list.v, new_u32(a, 3, 0x80200800, 0, 0));
	vec_push(a, &list.v, new_u32(a, 0xffff, last, 1, 0));
	vec_push(a, &list.v, new_u32(a, 0xffff, last | 0x800, 0, 0));
	if (table)
		vec_push(a, &list.v, new_u32(a, 0xffff, table, 1, 0));
	*map_at(a, &roots, tcfilter_place(list.v.v[0], true)) = 0x80200000;
	*map_at(a, &roots, tcfilter_place(list.v.v[2], true)) = last;
	return order(a, &list, &roots, ret_why);
}

static void missing_numbers_are_given_to_others_meanwhile(void **state not_used)
{
	/* 800: and 801:, 802:, 803:, 804:, and the three of these that are too many go again */
	static const uint16_t priorities[] = { 0xfffe, 0xfffd, 3, 0xfffc, 0xffff, 0xfffe, 0xfffd, 0xfffc };
	struct arena a = { 0 };
	struct tcfilter_list ret;
	const char *why;

	ret = gap(&a, 0, 0x80400000, &why);
	assert_null(why);
	assert_int_equal(ret.v.n, array_size(priorities));
	for (size_t i = 0; i < ret.v.n; i++) {
		assert_int_equal(((struct tcmsg *)NLMSG_DATA(ret.v.v[i]))->tcm_info >> 16, priorities[i]);
		assert_int_equal(ret.v.v[i]->nlmsg_type, i < 5 ? RTM_NEWTFILTER : RTM_DELTFILTER);
	}
	gap(&a, 0x80300000, 0x80400000, &why);
	assert_string_equal(why, "a filter u32, whose table 804: would come back as 803:");
	gap(&a, 0, 0xf0000000, &why);
	assert_string_equal(why, "a filter u32, whose table f00: would come back as 803:");
	arena_free(&a);
}

/* As Linux 6.18 does it: the tables of both chains, in both. */
static void a_table_that_is_told_twice_is_made_once(void **state not_used)
{
	static const uint32_t handles[] = { 0x80100000, 0x80100800, 0x80000000, 0x80000800 };
	struct tcfilter_list list = { 0 }, ret;
	struct map roots = { 0 };
	struct arena a = { 0 };
	const char *why;

	for (size_t i = 0; i < 2 * array_size(handles); i++) {
		struct nlmsghdr *h = (void *)new_u32(&a, 9, handles[i % 4], i % 2 == 0, 0);

		((struct tcmsg *)NLMSG_DATA(h))->tcm_parent = i < 4 ? 0xfffffff2 : 0xfffffff3;
		vec_push(&a, &list.v, h);
	}
	*map_at(&a, &roots, tcfilter_place(list.v.v[0], true)) = 0x80000000;
	*map_at(&a, &roots, tcfilter_place(list.v.v[4], true)) = 0x80100000;
	ret = order(&a, &list, &roots, &why);
	assert_null(why);
	assert_int_equal(ret.v.n, 2);
	assert_ptr_equal(ret.v.v[0], list.v.v[3]);
	assert_ptr_equal(ret.v.v[1], list.v.v[5]);
	arena_free(&a);
}

static void torn_images_are_refused(void **state not_used)
{
	struct nl_msg *auto_msg m = new_filter("u32", 9, 1);
	struct net_ns ns = { .id = 9, .tcfilter = { .v = (void *)nlmsg_hdr(m), .n = nlmsg_hdr(m)->nlmsg_len } };

	assert_int_equal(tcfilter_check(&ns), 0);
	ns.tcfilter.n -= 4;
	assert_int_equal(tcfilter_check(&ns), -EINVAL);
	/* The last one without its padding, which would be read all the same. */
	ns.tcfilter.n = --nlmsg_hdr(m)->nlmsg_len;
	assert_int_equal(tcfilter_check(&ns), -EINVAL);
	nlmsg_hdr(m)->nlmsg_len++;
	ns.tcfilter.n = 3;
	assert_int_equal(tcfilter_check(&ns), -EINVAL);
	ns.tcfilter.n = nlmsg_hdr(m)->nlmsg_len;
	nlmsg_hdr(m)->nlmsg_len = 0;
	assert_int_equal(tcfilter_check(&ns), -EINVAL);
	nlmsg_hdr(m)->nlmsg_len = ns.tcfilter.n;
	nlmsg_hdr(m)->nlmsg_type = RTM_DELLINK;
	assert_int_equal(tcfilter_check(&ns), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_matchall_comes_back_without_its_counters),
		cmocka_unit_test(flower_keeps_its_keys),
		cmocka_unit_test(what_is_not_known_is_refused),
		cmocka_unit_test(tables_of_u32_come_in_the_order_of_their_numbers),
		cmocka_unit_test(missing_numbers_are_given_to_others_meanwhile),
		cmocka_unit_test(a_table_that_is_told_twice_is_made_once),
		cmocka_unit_test(torn_images_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
