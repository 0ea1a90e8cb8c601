/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What devices are given when all of them exist: attributes, settings, masters, VLANs, other names, flags. */
#include <stdio.h>
#include <sys/socket.h>
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include "base/log.h"
#include "base/map.h"
#include "base/parse.h"
#include "net/addr_gen.h"
#include "net/build.h"
#include "net/devconf.h"
#include "net/link.h"
#include "net/sysctl.h"

/* IN6_ADDR_GEN_MODE_NONE: as netlink and as the file of a setting have it. */
enum { GEN_MODE_NONE = 1 };
#define GEN_MODE_FILE		"ipv6/conf/default/addr_gen_mode"
#define GEN_MODE_NONE_TEXT	"1"
enum {
	SETTABLE = IFF_UP | IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI | IFF_MULTICAST |
		   IFF_PORTSEL | IFF_AUTOMEDIA | IFF_DYNAMIC,
};

struct settings {
	struct net_build *b;
	struct net_ns *ns;
	struct netlink *nl;
	VEC(NetDeviceEntry *) now;
	struct map names;		/* places in now, by a hash of the name */
};

int link_index(struct netlink *nl, const char *name, int *ret)
{
	struct ifinfomsg ifi = { 0 };
	struct nl_msg *auto_msg m = netlink_request(RTM_GETLINK, 0, &ifi, sizeof(ifi));
	const struct nlmsghdr *h;
	int err;

	netlink_put_str(m, IFLA_IFNAME, name);
	netlink_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = netlink_ask(nl, m, &h);
	if (!err)
		*ret = ((struct ifinfomsg *)NLMSG_DATA(h))->ifi_index;
	return err;
}

static uint64_t hash_name(const char *name)
{
	uint64_t h = 0;

	for (; *name; name++)
		h = hash_add(h, *name);
	return h;
}

static int each_now(const struct nlmsghdr *h, void *arg)
{
	struct settings *s = arg;
	NetDeviceEntry *e = h->nlmsg_type == RTM_NEWLINK ? link_state(s->b->arena, h) : NULL;

	if (!e)
		return 0;
	*map_at(s->b->arena, &s->names, hash_name(e->name)) = s->now.n;
	vec_push(s->b->arena, &s->now, e);
	return 0;
}

static int list_now(struct settings *s)
{
	s->now.n = 0;
	return link_dump(s->nl, AF_UNSPEC, each_now, s);
}

static const NetDeviceEntry *find_now(const struct settings *s, const NetDeviceEntry *e)
{
	const uint64_t *at = map_find(&s->names, hash_name(e->name));

	if (at && *at < s->now.n && streq(s->now.v[*at]->name, e->name))
		return s->now.v[*at];
	for (size_t i = 0; i < s->now.n; i++)	/* gone, or two names with the same hash */
		if (streq(s->now.v[i]->name, e->name))
			return s->now.v[i];
	return NULL;
}

static struct nlattr *kept(const NetDeviceEntry *e, int type)
{
	return e->attrs.len ? nla_find((struct nlattr *)e->attrs.data, (int)e->attrs.len, type) : NULL;
}

static bool is_same(const struct nlattr *a, const struct nlattr *b)
{
	return a && b && a->nla_len == b->nla_len && !memcmp(a, b, a->nla_len);
}

/* Of the kept attributes, what differs and can be changed. */
static bool put_changed(struct nl_msg *m, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	static const uint16_t not_here[] = {
		IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES, IFLA_PROP_LIST, IFLA_AF_SPEC, IFLA_PROTO_DOWN, 0,
	};
	struct nlattr *at;
	bool any = false;
	int left;

	nla_for_each_attr(at, (struct nlattr *)e->attrs.data, (int)e->attrs.len, left) {
		if (link_attr_is_in(not_here, nla_type(at)) || is_same(at, kept(now, nla_type(at))))
			continue;
		netlink_put(m, at->nla_type, nla_data(at), nla_len(at));
		any = true;
	}
	return any;
}

