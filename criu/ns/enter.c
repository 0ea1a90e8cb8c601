/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a task gets into its namespaces. It is born into those of the process that forks it. A new pid namespace is made by
 * that fork, or right before it where a user namespace below owns it (ns/pid_owned.c); a user namespace only with the root
 * task, where its pid namespace is owned by it. What other user namespaces own is there before anybody else is forked
 * (ns/maker.c). All the rest is made by the first member in tree order, right after its birth (a time namespace for
 * children by their parent), and entered by the other members, who wait for that: the order of the tree makes sure that
 * nobody waits in a circle. Each task enters its user namespace last of all.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/places.h"
#include "kernel/read.h"
#include "ns/kind.h"
#include "ns/pid_owned.h"
#include "ns/user.h"
#include "run/barrier.h"
#include "run/restore.h"
#include "run/shared.h"
#include "task/birth.h"

/* Mounts last: the tool's own are needed until then. */
static const enum ns_type entry_order[] = { NS_CGROUP, NS_UTS, NS_IPC, NS_NET, NS_TIME, NS_MNT };

/* In whose namespaces t is born; NULL: the tool's. Zombies never leave those that they were born into. */
static const struct task *born_in(const struct task *t)
{
	const struct task *f = t->restore->birth->forker;

	while (f && !f->ids)
		f = f->restore->birth->forker;
	return f;
}

/*
 * The tool enters it before it forks the root task: that one is born in a user namespace which has no rights in what is
 * owned by others.
 */
static bool is_the_tools_to_enter(const struct restore *r, const struct ns *ns)
{
	return ns && ns->type != NS_PID && ns->type != NS_USER && ns->type != NS_MNT && ns_base(&r->m) &&
	       (ns->ext_key || !ns->owner);
}

static struct ns *at_birth(const struct restore *r, const struct task *t, enum ns_type type)
{
	const struct task *f = born_in(t);
	struct ns *own = f ? NULL : ns_of(&r->m, t, type);

	if (!f)
		return is_the_tools_to_enter(r, own) ? own : NULL;
	return (type == NS_TIME ? ns_of_children(&r->m, f) : NULL) ?: ns_of(&r->m, f, type);
}

static bool is_root_task(const struct restore *r, const struct task *t)
{
	return t == r->m.tasks.v[0];
}

/* The kernel makes the one who forks its owner. */
static bool comes_with_fork(const struct restore *r, const struct task *t, const struct ns *pid)
{
	return pid->task == t && !pid->ext_key && pid->owner == ns_base(&r->m);
}

uint64_t ns_clone_flags(const struct restore *r, const struct task *t)
{
	const struct ns *pid = ns_of(&r->m, t, NS_PID);
	uint64_t flags = pid && comes_with_fork(r, t, pid) ? CLONE_NEWPID : 0;

	return flags | (is_root_task(r, t) && ns_base(&r->m) ? CLONE_NEWUSER : 0);
}

static int enter_fd(int fd, enum ns_type type)
{
	if (setns(fd, ns_rows[type].flag) < 0)
		return fail_errno("enter the %s namespace", ns_rows[type].name);
	return 0;
}

static int enter_external(const struct restore *r, const struct ns *ns)
{
	int fd = inherited_find(r, ns->ext_key);

	if (fd < 0)
		return fail(ENOENT, "the %s namespace is external: hand it over with --inherit-fd fd[NUMBER]:%s",
			    ns_rows[ns->type].name, ns->ext_key);
	return enter_fd(fd, ns->type);
}

static int enter_ready(struct restore *r, const struct ns *ns)
{
	struct shared_ns *s = shared_ns(r->shared, ns->index);
	auto_fd int fd = -1;
	int err = flag_wait(r, &s->is_ready);

	if (err)
		return err;
	fd = ns_open_of(s->pid_real, ns);
	return fd < 0 ? fd : enter_fd(fd, ns->type);
}

/* The pid namespace that exists before t and is not that of the one who forks it; NULL: there is no way to go. */
static const struct ns *pid_ns_to_join(const struct restore *r, const struct task *t)
{
	const struct ns *ns = ns_of(&r->m, t, NS_PID);

	return (ns && comes_with_fork(r, t, ns)) || ns == at_birth(r, t, NS_PID) ? NULL : ns;
}

static int enter_as_tool(struct restore *r, struct ns *ns, int *ret_back)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_rows[ns->type].name);
	*ret_back = proc_open(path, O_RDONLY);
	if (*ret_back < 0)
		return fail_errno("open %s", path);
	return ns->fd >= 0 ? enter_fd(ns->fd, ns->type) : ns_make(r, ns);
}

int ns_go_for_root(struct restore *r, struct ns_way_back *ret_back)
{
	int err = 0;

	for (enum ns_type type = 0; type < NS_COUNT; type++)
		ret_back->fd[type] = -1;
	for (enum ns_type type = 0; type < NS_COUNT && !err; type++) {
		struct ns *ns = ns_of_root(&r->m, type);
		IN_SCOPE(ns_rows[type].name, ns ? (long)ns->id : -1);

		if (is_the_tools_to_enter(r, ns))
			err = enter_as_tool(r, ns, &ret_back->fd[type]);
	}
	return err;
}

int ns_come_back(struct ns_way_back *back)
{
	int first_err = 0;

	for (enum ns_type type = 0; type < NS_COUNT; type++)
		if (back->fd[type] >= 0) {
			int err = enter_fd(back->fd[type], type);

			first_err = first_err ?: err;
			close(take_fd(&back->fd[type]));
		}
	return first_err;
}

