/* SPDX-License-Identifier: GPL-2.0-or-later */
/* macvlan and sit as the established format has them; tun is in net/tun.c. */
#include <stdbool.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include "base/arena.h"
#include "base/log.h"
#include "net/plain_link.h"
#include "net/tun.h"

enum { SIT_MAX = IFLA_IPTUN_MAX };

static void macvlan_scan(struct arena *a, NetDeviceEntry *e, struct nlattr **tb)
{
	e->macvlan = arena_msg(a, MacvlanLinkEntry, macvlan_link_entry__init);
	e->macvlan->mode = tb[IFLA_MACVLAN_MODE] ? nla_get_u32(tb[IFLA_MACVLAN_MODE]) : MACVLAN_MODE_VEPA;
	if (tb[IFLA_MACVLAN_FLAGS]) {
		e->macvlan->has_flags = true;
		e->macvlan->flags = nla_get_u16(tb[IFLA_MACVLAN_FLAGS]);
	}
}

/* An address as words in memory; 0.0.0.0 is left out. */
static void words(struct arena *a, struct nlattr *at, size_t *ret_n, uint32_t **ret)
{
	size_t n = at ? nla_len(at) / 4 : 0;
	uint32_t *v = n ? arena_memdup(a, nla_data(at), n * 4) : NULL;

	for (size_t i = 0; i < n; i++)
		if (v[i]) {
			*ret = v;
			*ret_n = n;
			return;
		}
}

#define TAKE(field, attr, get)                                                                                         \
	do {                                                                                                           \
		if (tb[attr]) {                                                                                        \
			s->has_##field = true;                                                                         \
			s->field = get(tb[attr]);                                                                      \
		}                                                                                                      \
	} while (0)

static void sit_scan(struct arena *a, NetDeviceEntry *e, struct nlattr **tb)
{
	SitEntry *s = arena_msg(a, SitEntry, sit_entry__init);

	e->sit = s;
	TAKE(link, IFLA_IPTUN_LINK, nla_get_u32);
	words(a, tb[IFLA_IPTUN_LOCAL], &s->n_local, &s->local);
	words(a, tb[IFLA_IPTUN_REMOTE], &s->n_remote, &s->remote);
	TAKE(ttl, IFLA_IPTUN_TTL, nla_get_u8);
	TAKE(tos, IFLA_IPTUN_TOS, nla_get_u8);
	TAKE(proto, IFLA_IPTUN_PROTO, nla_get_u8);
	TAKE(flags, IFLA_IPTUN_FLAGS, nla_get_u16);
	TAKE(encap_type, IFLA_IPTUN_ENCAP_TYPE, nla_get_u16);
	TAKE(encap_flags, IFLA_IPTUN_ENCAP_FLAGS, nla_get_u16);
	TAKE(encap_sport, IFLA_IPTUN_ENCAP_SPORT, nla_get_u16);
	TAKE(encap_dport, IFLA_IPTUN_ENCAP_DPORT, nla_get_u16);
	if (tb[IFLA_IPTUN_PMTUDISC] && nla_get_u8(tb[IFLA_IPTUN_PMTUDISC]))
		s->has_pmtudisc = s->pmtudisc = true;
	if (tb[IFLA_IPTUN_6RD_PREFIXLEN] && nla_get_u16(tb[IFLA_IPTUN_6RD_PREFIXLEN])) {
		TAKE(rd_prefixlen, IFLA_IPTUN_6RD_PREFIXLEN, nla_get_u16);
		words(a, tb[IFLA_IPTUN_6RD_PREFIX], &s->n_rd_prefix, &s->rd_prefix);
	}
	if (tb[IFLA_IPTUN_6RD_RELAY_PREFIXLEN] && nla_get_u16(tb[IFLA_IPTUN_6RD_RELAY_PREFIXLEN])) {
		TAKE(relay_prefixlen, IFLA_IPTUN_6RD_RELAY_PREFIXLEN, nla_get_u16);
		words(a, tb[IFLA_IPTUN_6RD_RELAY_PREFIX], &s->n_relay_prefix, &s->relay_prefix);
	}
}

