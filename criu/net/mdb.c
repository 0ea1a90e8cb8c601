/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multicast groups of bridges that somebody set: told in one list for each bridge, given back one by one. */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include "net/stream.h"

/* Attributes of an entry as told (MDBA_MDB_EATTR_*) and as given (MDBE_ATTR_*); the newer ones are not in all headers. */
static const struct { uint16_t told, given; } attrs[] = {
	{ MDBA_MDB_EATTR_GROUP_MODE, 3 },
	{ MDBA_MDB_EATTR_SOURCE, MDBE_ATTR_SOURCE },
	{ MDBA_MDB_EATTR_RTPROT, 4 },
	{ 6 /* DST */, 5 },
	{ 7 /* DST_PORT */, 6 },
	{ 8 /* VNI */, 7 },
	{ 9 /* IFINDEX */, 8 },
	{ 10 /* SRC_VNI */, 9 },
};
enum { GIVEN_SRC_LIST = 2, ROOM = 4096 };

static void nest_end(struct nlmsghdr *h, struct nlattr *nest)
{
	nest->nla_len = (char *)h + h->nlmsg_len - (char *)nest;
}

/* Sources, without the time that each has left. */
static void add_sources(struct nlmsghdr *to, struct nlattr *list)
{
	struct nlattr *all = stream_add(to, GIVEN_SRC_LIST | NLA_F_NESTED, NULL, 0), *at;
	int left;

	nla_for_each_nested(at, list, left) {
		struct nlattr *address = nla_find(nla_data(at), nla_len(at), MDBA_MDB_SRCATTR_ADDRESS), *one;

		if (!address || to->nlmsg_len > ROOM / 2)
			continue;
		one = stream_add(to, nla_type(at) | NLA_F_NESTED, NULL, 0);
		stream_add(to, MDBA_MDB_SRCATTR_ADDRESS, nla_data(address), nla_len(address));
		nest_end(to, one);
	}
	nest_end(to, all);
}

static void keep_entry(const struct nlmsghdr *h, struct nlattr *info, struct stream_dump *s)
{
	_Alignas(8) uint8_t room[ROOM];
	struct nlmsghdr *to = (void *)room;
	struct br_mdb_entry e;
	struct nlattr *more, *nest, *at;
	int left = nla_len(info) - (int)NLA_ALIGN(sizeof(e));

	if (left < 0)
		return;
	memcpy(&e, nla_data(info), sizeof(e));
	more = (void *)((char *)nla_data(info) + NLA_ALIGN(sizeof(e)));
	if (e.state != MDB_PERMANENT)	/* it ends by a timer, like all that was learned */
		return;
	e.flags = 0;
	stream_copy(h, to, sizeof(struct br_port_msg), (const uint16_t[]){ MDBA_MDB, MDBA_ROUTER, 0 });
	/* A list is told under the number of its question, and of no family. */
	to->nlmsg_type = RTM_NEWMDB;
	((struct br_port_msg *)NLMSG_DATA(to))->family = AF_BRIDGE;
	stream_add(to, MDBA_SET_ENTRY, &e, sizeof(e));
	nest = stream_add(to, MDBA_SET_ENTRY_ATTRS | NLA_F_NESTED, NULL, 0);
	for (size_t i = 0; i < array_size(attrs); i++) {
		at = nla_find(more, left, attrs[i].told);
		if (at)
			stream_add(to, attrs[i].given, nla_data(at), nla_len(at));
	}
	at = nla_find(more, left, MDBA_MDB_EATTR_SRC_LIST);
	if (at)
		add_sources(to, at);
	nest_end(to, nest);
	stream_keep(s, to);
}

void mdb_split(const struct nlmsghdr *h, struct stream_dump *s)
{
	struct nlattr *all = netlink_find(h, sizeof(struct br_port_msg), MDBA_MDB), *group, *info;
	int groups, infos;

	if (!all)
		return;
	nla_for_each_nested(group, all, groups)
		nla_for_each_nested(info, group, infos)
			keep_entry(h, info, s);
}
