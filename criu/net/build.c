/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces from records: numbers and settings, devices of all, then what hangs on devices. */
#include "base/log.h"
#include "net/build.h"
#include "net/conntrack.h"
#include "net/ipset.h"
#include "net/nft.h"
#include "net/sysctl.h"
#include "net/tcfilter.h"
#include "net/xfrm.h"
#include "net/xtables.h"
#include "options.h"
#include "run/restore.h"

static bool is_made_here(const struct net_ns *ns)
{
	return !ns->is_empty && !ns->ext_key;
}

static int begin(struct net_build *b, size_t i)
{
	struct net_ns *ns = b->set->v.v[i];
	int err = net_enter(ns->fd);

	if (err)
		return err;
	err = netlink_open(&b->nl[i], NETLINK_ROUTE);
	if (!err && is_made_here(ns))
		err = sysctl_make(b->opt, ns) ?: links_begin(b, i);
	return net_return(b->set->own_fd, err);
}

static int make_streams(struct net_build *b, size_t i)
{
	struct net_ns *ns = b->set->v.v[i];
	int err;

	for (enum net_stream id = 0; id < NET_STREAMS; id++) {
		err = stream_make(b->arena, ns, id, &b->nl[i]);
		if (err)
			return err;
	}
	err = tcfilter_make(b->arena, ns, &b->nl[i]);
	if (err)
		return err;
	err = net_enter(ns->fd) ?: links_finish(b, ns, &b->nl[i]);
	return net_return(b->set->own_fd, err);
}

static bool has_filters(const struct net_ns *ns)
{
	for (size_t i = 0; i < NET_TEXTS; i++)
		if (ns->texts[i])
			return true;
	return ns->nft.n || ns->xtables.n || ns->ipset.n || ns->ct.n || ns->expect.n || ns->xfrm.n;
}

static int make_filters(struct net_build *b, size_t i)
{
	struct netlink auto_netlink nf = NETLINK_CLOSED;
	struct net_ns *ns = b->set->v.v[i];
	int err;

	if (!has_filters(ns))
		return 0;
	err = net_enter(ns->fd);
	if (err)
		return err;
	err = netlink_open(&nf, NETLINK_NETFILTER);
	/* Rules name sets. */
	if (!err)
		err = ipset_make(b->arena, ns, &nf) ?: text_make(ns) ?: xtables_make(ns) ?: xfrm_make(b->arena, ns);
	err = net_return(b->set->own_fd, err);
	if (!err)
		err = nft_make(b->arena, ns, &nf);
	return err ?: conntrack_make(b->arena, ns, &nf);
}

static int each(struct net_build *b, int (*work)(struct net_build *b, size_t i))
{
	for (size_t i = 0; i < b->set->v.n; i++) {
		IN_SCOPE("network namespace", b->set->v.v[i]->id);
		int err = is_made_here(b->set->v.v[i]) || work == begin ? work(b, i) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int make(struct net_build *b)
{
	int err = netlink_open(&b->own, NETLINK_ROUTE);

	if (!err)
		err = each(b, begin);
	if (!err)
		err = each(b, nsid_make);
	if (!err)
		err = links_make(b);
	if (!err)
		err = each(b, make_streams);
	return err ?: each(b, make_filters);
}

int net_build(struct restore *r, struct net_set *set)
{
	struct net_build b = { r->opt, &r->m.arena, set, NETLINK_CLOSED, NULL };
	int err;

	if (!set->v.n)
		return 0;
	b.nl = arena_array(b.arena, struct netlink, set->v.n);
	b.gen_mode = arena_array(b.arena, const char *, set->v.n);
	for (size_t i = 0; i < set->v.n; i++)
		b.nl[i] = (struct netlink)NETLINK_CLOSED;
	err = make(&b);
	for (size_t i = 0; i < set->v.n; i++)
		netlink_close(&b.nl[i]);
	netlink_close(&b.own);
	return err;
}