static int change(struct settings *s, const NetDeviceEntry *now, struct nl_msg *m, const char *what)
{
	int err = netlink_talk(s->nl, m);

	return err ? fail_with(err, "set %s of %s%s%s", what, now->name, *s->nl->told ? ": " : "", s->nl->told) : 0;
}

static struct nl_msg *change_request(const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	struct ifinfomsg ifi = { .ifi_index = now->ifindex };

	return netlink_request_room(RTM_NEWLINK, 0, &ifi, sizeof(ifi), link_room(e));
}

static void put_gen_mode(struct nl_msg *m, uint8_t mode)
{
	struct nlattr *spec = netlink_nest(m, IFLA_AF_SPEC), *af = netlink_nest(m, AF_INET6);

	netlink_put(m, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	netlink_nest_end(m, af);
	netlink_nest_end(m, spec);
}

static int set_attributes(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	struct nl_msg *auto_msg m = change_request(e, now);
	bool any = put_changed(m, e, now);

	if (e->mtu && e->mtu != now->mtu) {
		netlink_put_u32(m, IFLA_MTU, e->mtu);
		any = true;
	}
	if (e->has_address && e->type != ND_TYPE__BRIDGE && now->has_address &&
	    (e->address.len != now->address.len || memcmp(e->address.data, now->address.data, e->address.len))) {
		netlink_put(m, IFLA_ADDRESS, e->address.data, e->address.len);
		any = true;
	}
	return any ? change(s, now, m, "attributes") : 0;
}

/* Other names: a message of their own. */
static int add_names(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	struct nlattr *names = kept(e, IFLA_PROP_LIST), *nest;
	struct ifinfomsg ifi = { .ifi_index = now->ifindex };
	struct nl_msg *auto_msg m = NULL;

	if (!names || kept(now, IFLA_PROP_LIST))
		return 0;
	m = netlink_request_room(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_APPEND | NLM_F_EXCL, &ifi, sizeof(ifi),
				 link_room(e));
	nest = netlink_nest(m, IFLA_PROP_LIST);
	nlmsg_append(m, nla_data(names), nla_len(names), NLMSG_ALIGNTO);
	netlink_nest_end(m, nest);
	return change(s, now, m, "other names");
}

static int enslave(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	struct nl_msg *auto_msg m = NULL;

	if (!e->has_master)
		return 0;
	m = change_request(e, now);
	netlink_put_u32(m, IFLA_MASTER, e->master);
	return change(s, now, m, "master");
}

static struct nlattr *find_in(const ProtobufCBinaryData *list, int type)
{
	return list->len ? nla_find((struct nlattr *)list->data, (int)list->len, type) : NULL;
}

/* Of these attributes, those that are in the list and differ from what is there now. */
static int change_data(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now, const char *kind,
		       int kind_type, int data_type, const ProtobufCBinaryData *want, const ProtobufCBinaryData *there,
		       const uint16_t *which)
{
	struct nl_msg *auto_msg m = change_request(e, now);
	struct nlattr *info = netlink_nest(m, IFLA_LINKINFO), *data, *at;
	bool any = false;
	int left;

	netlink_put_str(m, kind_type, kind);
	data = netlink_nest(m, data_type);
	nla_for_each_attr(at, (struct nlattr *)want->data, (int)want->len, left) {
		if (!link_attr_is_in(which, nla_type(at)) || is_same(at, find_in(there, nla_type(at))))
			continue;
		netlink_put(m, at->nla_type, nla_data(at), nla_len(at));
		any = true;
	}
	netlink_nest_end(m, data);
	netlink_nest_end(m, info);
	return any ? change(s, now, m, "options") : 0;
}

/* Options of a master: before it has ports those that ports take over, afterwards those that name ports. */
static int set_data(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now, bool has_ports)
{
	const struct link_kind *k = link_kind_of(e);

	if (!k || !*k->late || has_ports == (*k->late == LINK_ALL_ATTRS))
		return 0;
	return change_data(s, e, now, k->name, IFLA_INFO_KIND, IFLA_INFO_DATA, &e->info_data, &now->info_data, k->late);
}

static int set_port(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	if (!e->has_master || !e->slave_kind)
		return 0;
	return change_data(s, e, now, e->slave_kind, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA, &e->slave_data,
			   &now->slave_data, (const uint16_t[]){ LINK_ALL_ATTRS, 0 });
}

/* A bridge has the lowest address of its ports, until it is given one: then that stays whatever ports come. */
static bool is_of_port(const struct net_ns *ns, const NetDeviceEntry *bridge)
{
	for (size_t i = 0; i < ns->links.n; i++) {
		const NetDeviceEntry *p = ns->links.v[i];

		if (p->has_master && p->master == bridge->ifindex && p->address.len == bridge->address.len &&
		    !memcmp(p->address.data, bridge->address.data, p->address.len))
			return true;
	}
	return false;
}

static int set_bridge_address(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	struct nl_msg *auto_msg m = NULL;

	if (e->type != ND_TYPE__BRIDGE || !e->has_address || is_of_port(s->ns, e))
		return 0;
	m = change_request(e, now);
	netlink_put(m, IFLA_ADDRESS, e->address.data, e->address.len);
	return change(s, now, m, "address");
}

static int vlan_request(struct settings *s, const NetDeviceEntry *e, int type, const struct bridge_vlan_info *v,
			const ProtobufCBinaryData *all)
{
	struct ifinfomsg ifi = { .ifi_family = AF_BRIDGE, .ifi_index = e->ifindex };
	struct nl_msg *auto_msg m = netlink_request_room(type, 0, &ifi, sizeof(ifi), link_room(e));
	uint16_t flags = e->type == ND_TYPE__BRIDGE ? BRIDGE_FLAGS_SELF : BRIDGE_FLAGS_MASTER;
	struct nlattr *spec = netlink_nest(m, IFLA_AF_SPEC);

	netlink_put(m, IFLA_BRIDGE_FLAGS, &flags, sizeof(flags));
	if (v)
		netlink_put(m, IFLA_BRIDGE_VLAN_INFO, v, sizeof(*v));
	else if (all)
		nlmsg_append(m, all->data, all->len, NLMSG_ALIGNTO);
	netlink_nest_end(m, spec);
	return change(s, e, m, "VLANs");
}

static bool has_vlan(const ProtobufCBinaryData *list, uint16_t vid)
{
	struct nlattr *at;
	int left;

	nla_for_each_attr(at, (struct nlattr *)list->data, (int)list->len, left)
		if (nla_type(at) == IFLA_BRIDGE_VLAN_INFO && nla_len(at) >= (int)sizeof(struct bridge_vlan_info) &&
		    ((struct bridge_vlan_info *)nla_data(at))->vid == vid)
			return true;
	return false;
}

/* Only VLAN 1, as the one for what has no tag. */
static bool is_default_vlan(const ProtobufCBinaryData *list)
{
	struct nlattr *at = (struct nlattr *)list->data;
	struct bridge_vlan_info v;

	if (list->len != NLA_ALIGN(NLA_HDRLEN + sizeof(v)) || nla_type(at) != IFLA_BRIDGE_VLAN_INFO)
		return false;
	memcpy(&v, nla_data(at), sizeof(v));
	return v.vid == 1 && v.flags == (BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
}

struct vlans_now {
	struct arena *a;
	uint32_t index;
	VEC(struct bridge_vlan_info) v;
};

static int each_port(const struct nlmsghdr *h, void *arg)
{
	struct vlans_now *n = arg;
	const struct ifinfomsg *ifi = NLMSG_DATA(h);
	struct nlattr *spec = netlink_find(h, sizeof(*ifi), IFLA_AF_SPEC), *at;
	int left;

	if (!spec || (uint32_t)ifi->ifi_index != n->index)
		return 0;
	nla_for_each_nested(at, spec, left)
		if (nla_type(at) == IFLA_BRIDGE_VLAN_INFO)
			vec_push(n->a, &n->v, *(struct bridge_vlan_info *)nla_data(at));
	return 0;
}

/* The bridge gave VLAN 1, or its default, to every port by itself. */
static int set_vlans(struct settings *s, const NetDeviceEntry *e)
{
	struct vlans_now now = { .a = s->b->arena, .index = e->ifindex };
	int err;

	/* Without VLANs in use, all have that one, and a dump for each of a thousand ports is dear. */
	if (!e->has_vlans || is_default_vlan(&e->vlans))
		return 0;
	err = link_dump(s->nl, AF_BRIDGE, each_port, &now);
	for (size_t i = 0; i < now.v.n && !err; i++)
		if (!has_vlan(&e->vlans, now.v.v[i].vid))
			err = vlan_request(s, e, RTM_DELLINK, &now.v.v[i], NULL);
	return err ?: e->vlans.len ? vlan_request(s, e, RTM_SETLINK, NULL, &e->vlans) : 0;
}

/* now: as it was before settings were written, of which a secret switches the making up on. */
static bool makes_addresses_up(const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	struct nlattr *spec = kept(now, IFLA_AF_SPEC), *af, *mode;

	if (!now->n_conf6)
		return false;		/* no IPv6 */
	if (devconf_has_secret(e))
		return true;
	af = spec ? nla_find(nla_data(spec), nla_len(spec), AF_INET6) : NULL;
	mode = af ? nla_find(nla_data(af), nla_len(af), IFLA_INET6_ADDR_GEN_MODE) : NULL;
	return !mode || nla_get_u8(mode) != GEN_MODE_NONE;
}

static int set_up(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	struct ifinfomsg ifi = { .ifi_index = now->ifindex, .ifi_flags = e->flags & SETTABLE, .ifi_change = SETTABLE };
	struct nlattr *down = kept(e, IFLA_PROTO_DOWN);
	struct nl_msg *auto_msg m = netlink_request(RTM_NEWLINK, 0, &ifi, sizeof(ifi));

	if ((e->flags & SETTABLE) == (now->flags & SETTABLE))
		return 0;
	if ((e->flags & IFF_UP) && makes_addresses_up(e, now)) {
		struct nl_msg *auto_msg quiet = change_request(e, now);
		int err;

		/* Until the saved addresses are there the kernel must not make up any. */
		put_gen_mode(quiet, GEN_MODE_NONE);
		err = netlink_talk(s->nl, quiet);
		if (err)
			return err;
	}
	if (down && nla_get_u8(down))
		netlink_put(m, IFLA_PROTO_DOWN, nla_data(down), nla_len(down));
	return netlink_talk(s->nl, m);
}

/* A device on another one can be switched on only after it. */
static int set_all_up(struct settings *s)
{
	size_t before = s->ns->links.n + 1, left;

	for (;; before = left) {
		const NetDeviceEntry *first = NULL;
		int why = 0;

		left = 0;
		for (size_t i = 0; i < s->ns->links.n; i++) {
			const NetDeviceEntry *e = s->ns->links.v[i], *now = find_now(s, e);
			int err = set_up(s, e, now);

			if (!err || left++)
				continue;
			first = e;
			why = err;
		}
		if (!left)
			return 0;
		if (left == before)
			return fail_with(why, "switch on %s%s%s", first->name, *s->nl->told ? ": " : "", s->nl->told);
	}
}

static int set_alone(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	int err = set_attributes(s, e, now);

	if (!err)
		err = devconf_make(s->b->opt, e, now);
	if (!err)
		err = set_data(s, e, now, false);
	return err ?: add_names(s, e, now);
}

static int set_related(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	int err = set_port(s, e, now);

	if (!err)
		err = set_vlans(s, e);
	if (!err)
		err = set_data(s, e, now, true);
	return err ?: set_bridge_address(s, e, now);
}

static int each(struct settings *s, int (*work)(struct settings *s, const NetDeviceEntry *e, const NetDeviceEntry *now))
{
	for (size_t i = 0; i < s->ns->links.n; i++) {
		const NetDeviceEntry *e = s->ns->links.v[i], *now = find_now(s, e);
		int err = now ? work(s, e, now) : fail(ENODEV, "%s is gone", e->name);

		if (err)
			return err;
	}
	return 0;
}

static bool has_ports(const struct net_ns *ns)
{
	for (size_t i = 0; i < ns->links.n; i++)
		if (ns->links.v[i]->has_master)
			return true;
	return false;
}

int link_settings_make(struct net_build *b, struct net_ns *ns, struct netlink *nl)
{
	struct settings s = { .b = b, .ns = ns, .nl = nl };
	int err = list_now(&s);

	if (!err)
		err = each(&s, set_alone);
	if (!err)
		err = each(&s, enslave);
	if (!err && has_ports(ns))
		err = list_now(&s);
	if (!err)
		err = each(&s, set_related);
	return err ?: set_all_up(&s);
}

/*
 * The kernel looks after carriers when it has time, and makes up addresses then; asked for one device, it looks at once.
 * Where it has looked, the flags agree: the lower layer's, and the one that says what follows from it.
 */
static int settle(struct settings *s)
{
	int index, err = list_now(s);
	bool any = false;

	for (size_t i = 0; i < s->now.n && !err; i++) {
		const NetDeviceEntry *e = s->now.v[i];

		if (!(e->flags & IFF_UP) || !(e->flags & IFF_LOWER_UP) == !(e->flags & IFF_RUNNING))
			continue;
		err = link_index(s->nl, e->name, &index);
		if (err)
			return fail_with(err, "state of %s", e->name);
		any = true;
	}
	return err ?: any ? list_now(s) : 0;
}

int links_begin(struct net_build *b, size_t i)
{
	char now[16];

	if (sysctl_read(GEN_MODE_FILE, now, sizeof(now)) <= 0)
		return 0;
	b->gen_mode[i] = arena_strdup(b->arena, now);
	return sysctl_set(b->opt, GEN_MODE_FILE, GEN_MODE_NONE_TEXT);
}

/* No token, and addresses out of the hardware address. */
static bool is_eui64(const struct nlattr *spec)
{
	const struct nlattr *af = spec ? nla_find(nla_data(spec), nla_len(spec), AF_INET6) : NULL, *at;
	bool is_other = false;
	int left;

	if (!af)
		return !spec;
	nla_for_each_nested(at, af, left)
		is_other |= nla_type(at) != IFLA_INET6_ADDR_GEN_MODE || nla_len(at) != 1 || nla_get_u8(at);
	return !is_other && nla_len(spec) == NLA_ALIGN(af->nla_len);
}

/* Routes and addresses are there already, so that most devices are told by their files: see addr_gen.h. */
static int set_gen_mode(struct settings *s, const struct addr_gen *g, const NetDeviceEntry *e, const NetDeviceEntry *now)
{
	struct nlattr *spec = kept(e, IFLA_AF_SPEC);
	struct nl_msg *auto_msg m = NULL;

	if (!now || !now->n_conf6 || is_same(spec, kept(now, IFLA_AF_SPEC)))
		return 0;
	if (is_eui64(spec) && addr_gen_has_all(g, e)) {
		char path[64];

		snprintf(path, sizeof(path), "ipv6/conf/%s/addr_gen_mode", e->name);
		return sysctl_set(s->b->opt, path, "0");
	}
	m = change_request(e, now);
	if (spec)
		netlink_put(m, spec->nla_type, nla_data(spec), nla_len(spec));
	else
		put_gen_mode(m, 0);
	return change(s, now, m, "ways to make up addresses");
}

int links_finish(struct net_build *b, struct net_ns *ns, struct netlink *nl)
{
	struct settings s = { .b = b, .ns = ns, .nl = nl };
	const char *gen_mode = b->gen_mode[net_index(b->set, ns)];
	struct addr_gen known = { 0 };
	int err = settle(&s);

	if (!err && gen_mode)
		err = sysctl_set(b->opt, GEN_MODE_FILE, gen_mode);
	addr_gen_learn(b->arena, ns, &known);
	for (size_t i = 0; i < ns->links.n && !err; i++)
		err = set_gen_mode(&s, &known, ns->links.v[i], find_now(&s, ns->links.v[i]));
	return err;
}
