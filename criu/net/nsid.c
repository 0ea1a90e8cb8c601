/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers by which a network namespace calls others: what IFLA_LINK_NETNSID and the like speak of. */
#include <sys/socket.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include "base/log.h"
#include "net/build.h"

enum { NO_NSID = -1 };

/* A question: the number, NO_NSID if it has none. */
static int get(struct netlink *nl, int fd, int32_t *ret)
{
	struct rtgenmsg g = { .rtgen_family = AF_UNSPEC };
	struct nl_msg *auto_msg m = netlink_request(RTM_GETNSID, 0, &g, sizeof(g));
	const struct nlmsghdr *h;
	struct nlattr *at;
	int err;

	netlink_put_u32(m, NETNSA_FD, fd);
	err = netlink_ask(nl, m, &h);
	if (err)
		return err;
	at = netlink_find(h, sizeof(g), NETNSA_NSID);
	*ret = at ? nla_get_s32(at) : NO_NSID;
	return 0;
}

static int set(struct netlink *nl, int fd, int32_t number)
{
	struct rtgenmsg g = { .rtgen_family = AF_UNSPEC };
	struct nl_msg *auto_msg m = netlink_request(RTM_NEWNSID, 0, &g, sizeof(g));

	netlink_put_u32(m, NETNSA_FD, fd);
	netlink_put_u32(m, NETNSA_NSID, number);
	return netlink_talk(nl, m);
}

int nsid_of(struct netlink *nl, int fd, int32_t *ret)
{
	int err = get(nl, fd, ret);

	if (!err && *ret == NO_NSID) {
		err = set(nl, fd, NO_NSID);	/* -1: any */
		if (!err)
			err = get(nl, fd, ret);
	}
	return err ? fail_with(err, "number of another network namespace%s%s", *nl->told ? ": " : "", nl->told) : 0;
}

int nsid_scan(struct arena *a, struct net_set *set, size_t i, struct netlink *nl)
{
	NetnsEntry *e = set->v.v[i]->entry;
	int32_t number;
	int err;

	for (size_t j = 0; j < set->v.n; j++) {
		NetnsId *id;

		err = get(nl, set->v.v[j]->fd, &number);
		if (err)
			return fail_with(err, "number of network namespace %u", set->v.v[j]->id);
		if (number == NO_NSID)
			continue;
		id = arena_msg(a, NetnsId, netns_id__init);
		id->target_ns_id = set->v.v[j]->id;
		id->netnsid_value = number;
		pb_push(a, e->nsids, e->n_nsids, id);
	}
	err = get(nl, set->own_fd, &number);
	if (err)
		return fail_with(err, "number of the tool's network namespace");
	if (number != NO_NSID) {
		e->has_tool_nsid = true;
		e->tool_nsid = number;
	}
	return 0;
}

uint32_t nsid_target(const struct net_ns *ns, int32_t nsid)
{
	for (size_t i = 0; i < ns->entry->n_nsids; i++)
		if (ns->entry->nsids[i]->netnsid_value == nsid)
			return ns->entry->nsids[i]->target_ns_id;
	return 0;
}

int nsid_make(struct net_build *b, size_t i)
{
	const NetnsEntry *e = b->set->v.v[i]->entry;
	int err;

	for (size_t j = 0; j < e->n_nsids; j++) {
		const struct net_ns *target = net_by_id(b->set, e->nsids[j]->target_ns_id);

		if (!target)	/* the established tool writes down namespaces outside, too */
			continue;
		err = set(&b->nl[i], target->fd, e->nsids[j]->netnsid_value);
		if (err)
			return fail_with(err, "give network namespace %u the number %d", target->id,
					 e->nsids[j]->netnsid_value);
	}
	if (!e->has_tool_nsid)
		return 0;
	err = set(&b->nl[i], b->set->own_fd, e->tool_nsid);
	return err ? fail_with(err, "give the outer network namespace the number %d", e->tool_nsid) : 0;
}
