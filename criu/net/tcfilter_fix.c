/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a filter's message can be given back: a classifier or an action that is not in these tables is refused. */
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_skbedit.h>
#include <linux/tc_act/tc_vlan.h>
#include <string.h>
#include "base/compiler.h"
#include "base/parse.h"
#include "net/tcfilter.h"

static const struct classifier {
	const char *name;
	/* Its options: actions; a policer in the old way; flags, some of which tell a state; counters. 0: none. */
	int actions, police, flags, counters;
} classifiers[] = {
	{ "u32", TCA_U32_ACT, TCA_U32_POLICE, TCA_U32_FLAGS, TCA_U32_PCNT },
	{ "matchall", TCA_MATCHALL_ACT, 0, TCA_MATCHALL_FLAGS, TCA_MATCHALL_PCNT },
	{ "flower", TCA_FLOWER_ACT, 0, TCA_FLOWER_FLAGS, TCA_FLOWER_IN_HW_COUNT },
	{ "fw", TCA_FW_ACT, TCA_FW_POLICE, 0, 0 },
};

/* All of these have times in attribute 1, and in 2 a struct that begins with tc_gen. */
enum { ACTION_TM = 1, ACTION_PARMS = 2, MIRRED_BLOCK = 4 };
#define HAS(name) _Static_assert((int)TCA_##name##_TM == ACTION_TM && (int)TCA_##name##_PARMS == ACTION_PARMS, #name)
HAS(GACT);
HAS(MIRRED);
HAS(SKBEDIT);
HAS(VLAN);
#undef HAS
static const struct action {
	const char *name;
	int pad;
	size_t len;			/* of its struct */
} actions[] = {
	{ "gact", TCA_GACT_PAD, sizeof(struct tc_gact) },
	{ "mirred", TCA_MIRRED_PAD, sizeof(struct tc_mirred) },
	{ "skbedit", TCA_SKBEDIT_PAD, sizeof(struct tc_skbedit) },
	{ "vlan", TCA_VLAN_PAD, sizeof(struct tc_vlan) },
};
struct gen {
	tc_gen;
};

static bool is_text(const struct nlattr *at, const char *text)
{
	return at && nla_len(at) == (int)strlen(text) + 1 && !memcmp(nla_data(at), text, strlen(text) + 1);
}

static const struct classifier *classifier_of(const struct nlattr *kind)
{
	for (size_t i = 0; i < array_size(classifiers); i++)
		if (is_text(kind, classifiers[i].name))
			return &classifiers[i];
	return NULL;
}

static const struct action *action_of(const struct nlattr *kind)
{
	for (size_t i = 0; i < array_size(actions); i++)
		if (is_text(kind, actions[i].name))
			return &actions[i];
	return NULL;
}

static struct nlattr *nest_begin(struct nlmsghdr *to, const struct nlattr *like)
{
	return stream_add(to, like->nla_type, NULL, 0);
}

static void nest_end(const struct nlmsghdr *to, struct nlattr *nest)
{
	nest->nla_len = (char *)to + to->nlmsg_len - (char *)nest;
}

static struct nlattr *find_in(const struct nlattr *nest, int type)
{
	return nest ? nla_find(nla_data(nest), nla_len(nest), type) : NULL;
}

static void copy(struct nlmsghdr *to, const struct nlattr *at)
{
	stream_add(to, at->nla_type, nla_data(at), nla_len(at));
}

/* --- actions --------------------------------------------------------------------------------------------------- */

static struct gen *gen_of(const struct nlattr *action)
{
	const struct action *k = action_of(find_in(action, TCA_ACT_KIND));
	struct nlattr *parms = find_in(find_in(action, TCA_ACT_OPTIONS), ACTION_PARMS);

	return k && parms && nla_len(parms) >= (int)k->len ? nla_data(parms) : NULL;
}

bool tcfilter_action_is_held(struct nlattr *action)
{
	const struct gen *g = gen_of(action);

	return g && g->refcnt > g->bindcnt;
}

static void copy_parms(struct nlmsghdr *to, const struct nlattr *at)
{
	struct gen *g = nla_data(stream_add(to, at->nla_type, nla_data(at), nla_len(at)));

	g->refcnt = g->bindcnt = 0;
}

