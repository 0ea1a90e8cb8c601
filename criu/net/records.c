/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces to and from their image files. */
#include <net/if.h>
#include "base/log.h"
#include "base/parse.h"
#include "image/dir.h"
#include "net/conntrack.h"
#include "net/devconf.h"
#include "net/ipset.h"
#include "net/link.h"
#include "net/net.h"
#include "net/nft.h"
#include "net/plain_link.h"
#include "net/tcfilter.h"
#include "net/text.h"
#include "net/xfrm.h"
#include "net/xtables.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

static int save_links(int dir, const struct net_ns *ns)
{
	struct image_out o;

	image_out_open(&o, dir, IMG_NETDEV, ns->id);
	for (size_t i = 0; i < ns->links.n; i++)
		image_put(&o, &ns->links.v[i]->base);
	return image_out_close(&o);
}

/* The files of the established format are there even without a message; ours only with one. */
static int save_stream(int dir, const struct net_ns *ns, enum net_stream id)
{
	const struct stream_row *row = &stream_rows[id];
	struct image_out o;

	image_out_open(&o, dir, row->image, ns->id);
	if (ns->streams[id].n || (row->flags & STREAM_PLAIN) || (row->flags & STREAM_DELETE)) {
		image_put_raw(&o, &row->magic, sizeof(row->magic));
		image_put_raw(&o, ns->streams[id].v, ns->streams[id].n);
	}
	return image_out_close(&o);
}

/* Without a word at the beginning (magic 0) these are the established format's. */
static int save_messages(int dir, const struct net_ns *ns, enum image_type type, const struct net_stream_data *s)
{
	struct image_out o;

	image_out_open(&o, dir, type, ns->id);
	if (s->n)
		image_put_raw(&o, s->v, s->n);
	return image_out_close(&o);
}

static int save_text(int dir, const struct net_ns *ns)
{
	struct image_out o;

	if (!ns->texts[TEXT_NFTABLES])
		return 0;
	image_out_open(&o, dir, IMG_NFTABLES, ns->id);
	image_put_raw(&o, ns->texts[TEXT_NFTABLES], strlen(ns->texts[TEXT_NFTABLES]));
	return image_out_close(&o);
}

static int save_ns(struct dump *d, const struct net_ns *ns)
{
	int err = image_write_one(d->img_dir, IMG_NETNS, ns->id, &ns->entry->base);

	if (err || ns->is_empty || ns->ext_key)
		return err;
	err = save_links(d->img_dir, ns);
	for (enum net_stream id = 0; id < NET_STREAMS && !err; id++)
		if (!d->opt->plain_images || (stream_rows[id].flags & STREAM_PLAIN))
			err = save_stream(d->img_dir, ns, id);
	if (!err)
		err = save_messages(d->img_dir, ns, IMG_TCFILTER, &ns->tcfilter) ?:
		      save_messages(d->img_dir, ns, IMG_XFRM, &ns->xfrm);
	if (!err)
		err = d->opt->plain_images ? save_text(d->img_dir, ns) : save_messages(d->img_dir, ns, IMG_NFT, &ns->nft);
	if (!err)
		err = save_messages(d->img_dir, ns, IMG_NETNS_CT, &ns->ct);
	if (!err)
		err = xtables_save(d, ns) ?: save_messages(d->img_dir, ns, IMG_IPSET, &ns->ipset);
	return err ?: save_messages(d->img_dir, ns, IMG_NETNS_EXP, &ns->expect);
}

int net_save(struct dump *d, const struct net_set *set)
{
	for (size_t i = 0; i < set->v.n; i++) {
		int err = save_ns(d, set->v.v[i]);

		if (err)
			return err;
	}
	return 0;
}

/* A name that stays below /proc/sys/net. */
static bool is_sysctl_name(const char *s)
{
	return *s && *s != '/' && !strstr(s, "..") && strlen(s) < 160;
}

static int check_named(const struct image_in *in, size_t n, NamedSysctl *const *v)
{
	for (size_t i = 0; i < n; i++)
		if (!is_sysctl_name(v[i]->name))
			return image_bad(in, "no setting is called %s", v[i]->name);
	return 0;
}

static int check_attrs(const struct image_in *in, const ProtobufCBinaryData *b, const char *what)
{
	struct nlattr *at;
	int left;

	nla_for_each_attr(at, (struct nlattr *)b->data, (int)b->len, left)
		;
	return left ? image_bad(in, "%s are no attributes", what) : 0;
}

