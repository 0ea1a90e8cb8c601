/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices from their records, in passes over all namespaces: some lie on others, and pairs have ends in two of them. */
#include <sys/socket.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include "base/log.h"
#include "base/parse.h"
#include "net/build.h"
#include "net/external.h"
#include "net/link.h"
#include "net/plain_link.h"
#include "net/tun.h"
#include "options.h"

/* A device that waits to be made. */
struct wanted {
	struct net_ns *ns;
	NetDeviceEntry *e;
	const struct link_kind *kind;
	bool is_made;
};

struct links {
	struct net_build *b;
	VEC(struct wanted) v;
};

const struct link_kind *link_kind_of(const NetDeviceEntry *e)
{
	static const char *const plain[] = {
		[ND_TYPE__VETH] = "veth", [ND_TYPE__TUN] = "tun", [ND_TYPE__BRIDGE] = "bridge",
		[ND_TYPE__MACVLAN] = "macvlan", [ND_TYPE__SIT] = "sit",
	};

	if (e->kind)
		return link_kind(e->kind);
	return (size_t)e->type < array_size(plain) && plain[e->type] ? link_kind(plain[e->type]) : NULL;
}

static struct wanted *find_end(struct links *l, uint32_t ns_id, uint32_t index)
{
	for (size_t i = 0; i < l->v.n; i++)
		if (l->v.v[i].ns->id == ns_id && l->v.v[i].e->ifindex == index)
			return &l->v.v[i];
	return NULL;
}

static void put_kept(struct nl_msg *m, const NetDeviceEntry *e, const uint16_t *which)
{
	struct nlattr *at;
	int left;

	nla_for_each_attr(at, (struct nlattr *)e->attrs.data, (int)e->attrs.len, left)
		if (link_attr_is_in(which, nla_type(at)))
			netlink_put(m, at->nla_type, nla_data(at), nla_len(at));
}

/* What a device can only be given at birth, and what saves a second message. */
static void put_birth(struct nl_msg *m, const NetDeviceEntry *e)
{
	static const uint16_t at_birth[] = { IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES, IFLA_TXQLEN, IFLA_GROUP, 0 };

	netlink_put_str(m, IFLA_IFNAME, e->name);
	if (e->mtu)
		netlink_put_u32(m, IFLA_MTU, e->mtu);
	if (e->has_address && e->type != ND_TYPE__BRIDGE)
		netlink_put(m, IFLA_ADDRESS, e->address.data, e->address.len);
	put_kept(m, e, at_birth);
}

/* One attribute as the kernel wants it, which is not always as it tells it. */
static void put_option(struct nl_msg *m, const struct link_kind *k, const struct nlattr *at)
{
	/* Told as a number, wanted as a flag (vxlan_fill_info, vxlan_policy; 6.18). */
	if (streq(k->name, "vxlan") && nla_type(at) == IFLA_VXLAN_TTL_INHERIT) {
		if (nla_len(at) && nla_get_u8(at))
			netlink_put(m, at->nla_type, NULL, 0);
		return;
	}
	netlink_put(m, at->nla_type, nla_data(at), nla_len(at));
}

static void put_data(struct nl_msg *m, const NetDeviceEntry *e, const struct link_kind *k)
{
	struct nlattr *data = netlink_nest(m, IFLA_INFO_DATA), *at;
	bool has_sources = false;
	int left;

	if (!e->kind)
		plain_link_put(m, e);
	nla_for_each_attr(at, (struct nlattr *)e->info_data.data, (int)e->info_data.len, left) {
		if (link_attr_is_in(k->late, nla_type(at)))
			continue;
		put_option(m, k, at);
		has_sources |= nla_type(at) == IFLA_MACVLAN_MACADDR_DATA;
	}
	if (has_sources && has_prefix(k->name, "macv"))
		netlink_put_u32(m, IFLA_MACVLAN_MACADDR_MODE, MACVLAN_MACADDR_SET);
	netlink_nest_end(m, data);
}

/* The other end of a pair, with the descriptor of its namespace unless it is the same. */
static void put_peer(struct nl_msg *m, const NetDeviceEntry *peer, const char *outer, int ns_fd)
{
	struct ifinfomsg ifi = { .ifi_index = peer ? (int)peer->ifindex : 0 };
	struct nlattr *data = netlink_nest(m, IFLA_INFO_DATA);
	struct nlattr *nest = netlink_nest(m, VETH_INFO_PEER);

	nlmsg_append(m, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	if (peer)
		put_birth(m, peer);
	else
		netlink_put_str(m, IFLA_IFNAME, outer);
	if (ns_fd >= 0)
		netlink_put_u32(m, IFLA_NET_NS_FD, ns_fd);
	netlink_nest_end(m, nest);
	netlink_nest_end(m, data);
}

size_t link_room(const NetDeviceEntry *e)
{
	return 2048 + e->info_data.len + e->slave_data.len + e->attrs.len + e->vlans.len;
}

/* peer: the other end, or NULL */
static struct nl_msg *request(const NetDeviceEntry *e, const NetDeviceEntry *peer)
{
	struct ifinfomsg ifi = { .ifi_index = e->ifindex };
	size_t room = link_room(e) + (peer ? link_room(peer) : 0);
	struct nl_msg *m = netlink_request_room(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi), room);

	put_birth(m, e);
	return m;
}

