/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the kernel's messages can be given back: counters, ages and states that follow from others are left out. */
#include <sys/socket.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_addrlabel.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "net/stream.h"

#define WITHOUT(...) (const uint16_t[]){ __VA_ARGS__, 0 }

static bool is_listed(const uint16_t *list, int type)
{
	for (; *list; list++)
		if (*list == type)
			return true;
	return false;
}

struct nlattr *stream_add(struct nlmsghdr *to, int type, const void *data, size_t len)
{
	struct nlattr *at = (void *)((char *)to + NLMSG_ALIGN(to->nlmsg_len));

	memset(at, 0, NLA_ALIGN(NLA_HDRLEN + len));
	at->nla_type = type;
	at->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(nla_data(at), data, len);
	to->nlmsg_len = NLMSG_ALIGN(to->nlmsg_len) + NLA_ALIGN(at->nla_len);
	return at;
}

void stream_copy(const struct nlmsghdr *h, struct nlmsghdr *to, size_t head, const uint16_t *without)
{
	struct nlattr *at;
	int left;

	memset(to, 0, NLMSG_SPACE(head));
	to->nlmsg_type = h->nlmsg_type;
	to->nlmsg_len = NLMSG_SPACE(head);
	memcpy(NLMSG_DATA(to), NLMSG_DATA(h), head);
	nla_for_each_attr(at, netlink_attrs(h, head), netlink_attrs_len(h, head), left)
		if (!is_listed(without, nla_type(at)))
			stream_add(to, at->nla_type, nla_data(at), nla_len(at));
}

/* Lifetimes are kept where they end; the stamps of the kernel are not. */
static void keep_lifetime(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	struct nlattr *at = netlink_find(h, sizeof(struct ifaddrmsg), IFA_CACHEINFO);
	struct ifa_cacheinfo ci;

	if (!at || nla_len(at) < (int)sizeof(ci))
		return;
	memcpy(&ci, nla_data(at), sizeof(ci));
	if (ci.ifa_valid == UINT32_MAX && ci.ifa_prefered == UINT32_MAX)
		return;
	ci.cstamp = ci.tstamp = 0;
	stream_add(to, IFA_CACHEINFO, &ci, sizeof(ci));
}

bool addr_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	enum { FROM_KERNEL = IFA_F_PERMANENT | IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_SECONDARY | IFA_F_DEPRECATED };
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	struct nlattr *at = netlink_find(h, sizeof(*m), IFA_FLAGS);
	uint32_t flags = at ? nla_get_u32(at) : m->ifa_flags;

	/* IFA_F_TEMPORARY is IFA_F_SECONDARY: addresses of privacy come from the kernel, which makes new ones. */
	if (m->ifa_family == AF_INET6 && (flags & IFA_F_TEMPORARY))
		return false;
	if (m->ifa_family != AF_INET && m->ifa_family != AF_INET6)
		return false;
	stream_copy(h, to, sizeof(*m), WITHOUT(IFA_CACHEINFO, IFA_FLAGS));
	((struct ifaddrmsg *)NLMSG_DATA(to))->ifa_flags = flags & 0xff & ~FROM_KERNEL;
	flags &= ~FROM_KERNEL & ~IFA_F_STABLE_PRIVACY;
	if (flags)
		stream_add(to, IFA_FLAGS, &flags, sizeof(flags));
	keep_lifetime(h, to);
	return true;
}

bool nexthop_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	stream_copy(h, to, sizeof(struct nhmsg), WITHOUT(14, 15, 16, 17 /* statistics, newer than the headers */));
	((struct nhmsg *)NLMSG_DATA(to))->nh_flags &= RTNH_F_ONLINK;
	((struct nhmsg *)NLMSG_DATA(to))->nh_scope = 0;
	return true;
}

static void clear_hop_flags(struct nlmsghdr *to)
{
	struct nlattr *at = netlink_find(to, sizeof(struct rtmsg), RTA_MULTIPATH);
	struct rtnexthop *nh = at ? nla_data(at) : NULL;
	int left = at ? nla_len(at) : 0;

	while (nh && RTNH_OK(nh, left)) {
		nh->rtnh_flags &= RTNH_F_ONLINK;
		left -= RTNH_ALIGN(nh->rtnh_len);
		nh = RTNH_NEXT(nh);
	}
}

bool route_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	struct nlattr *ci = netlink_find(h, sizeof(*m), RTA_CACHEINFO);

	if (m->rtm_flags & RTM_F_CLONED)
		return false;
	/* These follow from addresses, and have a metric (0) that nobody but the kernel can give. */
	if (m->rtm_family == AF_INET6 && m->rtm_protocol == RTPROT_KERNEL &&
	    (m->rtm_type == RTN_LOCAL || m->rtm_type == RTN_ANYCAST))
		return false;
	/* A nexthop object says it all, and the kernel refuses to hear it twice. */
	if (netlink_find(h, sizeof(*m), RTA_NH_ID))
		stream_copy(h, to, sizeof(*m),
			    WITHOUT(RTA_CACHEINFO, RTA_GATEWAY, RTA_OIF, RTA_MULTIPATH, RTA_VIA, RTA_ENCAP,
				    RTA_ENCAP_TYPE));
	else
		stream_copy(h, to, sizeof(*m), WITHOUT(RTA_CACHEINFO));
	((struct rtmsg *)NLMSG_DATA(to))->rtm_flags &= RTNH_F_ONLINK;
	clear_hop_flags(to);
	if (ci && nla_len(ci) >= (int)sizeof(struct rta_cacheinfo)) {
		uint32_t left = ((struct rta_cacheinfo *)nla_data(ci))->rta_expires / 100;	/* told in USER_HZ */

		if ((int32_t)left > 0)
			stream_add(to, RTA_EXPIRES, &left, sizeof(left));
	}
	return true;
}

