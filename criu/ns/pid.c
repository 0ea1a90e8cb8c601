/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pid namespaces: they hold nothing but their tasks, and what pidns-N.img says of one that stays outside. Who is in which
 * tells where children are born, too, and how many numbers a task has.
 */
#include <errno.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "ns/kind.h"
#include "ns/pid_max.h"
#include "ns/pid_owned.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/pids.h"

/* What is remembered of one: its record, and while restoring what the tool has. */
struct pid_ns {
	PidnsEntry *entry;
	struct pid_max tool;
};

static struct pid_ns *data_of(struct model *m, struct ns *ns)
{
	struct pid_ns *p = ns->data;

	if (!p) {
		ns->data = p = arena_new(&m->arena, struct pid_ns);
		p->entry = arena_msg(&m->arena, PidnsEntry, pidns_entry__init);
	}
	return p;
}

static int scan_limit(struct dump *d, struct ns *ns)
{
	PidnsEntry *e = data_of(&d->m, ns)->entry;
	int err = pid_max_scan(ns->fd, &e->pid_max);

	e->has_pid_max = e->pid_max;
	if (!err && e->pid_max && d->opt->plain_images)
		warn("the limit %u of a pid namespace (kernel.pid_max) is lost: plain images cannot say it", e->pid_max);
	return err;
}

static int pid_scan(struct dump *d, struct ns *ns)
{
	if (pids_own(leader(ns->task)) != 1)
		refuse(&d->refusals, REFUSE_NS_OUTSIDE,
		       "process %d is the first of its pid namespace in the tree, but not its init", leader(ns->task)->pid);
	if (leader(ns->task)->n_inner && d->opt->plain_images)
		refuse(&d->refusals, REFUSE_NS_NESTED, "process %d is in a nested pid namespace, which plain images cannot "
		       "say (dump without --plain-images)", leader(ns->task)->pid);
	else if (leader(ns->task)->n_inner)
		d->m.inventory->img_version = IMG_VERSION_EXTENDED;	/* others would make one namespace of all */
	return scan_limit(d, ns);
}

/* Who owns the one that has no init yet. */
static int scan_unborn(struct dump *d, const struct task *t)
{
	auto_fd int fd = pid_owned_open(leader(t)->pid_real);
	const struct ns *base = ns_base(&d->m), *owner = ns_of(&d->m, t, NS_USER);
	int err = fd < 0 ? fd : ns_owner_find(d, fd, &owner);

	if (fd < 0 && owner == base)	/* before Linux 6.11: most likely its own user namespace */
		return 0;
	if (err == -ENOENT || fd < 0)
		refuse(&d->refusals, REFUSE_NS_CHILDREN, "its children get a pid namespace that has no init yet, and who "
		       "owns that %s", fd < 0 ? "is told by Linux 6.11 and later" : "is outside of the tree");
	else if (err)
		return err;
	else if (owner != base && !ns_is_within(owner, base))
		refuse(&d->refusals, REFUSE_NS_OUTSIDE, "its children get a pid namespace whose owner is not below that of "
		       "the root task's");
	t->ids->has_pid_for_children_owner_id = owner && owner != base;
	t->ids->pid_for_children_owner_id = owner ? owner->id : 0;
	return 0;
}

/* The link leads nowhere as long as the namespace has no init. */
static int pid_scan_children(struct dump *d, const struct task *t, ino_t its)
{
	ino_t ino = 0;
	int got = ns_inode(leader(t)->pid_real, "pid_for_children", &ino);
	const struct ns *ns = ns_by_inode(&d->m, NS_PID, ino);

	if (got < 0 || (got && ino == its))
		return min(got, 0);
	if (t->n_threads > 1)
		refuse(&d->refusals, REFUSE_NS_CHILDREN,
		       "its children get a pid namespace that it is not in itself, and it has threads");
	else if (got && !ns)
		refuse(&d->refusals, REFUSE_NS_CHILDREN,
		       "its children get a pid namespace that has ended, or that nobody in the tree is in");
	else if (d->opt->plain_images)
		refuse(&d->refusals, REFUSE_NS_CHILDREN, "its children get a pid namespace that it is not in itself, which "
		       "plain images cannot say (dump without --plain-images)");
	d->m.inventory->img_version = IMG_VERSION_EXTENDED;
	t->ids->has_pid_for_children_ns_id = true;
	t->ids->pid_for_children_ns_id = ns ? ns->id : 0;
	return got ? 0 : scan_unborn(d, t);
}

