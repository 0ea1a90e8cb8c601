/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/tcfilter.h: filters, chains and actions of traffic control, as requests that make them */
#include "base/vec.h"
#include "net/stream.h"

struct dump;
struct map;

/* Why something cannot be made again, each once per thing. */
struct tcfilter_reasons {
	VEC(const char *) v;
};

/* Inside the namespace, when its disciplines are scanned. Refuses by name what does not come back as it was. */
int tcfilter_scan(struct dump *d, struct net_ns *ns, struct netlink *nl) must_check;
int tcfilter_check(const struct net_ns *ns) must_check;
/* When devices and disciplines are there. What is there afterwards is compared with what was wanted. */
int tcfilter_make(struct arena *a, const struct net_ns *ns, struct netlink *nl) must_check;

/* A filter or an action as the kernel tells it into one to be given back, without counters. NULL, or why there is none. */
const char *tcfilter_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
const char *tcfilter_fix_action(struct nlattr *action, struct nlmsghdr *to);
/* Does somebody hold this action (of a kind that tcfilter_fix_action() takes) without a filter? */
bool tcfilter_action_is_held(struct nlattr *action);

/*
 * Fixed filters, in the order in which the kernel tells them, into the order in which they are to be made. A filter u32
 * gets the numbers of its tables from the kernel, in the order in which filters are made.
 */
struct tcfilter_list {
	VEC(const struct nlmsghdr *) v;
};
/* roots: the first table of each priority of kind u32, by its place. */
void tcfilter_order(struct arena *a, const struct tcfilter_list *told, const struct map *roots, struct tcfilter_list *ret,
		    struct tcfilter_reasons *why);
/* A name for the chain of a filter, or for its priority. */
uint64_t tcfilter_place(const struct nlmsghdr *h, bool is_priority);