bool rule_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	stream_copy(h, to, sizeof(struct fib_rule_hdr), WITHOUT(FRA_PAD));
	((struct fib_rule_hdr *)NLMSG_DATA(to))->flags &= FIB_RULE_INVERT;
	return true;
}

bool neigh_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	enum { UNKNOWN = NUD_NONE | NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP };
	const struct ndmsg *m = NLMSG_DATA(h);

	if (!(m->ndm_flags & NTF_PROXY) && (!m->ndm_state || (m->ndm_state & UNKNOWN)))
		return false;
	if (m->ndm_family != AF_INET && m->ndm_family != AF_INET6)
		return false;
	stream_copy(h, to, sizeof(*m), WITHOUT(NDA_CACHEINFO, NDA_PROBES));
	((struct ndmsg *)NLMSG_DATA(to))->ndm_type = 0;
	return true;
}

bool fdb_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	const struct ndmsg *m = NLMSG_DATA(h);
	struct ndmsg *n = NLMSG_DATA(to);
	struct nlattr *lladdr;

	/* What a bridge has learned it will learn again. */
	if (m->ndm_family != AF_BRIDGE || !(m->ndm_state & (NUD_PERMANENT | NUD_NOARP)))
		return false;
	/* A device's own list of groups follows from who has joined them. */
	lladdr = netlink_find(h, sizeof(*m), NDA_LLADDR);
	if ((m->ndm_flags & NTF_SELF) && lladdr && nla_len(lladdr) && (*(uint8_t *)nla_data(lladdr) & 1) &&
	    !netlink_find(h, sizeof(*m), NDA_DST))
		return false;
	stream_copy(h, to, sizeof(*m), WITHOUT(NDA_CACHEINFO, NDA_MASTER, NDA_FDB_EXT_ATTRS));
	if (!(m->ndm_flags & NTF_SELF) && netlink_find(h, sizeof(*m), NDA_MASTER))
		n->ndm_flags |= NTF_MASTER;
	n->ndm_flags &= ~NTF_OFFLOADED;
	return true;
}

bool label_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	stream_copy(h, to, sizeof(struct ifaddrlblmsg), WITHOUT(0xffff));
	((struct ifaddrlblmsg *)NLMSG_DATA(to))->ifal_seq = 0;
	return true;
}

/* htb is told with a version of three parts, and given with the first of them. */
static void fix_htb(struct nlmsghdr *to)
{
	struct nlattr *kind = netlink_find(to, sizeof(struct tcmsg), TCA_KIND);
	struct nlattr *opts = netlink_find(to, sizeof(struct tcmsg), TCA_OPTIONS), *init;
	struct tc_htb_glob *glob;

	if (!kind || !opts || to->nlmsg_type != RTM_NEWQDISC || nla_len(kind) != sizeof("htb") ||
	    memcmp(nla_data(kind), "htb", sizeof("htb")))
		return;
	init = nla_find(nla_data(opts), nla_len(opts), TCA_HTB_INIT);
	if (!init || nla_len(init) < (int)sizeof(*glob))
		return;
	glob = nla_data(init);
	if (glob->version > 0xffff)
		glob->version >>= 16;
	glob->debug = glob->direct_pkts = 0;
}

bool qdisc_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	const struct tcmsg *m = NLMSG_DATA(h);

	/* Handle 0: what the kernel gives to every device. Classes of a discipline without options are there with it. */
	if (!m->tcm_handle || (h->nlmsg_type == RTM_NEWTCLASS && !netlink_find(h, sizeof(*m), TCA_OPTIONS)))
		return false;
	stream_copy(h, to, sizeof(*m), WITHOUT(TCA_STATS, TCA_STATS2, TCA_XSTATS, TCA_FCNT, TCA_HW_OFFLOAD, TCA_PAD));
	((struct tcmsg *)NLMSG_DATA(to))->tcm_info = 0;
	fix_htb(to);
	return true;
}

/* Parameters of one device. Those of the whole table are the machine's. */
bool neightbl_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	/* QUEUE_LEN says once more what QUEUE_LENBYTES does. */
	static const uint16_t fixed[] = { NDTPA_REFCNT, NDTPA_REACHABLE_TIME, NDTPA_QUEUE_LEN, NDTPA_PAD, 0 };
	struct nlattr *params = netlink_find(h, sizeof(struct ndtmsg), NDTA_PARMS), *nest, *at;
	struct nlattr *name = netlink_find(h, sizeof(struct ndtmsg), NDTA_NAME);
	int left;

	if (!name || !params || !nla_find(nla_data(params), nla_len(params), NDTPA_IFINDEX))
		return false;
	stream_copy(h, to, sizeof(struct ndtmsg), WITHOUT(NDTA_PARMS, NDTA_CONFIG, NDTA_STATS, NDTA_PAD));
	nest = stream_add(to, NDTA_PARMS | NLA_F_NESTED, NULL, 0);
	nla_for_each_nested(at, params, left)
		if (!is_listed(fixed, nla_type(at)))
			stream_add(to, nla_type(at), nla_data(at), nla_len(at));
	nest->nla_len = (char *)to + to->nlmsg_len - (char *)nest;
	return true;
}
