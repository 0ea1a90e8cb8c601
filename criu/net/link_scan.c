/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTM_NEWLINK messages as records of network devices. */
#include <sys/socket.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include "base/log.h"
#include "base/parse.h"
#include "net/devconf.h"
#include "net/external.h"
#include "net/link.h"
#include "net/net.h"
#include "net/plain_link.h"
#include "options.h"
#include "run/dump.h"

enum { MAX_ATTR = 80 };			/* newer kernels tell more than the header of this one knows */

/* Attributes of RTM_NEWLINK that are given back as they are; what else matters has a field of its own. */
static const uint16_t kept[] = {
	IFLA_BROADCAST, IFLA_TXQLEN, IFLA_LINKMODE, IFLA_GROUP, IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES, IFLA_GSO_MAX_SEGS,
	IFLA_GSO_MAX_SIZE, IFLA_GRO_MAX_SIZE, 63 /* GSO_IPV4_MAX_SIZE */, 64 /* GRO_IPV4_MAX_SIZE */, IFLA_IFALIAS,
	IFLA_PROTO_DOWN, IFLA_PROP_LIST,
};

/* Of IFLA_AF_SPEC, how IPv6 addresses are made up. */
static const uint16_t kept_inet6[] = { IFLA_INET6_ADDR_GEN_MODE, IFLA_INET6_TOKEN, 0 };

bool link_attr_is_in(const uint16_t *list, int type)
{
	for (; *list; list++)
		if (*list == type || *list == LINK_ALL_ATTRS)
			return true;
	return false;
}

static void append_attr(struct arena *a, ProtobufCBinaryData *to, const struct nlattr *attr)
{
	size_t len = NLA_ALIGN(attr->nla_len);
	uint8_t *bigger = arena_alloc(a, to->len + len);

	if (to->len)
		memcpy(bigger, to->data, to->len);
	memcpy(bigger + to->len, attr, attr->nla_len);
	to->data = bigger;
	to->len += len;
}

/* The attributes inside nest but those listed. */
static ProtobufCBinaryData copy_attrs(struct arena *a, struct nlattr *nest, const uint16_t *fixed)
{
	ProtobufCBinaryData all = { 0 };
	struct nlattr *at;
	int left;

	if (!nest)
		return all;
	all.data = arena_alloc(a, nla_len(nest) + NLA_ALIGNTO);
	nla_for_each_nested(at, nest, left) {
		if (link_attr_is_in(fixed, nla_type(at)))
			continue;
		memcpy(all.data + all.len, at, at->nla_len);
		all.len += NLA_ALIGN(at->nla_len);
	}
	return all;
}

static const char *attr_str(struct arena *a, const struct nlattr *at)
{
	return at ? arena_printf(a, "%.*s", nla_len(at), (const char *)nla_data(at)) : NULL;
}

static bool is_zero(const struct nlattr *at)
{
	for (int i = 0; i < nla_len(at); i++)
		if (((uint8_t *)nla_data(at))[i])
			return false;
	return true;
}

static void keep_inet6(struct arena *a, NetDeviceEntry *e, struct nlattr *spec)
{
	struct nlattr *af = spec ? nla_find(nla_data(spec), nla_len(spec), AF_INET6) : NULL, *at;
	struct {
		struct nlattr spec, af;
		uint8_t room[64];
	} out = { .spec.nla_type = IFLA_AF_SPEC | NLA_F_NESTED, .af.nla_type = AF_INET6 | NLA_F_NESTED };
	size_t n = 0;
	int left;

	if (!af)
		return;
	nla_for_each_nested(at, af, left) {
		if (!link_attr_is_in(kept_inet6, nla_type(at)) || n + NLA_ALIGN(at->nla_len) > sizeof(out.room))
			continue;
		if (nla_type(at) == IFLA_INET6_TOKEN && is_zero(at))
			continue;
		memcpy(out.room + n, at, at->nla_len);
		n += NLA_ALIGN(at->nla_len);
	}
	out.af.nla_len = NLA_HDRLEN + n;
	out.spec.nla_len = NLA_HDRLEN + out.af.nla_len;
	append_attr(a, &e->attrs, &out.spec);
}

static void set_kept(struct arena *a, NetDeviceEntry *e, struct nlattr **tb)
{
	for (size_t i = 0; i < array_size(kept); i++)
		if (tb[kept[i]])
			append_attr(a, &e->attrs, tb[kept[i]]);
	keep_inet6(a, e, tb[IFLA_AF_SPEC]);
	e->has_attrs = e->attrs.len > 0;
}