const char *tcfilter_fix_action(struct nlattr *action, struct nlmsghdr *to)
{
	const struct action *k = action_of(find_in(action, TCA_ACT_KIND));
	struct nlattr *options = find_in(action, TCA_ACT_OPTIONS), *nest = nest_begin(to, action), *inner, *at;
	static const int kept[] = { TCA_ACT_KIND, TCA_ACT_COOKIE, TCA_ACT_FLAGS, TCA_ACT_HW_STATS };
	const struct gen *g = gen_of(action);
	int left;

	if (!k || !g)
		return "an action other than gact, mirred, skbedit and vlan";
	if (streq(k->name, "mirred") && !((struct tc_mirred *)g)->ifindex && !find_in(options, MIRRED_BLOCK))
		return "an action mirred to a device that is gone";
	for (size_t i = 0; i < array_size(kept); i++)
		if ((at = find_in(action, kept[i])))
			copy(to, at);
	inner = nest_begin(to, options);
	nla_for_each_nested(at, options, left) {
		if (nla_type(at) == ACTION_PARMS)
			copy_parms(to, at);
		else if (nla_type(at) != ACTION_TM && nla_type(at) != k->pad)
			copy(to, at);
	}
	nest_end(to, inner);
	nest_end(to, nest);
	return NULL;
}

static const char *fix_actions(struct nlattr *list, struct nlmsghdr *to)
{
	struct nlattr *nest = nest_begin(to, list), *at;
	const char *why = NULL;
	int left;

	nla_for_each_nested(at, list, left)
		why = why ?: tcfilter_fix_action(at, to);
	nest_end(to, nest);
	return why;
}

/* --- filters --------------------------------------------------------------------------------------------------- */

static void copy_flags(struct nlmsghdr *to, const struct nlattr *at)
{
	uint32_t flags = nla_get_u32((struct nlattr *)at) & (TCA_CLS_FLAGS_SKIP_HW | TCA_CLS_FLAGS_SKIP_SW);

	stream_add(to, at->nla_type, &flags, sizeof(flags));
}

/* The filter's counter is in its middle. */
static void copy_u32_mark(struct nlmsghdr *to, const struct nlattr *at)
{
	struct tc_u32_mark *mark = nla_data(stream_add(to, at->nla_type, nla_data(at), nla_len(at)));

	mark->success = 0;
}

static const char *fix_option(const struct classifier *k, struct nlattr *at, struct nlmsghdr *to)
{
	if (nla_type(at) == k->actions)
		return fix_actions(at, to);
	if (k->police && nla_type(at) == k->police)
		return "a policer";
	if (k->counters && nla_type(at) == k->counters)
		return NULL;
	if (k->flags && nla_type(at) == k->flags && nla_len(at) == sizeof(uint32_t))
		copy_flags(to, at);
	else if (streq(k->name, "u32") && nla_type(at) == TCA_U32_MARK && nla_len(at) == sizeof(struct tc_u32_mark))
		copy_u32_mark(to, at);
	else if (nla_len(at))		/* without: a pad */
		copy(to, at);
	return NULL;
}

const char *tcfilter_fix(const struct nlmsghdr *h, struct nlmsghdr *to)
{
	static const uint16_t all_but_these[] = { TCA_KIND, TCA_CHAIN };
	struct nlattr *options = netlink_find(h, sizeof(struct tcmsg), TCA_OPTIONS), *nest, *at;
	const struct classifier *k = classifier_of(netlink_find(h, sizeof(struct tcmsg), TCA_KIND));
	const char *why = NULL;
	int left;

	if (!k || !options)
		return "a classifier other than u32, matchall, flower and fw";
	stream_copy(h, to, sizeof(struct tcmsg), (const uint16_t[]){ 0 });
	to->nlmsg_len = NLMSG_SPACE(sizeof(struct tcmsg));
	for (size_t i = 0; i < array_size(all_but_these); i++)
		if ((at = netlink_find(h, sizeof(struct tcmsg), all_but_these[i])))
			copy(to, at);
	nest = nest_begin(to, options);
	nla_for_each_nested(at, options, left)
		why = why ?: fix_option(k, at, to);
	nest_end(to, nest);
	return why;
}
