/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters of traffic control. The kernel tells them for each discipline, class or hook that they hang on, actions for each
 * kind. Kept are the requests that make them again: actions that hang on no filter, chains without filters, filters.
 */
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "base/log.h"
#include "base/map.h"
#include "net/net.h"
#include "net/tcfilter.h"
#include "options.h"
#include "run/dump.h"

enum { FIRST_KEPT = 4, FIX_ROOM = 256 };

/* The first of these can be given back. */
static const char *const action_kinds[] = {
	"gact", "mirred", "skbedit", "vlan",
	"police", "pedit", "nat", "csum", "simple", "connmark", "ctinfo", "skbmod", "ife",
	"tunnel_key", "gate", "ct", "sample", "mpls", "bpf", "ipt", "xt",
};

struct filter_scan {
	struct arena *a;
	struct netlink *nl;
	struct net_stream_data to;
	struct tcfilter_reasons why;
	struct tcfilter_list filters, headers, chains;
	struct map filled;		/* chains and priorities with filters */
	struct map roots;		/* see tcfilter_order() */
	VEC(uint32_t) blocks;		/* shared ones that have been told by another device */
	size_t blocks_before;		/* how many of them before this question */
	uint32_t parent;		/* what is asked */
	const char *kind;		/* of the actions that are being told */
	bool is_kept;
};

static const struct tcmsg *tc_of(const struct nlmsghdr *h)
{
	return NLMSG_DATA(h);
}

static uint32_t chain_of(const struct nlmsghdr *h)
{
	struct nlattr *at = netlink_find(h, sizeof(struct tcmsg), TCA_CHAIN);

	return at && nla_len(at) == 4 ? nla_get_u32(at) : 0;
}

static void give_reason(struct filter_scan *s, const struct nlmsghdr *h, const char *why)
{
	const struct tcmsg *tc = NLMSG_DATA(h);
	struct nlattr *kind = netlink_find(h, sizeof(*tc), TCA_KIND);
	bool is_block = tc->tcm_ifindex == (int)TCM_IFINDEX_MAGIC_BLOCK;

	vec_push(s->a, &s->why.v,
		 arena_printf(s->a, "a traffic control filter %.*s of %s %d: %s", kind ? nla_len(kind) - 1 : 0,
			      kind ? (char *)nla_data(kind) : "", is_block ? "block" : "device",
			      is_block ? (int)tc->tcm_parent : tc->tcm_ifindex, why));
}

/* A block that several disciplines share is told by each of them, under its own number. */
static bool is_told_before(struct filter_scan *s, const struct nlmsghdr *h)
{
	const struct tcmsg *tc = NLMSG_DATA(h);

	if (tc->tcm_ifindex != (int)TCM_IFINDEX_MAGIC_BLOCK)
		return false;
	for (size_t i = 0; i < s->blocks.n; i++)
		if (s->blocks.v[i] == tc->tcm_parent)
			return i < s->blocks_before;
	vec_push(s->a, &s->blocks, tc->tcm_parent);
	return false;
}

static int each_filter(const struct nlmsghdr *h, void *arg)
{
	struct filter_scan *s = arg;
	struct nlmsghdr *fixed;
	const char *why;

	if (h->nlmsg_type != RTM_NEWTFILTER || h->nlmsg_len < NLMSG_SPACE(sizeof(struct tcmsg)) || is_told_before(s, h))
		return 0;
	/* Each priority begins with a message without a filter. */
	if (!tc_of(h)->tcm_handle) {
		vec_push(s->a, &s->headers.v, arena_memdup(s->a, h, h->nlmsg_len));
		return 0;
	}
	fixed = arena_alloc(s->a, h->nlmsg_len + FIX_ROOM);
	why = tcfilter_fix(h, fixed);
	if (why)
		give_reason(s, h, why);
	vec_push(s->a, &s->filters.v, why ? arena_memdup(s->a, h, h->nlmsg_len) : fixed);
	*map_at(s->a, &s->filled, tcfilter_place(h, false)) = 1;
	*map_at(s->a, &s->filled, tcfilter_place(h, true)) = 1;
	return 0;
}

