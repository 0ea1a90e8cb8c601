// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies of IPsec: the kernel's messages into requests, and images that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail				/* base/log.h has one of its own */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/xfrm.h>
#include "kernel/netlink.h"
#include "net/net.h"
#include "net/xfrm.h"

static struct nl_msg *new_policy(void)
{
	struct xfrm_userpolicy_info p = { .index = 401, .dir = XFRM_POLICY_OUT, .curlft = { .bytes = 7, .add_time = 1700000000 } };

	memset(&p.lft, 0xff, 4 * sizeof(uint64_t));	/* bytes and packets without an end */
	return netlink_request(XFRM_MSG_NEWPOLICY, NLM_F_MULTI, &p, sizeof(p));
}

static const char *why_not(struct nl_msg *m, const struct nlmsghdr **ret)
{
	static _Alignas(8) uint8_t room[1024];

	*ret = (void *)room;
	return xfrm_fix(nlmsg_hdr(m), (void *)room);
}

static struct xfrm_userpolicy_info *policy(struct nl_msg *m)
{
	return NLMSG_DATA(nlmsg_hdr(m));
}

static void a_policy_loses_what_it_has_counted(void **state not_used)
{
	struct nl_msg *auto_msg m = new_policy();
	const struct xfrm_userpolicy_info *p;
	const struct nlmsghdr *h;

	netlink_put_u32(m, XFRMA_IF_ID, 5);
	assert_null(why_not(m, &h));
	p = NLMSG_DATA(h);
	assert_int_equal(p->index, 401);
	assert_int_equal(p->curlft.bytes + p->curlft.add_time, 0);
	assert_true(p->lft.hard_byte_limit == UINT64_MAX);
	assert_int_equal(nla_get_u32(netlink_find(h, sizeof(*p), XFRMA_IF_ID)), 5);
	assert_int_equal(h->nlmsg_flags, 0);
}

static void what_would_come_back_otherwise_is_refused(void **state not_used)
{
	struct nl_msg *auto_msg timed = new_policy(), *auto_msg used = new_policy(), *auto_msg bound = new_policy(),
	      *auto_msg offloaded = new_policy();
	const struct nlmsghdr *h;

	policy(timed)->lft.hard_add_expires_seconds = 5;
	policy(used)->lft.soft_use_expires_seconds = 5;
	policy(bound)->index = 400 + XFRM_POLICY_MAX;
	netlink_put_u32(offloaded, XFRMA_OFFLOAD_DEV, 5);
	assert_string_equal(why_not(timed, &h), "ends at a certain time");
	assert_string_equal(why_not(used, &h), "ends at a certain time");
	assert_string_equal(why_not(bound, &h), "belongs to a socket");
	assert_string_equal(why_not(offloaded, &h), "is offloaded to a device");
}

static void torn_images_are_refused(void **state not_used)
{
	struct nl_msg *auto_msg m = new_policy();
	struct nlmsghdr *h = nlmsg_hdr(m);
	struct net_ns ns = { .id = 9, .xfrm = { .v = (void *)h } };

	netlink_put_u32(m, XFRMA_IF_ID, 5);
	ns.xfrm.n = h->nlmsg_len;
	assert_int_equal(xfrm_check(&ns), 0);
	ns.xfrm.n -= 4;
	assert_int_equal(xfrm_check(&ns), -EINVAL);
	/* The last one without its padding, which would be read all the same. */
	ns.xfrm.n = --h->nlmsg_len;
	assert_int_equal(xfrm_check(&ns), -EINVAL);
	h->nlmsg_len++;
	ns.xfrm.n = 3;
	assert_int_equal(xfrm_check(&ns), -EINVAL);
	ns.xfrm.n = h->nlmsg_len;
	h->nlmsg_type = XFRM_MSG_FLUSHPOLICY;
	assert_int_equal(xfrm_check(&ns), -EINVAL);
	h->nlmsg_type = XFRM_MSG_NEWPOLICY;
	h->nlmsg_len = 0;
	assert_int_equal(xfrm_check(&ns), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_loses_what_it_has_counted),
		cmocka_unit_test(what_would_come_back_otherwise_is_refused),
		cmocka_unit_test(torn_images_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
