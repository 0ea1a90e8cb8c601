/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of ebtables-legacy. Nothing lists them, and since Linux 5.15 the question for a table makes it. So the hooks of
 * bridges are looked at first: a table that is there has hooks, which nfnetlink_hook (Linux 5.14) tells without changing
 * anything. Where it is missing, tables are asked for, which on kernels before 5.15 makes none either.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_bridge/ebtables.h>
#include "base/log.h"
#include "base/own.h"
#include "kernel/netlink.h"
#include "net/ebtables.h"
#include "run/dump.h"

enum {
	/* Of linux/netfilter/nfnetlink_hook.h, and of what ebtables.h keeps from programs. */
	SUBSYS_HOOK = 12, HOOK_GET = 0,
	HOOK_HOOKNUM = 1, HOOK_PRIORITY = 2, HOOK_FUNCTION = 4,
	SO_GET_INFO = 128, SO_GET_ENTRIES = 129,
	HEAD = sizeof(struct nfgenmsg),
};

static const char *const names[] = { "filter", "nat", "broute" };	/* in the order of their bits */

unsigned int ebtables_of_hook(const struct nlmsghdr *h)
{
	struct nlattr *function = netlink_find(h, HEAD, HOOK_FUNCTION), *priority = netlink_find(h, HEAD, HOOK_PRIORITY);

	/* A kernel without kallsyms gives no names: it may be one. */
	if (function && (nla_len(function) < 4 || memcmp(nla_data(function), "ebt_", 4)))
		return 0;
	if (!priority || nla_len(priority) != 4)
		return EBTABLES_ALL;
	switch ((int)ntohl(nla_get_u32(priority))) {
	case NF_BR_PRI_FILTER_BRIDGED:
	case NF_BR_PRI_FILTER_OTHER:
		return EBTABLES_FILTER;
	case NF_BR_PRI_NAT_DST_BRIDGED:
	case NF_BR_PRI_NAT_DST_OTHER:
	case NF_BR_PRI_NAT_SRC:
		return EBTABLES_NAT;
	case NF_BR_PRI_FIRST:
		return EBTABLES_BROUTE;
	default:
		return function ? EBTABLES_ALL : 0;
	}
}

static int each_hook(const struct nlmsghdr *h, void *arg)
{
	if (h->nlmsg_type == ((SUBSYS_HOOK << 8) | HOOK_GET))
		*(unsigned int *)arg |= ebtables_of_hook(h);
	return 0;
}

static unsigned int tables_with_hooks(struct netlink *nf)
{
	struct nfgenmsg g = { .nfgen_family = NFPROTO_BRIDGE };
	unsigned int tables = 0;

	for (uint32_t hook = 0; hook < NF_BR_NUMHOOKS; hook++) {
		struct nl_msg *auto_msg m = netlink_request((SUBSYS_HOOK << 8) | HOOK_GET, 0, &g, sizeof(g));

		netlink_put_u32(m, HOOK_HOOKNUM, htonl(hook));
		if (netlink_dump(nf, m, each_hook, &tables))
			return EBTABLES_ALL;	/* it does not tell */
	}
	return tables;
}

bool ebtables_is_default(const struct ebt_replace *info, const void *entries)
{
	const struct ebt_entries *chain = entries;

	if (info->nentries || info->entries_size != __builtin_popcount(info->valid_hooks) * sizeof(*chain))
		return false;
	for (; (const char *)chain < (const char *)entries + info->entries_size; chain++)
		if (chain->policy != EBT_ACCEPT)
			return false;
	return true;
}

static int refuse_table(struct dump *d, int fd, const char *name)
{
	auto_free char *entries = NULL;
	struct ebt_replace info = { 0 };
	socklen_t len = sizeof(info);

	memcpy(info.name, name, strlen(name));
	if (getsockopt(fd, SOL_IP, SO_GET_INFO, &info, &len) < 0)
		return errno == ENOENT ? 0 : fail_errno("table %s of ebtables-legacy", name);
	entries = calloc(1, info.entries_size + 1);
	if (!entries)
		return fail(ENOMEM, "table %s of ebtables-legacy", name);
	info.entries = entries;
	info.num_counters = 0;
	len = sizeof(info) + info.entries_size;
	if (getsockopt(fd, SOL_IP, SO_GET_ENTRIES, &info, &len) < 0)
		return fail_errno("rules of table %s of ebtables-legacy", name);
	if (!ebtables_is_default(&info, entries))
		refuse(&d->refusals, REFUSE_NET_RULES, "table %s of ebtables-legacy", name);
	return 0;
}

int ebtables_refuse(struct dump *d, struct netlink *nf)
{
	auto_fd int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	socklen_t len = sizeof(struct ebt_replace);
	unsigned int tables;
	int err = 0;

	if (fd < 0)
		return fail_errno("raw socket");
	/* No table can be anywhere without ebtables, which would stumble over this address. */
	if (getsockopt(fd, SOL_IP, SO_GET_INFO, NULL, &len) == 0 || errno == ENOPROTOOPT)
		return 0;
	tables = tables_with_hooks(nf);
	for (size_t i = 0; i < array_size(names) && !err; i++)
		if (tables & (1U << i))
			err = refuse_table(d, fd, names[i]);
	return err;
}