int ns_before_fork(struct restore *r, const struct task *t)
{
	const struct ns *ns = pid_ns_to_join(r, t);

	if (!ns)
		return 0;
	if (ns->ext_key)
		return enter_external(r, ns);
	return ns->task == t ? pid_owned_begin(r, ns->owner) : enter_ready(r, ns);
}

int ns_after_fork(struct restore *r, const struct task *t)
{
	const struct ns *base = is_root_task(r, t) ? ns_base(&r->m) : NULL;
	auto_fd int own = -1;
	int err = 0;

	if (base)
		err = user_ns_map(r, base);
	if (err || !pid_ns_to_join(r, t))
		return err;
	own = proc_open("/proc/self/ns/pid", O_RDONLY);
	return own < 0 ? fail_errno("open /proc/self/ns/pid") : enter_fd(own, NS_PID);
}

int ns_for_children(struct restore *r, const struct task *t)
{
	const struct ns *ns;

	if (!t->ids || !t->ids->has_pid_for_children_ns_id)
		return 0;
	if (t->ids->has_pid_for_children_owner_id)
		return pid_owned_begin(r, ns_by_id(&r->m, NS_USER, t->ids->pid_for_children_owner_id));
	ns = ns_by_id(&r->m, NS_PID, t->ids->pid_for_children_ns_id);
	if (!ns)
		return unshare(CLONE_NEWPID) < 0 ? fail_errno("make a pid namespace for its children") : 0;
	return ns->ext_key ? enter_external(r, ns) : enter_ready(r, ns);
}

int ns_make(struct restore *r, struct ns *ns)
{
	const struct ns_row *row = &ns_rows[ns->type];

	if (ns->ext_key)
		return enter_external(r, ns);
	if (ns->kind->make_and_enter)
		return ns->kind->make_and_enter(r, ns);
	if (unshare(row->flag) < 0)
		return fail_errno("make a %s namespace", row->name);
	return ns->kind->make(r, ns);
}

static int enter(struct restore *r, const struct task *t, struct ns *ns)
{
	IN_SCOPE(ns_rows[ns->type].name, ns->id);

	if (ns->fd >= 0)
		return enter_fd(ns->fd, ns->type);
	return ns->task == t && !ns->parent ? ns_make(r, ns) : enter_ready(r, ns);
}

/* Others enter what this one has made by opening /proc/PID/ns/NAME: all is ready when it is in all of them. */
static void announce(struct restore *r, const struct task *t)
{
	for (size_t i = 0; i < r->m.namespaces.n; i++)
		if ((r->m.namespaces.v[i]->parent ?: r->m.namespaces.v[i]->task) == t) {
			struct shared_ns *s = shared_ns(r->shared, i);

			s->pid_real = r->shared->tasks[t->index].pid_real;
			flag_raise(&s->is_ready);
		}
}

/* Of kinds whose namespaces are made all at once, by the root task. */
static int make_first(struct restore *r, const struct task *t, enum ns_type type)
{
	if (!is_root_task(r, t))
		return 0;
	for (size_t i = 0; i < r->m.namespaces.n; i++) {
		struct ns *ns = r->m.namespaces.v[i];
		IN_SCOPE(ns_rows[type].name, ns->id);
		int err = ns->type == type && ns->kind->make_first ? ns->kind->make_first(r, ns) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int joined(struct restore *r, const struct task *t)
{
	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		struct ns *ns = ns_of(&r->m, t, type);
		IN_SCOPE(ns_rows[type].name, ns ? (long)ns->id : -1);
		int err = ns && ns->kind->joined && !ns->ext_key ? ns->kind->joined(r, ns, t) : 0;

		if (err)
			return err;
	}
	return 0;
}

/* Its forker has left it. */
static int enter_the_tools(const struct restore *r, enum ns_type type)
{
	IN_SCOPE(ns_rows[type].name, -1);

	return enter_fd(r->own_ns[type], type);
}

static int enter_one(struct restore *r, const struct task *t, enum ns_type type)
{
	struct ns *ns = ns_of(&r->m, t, type), *at = at_birth(r, t, type);

	if (ns == at)
		return 0;
	return ns ? enter(r, t, ns) : enter_the_tools(r, type);
}

/* What there is before others are forked, besides mounts. */
static int begin_root_task(struct restore *r)
{
	const struct ns *base = ns_base(&r->m);
	int err = base ? user_ns_begin(r, base) : 0;

	return err ?: ns_make_owned(r);
}

int ns_enter(struct restore *r, const struct task *t)
{
	int err = 0;

	if (!r->m.namespaces.n || !t->ids)
		return 0;
	if (is_root_task(r, t))
		err = begin_root_task(r);
	for (size_t i = 0; i < array_size(entry_order) && !err; i++)
		err = make_first(r, t, entry_order[i]) ?: enter_one(r, t, entry_order[i]);
	if (!err)
		err = time_make_for_children(r, t);
	if (err)
		return err;
	announce(r, t);
	return joined(r, t);
}

int ns_make_last(struct restore *r)
{
	for (size_t i = 0; r->self == r->m.tasks.v[0] && i < r->m.namespaces.n; i++) {
		struct ns *ns = r->m.namespaces.v[i];
		IN_SCOPE(ns_rows[ns->type].name, ns->id);
		int err = ns->kind->make_last ? ns->kind->make_last(r, ns) : 0;

		if (err)
			return err;
	}
	return 0;
}

int ns_own_files(struct restore *r)
{
	return r->m.namespaces.n ? user_ns_own_files(r, r->self) : 0;
}

int ns_enter_user(struct restore *r)
{
	return r->m.namespaces.n ? user_ns_enter(r, r->self) : 0;
}