static int each_chain(const struct nlmsghdr *h, void *arg)
{
	struct filter_scan *s = arg;
	struct nlmsghdr *copy;
	struct tcmsg *tc;

	if (h->nlmsg_type != RTM_NEWCHAIN || h->nlmsg_len < NLMSG_SPACE(sizeof(struct tcmsg)) || is_told_before(s, h))
		return 0;
	copy = arena_memdup(s->a, h, h->nlmsg_len);
	tc = NLMSG_DATA(copy);
	if (tc->tcm_ifindex != (int)TCM_IFINDEX_MAGIC_BLOCK)
		tc->tcm_parent = s->parent;	/* told is the discipline, not which hook of it */
	vec_push(s->a, &s->chains.v, copy);
	return 0;
}

static int ask(struct filter_scan *s, int type, const struct tcmsg *tc, netlink_each each)
{
	struct nl_msg *auto_msg m = netlink_request(type, 0, tc, sizeof(*tc));
	int err = netlink_dump(s->nl, m, each, s);

	return err == -EOPNOTSUPP || err == -EINVAL ? 0 : err;	/* it takes none */
}

static int ask_parent(struct filter_scan *s, int index, uint32_t parent)
{
	struct tcmsg tc = { .tcm_ifindex = index, .tcm_parent = parent };
	int err;

	s->parent = parent;
	err = ask(s, RTM_GETTFILTER, &tc, each_filter);
	err = err ?: ask(s, RTM_GETCHAIN, &tc, each_chain);
	s->blocks_before = s->blocks.n;
	return err ? fail_with(err, "list of traffic control filters") : 0;
}

static bool is_kind(const struct nlmsghdr *h, const char *name)
{
	struct nlattr *kind = netlink_find(h, sizeof(struct tcmsg), TCA_KIND);

	return kind && nla_len(kind) == (int)strlen(name) + 1 && !memcmp(nla_data(kind), name, strlen(name) + 1);
}

/* A filter u32 answers to this number with the first table of its priority. */
static int find_roots(struct filter_scan *s)
{
	for (size_t i = 0; i < s->headers.v.n; i++) {
		const struct nlmsghdr *h = s->headers.v.v[i], *answer;
		struct tcmsg tc = *tc_of(h);
		struct nl_msg *auto_msg m = NULL;
		int err;

		if (!is_kind(h, "u32"))
			continue;
		tc.tcm_handle = TC_U32_ROOT;
		m = netlink_request(RTM_GETTFILTER, 0, &tc, sizeof(tc));
		netlink_put_u32(m, TCA_CHAIN, chain_of(h));
		err = netlink_ask(s->nl, m, &answer);
		if (err)
			return fail_with(err, "first table of a filter u32");
		if (answer->nlmsg_type == RTM_NEWTFILTER && answer->nlmsg_len >= NLMSG_SPACE(sizeof(tc)))
			*map_at(s->a, &s->roots, tcfilter_place(h, true)) = tc_of(answer)->tcm_handle;
	}
	return 0;
}

