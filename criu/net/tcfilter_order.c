/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which order filters are made. Only u32 minds: all filters u32 of a discipline (or of a shared block) have their hash
 * tables in one numbering. The first table of each priority is the kernel's, which numbers these 800:, 801:, ... as they
 * come; a filter may lead to a table that somebody made, in the same or another priority. The kernel tells the tables of
 * a priority in every chain and every hook of the discipline that has this priority, whosever they are.
 */
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/map.h"
#include "net/tcfilter.h"

enum { FIRST_ROOT = 0x800 };

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

/* All others come as they are told; those of u32 are sorted into priorities. */
static void begin_priorities(struct order *o, const struct map *roots)
{
	const struct tcfilter_list *t = o->told;

	for (size_t i = 0; i < t->v.n;) {
		const struct nlmsghdr *h = t->v.v[i];
		const uint64_t *root = map_find(roots, tcfilter_place(h, true));
		struct proto p = { .begin = i, .numbering = numbering_of(h), .root = root ? *root : 0 };

		for (; i < t->v.n && is_same_proto(h, t->v.v[i]); i++)
			if (!is_u32(h))
				vec_push(o->a, &o->to->v, t->v.v[i]);
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

void tcfilter_order(struct arena *a, const struct tcfilter_list *told, const struct map *roots, struct tcfilter_list *ret,
		    struct tcfilter_reasons *why)
{
	struct order o = { .a = a, .told = told, .to = ret, .why = why };
	uint32_t n = 0;

	begin_priorities(&o, roots);
	if (o.u32.n)
		qsort(o.u32.v, o.u32.n, sizeof(*o.u32.v), by_numbering_and_root);
	for (size_t i = 0; i < o.u32.n; i++) {
		const struct proto *p = &o.u32.v[i];

		n = i && p->numbering == p[-1].numbering ? n + 1 : 0;
		if (p->root != (FIRST_ROOT + n) << 20)
			vec_push(a, &why->v, arena_printf(a, "a filter u32, whose table %x: would come back as %x:",
							  p->root >> 20, FIRST_ROOT + n));
		else if (!make_tables(&o, p) && !make_first_key(&o, p))
			vec_push(a, &why->v, "a filter u32, which leads to a table that comes later only");
	}
	for (size_t i = 0; i < o.u32.n; i++)
		make_keys(&o, &o.u32.v[i]);
}