static int pid_save(struct dump *d, struct ns *ns)
{
	PidnsEntry *e = data_of(&d->m, ns)->entry;

	e->ext_key = (char *)ns->ext_key;
	e->has_pid_max &= !ns->ext_key && !d->opt->plain_images;
	if (!e->ext_key && !e->has_pid_max)
		return 0;
	return image_write_one(d->img_dir, IMG_PIDNS, ns->id, &e->base);
}

static int pid_load(struct restore *r, struct ns *ns)
{
	struct image_in in;
	PidnsEntry *e;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_PIDNS, ns->id);

	if (!got)
		got = image_next(&in, &e);
	if (got > 0) {
		ns->ext_key = e->ext_key;
		data_of(&r->m, ns)->entry = e;
	}
	return min(got, 0);
}

static int pid_prepare(struct restore *r, struct ns *ns)
{
	struct pid_ns *p = data_of(&r->m, ns);

	return p->entry->has_pid_max ? pid_max_read(&p->tool) : 0;
}

static int pid_joined(struct restore *r not_used, const struct ns *ns, const struct task *t)
{
	const struct pid_ns *p = ns->data;

	if (ns->task != t || !p || !p->entry->has_pid_max)
		return 0;
	return pid_max_set(p->entry->pid_max, &p->tool);
}

static int check_children(const struct restore *r, const struct task *t)
{
	const struct ns *owner;

	if (!t->ids || !t->ids->has_pid_for_children_ns_id)
		return 0;
	if (t->ids->pid_for_children_ns_id && !ns_by_id(&r->m, NS_PID, t->ids->pid_for_children_ns_id))
		return fail(EINVAL, "ids-%d.img: its children are born into pid namespace %u, which does not exist",
			    leader(t)->pid, t->ids->pid_for_children_ns_id);
	if (t->n_threads > 1)
		return fail(EINVAL, "ids-%d.img: its children are born elsewhere, but it has threads", leader(t)->pid);
	if (!t->ids->has_pid_for_children_owner_id)
		return 0;
	owner = ns_by_id(&r->m, NS_USER, t->ids->pid_for_children_owner_id);
	if (t->ids->pid_for_children_ns_id || !owner || owner == ns_base(&r->m) || !ns_is_within(owner, ns_base(&r->m)))
		return fail(EINVAL, "ids-%d.img: user namespace %u cannot own the pid namespace that its children are born "
			    "into", leader(t)->pid, t->ids->pid_for_children_owner_id);
	return 0;
}

/* Who is in one pid namespace has as many numbers as the others in it, and who is in the root's has one. */
static int check_levels(const struct restore *r, const struct task *t)
{
	const struct ns *ns = ns_of(&r->m, t, NS_PID);
	bool is_nested = ns && ns != ns_of_root(&r->m, NS_PID);
	size_t n = leader(t)->n_inner;

	if (!is_alive(t))
		return 0;
	if (is_nested ? !n || n != leader(ns->task)->n_inner : n)
		return fail(EINVAL, "core-%d.img: %zu numbers in nested pid namespaces do not fit its pid namespace %u",
			    leader(t)->pid, n, ns ? ns->id : 0);
	if (is_nested && ns->task == t && !ns->ext_key && pids_own(leader(t)) != 1)
		return fail(EINVAL, "core-%d.img: is the first of pid namespace %u, but not its init", leader(t)->pid,
			    ns->id);
	return 0;
}

static int pid_check(const struct restore *r, const struct task *t)
{
	return check_children(r, t) ?: check_levels(r, t);
}

const struct ns_kind pid_ns_kind = {
	.scan = pid_scan,
	.scan_children = pid_scan_children,
	.save = pid_save,
	.load = pid_load,
	.prepare = pid_prepare,
	.joined = pid_joined,
	.check = pid_check,
};
