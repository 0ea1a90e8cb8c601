/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTS namespaces: host name and NIS domain. */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/log.h"
#include "image/dir.h"
#include "ns/kind.h"
#include "run/dump.h"
#include "run/restore.h"

static int ask_names(struct dump *d, void *arg)
{
	UtsnsEntry *e = arg;
	struct utsname u;

	if (uname(&u) < 0)
		return fail_errno("uname");
	e->nodename = arena_strdup(&d->m.arena, u.nodename);
	e->domainname = arena_strdup(&d->m.arena, u.domainname);
	return 0;
}

static int uts_scan(struct dump *d, struct ns *ns)
{
	ns->data = arena_msg(&d->m.arena, UtsnsEntry, utsns_entry__init);
	return ns_inside(d, ns, ask_names, ns->data);
}

static int uts_save(struct dump *d, struct ns *ns)
{
	return image_write_one(d->img_dir, IMG_UTSNS, ns->id, ns->data);
}

static int uts_load(struct restore *r, struct ns *ns)
{
	return image_read_one(&r->m.arena, r->img_dir, IMG_UTSNS, ns->id, &ns->data);
}

static int uts_make(struct restore *r not_used, struct ns *ns)
{
	const UtsnsEntry *e = ns->data;

	if (sethostname(e->nodename, strlen(e->nodename)) < 0)
		return fail_errno("set the host name to %s", e->nodename);
	if (setdomainname(e->domainname, strlen(e->domainname)) < 0)
		return fail_errno("set the domain name to %s", e->domainname);
	return 0;
}

const struct ns_kind uts_ns_kind = {
	.scan = uts_scan,
	.save = uts_save,
	.load = uts_load,
	.make = uts_make,
};