static int check_link(const struct image_in *in, const NetDeviceEntry *e)
{
	IN_SCOPE(e->name, -1);
	int err;

	if (!*e->name || strlen(e->name) >= IF_NAMESIZE || strchr(e->name, '/') || streq(e->name, "..") ||
	    !e->ifindex || e->ifindex > INT32_MAX)
		return image_bad(in, "impossible name %.20s or index %u", e->name, e->ifindex);
	if (e->has_address && e->address.len > 32)
		return image_bad(in, "an address of %zu bytes", e->address.len);
	if (e->kind && !link_kind(e->kind))
		return image_bad(in, "devices of kind %s are not known", e->kind);
	err = check_attrs(in, &e->info_data, "its data") ?: check_attrs(in, &e->slave_data, "its port data");
	if (!err)
		err = check_attrs(in, &e->attrs, "its attributes") ?: check_attrs(in, &e->vlans, "its VLANs");
	if (!err)
		err = check_named(in, e->n_more_conf, e->more_conf);
	if (!err)
		err = devconf_check(e->n_conf4, e->conf4, e->n_conf6, e->conf6);
	return err ?: plain_link_check(e);
}

static int load_links(struct restore *r, struct net_ns *ns)
{
	struct image_in in;
	NetDeviceEntry *e;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_NETDEV, ns->id);

	if (got)
		return got;
	while ((got = image_next(&in, &e)) > 0) {
		int err = check_link(&in, e);

		if (err)
			return err;
		vec_push(&r->m.arena, &ns->links, e);
	}
	return got;
}

static int load_stream(struct restore *r, struct net_ns *ns, enum net_stream id)
{
	const struct stream_row *row = &stream_rows[id];
	struct net_stream_data *s = &ns->streams[id];
	struct image_in in;
	int err = image_in_open(&in, &r->m.arena, r->img_dir, row->image, ns->id);

	/* The established tool leaves empty files where there was nothing to ask. */
	if (err || !in.exists || !in.len)
		return err;
	if (in.len < sizeof(row->magic) || memcmp(in.data, &row->magic, sizeof(row->magic)))
		return fail(EINVAL, "%s: does not begin with 0x%x", in.name, row->magic);
	s->n = in.len - sizeof(row->magic);
	s->v = arena_memdup(&r->m.arena, in.data + sizeof(row->magic), s->n);
	s->is_there = true;
	return stream_check(ns, id);
}

static int load_messages(struct restore *r, struct net_ns *ns, enum image_type type, struct net_stream_data *ret)
{
	struct image_in in;
	int err = image_in_open(&in, &r->m.arena, r->img_dir, type, ns->id);

	if (err || !in.exists || !in.len)
		return err;
	ret->n = in.len;
	ret->v = arena_memdup(&r->m.arena, in.data, in.len);
	return 0;
}

static int load_filters(struct restore *r, struct net_ns *ns)
{
	int err = load_messages(r, ns, IMG_TCFILTER, &ns->tcfilter) ?: tcfilter_check(ns);

	if (!err)
		err = load_messages(r, ns, IMG_XFRM, &ns->xfrm) ?: xfrm_check(ns);
	if (!err)
		err = load_messages(r, ns, IMG_NFT, &ns->nft) ?: nft_check(ns);
	if (!err)
		err = load_messages(r, ns, IMG_NETNS_CT, &ns->ct) ?: load_messages(r, ns, IMG_NETNS_EXP, &ns->expect);
	if (!err)
		err = conntrack_check(ns);
	if (!err)
		err = load_messages(r, ns, IMG_IPSET, &ns->ipset) ?: ipset_check(ns);
	return err ?: xtables_load(r, ns) ?: text_load(r, ns);
}

static int load_settings(struct restore *r, struct net_ns *ns)
{
	struct image_in in = { .name = "netns" };
	NetnsEntry *e;
	int err = image_read_one(&r->m.arena, r->img_dir, IMG_NETNS, ns->id, &e);

	if (err)
		return err;
	ns->entry = e;
	ns->ext_key = e->ext_key;
	err = check_named(&in, e->n_sysctls, e->sysctls);
	if (!err)
		err = devconf_check(e->n_def_conf4, e->def_conf4, e->n_def_conf6, e->def_conf6);
	return err ?: devconf_check(e->n_all_conf4, e->all_conf4, e->n_all_conf6, e->all_conf6);
}

int net_load(struct restore *r, struct net_ns *ns)
{
	IN_SCOPE("network namespace", ns->id);
	int err = load_settings(r, ns);

	if (err || ns->is_empty || ns->ext_key)
		return err;
	err = load_links(r, ns);
	for (enum net_stream id = 0; id < NET_STREAMS && !err; id++)
		err = load_stream(r, ns, id);
	return err ?: load_filters(r, ns);
}
