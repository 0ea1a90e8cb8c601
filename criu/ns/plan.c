/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether tasks can get back into their namespaces. Pure: works on the model only.
 *
 * All tasks are born in one user namespace, the base, and fork their children there with the rights that choosing pids
 * takes. From there a task enters its other namespaces, which takes rights in the owner of each: it must be the base or
 * below it. It enters its own user namespace last of all, when files have come from everybody.
 */
#include "ns/kind.h"
#include "task/birth.h"
#include "run/restore.h"

const struct task *ns_forker(const struct task *t)
{
	return t->restore && t->restore->birth ? t->restore->birth->forker : t->parent;
}

/* Zombies never leave the namespaces that they were born into. */
static const struct ns *at_birth(const struct model *m, const struct task *t, enum ns_type type)
{
	const struct task *f = ns_forker(t);

	while (f && !f->ids)
		f = ns_forker(f);
	return f ? ns_of(m, f, type) : NULL;
}

static const char *obstacle_of(struct model *m, const struct task *t, enum ns_type type)
{
	const struct ns *ns = ns_of(m, t, type), *base = ns_base(m), *owner = ns ? ns->owner : NULL;

	if (ns == at_birth(m, t, type) || (ns && ns->ext_key) || ns_is_within(owner, base))
		return NULL;
	/* Before the user namespace of the root task is there, the tool itself can enter these. */
	if (ns && !t->parent && (type == NS_UTS || type == NS_IPC || type == NS_NET || type == NS_TIME))
		return NULL;
	return arena_printf(&m->arena, "its %s namespace is not owned by the user namespace that the init of its pid "
			    "namespace is in, nor by one below that", ns_rows[type].name);
}

static const char *user_obstacle(struct model *m, const struct task *t)
{
	const struct ns *base = ns_base(m);

	if (base && base->owner)
		return "its pid namespace is owned by a user namespace whose parent is not that of this tool";
	if (!ns_is_within(ns_of(m, t, NS_USER), base))
		return "it is in a user namespace outside of the one that owns the pid namespace of the root task";
	return NULL;
}

const char *ns_obstacle(struct model *m, const struct task *t)
{
	const struct ns *pid = ns_of(m, t, NS_PID);
	const char *why = user_obstacle(m, t);

	for (enum ns_type type = 0; type < NS_COUNT && !why; type++)
		if (type != NS_USER && type != NS_PID)
			why = obstacle_of(m, t, type);
	if (!why && pid && !pid->ext_key && !ns_is_within(pid->owner, ns_base(m)))
		why = "it is in a pid namespace that is owned by a user namespace which is not below that of the root task";
	return why;
}