static int ask_all(struct filter_scan *s, const struct net_stream_data *disciplines)
{
	int err = 0;

	for (size_t at = 0; at < disciplines->n && !err;) {
		const struct nlmsghdr *h = (void *)(disciplines->v + at);
		const struct tcmsg *tc = NLMSG_DATA(h);

		at += NLMSG_ALIGN(h->nlmsg_len);
		if (!is_kind(h, "clsact")) {
			err = ask_parent(s, tc->tcm_ifindex, tc->tcm_handle);
			continue;
		}
		err = ask_parent(s, tc->tcm_ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
		err = err ?: ask_parent(s, tc->tcm_ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
	}
	return err;
}

/* --- actions --------------------------------------------------------------------------------------------------- */

static void keep_action(struct filter_scan *s, struct nlattr *action)
{
	struct nlmsghdr *to = arena_alloc(s->a, NLMSG_SPACE(sizeof(struct tcamsg)) + nla_len(action) + FIX_ROOM);
	struct nlattr *nest;
	const char *why;

	memset(to, 0, NLMSG_SPACE(sizeof(struct tcamsg)));
	to->nlmsg_type = RTM_NEWACTION;
	to->nlmsg_len = NLMSG_SPACE(sizeof(struct tcamsg));
	nest = stream_add(to, TCA_ACT_TAB, NULL, 0);
	action->nla_type = 1;
	why = tcfilter_fix_action(action, to);
	nest->nla_len = (char *)to + to->nlmsg_len - (char *)nest;
	if (why)
		vec_push(s->a, &s->why.v, why);
	else
		stream_append(s->a, &s->to, to);
}

static int each_action(const struct nlmsghdr *h, void *arg)
{
	struct filter_scan *s = arg;
	struct nlattr *list = netlink_find(h, sizeof(struct tcamsg), TCA_ACT_TAB), *at;
	int left;

	if (!list)
		return 0;
	nla_for_each_nested(at, list, left)
		if (!s->is_kept)
			vec_push(s->a, &s->why.v, arena_printf(s->a, "a traffic control action %s", s->kind));
		else if (tcfilter_action_is_held(at))
			keep_action(s, at);
	return 0;
}

/* A kind that the kernel has not got has no answer. */
static int ask_actions(struct filter_scan *s)
{
	int err = 0;

	for (size_t i = 0; i < array_size(action_kinds) && !err; i++) {
		struct tcamsg head = { 0 };
		struct nl_msg *auto_msg m = netlink_request(RTM_GETACTION, 0, &head, sizeof(head));
		struct nlattr *list = netlink_nest(m, TCA_ACT_TAB), *first = netlink_nest(m, 1);

		s->kind = action_kinds[i];
		s->is_kept = i < FIRST_KEPT;
		netlink_put_str(m, TCA_ACT_KIND, s->kind);
		netlink_nest_end(m, first);
		netlink_nest_end(m, list);
		err = netlink_dump(s->nl, m, each_action, s);
		if (err == -EOPNOTSUPP)
			return 0;	/* a kernel without actions */
	}
	return err ? fail_with(err, "list of traffic control actions") : 0;
}

/* --- both ------------------------------------------------------------------------------------------------------ */

/* Chains with filters come with these. */
static void keep_chains(struct filter_scan *s)
{
	for (size_t i = 0; i < s->chains.v.n; i++) {
		const struct nlmsghdr *h = s->chains.v.v[i];
		struct nlmsghdr *to = arena_alloc(s->a, h->nlmsg_len + FIX_ROOM);

		if (netlink_find(h, sizeof(struct tcmsg), TCA_KIND)) {
			give_reason(s, h, "a chain with a template");
		} else if (!map_find(&s->filled, tcfilter_place(h, false))) {
			stream_copy(h, to, sizeof(struct tcmsg), (const uint16_t[]){ 0 });
			stream_append(s->a, &s->to, to);
		}
	}
}

static bool is_before(const struct nlmsghdr *a, const struct nlmsghdr *b)
{
	const struct tcmsg *x = NLMSG_DATA(a), *y = NLMSG_DATA(b);

	return x->tcm_ifindex == y->tcm_ifindex && x->tcm_parent == y->tcm_parent && chain_of(a) < chain_of(b);
}

/* Chains are told as they came into being, which is not for ever. Mostly there is one. */
static void sort_by_chain(struct tcfilter_list *l)
{
	for (size_t i = 1; i < l->v.n; i++)
		for (size_t j = i; j && is_before(l->v.v[j], l->v.v[j - 1]); j--) {
			const struct nlmsghdr *h = l->v.v[j];

			l->v.v[j] = l->v.v[j - 1];
			l->v.v[j - 1] = h;
		}
}

static int list_filters(struct filter_scan *s, const struct net_stream_data *disciplines)
{
	struct tcfilter_list ordered = { 0 };
	int err = ask_actions(s) ?: ask_all(s, disciplines);

	if (err)
		return err;
	sort_by_chain(&s->chains);
	keep_chains(s);
	err = find_roots(s);
	if (err)
		return err;
	for (size_t i = 0; i < s->headers.v.n; i++)
		if (!map_find(&s->filled, tcfilter_place(s->headers.v.v[i], true)))
			give_reason(s, s->headers.v.v[i], "one that has nothing in it");
	sort_by_chain(&s->filters);
	if (!s->why.v.n)
		tcfilter_order(s->a, &s->filters, &s->roots, &ordered, &s->why);
	for (size_t i = 0; i < ordered.v.n; i++)
		stream_append(s->a, &s->to, ordered.v.v[i]);
	return 0;
}

int tcfilter_scan(struct dump *d, struct net_ns *ns, struct netlink *nl)
{
	struct filter_scan s = { .a = &d->m.arena, .nl = nl };
	int err = list_filters(&s, &ns->streams[NET_STREAM_qdisc]);

	for (size_t i = 0; i < s.why.v.n; i++)
		refuse(&d->refusals, REFUSE_NET_RULES, "%s", s.why.v.v[i]);
	if (s.to.n && d->opt->plain_images)
		refuse(&d->refusals, REFUSE_NET_RULES, "traffic control filters, which plain images have no place for");
	ns->tcfilter = s.to;
	return err;
}

static bool is_request(int type)
{
	return type == RTM_NEWACTION || type == RTM_NEWCHAIN || type == RTM_NEWTFILTER || type == RTM_DELTFILTER;
}

int tcfilter_check(const struct net_ns *ns)
{
	const struct net_stream_data *s = &ns->tcfilter;

	for (size_t at = 0; at < s->n;) {
		const struct nlmsghdr *h = (void *)(s->v + at);
		size_t head = sizeof(struct tcmsg);

		if (s->n - at >= sizeof(*h) && h->nlmsg_type == RTM_NEWACTION)
			head = sizeof(struct tcamsg);
		/* All are padded: what is read of one goes up to where the next begins. */
		if (s->n % NLMSG_ALIGNTO || s->n - at < sizeof(*h) || h->nlmsg_len > s->n - at ||
		    h->nlmsg_len < NLMSG_SPACE(head) || !is_request(h->nlmsg_type))
			return fail(EINVAL, "traffic control of network namespace %u: no filter at byte %zu", ns->id, at);
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return 0;
}

static int make_all(struct arena *a, const struct net_ns *ns, struct netlink *nl)
{
	const struct net_stream_data *s = &ns->tcfilter;
	const struct nlmsghdr *h;

	for (size_t at = 0; at < s->n; at += NLMSG_ALIGN(h->nlmsg_len)) {
		const struct tcmsg *tc;
		int err;

		h = (void *)(s->v + at);
		tc = NLMSG_DATA(h);
		err = netlink_talk_raw(nl, arena_memdup(a, h, NLMSG_ALIGN(h->nlmsg_len)),
				       h->nlmsg_type == RTM_DELTFILTER ? 0 : NLM_F_CREATE | NLM_F_EXCL);
		if (err && h->nlmsg_type == RTM_NEWACTION)
			return fail_with(err, "the kernel takes an action not back%s%s", *nl->told ? ": " : "",
					 nl->told);
		if (err)
			return fail_with(err, "the kernel takes filter %x of %x, priority %u, device %d not back%s%s",
					 tc->tcm_handle, tc->tcm_parent, tc->tcm_info >> 16, tc->tcm_ifindex,
					 *nl->told ? ": " : "", nl->told);
	}
	return 0;
}

int tcfilter_make(struct arena *a, const struct net_ns *ns, struct netlink *nl)
{
	struct filter_scan s = { .a = a, .nl = nl };
	int err;

	if (!ns->tcfilter.n)
		return 0;
	err = make_all(a, ns, nl) ?: list_filters(&s, &ns->streams[NET_STREAM_qdisc]);
	if (err)
		return err;
	if (s.why.v.n || s.to.n != ns->tcfilter.n || memcmp(s.to.v, ns->tcfilter.v, s.to.n))
		return fail(EINVAL, "traffic control filters come back otherwise than they were%s%s", s.why.v.n ? ": " : "",
			    s.why.v.n ? s.why.v.v[0] : "");
	return 0;
}
