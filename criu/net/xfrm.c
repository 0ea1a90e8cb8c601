/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPsec: policies, what becomes of packets that no policy matches, and how policies are hashed. Security associations
 * (states) are refused: their keys could be given back, but none can be made on the kernel that this was written on.
 */
#include <string.h>
#include <sys/socket.h>
#include <linux/xfrm.h>
#include "base/log.h"
#include "base/own.h"
#include "kernel/netlink.h"
#include "net/net.h"
#include "net/xfrm.h"
#include "options.h"
#include "run/dump.h"

enum {
	POLICY = sizeof(struct xfrm_userpolicy_info),
	DEFAULTS = sizeof(struct xfrm_userpolicy_default),
	FLAGS = sizeof(uint32_t),
};

struct xfrm_scan {
	struct dump *d;
	struct net_ns *ns;
	size_t states;
};

const char *xfrm_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	struct xfrm_userpolicy_info *p = NLMSG_DATA(to);

	memcpy(to, h, h->nlmsg_len);
	to->nlmsg_flags = to->nlmsg_seq = to->nlmsg_pid = 0;
	/* The three directions of a socket's own policies come behind those of all. */
	if (p->index % 8 >= XFRM_POLICY_MAX)
		return "belongs to a socket";
	if (p->lft.soft_add_expires_seconds || p->lft.hard_add_expires_seconds || p->lft.soft_use_expires_seconds ||
	    p->lft.hard_use_expires_seconds)
		return "ends at a certain time";
	if (netlink_find(h, POLICY, XFRMA_OFFLOAD_DEV))
		return "is offloaded to a device";
	memset(&p->curlft, 0, sizeof(p->curlft));
	return NULL;
}

static int each_policy(const struct nlmsghdr *h, void *arg)
{
	struct xfrm_scan *s = arg;
	struct nlmsghdr *to;
	const char *why;

	if (h->nlmsg_type != XFRM_MSG_NEWPOLICY || h->nlmsg_len < NLMSG_SPACE(POLICY))
		return 0;
	to = arena_alloc(&s->d->m.arena, h->nlmsg_len);
	why = xfrm_fix(h, to);
	if (why)
		refuse(&s->d->refusals, REFUSE_NET_RULES, "policy %u of IPsec, which %s",
		       ((struct xfrm_userpolicy_info *)NLMSG_DATA(h))->index, why);
	else
		stream_append(&s->d->m.arena, &s->ns->xfrm, to);
	return 0;
}

static int each_state(const struct nlmsghdr *h, void *arg)
{
	struct xfrm_scan *s = arg;

	s->states += h->nlmsg_type == XFRM_MSG_NEWSA;
	return 0;
}

static int list(struct xfrm_scan *s, struct netlink *nl, int type, size_t head, netlink_each each)
{
	static const uint8_t none[128];
	struct nl_msg *auto_msg m = netlink_request(type, 0, none, head);
	int err = netlink_dump(nl, m, each, s);

	return err ? fail_with(err, "list of IPsec policies and states") : 0;
}

/* A question that an older kernel does not know is answered by no state; any other failure would lose one. */
static int ask(struct netlink *nl, struct nl_msg *m, const struct nlmsghdr **ret)
{
	int err = netlink_ask(nl, m, ret);

	*ret = err ? NULL : *ret;
	return err == -EINVAL || err == -EOPNOTSUPP ? 0 : err ? fail_with(err, "ask for what IPsec does by default") : 0;
}

/* Linux 5.15. Before, all packets without a policy are let through. */
static int scan_defaults(struct xfrm_scan *s, struct netlink *nl)
{
	struct xfrm_userpolicy_default head = { 0 }, *told;
	struct nl_msg *auto_msg m = netlink_request(XFRM_MSG_GETDEFAULT, 0, &head, sizeof(head));
	const struct nlmsghdr *h;
	struct nlmsghdr *to;
	int err = ask(nl, m, &h);

	if (err || !h || h->nlmsg_type != XFRM_MSG_GETDEFAULT || h->nlmsg_len < NLMSG_LENGTH(DEFAULTS))
		return err;
	told = NLMSG_DATA(h);
	if (told->in != XFRM_USERPOLICY_BLOCK && told->fwd != XFRM_USERPOLICY_BLOCK && told->out != XFRM_USERPOLICY_BLOCK)
		return 0;
	to = arena_memdup(&s->d->m.arena, h, NLMSG_SPACE(DEFAULTS));
	to->nlmsg_type = XFRM_MSG_SETDEFAULT;
	to->nlmsg_len = NLMSG_SPACE(DEFAULTS);
	to->nlmsg_flags = to->nlmsg_seq = to->nlmsg_pid = 0;
	stream_append(&s->d->m.arena, &s->ns->xfrm, to);
	return 0;
}

