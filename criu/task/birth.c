/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Planning who forks whom. Pure: works on the model only. */
#include "base/log.h"
#include "run/restore.h"
#include "task/birth.h"
#include "task/pids.h"

static bool is_session_leader(const struct task *t)
{
	return t->tree->sid == t->tree->pid;
}

/* The session that t is in between its birth and its own setsid(). */
static pid_t session_at_birth(const struct task *t)
{
	const struct birth *b = t->restore->birth;

	if (!is_session_leader(t))
		return t->tree->sid;
	if (!t->parent)
		return 0;	/* the tool's */
	return b->when == BIRTH_EARLY ? session_at_birth(b->forker) : (pid_t)b->forker->tree->sid;
}

/* Somebody of session sid that exists before t: any member will do, its helper inherits the session. */
static const struct task *member_of(const struct model *m, pid_t sid, const struct task *before)
{
	for (size_t i = 0; i < before->index; i++)
		if ((pid_t)m->tasks.v[i]->tree->sid == sid && is_alive(m->tasks.v[i]))
			return m->tasks.v[i];
	return NULL;
}

static bool is_ancestor(const struct task *a, const struct task *t)
{
	for (; t; t = t->parent)
		if (t == a)
			return true;
	return false;
}

static int plan_orphan(const struct model *m, const struct task *t, struct birth *b)
{
	const struct task *member = member_of(m, t->tree->sid, t);
	const struct task *lead = model_task_by_pid(m, t->tree->sid);

	if (!is_alive(t->parent))
		return fail(EINVAL, "its parent %u is a zombie", t->tree->ppid);
	/* The leader is a zombie: before it ended it had this child, and it can have it again before it ends again. */
	if (lead && !is_alive(lead) && is_ancestor(t->parent, lead)) {
		*b = (struct birth){ .when = BIRTH_LATE, .forker = lead };
		return 0;
	}
	if (member && is_ancestor(t->parent, member)) {
		*b = (struct birth){ .when = BIRTH_ORPHAN, .forker = member };
		return 0;
	}
	if (member || lead)
		return fail(EOPNOTSUPP, "is in session %u, which no child of its parent %u can give it", t->tree->sid,
			    t->tree->ppid);
	*b = (struct birth){ .when = BIRTH_HEIR, .forker = t->parent };
	return 0;
}

static int plan_task(const struct model *m, const struct task *t, bool is_shell_job, struct birth *b)
{
	const struct task *p = t->parent;

	*b = (struct birth){ .when = BIRTH_LATE, .forker = p };
	if (!p && !is_session_leader(t) && !is_shell_job)
		return fail(EINVAL, "the root of the tree is no session leader: use --shell-job");
	if (!p || is_session_leader(t) || t->tree->sid == p->tree->sid)
		return 0;
	if (is_session_leader(p) && session_at_birth(p) == (pid_t)t->tree->sid) {
		b->when = BIRTH_EARLY;
		return 0;
	}
	return plan_orphan(m, t, b);
}

static struct group_helper *find_group(const struct birth_plan *plan, pid_t pgid)
{
	for (size_t i = 0; i < plan->groups.n; i++)
		if (plan->groups.v[i].pgid == pgid)
			return &plan->groups.v[i];
	return NULL;
}

/* While dumping nobody has planned births yet: a parent is taken for the forker. */
static bool inherits_group(const struct task *t, const struct task *lead)
{
	const struct birth *b = t->restore ? t->restore->birth : NULL;
	const struct task *forker = b ? b->forker : t->parent;

	if (!forker || (b && b->when != BIRTH_LATE))
		return false;
	return forker == lead || (forker->tree->pgid == t->tree->pgid && inherits_group(forker, lead));
}

/* A helper gets the numbers of one that is dead from whoever forks it, who must be in the same pid namespace. */
static bool knows_dead(const struct task *t, size_t n_inner)
{
	const struct birth *b = t->restore ? t->restore->birth : NULL;
	const struct task *forker = b ? b->forker : t->parent;

	return n_inner && forker && leader(forker)->n_inner == n_inner;
}