void plain_link_scan(struct arena *a, NetDeviceEntry *e, struct nlattr *data)
{
	struct nlattr *tb[SIT_MAX + 1] = { 0 };

	if (!data || nla_parse_nested(tb, SIT_MAX, data, NULL))
		return;
	if (e->type == ND_TYPE__MACVLAN)
		macvlan_scan(a, e, tb);
	else if (e->type == ND_TYPE__SIT)
		sit_scan(a, e, tb);
	else if (e->type == ND_TYPE__TUN)
		tun_scan(a, e, data);
}

static void put_u8(struct nl_msg *m, int type, bool has, uint32_t v)
{
	uint8_t small = v;

	if (has)
		netlink_put(m, type, &small, sizeof(small));
}

static void put_u16(struct nl_msg *m, int type, bool has, uint32_t v)
{
	uint16_t small = v;

	if (has)
		netlink_put(m, type, &small, sizeof(small));
}

static void sit_put(struct nl_msg *m, const SitEntry *s)
{
	if (s->has_link)
		netlink_put_u32(m, IFLA_IPTUN_LINK, s->link);
	if (s->n_local)
		netlink_put(m, IFLA_IPTUN_LOCAL, s->local, s->n_local * 4);
	if (s->n_remote)
		netlink_put(m, IFLA_IPTUN_REMOTE, s->remote, s->n_remote * 4);
	put_u8(m, IFLA_IPTUN_TTL, s->has_ttl, s->ttl);
	put_u8(m, IFLA_IPTUN_TOS, s->has_tos, s->tos);
	put_u8(m, IFLA_IPTUN_PMTUDISC, true, s->has_pmtudisc && s->pmtudisc);
	put_u8(m, IFLA_IPTUN_PROTO, s->has_proto, s->proto);
	put_u16(m, IFLA_IPTUN_FLAGS, s->has_flags, s->flags);
	put_u16(m, IFLA_IPTUN_ENCAP_TYPE, s->has_encap_type, s->encap_type);
	put_u16(m, IFLA_IPTUN_ENCAP_FLAGS, s->has_encap_flags, s->encap_flags);
	put_u16(m, IFLA_IPTUN_ENCAP_SPORT, s->has_encap_sport, s->encap_sport);
	put_u16(m, IFLA_IPTUN_ENCAP_DPORT, s->has_encap_dport, s->encap_dport);
	if (s->n_rd_prefix) {
		put_u16(m, IFLA_IPTUN_6RD_PREFIXLEN, true, s->rd_prefixlen);
		netlink_put(m, IFLA_IPTUN_6RD_PREFIX, s->rd_prefix, s->n_rd_prefix * 4);
	}
	if (s->n_relay_prefix) {
		put_u16(m, IFLA_IPTUN_6RD_RELAY_PREFIXLEN, true, s->relay_prefixlen);
		netlink_put(m, IFLA_IPTUN_6RD_RELAY_PREFIX, s->relay_prefix, s->n_relay_prefix * 4);
	}
}

void plain_link_put(struct nl_msg *m, const NetDeviceEntry *e)
{
	if (e->macvlan) {
		netlink_put_u32(m, IFLA_MACVLAN_MODE, e->macvlan->mode);
		put_u16(m, IFLA_MACVLAN_FLAGS, e->macvlan->has_flags, e->macvlan->flags);
	} else if (e->sit) {
		sit_put(m, e->sit);
	}
}

int plain_link_check(const NetDeviceEntry *e)
{
	if (e->type == ND_TYPE__MACVLAN && !e->macvlan)
		return fail(EINVAL, "macvlan without its mode");
	if (e->type == ND_TYPE__SIT && !e->sit)
		return fail(EINVAL, "sit without its addresses");
	if (e->type == ND_TYPE__TUN && !e->tun)
		return fail(EINVAL, "tun without its flags");
	if (e->sit && (e->sit->n_local > 1 || e->sit->n_remote > 1 || e->sit->n_rd_prefix > 4 ||
		       e->sit->n_relay_prefix > 1))
		return fail(EINVAL, "addresses of a wrong length");
	return 0;
}
