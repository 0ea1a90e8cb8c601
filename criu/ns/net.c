/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces: all of the tree at once, since devices have ends in two of them. A task only unshares; the tool,
 * which has privileges inside and outside, fills them while all tasks wait.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "net/net.h"
#include "ns/kind.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"
#include "run/shared.h"

static int own_namespace(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? fail_errno("open /proc/thread-self/ns/net") : fd;
}

static struct net_ns *add(struct arena *a, const struct options *opt, struct net_set *set, struct ns *ns)
{
	struct net_ns *n = ns->data ?: arena_new(a, struct net_ns);

	ns->data = n;
	n->id = ns->id;
	n->ext_key = ns->ext_key;
	n->is_empty = opt->empty_net_ns;
	vec_push(a, &set->v, n);
	return n;
}

static int net_ns_scan(struct dump *d, struct ns *first)
{
	auto_fd int own = -1;
	struct net_set set = { 0 };

	if (first->data)		/* scanned with the first one */
		return 0;
	own = set.own_fd = own_namespace();
	if (own < 0)
		return own;
	for (size_t i = 0; i < d->m.namespaces.n; i++)
		if (d->m.namespaces.v[i]->type == NS_NET)
			add(&d->m.arena, d->opt, &set, d->m.namespaces.v[i])->fd = d->m.namespaces.v[i]->fd;
	return net_scan(d, &set);
}

/* External ones were not scanned: all there is to say is their label. */
static int net_ns_save(struct dump *d, struct ns *ns)
{
	struct net_set one = { 0 };
	struct net_ns *n = add(&d->m.arena, d->opt, &one, ns);

	if (n->is_empty && !ns->ext_key)
		return 0;
	if (!n->entry) {
		n->entry = arena_msg(&d->m.arena, NetnsEntry, netns_entry__init);
		n->entry->ext_key = (char *)ns->ext_key;
	}
	return net_save(d, &one);
}

static int net_ns_load(struct restore *r, struct ns *ns)
{
	struct net_set one = { 0 };
	struct net_ns *n = add(&r->m.arena, r->opt, &one, ns);
	char name[64];
	int err;

	/*
	 * With --empty-ns the dump has written nothing, unless the namespace comes from outside: engines ask for both, and
	 * then it is entered.
	 */
	image_name(IMG_NETNS, ns->id, name, sizeof(name));
	if (n->is_empty && faccessat(r->img_dir, name, F_OK, 0) < 0)
		return 0;
	err = net_load(r, n);
	ns->ext_key = n->ext_key;
	return err;
}

static int net_ns_make(struct restore *r not_used, struct ns *ns not_used)
{
	return 0;			/* by the tool, later */
}

static int net_ns_make_outside(struct restore *r, struct ns *first)
{
	auto_fd int own = -1;
	struct net_set set = { 0 };
	int err = 0;

	if (ns_first(&r->m, NS_NET) != first)
		return 0;
	own = set.own_fd = own_namespace();
	if (own < 0)
		return own;
	for (size_t i = 0; i < r->m.namespaces.n && !err; i++) {
		struct ns *ns = r->m.namespaces.v[i];

		if (ns->type != NS_NET || ns->ext_key)
			continue;
		add(&r->m.arena, r->opt, &set, ns)->fd = ns_open_made(r, ns);
		err = min(set.v.v[set.v.n - 1]->fd, 0);
	}
	if (!err)
		err = net_build(r, &set);
	for (size_t i = 0; i < set.v.n; i++)
		own_close_fd(&set.v.v[i]->fd);
	return err;
}

const struct ns_kind net_ns_kind = {
	.scan = net_ns_scan,
	.save = net_ns_save,
	.load = net_ns_load,
	.make = net_ns_make,
	.make_outside = net_ns_make_outside,
};