static void set_ends(NetDeviceEntry *e, struct nlattr **tb)
{
	e->has_peer_ifindex = true;
	e->peer_ifindex = tb[IFLA_LINK] ? nla_get_u32(tb[IFLA_LINK]) : e->ifindex;
	if (tb[IFLA_LINK_NETNSID]) {
		e->has_link_nsid = true;
		e->link_nsid = nla_get_s32(tb[IFLA_LINK_NETNSID]);
	}
	if (tb[IFLA_MASTER]) {
		e->has_master = true;
		e->master = nla_get_u32(tb[IFLA_MASTER]);
	}
}

static void set_port(struct dump *d, NetDeviceEntry *e, struct nlattr **li)
{
	const char *kind = attr_str(&d->m.arena, li[IFLA_INFO_SLAVE_KIND]);
	const uint16_t *fixed = kind ? link_port_fixed(kind) : NULL;

	if (!kind)
		return;
	if (!fixed) {
		refuse(&d->refusals, REFUSE_NET_LINK, "%s is a port of a device of kind %s", e->name, kind);
		return;
	}
	e->slave_kind = (char *)kind;
	e->slave_data = copy_attrs(&d->m.arena, li[IFLA_INFO_SLAVE_DATA], fixed);
	e->has_slave_data = true;
}

/* The device's own data; false: refused. */
static bool set_kind(struct dump *d, NetDeviceEntry *e, const struct link_kind *k, struct nlattr **li)
{
	if (d->opt->plain_images && k->type == ND_TYPE__EXTLINK) {
		refuse(&d->refusals, REFUSE_NET_LINK, "%s is of kind %s, which plain images have no place for", e->name,
		       k->name);
		return false;
	}
	e->type = k->type;
	e->kind = (char *)k->name;
	e->info_data = copy_attrs(&d->m.arena, li[IFLA_INFO_DATA], k->fixed);
	e->has_info_data = true;
	plain_link_scan(&d->m.arena, e, li[IFLA_INFO_DATA]);
	return true;
}

static bool has_program(const struct nlattr *xdp)
{
	struct nlattr *at;
	int left;

	if (!xdp)
		return false;
	nla_for_each_nested(at, (struct nlattr *)xdp, left)
		if (nla_type(at) == IFLA_XDP_ATTACHED && nla_get_u8(at))
			return true;
	return false;
}

/* Type and data; false: nothing is to be kept of it, or it was refused. */
static bool recognise(struct dump *d, NetDeviceEntry *e, const struct ifinfomsg *ifi, struct nlattr **tb)
{
	struct nlattr *li[IFLA_INFO_MAX + 1] = { 0 };
	const struct link_kind *k = NULL;
	const char *kind;

	if (tb[IFLA_LINKINFO])
		nla_parse_nested(li, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL);
	kind = attr_str(&d->m.arena, li[IFLA_INFO_KIND]);
	if (kind)
		k = link_kind(kind);
	set_port(d, e, li);
	if (ifi->ifi_type == ARPHRD_LOOPBACK) {
		e->type = ND_TYPE__LOOPBACK;
		return true;
	}
	if (external_is_netdev(d->opt, e->name)) {
		e->type = ND_TYPE__EXTLINK;
		return true;
	}
	if (link_kind_is_own(k, e->name) && !(ifi->ifi_flags & IFF_UP))
		return false;
	if (!k) {
		refuse(&d->refusals, REFUSE_NET_LINK, "%s is %s%s", e->name, kind ? "of kind " : "no virtual device",
		       kind ?: "");
		return false;
	}
	return set_kind(d, e, k, li);
}

static NetDeviceEntry *state(struct arena *a, const struct nlmsghdr *h, struct nlattr **tb)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(h);
	NetDeviceEntry *e;

	if (nla_parse(tb, MAX_ATTR, netlink_attrs(h, sizeof(*ifi)), netlink_attrs_len(h, sizeof(*ifi)), NULL) ||
	    !tb[IFLA_IFNAME])
		return NULL;
	e = arena_msg(a, NetDeviceEntry, net_device_entry__init);
	e->name = (char *)attr_str(a, tb[IFLA_IFNAME]);
	e->ifindex = ifi->ifi_index;
	e->flags = ifi->ifi_flags;
	e->mtu = tb[IFLA_MTU] ? nla_get_u32(tb[IFLA_MTU]) : 0;
	if (ifi->ifi_type != ARPHRD_LOOPBACK && tb[IFLA_ADDRESS]) {
		e->has_address = true;
		e->address.len = nla_len(tb[IFLA_ADDRESS]);
		e->address.data = arena_memdup(a, nla_data(tb[IFLA_ADDRESS]), e->address.len);
	}
	set_kept(a, e, tb);
	devconf_scan(a, e, tb[IFLA_AF_SPEC]);
	return e;
}

