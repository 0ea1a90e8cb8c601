/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces into records. */
#include <errno.h>
#include <sched.h>
#include <linux/neighbour.h>
#include "base/away.h"
#include "base/log.h"
#include "image/dir.h"
#include "net/build.h"
#include "net/conntrack.h"
#include "net/ebtables.h"
#include "net/ipset.h"
#include "net/link.h"
#include "net/net.h"
#include "net/nft.h"
#include "net/sysctl.h"
#include "net/tcfilter.h"
#include "net/xfrm.h"
#include "net/xtables.h"
#include "options.h"
#include "run/dump.h"

int net_enter(int fd)
{
	return setns(fd, CLONE_NEWNET) ? fail_errno("enter a network namespace") : 0;
}

int net_return(int own_fd, int err)
{
	int back = net_enter(own_fd);

	return back ? back : err;
}

struct net_ns *net_by_id(const struct net_set *set, uint32_t id)
{
	for (size_t i = 0; i < set->v.n; i++)
		if (set->v.v[i]->id == id)
			return set->v.v[i];
	return NULL;
}

static bool has_links(const struct net_ns *ns)
{
	return ns->links.n > 1;		/* more than lo */
}

/* What of these lists is no loss: the kernel makes it in every namespace, or learns it again. */
static bool is_lost(enum net_stream id, const struct net_stream_data *s)
{
	enum { RULES_OF_ALL = 2 };
	size_t n = 0;

	for (size_t at = 0; at < s->n; at += NLMSG_ALIGN(((struct nlmsghdr *)(s->v + at))->nlmsg_len)) {
		const struct ndmsg *nd = NLMSG_DATA((struct nlmsghdr *)(s->v + at));

		/* Permanent entries of a bridge are its ports' own addresses; what somebody sets is called static. */
		if (id == NET_STREAM_neigh || id == NET_STREAM_fdb)
			n += !!(nd->ndm_state & (id == NET_STREAM_fdb ? NUD_NOARP : NUD_PERMANENT));
		else
			n++;
	}
	return n > (id == NET_STREAM_rule6 ? RULES_OF_ALL : 0);
}

/* What plain images have no place for, and what a reader of the warning calls it. */
static const char *const not_plain[NET_STREAMS] = {
	[NET_STREAM_nexthop] = "nexthop objects", [NET_STREAM_rule6] = "IPv6 policy rules",
	[NET_STREAM_neigh] = "permanent neighbours", [NET_STREAM_proxy] = "proxies of neighbours",
	[NET_STREAM_fdb] = "static forwarding entries of bridges",
	[NET_STREAM_qdisc] = "queueing disciplines", [NET_STREAM_mdb] = "multicast groups of bridges",
};

static int scan_streams(struct dump *d, struct net_ns *ns, struct netlink *nl)
{
	int err;

	for (enum net_stream id = 0; id < NET_STREAMS; id++) {
		bool is_saved = !d->opt->plain_images || (stream_rows[id].flags & STREAM_PLAIN);

		if ((!is_saved && !not_plain[id]) || ((stream_rows[id].flags & STREAM_LINKS) && !has_links(ns)))
			continue;
		err = stream_scan(&d->m.arena, ns, id, nl);
		if (err)
			return err;
		if (!is_saved && is_lost(id, &ns->streams[id]))
			warn("%s are lost: plain images have no place for them", not_plain[id]);
	}
	return tcfilter_scan(d, ns, nl);
}

static int scan_filters(struct dump *d, struct net_ns *ns, struct netlink *nf)
{
	int err = nft_scan(&d->m.arena, ns, nf);

	if (!err)
		err = conntrack_scan(&d->m.arena, ns, nf);
	if (err)
		return err;
	/* Plain images have rules as text. */
	if (ns->nft.n && d->opt->plain_images && text_scan_nft(&d->m.arena, ns))
		refuse(&d->refusals, REFUSE_NET_RULES, "nftables rules, which plain images have as text, and libnftables "
		       "does not give (it is not there, or these use extensions of iptables)");
	err = xtables_scan(d, ns);
	/* Another reader would leave the filters out without a word. */
	if (!err)
		err = ipset_scan(d, ns, nf);
	err = err ?: ebtables_refuse(d, nf) ?: xfrm_scan(d, ns);
	if (!d->opt->plain_images && (ns->tcfilter.n || ns->xfrm.n || ns->nft.n || ns->xtables.n || ns->ipset.n))
		d->m.inventory->img_version = IMG_VERSION_EXTENDED;
	return err;
}

struct scanning {
	struct dump *d;
	struct net_set *set;
	size_t i;
};

static int scan_inside(void *arg)
{
	struct netlink auto_netlink nl = NETLINK_CLOSED, auto_netlink nf = NETLINK_CLOSED;
	const struct scanning *s = arg;
	struct dump *d = s->d;
	struct net_ns *ns = s->set->v.v[s->i];
	int err = netlink_open(&nl, NETLINK_ROUTE);

	if (!err)
		err = nsid_scan(&d->m.arena, s->set, s->i, &nl);
	if (!err)
		err = sysctl_scan(d, ns);
	if (!err)
		err = link_scan(d, ns, &nl);
	if (!err)
		err = scan_streams(d, ns, &nl);
	if (!err)
		err = netlink_open(&nf, NETLINK_NETFILTER);
	return err ?: scan_filters(d, ns, &nf);
}

/* Whose number IFLA_LINK is: only known when all namespaces have told how they call each other. */
static void resolve(struct dump *d, struct net_ns *ns)
{
	for (size_t i = 0; i < ns->links.n; i++) {
		NetDeviceEntry *e = ns->links.v[i];

		e->peer_nsid = e->has_link_nsid ? nsid_target(ns, e->link_nsid) : ns->id;
		e->has_peer_nsid = e->peer_nsid != 0;
		if (d->opt->plain_images)
			e->has_link_nsid = false;
	}
}

int net_scan(struct dump *d, struct net_set *set)
{
	for (size_t i = 0; i < set->v.n; i++) {
		struct net_ns *ns = set->v.v[i];
		struct scanning s = { d, set, i };
		IN_SCOPE("network namespace", ns->id);
		int err;

		ns->entry = arena_msg(&d->m.arena, NetnsEntry, netns_entry__init);
		if (ns->is_empty || ns->ext_key) {
			ns->entry->ext_key = (char *)ns->ext_key;
			continue;
		}
		err = work_away(ns->fd, set->own_fd, scan_inside, &s);
		if (err)
			return err == -EXDEV ? fail_errno("enter a network namespace") : err;
		ns->entry->has_all_tables = ns->entry->all_tables = !d->opt->plain_images;
		resolve(d, ns);
	}
	return 0;
}
