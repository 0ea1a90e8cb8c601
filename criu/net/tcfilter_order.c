/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which order filters are made. Only u32 minds: all filters u32 of a discipline (or of a shared block) have their hash
 * tables in one numbering. The first table of each priority is the kernel's, which numbers these 800:, 801:, ... as they
 * come; a filter may lead to a table that somebody made, in the same or another priority. The kernel tells the tables of
 * a priority in every chain and every hook of the discipline that has this priority, whosever they are. Where a number
 * is missing, since its priority has been removed, one that matches nothing has it meanwhile.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/map.h"
#include "net/tcfilter.h"

enum {
	FIRST_ROOT = 0x800,
	MAX_GAP = 64,			/* numbers between two tables that are given to others meanwhile */
	FILLER_ROOM = 128,
};

/* The filters of one priority in one chain. */
struct proto {
	size_t begin, end;		/* among those told */
	uint64_t numbering;		/* which discipline or block */
	uint32_t root;			/* its first table; 0: it has none, since it is not of kind u32 */
};

struct order {
	struct arena *a;
	const struct tcfilter_list *told;
	struct tcfilter_list *to;
	struct tcfilter_reasons *why;
	VEC(struct proto) u32;
	struct map owner;		/* of first tables: place of the priority */
	struct map tables;		/* those that somebody made, by number */
	struct map priorities;		/* in use, by numbering */
	struct tcfilter_list fillers;	/* requests that remove them again */
	struct map made;		/* tables and filters, by number within their numbering */
};

static const struct tcmsg *tc_of(const struct nlmsghdr *h)
{
	return NLMSG_DATA(h);
}

static uint32_t attr_u32(const struct nlmsghdr *h, int type)
{
	struct nlattr *at = netlink_find(h, sizeof(struct tcmsg), type);

	return at && nla_len(at) == 4 ? nla_get_u32(at) : 0;
}

static struct nlattr *option(const struct nlmsghdr *h, int type)
{
	struct nlattr *options = netlink_find(h, sizeof(struct tcmsg), TCA_OPTIONS);

	return options ? nla_find(nla_data(options), nla_len(options), type) : NULL;
}

static bool is_u32(const struct nlmsghdr *h)
{
	struct nlattr *kind = netlink_find(h, sizeof(struct tcmsg), TCA_KIND);

	return kind && nla_len(kind) == sizeof("u32") && !memcmp(nla_data(kind), "u32", sizeof("u32"));
}

static bool is_table(const struct nlmsghdr *h)
{
	return option(h, TCA_U32_DIVISOR);
}

static bool is_same_proto(const struct nlmsghdr *a, const struct nlmsghdr *b)
{
	return tc_of(a)->tcm_ifindex == tc_of(b)->tcm_ifindex && tc_of(a)->tcm_parent == tc_of(b)->tcm_parent &&
	       TC_H_MAJ(tc_of(a)->tcm_info) == TC_H_MAJ(tc_of(b)->tcm_info) &&
	       attr_u32(a, TCA_CHAIN) == attr_u32(b, TCA_CHAIN);
}

static uint64_t numbering_of(const struct nlmsghdr *h)
{
	uint32_t index = tc_of(h)->tcm_ifindex, parent = tc_of(h)->tcm_parent;

	return (uint64_t)index << 32 | (index == TCM_IFINDEX_MAGIC_BLOCK ? parent : TC_H_MAJ(parent));
}

uint64_t tcfilter_place(const struct nlmsghdr *h, bool is_priority)
{
	uint64_t f = hash_add(hash_add(tc_of(h)->tcm_ifindex, tc_of(h)->tcm_parent), attr_u32(h, TCA_CHAIN));

	return is_priority ? hash_add(f, TC_H_MAJ(tc_of(h)->tcm_info)) : f;
}

static uint64_t number(const struct nlmsghdr *h, uint32_t handle)
{
	return hash_add(numbering_of(h), handle);
}

static bool is_made(const struct order *o, const struct nlmsghdr *h, uint32_t handle)
{
	return map_find(&o->made, number(h, handle));
}

static void mark_made(struct order *o, const struct nlmsghdr *h)
{
	*map_at(o->a, &o->made, number(h, tc_of(h)->tcm_handle)) = 1;
}

static void make_next(struct order *o, const struct nlmsghdr *h)
{
	mark_made(o, h);
	vec_push(o->a, &o->to->v, h);
}

/* In the first table of another priority, or made already as one of another. */
static bool is_of_others(const struct order *o, const struct nlmsghdr *h)
{
	const uint64_t *owner = map_find(&o->owner, number(h, TC_U32_HTID(tc_of(h)->tcm_handle)));

	return (owner && *owner != tcfilter_place(h, true)) || is_made(o, h, tc_of(h)->tcm_handle);
}

static uint64_t *priority_use(struct order *o, uint64_t numbering, uint32_t priority)
{
	return map_at(o->a, &o->priorities, hash_add(numbering, priority));
}

/* All others come as they are told; those of u32 are sorted into priorities. */
static void begin_priorities(struct order *o, const struct map *roots)
{
	const struct tcfilter_list *t = o->told;

	for (size_t i = 0; i < t->v.n;) {
		const struct nlmsghdr *h = t->v.v[i];
		const uint64_t *root = map_find(roots, tcfilter_place(h, true));
		struct proto p = { .begin = i, .numbering = numbering_of(h), .root = root ? *root : 0 };

		*priority_use(o, p.numbering, tc_of(h)->tcm_info >> 16) = 1;
		for (; i < t->v.n && is_same_proto(h, t->v.v[i]); i++)
			if (!is_u32(h))
				vec_push(o->a, &o->to->v, t->v.v[i]);
			else if (is_table(t->v.v[i]))
				*map_at(o->a, &o->tables, number(h, tc_of(t->v.v[i])->tcm_handle)) = 1;
		p.end = i;
		if (!is_u32(h))
			continue;
		vec_push(o->a, &o->u32, p);
		*map_at(o->a, &o->owner, number(h, p.root)) = tcfilter_place(h, true);
	}
}

