/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet filters that cannot be saved: nothing of them is lost in silence. */
#include <sys/socket.h>
#include <linux/xfrm.h>
#include "base/log.h"
#include "base/own.h"
#include "kernel/netlink.h"
#include "net/rules.h"
#include "run/dump.h"

static int each_xfrm(const struct nlmsghdr *h, void *arg)
{
	size_t *n = arg;

	*n += h->nlmsg_type == XFRM_MSG_NEWSA || h->nlmsg_type == XFRM_MSG_NEWPOLICY;
	return 0;
}

int xfrm_refuse(struct dump *d)
{
	static const struct { int get; size_t head; } lists[] = {
		{ XFRM_MSG_GETSA, sizeof(struct xfrm_usersa_id) },
		{ XFRM_MSG_GETPOLICY, sizeof(struct xfrm_userpolicy_id) },
	};
	auto_fd int probe = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	struct netlink auto_netlink nl = NETLINK_CLOSED;
	static const uint8_t none[128];
	size_t n = 0;
	int err;

	if (probe < 0)
		return 0;		/* a kernel without it */
	err = netlink_open(&nl, NETLINK_XFRM);
	for (size_t i = 0; i < array_size(lists) && !err; i++) {
		struct nl_msg *auto_msg m = netlink_request(lists[i].get, 0, none, lists[i].head);

		err = netlink_dump(&nl, m, each_xfrm, &n);
		if (err)
			return fail_with(err, "list of IPsec policies and states");
	}
	if (n)
		refuse(&d->refusals, REFUSE_NET_RULES, "%zu policies and states of IPsec", n);
	return err;
}