/* Are there not yet: the device below, or a namespace's number. Another pass may help. */
static bool may_help(int err)
{
	return err == -ENODEV || err == -EINVAL || err == -ENONET || err == -ENETDOWN;
}

static int send_request(struct links *l, struct wanted *w, struct nl_msg *m, int *ret_why)
{
	struct netlink *nl = &l->b->nl[net_index(l->b->set, w->ns)];
	int err = netlink_talk(nl, m);

	if (!err)
		w->is_made = true;
	*ret_why = err;
	if (!err || may_help(err))
		return 0;
	return fail_with(err, "make %s of kind %s with index %u%s%s", w->e->name, w->kind->name, w->e->ifindex,
			 *nl->told ? ": " : "", nl->told);
}

/* The outer end becomes a port of the bridge, where one is named, and is switched on. */
static int attach_outer(struct net_build *b, const struct external_veth *x)
{
	struct ifinfomsg ifi = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nl_msg *auto_msg m = netlink_request(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	int err, index;

	netlink_put_str(m, IFLA_IFNAME, x->out);
	if (*x->bridge) {
		err = link_index(&b->own, x->bridge, &index);
		if (err)
			return fail_with(err, "bridge %s outside, for %s", x->bridge, x->out);
		netlink_put_u32(m, IFLA_MASTER, index);
	}
	err = netlink_talk(&b->own, m);
	return err ? fail_with(err, "switch on %s outside%s%s", x->out, *b->own.told ? ": " : "", b->own.told) : 0;
}

static int make_outer_pair(struct links *l, struct wanted *w, int *ret_why)
{
	struct external_veth x;
	struct nl_msg *auto_msg m = NULL;
	struct nlattr *info;
	int err, taken;

	if (!external_veth(l->b->opt, w->e->name, &x))
		return fail(ENOLINK, "the other end of %s is outside; name it with --external veth[%s]:OUT or OUT@BRIDGE",
			    w->e->name, w->e->name);
	if (!link_index(&l->b->own, x.out, &taken))
		return fail(EEXIST, "make %s with its other end %s outside: that name is taken", w->e->name, x.out);
	m = request(w->e, NULL);
	info = netlink_nest(m, IFLA_LINKINFO);
	netlink_put_str(m, IFLA_INFO_KIND, w->kind->name);
	put_peer(m, NULL, x.out, l->b->set->own_fd);
	netlink_nest_end(m, info);
	err = send_request(l, w, m, ret_why);
	if (!err && *ret_why)
		return fail_with(*ret_why, "make %s with its other end %s outside", w->e->name, x.out);
	return err ?: attach_outer(l->b, &x);
}

static int make_pair(struct links *l, struct wanted *w, int *ret_why)
{
	uint32_t other_ns = w->e->has_peer_nsid ? w->e->peer_nsid : 0;
	struct wanted *peer = find_end(l, other_ns, w->e->peer_ifindex);
	struct nl_msg *auto_msg m = NULL;
	struct nlattr *info;
	int err;

	if (!peer || peer == w)
		return make_outer_pair(l, w, ret_why);
	m = request(w->e, peer->e);
	info = netlink_nest(m, IFLA_LINKINFO);
	netlink_put_str(m, IFLA_INFO_KIND, w->kind->name);
	put_peer(m, peer->e, NULL, peer->ns == w->ns ? -1 : peer->ns->fd);
	netlink_nest_end(m, info);
	err = send_request(l, w, m, ret_why);
	if (w->is_made)
		peer->is_made = true;
	return err;
}

/* The device below: here, in another namespace of the tree, or outside and named. */
static int put_lower(struct links *l, struct wanted *w, struct nl_msg *m)
{
	const char *outside = option_value(&l->b->opt->external, w->kind->name, w->e->name);
	struct netlink *nl = &l->b->nl[net_index(l->b->set, w->ns)];
	int32_t nsid;
	int err, index;

	if (w->e->has_peer_nsid && w->e->peer_nsid == w->ns->id) {
		netlink_put_u32(m, IFLA_LINK, w->e->peer_ifindex);
		return 0;
	}
	if (w->e->has_peer_nsid && net_by_id(l->b->set, w->e->peer_nsid)) {
		err = nsid_of(nl, net_by_id(l->b->set, w->e->peer_nsid)->fd, &nsid);
		index = w->e->peer_ifindex;
	} else {
		if (!outside)
			return fail(ENOLINK, "%s lies on a device outside; name it with --external %s[%s]:DEVICE",
				    w->e->name, w->kind->name, w->e->name);
		err = link_index(&l->b->own, outside, &index);
		if (err)
			return fail_with(err, "device %s outside, below %s", outside, w->e->name);
		err = nsid_of(nl, l->b->set->own_fd, &nsid);
	}
	if (err)
		return err;
	netlink_put_u32(m, IFLA_LINK, index);
	netlink_put_u32(m, IFLA_LINK_NETNSID, nsid);
	return 0;
}

static int make_device(struct links *l, struct wanted *w, int *ret_why)
{
	struct nl_msg *auto_msg m = request(w->e, NULL);
	struct nlattr *info;
	int err = w->kind->below == LINK_LOWER ? put_lower(l, w, m) : 0;

	if (err)
		return err;
	info = netlink_nest(m, IFLA_LINKINFO);
	netlink_put_str(m, IFLA_INFO_KIND, w->kind->name);
	put_data(m, w->e, w->kind);
	netlink_nest_end(m, info);
	return send_request(l, w, m, ret_why);
}

/* A device of the tool's namespace is moved in, under the name and number that it had. */
static int move_in(struct links *l, struct wanted *w, const char *outside)
{
	struct ifinfomsg ifi = { 0 };
	struct nl_msg *auto_msg m = NULL;
	int err;

	err = link_index(&l->b->own, outside, &ifi.ifi_index);
	if (err)
		return fail_with(err, "device %s outside, for --external netdev[%s]", outside, w->e->name);
	m = netlink_request(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	netlink_put_str(m, IFLA_IFNAME, w->e->name);
	netlink_put_u32(m, IFLA_NET_NS_FD, w->ns->fd);
	netlink_put_u32(m, IFLA_NEW_IFINDEX, w->e->ifindex);
	err = netlink_talk(&l->b->own, m);
	if (err)
		return fail_with(err, "move %s into the namespace as %s%s%s", outside, w->e->name,
				 *l->b->own.told ? ": " : "", l->b->own.told);
	w->is_made = true;
	return 0;
}

static int is_there(struct links *l, struct wanted *w)
{
	int index, err = link_index(&l->b->nl[net_index(l->b->set, w->ns)], w->e->name, &index);

	if (err && w->e->type == ND_TYPE__EXTLINK)
		return fail_with(err, "%s must be moved in: name the device with --external netdev[%s]:DEVICE", w->e->name,
				 w->e->name);
	if (err)
		return fail_with(err, "%s, which the kernel should have made", w->e->name);
	w->is_made = true;
	return 0;
}

static int make(struct links *l, struct wanted *w, int *ret_why)
{
	const char *outside = option_value(&l->b->opt->external, "netdev", w->e->name);
	int err;

	*ret_why = 0;
	if (outside && *outside)
		return move_in(l, w, outside);
	if (!w->kind || link_kind_is_own(w->kind, w->e->name))
		return is_there(l, w);
	if (streq(w->kind->name, "tun")) {
		err = net_enter(w->ns->fd) ?: tun_make(w->e);
		w->is_made = !err;
		return net_return(l->b->set->own_fd, err);
	}
	return w->kind->below == LINK_PEER ? make_pair(l, w, ret_why) : make_device(l, w, ret_why);
}

/* How many are left; the reason of the first. */
static int pass(struct links *l, size_t *ret_left, struct wanted **ret_first, int *ret_why)
{
	*ret_left = 0;
	for (size_t i = 0; i < l->v.n; i++) {
		struct wanted *w = &l->v.v[i];
		int why = 0, err = w->is_made ? 0 : make(l, w, &why);

		if (err)
			return err;
		if (w->is_made)
			continue;
		if (!(*ret_left)++) {
			*ret_first = w;
			*ret_why = why;
		}
	}
	return 0;
}

static int make_all(struct links *l)
{
	size_t before = l->v.n + 1, left;
	struct wanted *first;
	int why, err;

	for (;; before = left) {
		err = pass(l, &left, &first, &why);
		if (err || !left)
			return err;
		if (left == before)
			return fail_with(why, "make %s of kind %s with index %u (the kernel may lack this kind)%s%s",
					 first->e->name, first->kind->name, first->e->ifindex,
					 *l->b->nl[net_index(l->b->set, first->ns)].told ? ": " : "",
					 l->b->nl[net_index(l->b->set, first->ns)].told);
	}
}

int links_make(struct net_build *b)
{
	struct links l = { .b = b };
	int err;

	for (size_t i = 0; i < b->set->v.n; i++)
		for (size_t j = 0; j < b->set->v.v[i]->links.n; j++) {
			NetDeviceEntry *e = b->set->v.v[i]->links.v[j];
			struct wanted w = { b->set->v.v[i], e, link_kind_of(e), false };

			vec_push(b->arena, &l.v, w);
		}
	err = make_all(&l);
	for (size_t i = 0; i < b->set->v.n && !err; i++) {
		err = net_enter(b->set->v.v[i]->fd) ?: link_settings_make(b, b->set->v.v[i], &b->nl[i]);
		err = net_return(b->set->own_fd, err);
	}
	return err;
}
