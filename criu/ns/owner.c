/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns a namespace: the user namespace in which it was made; of a user namespace that is its parent. Capabilities in
 * the owner are what counts for the rights in a namespace, so each is made again by somebody in its owner.
 */
#include <errno.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "ns/kind.h"
#include "ns/user.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

bool ns_is_within(const struct ns *user, const struct ns *outer)
{
	for (; user && user != outer; user = user->owner)
		;
	return user == outer;
}

/* Whose it is where the images do not say: other writers do not know. */
static const struct ns *usual_owner(const struct model *m, const struct ns *ns)
{
	const struct ns *of_root = ns_of_root(m, NS_USER);

	return ns == of_root ? NULL : of_root;
}

const struct ns *ns_base(const struct model *m)
{
	const struct ns *pid = ns_of_root(m, NS_PID);

	return pid && !pid->ext_key ? pid->owner : NULL;
}

const struct ns *ns_mounts_owner(const struct model *m)
{
	const struct ns *mnt = ns_of_root(m, NS_MNT), *user = mnt ? mnt->owner : ns_base(m);

	for (size_t i = 0; i < m->namespaces.n; i++)
		if (m->namespaces.v[i]->type == NS_MNT)
			while (!ns_is_within(m->namespaces.v[i]->owner, user))
				user = user->owner;
	return user;
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

/* A user namespace that no process of the tree is in, but one below it, or something that it owns. */
static struct ns *add_without_tasks(struct dump *d, ino_t ino, int *fd)
{
	struct ns *ns = ns_add(&d->m, NS_USER, ns_free_id(&d->m), NULL);

	ns->ino = ino;
	ns->fd = take_fd(fd);
	return ns;
}

static int scan_maker(struct ns *user)
{
	uid_t uid;

	if (ioctl(user->fd, NS_GET_OWNER_UID, &uid) < 0)
		return fail_errno("ask who owns a user namespace");
	user->made_by = uid;
	return 0;
}

static int scan_owner(struct dump *d, struct ns *ns, ino_t own)
{
	auto_fd int fd = ioctl(ns->fd, NS_GET_USERNS);
	struct stat st;

	if (fd < 0 && errno == EPERM) {
		refuse(&d->refusals, REFUSE_NS_OUTSIDE,
		       "%s namespace %lu is owned by a user namespace that this tool cannot see",
		       ns_rows[ns->type].name, (unsigned long)ns->ino);
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno("ask for the owner of a %s namespace", ns_rows[ns->type].name);
	if (st.st_ino == own)
		ns->owner = NULL;
	else
		ns->owner = ns_by_inode(&d->m, NS_USER, st.st_ino) ?: add_without_tasks(d, st.st_ino, &fd);
	return ns->type == NS_USER ? scan_maker(ns) : 0;
}

int ns_owner_find(struct dump *d, int fd, const struct ns **ret)
{
	auto_fd int owner = ioctl(fd, NS_GET_USERNS);
	struct stat st;
	ino_t own;
	int err;

	if (owner < 0 && errno == EPERM)
		return -ENOENT;
	if (owner < 0 || fstat(owner, &st) < 0)
		return fail_errno("ask for the owner of a namespace");
	err = ns_inode(0, "user", &own);
	if (err < 0)
		return err;
	*ret = ns_by_inode(&d->m, NS_USER, st.st_ino);
	return *ret || st.st_ino == own ? 0 : -ENOENT;
}

int ns_owners_scan(struct dump *d, ino_t own_user)
{
	for (size_t i = 0; i < d->m.namespaces.n; i++) {	/* grows while it runs */
		struct ns *ns = d->m.namespaces.v[i];
		IN_SCOPE(ns_rows[ns->type].name, ns->id);
		int err = ns->ext_key ? 0 : scan_owner(d, ns, own_user);

		if (err)
			return err;
	}
	return 0;
}

static bool is_usual(const struct model *m, const struct ns *ns)
{
	return ns->ext_key || ns->owner == usual_owner(m, ns);
}

void ns_owners_save(struct dump *d)
{
	InventoryEntry *inv = d->m.inventory;

	for (size_t i = 0; i < d->m.namespaces.n; i++) {
		const struct ns *ns = d->m.namespaces.v[i];
		NsOwnerEntry *e;

		if (is_usual(&d->m, ns) && !ns->made_by)
			continue;
		e = arena_msg(&d->m.arena, NsOwnerEntry, ns_owner_entry__init);
		e->ns_id = ns->id;
		e->has_owner = ns->owner != NULL;
		e->owner = ns->owner ? ns->owner->id : 0;
		e->has_made_by = ns->made_by != 0;
		e->made_by = user_uid_in(ns->owner, ns->made_by);
		pb_push(&d->m.arena, inv->ns_owners, inv->n_ns_owners, e);
		if (!is_usual(&d->m, ns))
			inv->img_version = IMG_VERSION_EXTENDED;	/* others would give it to the root's */
	}
}

static void refuse_plain(struct dump *d, const struct ns *ns)
{
	if (d->opt->plain_images && !is_usual(&d->m, ns))
		refuse(&d->refusals, REFUSE_NS_NESTED,
		       "%s namespace %lu is not owned by the user namespace of the root task, which plain images cannot "
		       "say (dump without --plain-images)", ns_rows[ns->type].name, (unsigned long)ns->ino);
}

void ns_owners_refuse(struct dump *d)
{
	for (size_t i = 0; i < d->m.namespaces.n; i++)
		refuse_plain(d, d->m.namespaces.v[i]);
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		const struct task *t = d->m.tasks.v[i];
		IN_SCOPE("task", leader(t)->pid);
		const char *why = t->dump->proc ? ns_obstacle(&d->m, t) : NULL;

		if (why)
			refuse(&d->refusals, REFUSE_NS_OUTSIDE, "%s", why);
	}
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static const NsOwnerEntry *entry_of(const struct model *m, uint32_t id)
{
	for (size_t i = 0; i < m->inventory->n_ns_owners; i++)
		if (m->inventory->ns_owners[i]->ns_id == id)
			return m->inventory->ns_owners[i];
	return NULL;
}

/* One that owns something and has no tasks is known from here alone. */
static const struct ns *owner_by_id(struct restore *r, uint32_t id)
{
	return ns_by_id(&r->m, NS_USER, id) ?: ns_add(&r->m, NS_USER, id, NULL);
}

/* A chain that is longer than there are namespaces bites its tail. */
static int check_chain(const struct model *m, const struct ns *ns)
{
	size_t n = 0;

	for (const struct ns *up = ns; up; up = up->owner)
		if (n++ > m->namespaces.n)
			return fail(EINVAL, "inventory.img: user namespace %u is below itself", ns->id);
	return 0;
}

int ns_owners_load(struct restore *r)
{
	for (size_t i = 0; i < r->m.namespaces.n; i++) {	/* grows while it runs */
		struct ns *ns = r->m.namespaces.v[i];
		const NsOwnerEntry *e = entry_of(&r->m, ns->id);

		ns->owner = e ? NULL : usual_owner(&r->m, ns);
		if (e && e->has_owner)
			ns->owner = owner_by_id(r, e->owner);
		ns->made_by = e && e->has_made_by ? e->made_by : 0;
		if (ns->made_by == (uid_t)-1)
			return fail(EINVAL, "inventory.img: user namespace %u is owned by user -1", ns->id);
	}
	for (size_t i = 0; i < r->m.namespaces.n; i++) {
		int err = check_chain(&r->m, r->m.namespaces.v[i]);

		if (err)
			return err;
	}
	return 0;
}

int ns_owners_check(struct restore *r)
{
	for (size_t i = 0; i < r->m.tasks.n; i++) {
		const struct task *t = r->m.tasks.v[i];
		const char *why = t->ids ? ns_obstacle(&r->m, t) : NULL;

		if (why)
			return fail(EOPNOTSUPP, "task %d: %s", leader(t)->pid, why);
	}
	return 0;
}