NetDeviceEntry *link_state(struct arena *a, const struct nlmsghdr *h)
{
	struct nlattr *tb[MAX_ATTR + 1] = { 0 }, *li[IFLA_INFO_MAX + 1] = { 0 };
	NetDeviceEntry *e = state(a, h, tb);

	if (e && tb[IFLA_LINKINFO] && !nla_parse_nested(li, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL)) {
		e->info_data = copy_attrs(a, li[IFLA_INFO_DATA], (const uint16_t[]){ 0 });
		e->slave_data = copy_attrs(a, li[IFLA_INFO_SLAVE_DATA], (const uint16_t[]){ 0 });
	}
	return e;
}

/* What other tools would skip, for them not to be there at all. */
static void make_plain(NetDeviceEntry *e)
{
	e->kind = e->slave_kind = NULL;
	e->has_info_data = e->has_slave_data = e->has_attrs = false;
	e->n_more_conf = 0;
}

NetDeviceEntry *link_record(struct dump *d, const struct nlmsghdr *h)
{
	struct nlattr *tb[MAX_ATTR + 1] = { 0 };
	NetDeviceEntry *e = state(&d->m.arena, h, tb);

	if (!e)
		return NULL;
	set_ends(e, tb);
	if (!recognise(d, e, NLMSG_DATA(h), tb))
		return NULL;
	if (has_program(tb[IFLA_XDP]))
		refuse(&d->refusals, REFUSE_NET_LINK, "%s has an XDP program attached", e->name);
	if (d->opt->plain_images)
		make_plain(e);
	return e;
}

struct link_scan {
	struct dump *d;
	struct net_ns *ns;
	struct devconf_files files;
};

static int each_link(const struct nlmsghdr *h, void *arg)
{
	struct link_scan *s = arg;
	NetDeviceEntry *e;

	if (h->nlmsg_type != RTM_NEWLINK)
		return 0;
	e = link_record(s->d, h);
	if (!e)
		return 0;
	devconf_scan_device_files(&s->d->m.arena, &s->files, e);
	vec_push(&s->d->m.arena, &s->ns->links, e);
	return 0;
}

NetDeviceEntry *link_find(const struct net_ns *ns, uint32_t index)
{
	for (size_t i = 0; i < ns->links.n; i++)
		if (ns->links.v[i]->ifindex == index)
			return ns->links.v[i];
	return NULL;
}

static int each_port(const struct nlmsghdr *h, void *arg)
{
	struct link_scan *s = arg;
	const struct ifinfomsg *ifi = NLMSG_DATA(h);
	struct nlattr *spec = netlink_find(h, sizeof(*ifi), IFLA_AF_SPEC);
	NetDeviceEntry *e = link_find(s->ns, ifi->ifi_index);

	if (!e || !spec)
		return 0;
	e->vlans = copy_attrs(&s->d->m.arena, spec, (const uint16_t[]){ 0 });
	e->has_vlans = true;
	return 0;
}

static bool has_bridge(const struct net_ns *ns)
{
	for (size_t i = 0; i < ns->links.n; i++)
		if (ns->links.v[i]->type == ND_TYPE__BRIDGE)
			return true;
	return false;
}

int link_dump(struct netlink *nl, int family, netlink_each each, void *arg)
{
	struct ifinfomsg ifi = { .ifi_family = family };
	struct nl_msg *auto_msg m = netlink_request(RTM_GETLINK, 0, &ifi, sizeof(ifi));
	int err;

	netlink_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS | (family == AF_BRIDGE ? RTEXT_FILTER_BRVLAN : 0));
	err = netlink_dump(nl, m, each, arg);
	return err ? fail_with(err, "list of network devices") : 0;
}

int link_scan(struct dump *d, struct net_ns *ns, struct netlink *nl)
{
	struct link_scan s = { .d = d, .ns = ns };
	int err;

	devconf_list_files(&d->m.arena, ns->entry, &s.files);
	err = link_dump(nl, AF_UNSPEC, each_link, &s);
	if (!err && has_bridge(ns) && !d->opt->plain_images)
		err = link_dump(nl, AF_BRIDGE, each_port, &s);
	return err;
}