static bool is_whole(const struct nlattr *at, uint8_t bits)
{
	const struct xfrmu_spdhthresh *t = at ? nla_data(at) : NULL;

	return !at || nla_len(at) < (int)sizeof(*t) || (t->lbits == bits && t->rbits == bits);
}

/* From which prefixes on policies are hashed: all bits, unless somebody has said otherwise. */
static int scan_thresholds(struct xfrm_scan *s, struct netlink *nl)
{
	uint32_t flags = 0;
	struct nl_msg *auto_msg m = netlink_request(XFRM_MSG_GETSPDINFO, 0, &flags, sizeof(flags));
	struct nlmsghdr *to = arena_alloc(&s->d->m.arena, 64);
	struct nlattr *four, *six;
	const struct nlmsghdr *h;
	int err = ask(nl, m, &h);

	if (err || !h || h->nlmsg_type != XFRM_MSG_NEWSPDINFO)
		return err;
	four = netlink_find(h, FLAGS, XFRMA_SPD_IPV4_HTHRESH);
	six = netlink_find(h, FLAGS, XFRMA_SPD_IPV6_HTHRESH);
	if (!four || !six || (is_whole(four, 32) && is_whole(six, 128)))
		return 0;
	memset(to, 0, NLMSG_SPACE(FLAGS));
	to->nlmsg_type = XFRM_MSG_NEWSPDINFO;
	to->nlmsg_len = NLMSG_SPACE(FLAGS);
	stream_add(to, XFRMA_SPD_IPV4_HTHRESH, nla_data(four), sizeof(struct xfrmu_spdhthresh));
	stream_add(to, XFRMA_SPD_IPV6_HTHRESH, nla_data(six), sizeof(struct xfrmu_spdhthresh));
	stream_append(&s->d->m.arena, &s->ns->xfrm, to);
	return 0;
}

int xfrm_scan(struct dump *d, struct net_ns *ns)
{
	auto_fd int probe = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	struct netlink auto_netlink nl = NETLINK_CLOSED;
	struct xfrm_scan s = { d, ns, 0 };
	int err;

	if (probe < 0)
		return 0;		/* a kernel without it */
	err = netlink_open(&nl, NETLINK_XFRM) ?: list(&s, &nl, XFRM_MSG_GETSA, sizeof(struct xfrm_usersa_id), each_state);
	err = err ?: list(&s, &nl, XFRM_MSG_GETPOLICY, sizeof(struct xfrm_userpolicy_id), each_policy);
	err = err ?: scan_defaults(&s, &nl);
	err = err ?: scan_thresholds(&s, &nl);
	if (err)
		return err;
	if (s.states)
		refuse(&d->refusals, REFUSE_NET_RULES, "%zu states of IPsec", s.states);
	if (ns->xfrm.n && d->opt->plain_images)
		refuse(&d->refusals, REFUSE_NET_RULES, "policies of IPsec, which plain images have no place for");
	return 0;
}

/* Bytes before the attributes; 0: none of ours. */
static size_t head_of(const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case XFRM_MSG_NEWPOLICY:
		return POLICY;
	case XFRM_MSG_SETDEFAULT:
		return DEFAULTS;
	case XFRM_MSG_NEWSPDINFO:
		return FLAGS;
	default:
		return 0;
	}
}

int xfrm_check(const struct net_ns *ns)
{
	const struct net_stream_data *s = &ns->xfrm;

	for (size_t at = 0; at < s->n;) {
		const struct nlmsghdr *h = (void *)(s->v + at);

		/* All are padded: what is read of one goes up to where the next begins. */
		if (s->n % NLMSG_ALIGNTO || s->n - at < sizeof(*h) || h->nlmsg_len > s->n - at || !head_of(h) ||
		    h->nlmsg_len < NLMSG_SPACE(head_of(h)))
			return fail(EINVAL, "IPsec of network namespace %u: no policy at byte %zu", ns->id, at);
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return 0;
}

int xfrm_make(struct arena *a, const struct net_ns *ns)
{
	struct netlink auto_netlink nl = NETLINK_CLOSED;
	const struct net_stream_data *s = &ns->xfrm;
	VEC(struct nlmsghdr *) all = { 0 };
	int err = s->n ? netlink_open(&nl, NETLINK_XFRM) : 0;

	for (size_t at = 0; at < s->n && !err; at += NLMSG_ALIGN(all.v[all.n - 1]->nlmsg_len)) {
		struct nlmsghdr *h = (void *)(s->v + at);

		vec_push(a, &all, arena_memdup(a, h, NLMSG_ALIGN(h->nlmsg_len)));
	}
	/* The newest is told first; of two that match with the same priority, the older one counts. */
	for (size_t i = all.n; i-- && !err;) {
		err = netlink_talk_raw(&nl, all.v[i], NLM_F_CREATE | NLM_F_EXCL);
		if (err)
			return fail_with(err, "give a policy of IPsec back%s%s", *nl.told ? ": " : "", nl.told);
	}
	return err;
}
