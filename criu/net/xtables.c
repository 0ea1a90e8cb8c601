/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of iptables-legacy: the kernel gives a whole table as one block of memory, and takes it back as it is. That is
 * what iptables(8) does for each rule that it adds, so no extension has to be known here.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "kernel/read.h"
#include "net/net.h"
#include "net/xtables.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

/* Of both families the options have the same numbers, and their arguments the same layout but for the entries. */
_Static_assert(IPT_SO_GET_INFO == IP6T_SO_GET_INFO && IPT_SO_GET_ENTRIES == IP6T_SO_GET_ENTRIES, "numbers to get");
_Static_assert(IPT_SO_SET_REPLACE == IP6T_SO_SET_REPLACE && IPT_SO_SET_ADD_COUNTERS == IP6T_SO_SET_ADD_COUNTERS,
	       "numbers to set");
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo) &&
	       offsetof(struct ipt_replace, entries) == offsetof(struct ip6t_replace, entries), "layout");
enum { HOOKS = NF_INET_NUMHOOKS };

static const struct family {
	const char *name;
	int family, level;
	size_t size, next, target, counters;	/* of an entry, and where in it */
} families[] = {
	{ "ip", AF_INET, SOL_IP, sizeof(struct ipt_entry), offsetof(struct ipt_entry, next_offset),
	  offsetof(struct ipt_entry, target_offset), offsetof(struct ipt_entry, counters) },
	{ "ip6", AF_INET6, SOL_IPV6, sizeof(struct ip6t_entry), offsetof(struct ip6t_entry, next_offset),
	  offsetof(struct ip6t_entry, target_offset), offsetof(struct ip6t_entry, counters) },
};

static const struct family *family_of(uint32_t af)
{
	for (size_t i = 0; i < array_size(families); i++)
		if (families[i].family == (int)af)
			return &families[i];
	return NULL;
}