static int by_numbering_and_root(const void *a, const void *b)
{
	const struct proto *x = a, *y = b;

	if (x->numbering != y->numbering)
		return x->numbering < y->numbering ? -1 : 1;
	return x->root < y->root ? -1 : x->root > y->root;
}

/* The key that brings the priority into being: one that leads nowhere, or to what is there. */
static bool make_first_key(struct order *o, const struct proto *p)
{
	for (size_t i = p->begin; i < p->end; i++) {
		const struct nlmsghdr *h = o->told->v.v[i];
		struct nlattr *link = option(h, TCA_U32_LINK);

		if (is_table(h) || is_of_others(o, h) ||
		    (link && nla_len(link) == 4 && !is_made(o, h, TC_U32_HTID(nla_get_u32(link)))))
			continue;
		make_next(o, h);
		return true;
	}
	return false;
}

static bool make_tables(struct order *o, const struct proto *p)
{
	bool any = false;

	for (size_t i = p->end; i-- > p->begin;) {	/* told newest first */
		const struct nlmsghdr *h = o->told->v.v[i];

		if (!is_table(h) || is_of_others(o, h))
			continue;
		if (tc_of(h)->tcm_handle == p->root) {
			mark_made(o, h);	/* comes with the priority */
		} else {
			make_next(o, h);
			any = true;
		}
	}
	return any;
}

static void make_keys(struct order *o, const struct proto *p)
{
	for (size_t i = p->begin; i < p->end; i++)
		if (!is_of_others(o, o->told->v.v[i]))
			make_next(o, o->told->v.v[i]);
}

/* A priority of its own with a filter that matches nothing, so that its first table takes the next number. */
static void make_filler(struct order *o, const struct proto *p)
{
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
	const struct tc_u32_key never = { .mask = ~0U, .val = ~0U };
	char match[sizeof(sel) + sizeof(never)];
	struct nlmsghdr *make = arena_alloc(o->a, FILLER_ROOM), *remove = arena_alloc(o->a, FILLER_ROOM);
	uint32_t priority = 0xffff;
	struct nlattr *options;

	while (*priority_use(o, p->numbering, priority))
		priority--;
	*priority_use(o, p->numbering, priority) = 1;
	stream_copy(o->told->v.v[p->begin], make, sizeof(struct tcmsg), (const uint16_t[]){ TCA_OPTIONS, TCA_CHAIN, 0 });
	((struct tcmsg *)NLMSG_DATA(make))->tcm_handle = 0;
	((struct tcmsg *)NLMSG_DATA(make))->tcm_info = TC_H_MAKE(priority << 16, htons(ETH_P_ALL));
	memcpy(remove, make, make->nlmsg_len);
	remove->nlmsg_type = RTM_DELTFILTER;
	options = stream_add(make, TCA_OPTIONS, NULL, 0);
	memcpy(match, &sel, sizeof(sel));
	memcpy(match + sizeof(sel), &never, sizeof(never));
	stream_add(make, TCA_U32_SEL, match, sizeof(match));
	options->nla_len = (char *)make + make->nlmsg_len - (char *)options;
	vec_push(o->a, &o->to->v, make);
	vec_push(o->a, &o->fillers.v, remove);
}

/* Numbers from next on, up to that of the priority. False: it cannot come to that. */
static bool fill_gap(struct order *o, const struct proto *p, uint32_t next)
{
	uint32_t root = p->root >> 20;

	if (root < next || root - next > MAX_GAP)
		return false;
	for (uint32_t n = next; n < root; n++)
		if (map_find(&o->tables, hash_add(p->numbering, n << 20)))
			return false;
	for (; next < root; next++)
		make_filler(o, p);
	return true;
}

void tcfilter_order(struct arena *a, const struct tcfilter_list *told, const struct map *roots, struct tcfilter_list *ret,
		    struct tcfilter_reasons *why)
{
	struct order o = { .a = a, .told = told, .to = ret, .why = why };
	uint32_t next = FIRST_ROOT;

	begin_priorities(&o, roots);
	if (o.u32.n)
		qsort(o.u32.v, o.u32.n, sizeof(*o.u32.v), by_numbering_and_root);
	for (size_t i = 0; i < o.u32.n; i++) {
		const struct proto *p = &o.u32.v[i];

		if (!i || p->numbering != p[-1].numbering)
			next = FIRST_ROOT;
		if (!fill_gap(&o, p, next))
			vec_push(a, &why->v, arena_printf(a, "a filter u32, whose table %x: would come back as %x:",
							  p->root >> 20, next));
		else if (!make_tables(&o, p) && !make_first_key(&o, p))
			vec_push(a, &why->v, "a filter u32, which leads to a table that comes later only");
		next = (p->root >> 20) + 1;
	}
	for (size_t i = 0; i < o.u32.n; i++)
		make_keys(&o, &o.u32.v[i]);
	for (size_t i = 0; i < o.fillers.v.n; i++)
		vec_push(a, &ret->v, o.fillers.v.v[i]);
}
