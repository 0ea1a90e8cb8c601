/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pid namespaces: they hold nothing but their tasks, and what pidns-N.img says of one that stays outside. Who is in which
 * tells where children are born, too, and how many numbers a task has.
 */
#include "base/log.h"
#include "image/dir.h"
#include "ns/kind.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/pids.h"

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
	return 0;
}

static int pid_save(struct dump *d, struct ns *ns)
{
	PidnsEntry e = PIDNS_ENTRY__INIT;

	if (!ns->ext_key)
		return 0;
	e.ext_key = (char *)ns->ext_key;
	return image_write_one(d->img_dir, IMG_PIDNS, ns->id, &e.base);
}

static int pid_load(struct restore *r, struct ns *ns)
{
	struct image_in in;
	PidnsEntry *e;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_PIDNS, ns->id);

	if (!got)
		got = image_next(&in, &e);
	if (got > 0)
		ns->ext_key = e->ext_key;
	return min(got, 0);
}

static int check_children(const struct restore *r, const struct task *t)
{
	if (!t->ids || !t->ids->has_pid_for_children_ns_id)
		return 0;
	if (t->ids->pid_for_children_ns_id && !ns_by_id(&r->m, NS_PID, t->ids->pid_for_children_ns_id))
		return fail(EINVAL, "ids-%d.img: its children are born into pid namespace %u, which does not exist",
			    leader(t)->pid, t->ids->pid_for_children_ns_id);
	if (t->n_threads > 1)
		return fail(EINVAL, "ids-%d.img: its children are born elsewhere, but it has threads", leader(t)->pid);
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
	.check = pid_check,
};