static uint16_t read_u16(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* The next entry from *at on, which is moved behind it; NULL: the end, or what is no entry (*at stays). */
static const uint8_t *next_entry(const struct family *f, const ProtobufCBinaryData *entries, size_t *at)
{
	const uint8_t *e = entries->data + *at;
	size_t len;

	if (entries->len - *at < f->size)
		return NULL;
	len = read_u16(e + f->next);
	if (len < f->size || len > entries->len - *at)
		return NULL;
	*at += len;
	return e;
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

/* Extensions that remember packets in lists of their own, which neither iptables(8) nor the kernel gives back. */
static void warn_of_lists(const struct family *f, const XtablesEntry *x)
{
	const uint8_t *e;
	size_t at = 0;

	while ((e = next_entry(f, &x->entries, &at)))
		for (size_t m = f->size; m + sizeof(struct xt_entry_match) <= read_u16(e + f->target);) {
			const struct xt_entry_match *match = (const void *)(e + m);

			if (streq(match->u.user.name, "recent") || streq(match->u.user.name, "hashlimit"))
				warn("table %s of %stables-legacy: the list of a match %s begins anew", x->name, f->name,
				     match->u.user.name);
			if (match->u.match_size < sizeof(*match))
				break;
			m += match->u.match_size;
		}
}

static uint32_t *copy_hooks(struct arena *a, const unsigned int *v)
{
	return arena_memdup(a, v, HOOKS * sizeof(*v));
}

static int scan_table(struct arena *a, struct net_ns *ns, const struct family *f, int fd, const char *name)
{
	struct ipt_getinfo info = { 0 };
	struct ipt_get_entries *get;
	XtablesEntry *x = arena_msg(a, XtablesEntry, xtables_entry__init);
	socklen_t len = sizeof(info);

	memcpy(info.name, name, min(strlen(name), sizeof(info.name) - 1));
	if (getsockopt(fd, f->level, IPT_SO_GET_INFO, &info, &len) < 0)
		return fail_errno("table %s of %stables-legacy", name, f->name);
	len = sizeof(*get) + info.size;
	get = arena_alloc(a, len);
	memcpy(get->name, info.name, sizeof(get->name));
	get->size = info.size;
	if (getsockopt(fd, f->level, IPT_SO_GET_ENTRIES, get, &len) < 0)
		return fail_errno("rules of table %s of %stables-legacy", name, f->name);
	x->family = f->family;
	x->name = arena_strdup(a, info.name);
	x->valid_hooks = info.valid_hooks;
	x->n_hook_entry = x->n_underflow = HOOKS;
	x->hook_entry = copy_hooks(a, info.hook_entry);
	x->underflow = copy_hooks(a, info.underflow);
	x->num_entries = info.num_entries;
	x->entries.len = info.size;
	x->entries.data = (uint8_t *)get->entrytable;
	warn_of_lists(f, x);
	vec_push(a, &ns->xtables, x);
	return 0;
}

/* Only tables that exist: to ask for another one would make it. */
static int scan_family(struct dump *d, struct net_ns *ns, const struct family *f)
{
	auto_fd int fd = -1;
	/* Of the thread: /proc/net is that of the process's first one. */
	auto_proc_text names;
	char *text, *name;
	int err = 0;

	if (proc_text_read(&names, "/proc/thread-self/net/%s_tables_names", f->name))
		return 0;		/* a kernel without them */
	text = names.s;
	while (!err && (name = next_line(&text))) {
		if (!*name)
			continue;
		if (d->opt->plain_images) {
			refuse(&d->refusals, REFUSE_NET_RULES, "table %s of %stables-legacy, text in plain images", name,
			       f->name);
			continue;
		}
		if (fd < 0)
			fd = socket(f->family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
		err = fd < 0 ? fail_errno("raw socket") : scan_table(&d->m.arena, ns, f, fd, name);
	}
	return err;
}

static void refuse_arp(struct dump *d)
{
	auto_proc_text names;
	char *text, *name;

	if (proc_text_read(&names, "/proc/thread-self/net/arp_tables_names"))
		return;
	text = names.s;
	while ((name = next_line(&text)))
		if (*name)
			refuse(&d->refusals, REFUSE_NET_RULES, "table %s of arptables-legacy", name);
}

int xtables_scan(struct dump *d, struct net_ns *ns)
{
	int err = 0;

	for (size_t i = 0; i < array_size(families) && !err; i++)
		err = scan_family(d, ns, &families[i]);
	refuse_arp(d);
	return err;
}

int xtables_save(struct dump *d, const struct net_ns *ns)
{
	struct image_out o;

	if (!ns->xtables.n)
		return 0;
	image_out_open(&o, d->img_dir, IMG_XTABLES, ns->id);
	for (size_t i = 0; i < ns->xtables.n; i++)
		image_put(&o, &ns->xtables.v[i]->base);
	return image_out_close(&o);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int check(const struct image_in *in, const XtablesEntry *x)
{
	const struct family *f = family_of(x->family);
	size_t at = 0, n = 0;

	if (!f || !*x->name || strlen(x->name) >= XT_TABLE_MAXNAMELEN)
		return image_bad(in, "no table is called %.40s, of family %u", x->name, x->family);
	if (x->n_hook_entry != HOOKS || x->n_underflow != HOOKS)
		return image_bad(in, "%zu and %zu hooks, %d exist", x->n_hook_entry, x->n_underflow, HOOKS);
	while (next_entry(f, &x->entries, &at))
		n++;
	if (at != x->entries.len || n != x->num_entries)
		return image_bad(in, "%u rules are promised, %zu are there", x->num_entries, n);
	return 0;
}

int xtables_load(struct restore *r, struct net_ns *ns)
{
	struct image_in in;
	XtablesEntry *x;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_XTABLES, ns->id);

	if (got || !in.exists)
		return got;
	while ((got = image_next(&in, &x)) > 0) {
		int err = check(&in, x);

		if (err)
			return err;
		vec_push(&r->m.arena, &ns->xtables, x);
	}
	return got;
}

static int give_counters(const struct family *f, const XtablesEntry *x, int fd)
{
	size_t len = sizeof(struct xt_counters_info) + x->num_entries * sizeof(struct xt_counters), at = 0;
	auto_free struct xt_counters_info *info = calloc(1, len);
	const uint8_t *e;

	if (!info)
		return fail(ENOMEM, "counters of %u rules", x->num_entries);
	memcpy(info->name, x->name, strlen(x->name));
	info->num_counters = x->num_entries;
	for (size_t i = 0; i < x->num_entries && (e = next_entry(f, &x->entries, &at)); i++)
		memcpy(&info->counters[i], e + f->counters, sizeof(info->counters[i]));
	if (setsockopt(fd, f->level, IPT_SO_SET_ADD_COUNTERS, info, len) < 0)
		return fail_errno("give counters of table %s of %stables-legacy back", x->name, f->name);
	return 0;
}

/* The kernel wants to give the counters of the table that goes, which it has made at the question how many there are. */
static int replace(const struct family *f, const XtablesEntry *x, int fd)
{
	size_t len = sizeof(struct ipt_replace) + x->entries.len;
	auto_free struct ipt_replace *rep = calloc(1, len);
	auto_free struct xt_counters *old = NULL;
	struct ipt_getinfo info = { 0 };
	socklen_t info_len = sizeof(info);

	memcpy(info.name, x->name, strlen(x->name));
	if (getsockopt(fd, f->level, IPT_SO_GET_INFO, &info, &info_len) < 0)
		return fail_errno("table %s of %stables-legacy (the kernel may lack it)", x->name, f->name);
	old = calloc(info.num_entries, sizeof(*old));
	if (!rep || !old)
		return fail(ENOMEM, "%zu bytes of rules", x->entries.len);
	memcpy(rep->name, x->name, strlen(x->name));
	rep->valid_hooks = x->valid_hooks;
	rep->num_entries = x->num_entries;
	rep->size = x->entries.len;
	memcpy(rep->hook_entry, x->hook_entry, sizeof(rep->hook_entry));
	memcpy(rep->underflow, x->underflow, sizeof(rep->underflow));
	rep->num_counters = info.num_entries;
	rep->counters = old;
	memcpy(rep->entries, x->entries.data, x->entries.len);
	if (setsockopt(fd, f->level, IPT_SO_SET_REPLACE, rep, len) < 0)
		return fail_errno("give table %s of %stables-legacy back", x->name, f->name);
	return 0;
}

int xtables_make(const struct net_ns *ns)
{
	/* The newest is told first. */
	for (size_t i = ns->xtables.n; i--;) {
		const XtablesEntry *x = ns->xtables.v[i];
		const struct family *f = family_of(x->family);
		auto_fd int fd = socket(f->family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
		int err = fd < 0 ? fail_errno("raw socket") : replace(f, x, fd) ?: give_counters(f, x, fd);

		if (err)
			return err;
	}
	return 0;
}