const char *birth_obstacle(struct model *m, const struct task *t)
{
	const struct task *lead = model_task_by_pid(m, t->tree->pgid);

	if (!leader(t)->n_inner)
		return NULL;
	if (!model_task_by_pid(m, t->tree->sid) && !knows_dead(t, leader(t)->core->n_inner_sid))
		return "is in a nested pid namespace, and the leader of its session, who was not in there, has ended";
	if (!lead && !is_alive(t))
		return "is a zombie in a nested pid namespace, and the leader of its process group has ended";
	if (!lead && !leader(t)->core->n_inner_pgid && t->tree->pgid != t->tree->sid)
		return "is in a nested pid namespace, and the leader of its process group, who was not in there, has ended";
	if (lead && !pids_seen_by(m, leader(t), leader(lead)) && !inherits_group(t, lead))
		return arena_printf(&m->arena, "is in process group %u, which is led from outside of its pid namespace and "
				    "which its parent cannot give it", t->tree->pgid);
	return NULL;
}

static int plan_group(struct model *m, const struct task *t, bool is_shell_job, struct birth_plan *plan)
{
	pid_t pgid = t->tree->pgid;
	const struct task *lead = model_task_by_pid(m, pgid);
	struct group_helper h = { .pgid = pgid, .forker = t }, *other;

	if (is_shell_job && pgid == (pid_t)m->tasks.v[0]->tree->pgid)
		return 0;	/* the caller's own group */
	if (lead && lead->tree->sid != t->tree->sid)
		return fail(EINVAL, "is in process group %d of another session", pgid);
	if (lead || pgid == (pid_t)t->tree->sid)
		return 0;
	other = find_group(plan, pgid);
	/* The helper must be seen by all: it is forked by one who knows all of its numbers. */
	if (other && is_alive(t) && leader(t)->core->n_inner_pgid > leader(other->forker)->core->n_inner_pgid)
		other->forker = t;
	if (other)
		return 0;
	if (!pgid)
		return fail(EINVAL, "is in a process group outside of its pid namespace");
	if (!is_alive(t))
		return fail(EOPNOTSUPP, "is a zombie, and so was the last of its process group %d", pgid);
	vec_push(&m->arena, &plan->groups, h);
	return 0;
}

/* CLONE_FILES is a gift of the forker's: only a task forked by its parent can share the parent's table. */
bool birth_can_share_files(const struct task *t)
{
	return !t->fds || t->fds->owner == t || (t->parent && t->parent->fds == t->fds);
}

static int plan_files(const struct task *t)
{
	if (!birth_can_share_files(t) || (t->fds && t->fds->owner != t && t->restore->birth->forker != t->parent))
		return fail(EOPNOTSUPP, "shares its descriptor table with process %u, which does not fork it",
			    t->fds->owner->tree->pid);
	return 0;
}

int births_plan(struct model *m, bool is_shell_job, struct birth_plan *ret)
{
	for (size_t i = 0; i < m->tasks.n; i++) {
		struct task *t = m->tasks.v[i];
		IN_SCOPE("task", t->tree->pid);
		const char *why;
		int err;

		t->restore->birth = arena_new(&m->arena, struct birth);
		err = plan_task(m, t, is_shell_job, t->restore->birth);
		if (!err)
			err = plan_files(t);
		if (err)
			return err;
		why = birth_obstacle(m, t);
		if (why)
			return fail(EOPNOTSUPP, "%s", why);
	}
	/* Living members first: a helper is forked by one. */
	for (int dead = 0; dead < 2; dead++)
		for (size_t i = 0; i < m->tasks.n; i++) {
			struct task *t = m->tasks.v[i];
			IN_SCOPE("task", t->tree->pid);
			int err = is_alive(t) == !dead ? plan_group(m, t, is_shell_job, ret) : 0;

			if (err)
				return err;
		}
	return 0;
}
