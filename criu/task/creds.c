/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials of a thread: ids, groups, five sets of capabilities, securebits, no_new_privs. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "task/record.h"
#include "kernel/proc_status.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/capabilities.h"
#include "task/creds.h"
#include "task/kind.h"

enum { GROUPS_MAX = 65536, SECUREBITS_KNOWN = 0xfff };

static uint64_t cap_last(void)
{
	unsigned int cap = CAP_LAST_CAP;

	while (prctl(PR_CAPBSET_READ, cap + 1) >= 0)
		cap++;
	while (cap && prctl(PR_CAPBSET_READ, cap) < 0)
		cap--;
	return cap;
}

static uint64_t caps_known(void)
{
	return ~0ULL >> (63 - cap_last());
}

/* --- dump ---------------------------------------------------------------------------------------------- */

static void put_caps(struct arena *a, uint64_t set, size_t *ret_n, uint32_t **ret)
{
	uint32_t words[] = { (uint32_t)set, (uint32_t)(set >> 32) };

	*ret = arena_memdup(a, words, sizeof(words));
	*ret_n = array_size(words);
}

static void status_to_record(struct arena *a, const struct proc_status *st, CredsEntry *ret)
{
	enum { REAL, EFFECTIVE, SAVED, FILE_SYSTEM };

	ret->uid = st->uid[REAL];
	ret->euid = st->uid[EFFECTIVE];
	ret->suid = st->uid[SAVED];
	ret->fsuid = st->uid[FILE_SYSTEM];
	ret->gid = st->gid[REAL];
	ret->egid = st->gid[EFFECTIVE];
	ret->sgid = st->gid[SAVED];
	ret->fsgid = st->gid[FILE_SYSTEM];
	put_caps(a, st->cap_inh, &ret->n_cap_inh, &ret->cap_inh);
	put_caps(a, st->cap_prm, &ret->n_cap_prm, &ret->cap_prm);
	put_caps(a, st->cap_eff, &ret->n_cap_eff, &ret->cap_eff);
	put_caps(a, st->cap_bnd, &ret->n_cap_bnd, &ret->cap_bnd);
	put_caps(a, st->cap_amb, &ret->n_cap_amb, &ret->cap_amb);
	ret->groups = arena_memdup(a, st->groups, st->n_groups * sizeof(*st->groups));
	ret->n_groups = st->n_groups;
	ret->has_no_new_privs = st->no_new_privs;
	ret->no_new_privs = st->no_new_privs;
}

static bool has_own_ids(const struct ns *user, const CredsEntry *e)
{
	return user_has_uid(user, e->uid) && user_has_uid(user, e->euid) && user_has_uid(user, e->suid) &&
	       user_has_uid(user, e->fsuid) && user_has_gid(user, e->gid) && user_has_gid(user, e->egid) &&
	       user_has_gid(user, e->sgid) && user_has_gid(user, e->fsgid);
}

static bool has_all_ids(const struct ns *user, const CredsEntry *e)
{
	bool has = has_own_ids(user, e);

	for (size_t i = 0; i < e->n_groups && has; i++)
		has = user_has_gid(user, e->groups[i]);
	return has;
}

/* Of a thread that has ids without a name in its user namespace: before they are translated. */
static void note_outer(struct dump *d, const struct ns *user, CredsEntry *e)
{
	const uint32_t uids[] = { e->uid, e->euid, e->suid, e->fsuid }, gids[] = { e->gid, e->egid, e->sgid, e->fsgid };
	const struct ns *parent = user->owner;
	struct arena *a = &d->m.arena;

	if (!has_all_ids(parent, e))
		refuse(&d->refusals, REFUSE_CRED_UNSUPPORTED,
		       "an id of the thread has no name in its user namespace, nor in the parent of that");
	for (size_t i = 0; i < array_size(uids); i++) {
		pb_push(a, e->outer_uids, e->n_outer_uids, user_uid_in(parent, uids[i]));
		pb_push(a, e->outer_gids, e->n_outer_gids, user_gid_in(parent, gids[i]));
	}
	for (size_t i = 0; i < e->n_groups; i++)
		pb_push(a, e->outer_groups, e->n_outer_groups, user_gid_in(parent, e->groups[i]));
}

static bool has_same_outer(const CredsEntry *a, const CredsEntry *b)
{
	return a->n_outer_uids == b->n_outer_uids && a->n_outer_groups == b->n_outer_groups &&
	       (!a->n_outer_uids || (!memcmp(a->outer_uids, b->outer_uids, a->n_outer_uids * sizeof(uint32_t)) &&
				     !memcmp(a->outer_gids, b->outer_gids, a->n_outer_gids * sizeof(uint32_t)))) &&
	       (!a->n_outer_groups || !memcmp(a->outer_groups, b->outer_groups, a->n_outer_groups * sizeof(uint32_t)));
}

/* A process takes such ids as a whole, with its file system id like the effective one. */
static void scan_outer(struct dump *d, const struct thread *th, CredsEntry *e)
{
	const struct ns *user = ns_of(&d->m, th->task, NS_USER);

	if (!user || !d->m.namespaces.n)
		return;
	if (user == ns_base(&d->m)) {
		if (!has_own_ids(user, e))
			refuse(&d->refusals, REFUSE_CRED_UNSUPPORTED,
			       "an id of the thread has no name in the user namespace that it is born in");
		return;
	}
	if (!has_all_ids(user, e))
		note_outer(d, user, e);
	if (e->n_outer_uids && (e->outer_uids[1] != e->outer_uids[3] || e->outer_gids[1] != e->outer_gids[3]))
		refuse(&d->refusals, REFUSE_CRED_UNSUPPORTED,
		       "a file system id of the thread has no name in its user namespace");
	if (th != leader(th->task) && !has_same_outer(e, leader(th->task)->core->thread_core->creds))
		refuse(&d->refusals, REFUSE_CRED_UNSUPPORTED,
		       "the thread has ids without a name in its user namespace that its process does not have");
}

/* The kernel told the tool; the record says what the task itself sees. */
static void translate(const struct model *m, const struct task *t, CredsEntry *e)
{
	uint32_t *const uids[] = { &e->uid, &e->euid, &e->suid, &e->fsuid };
	uint32_t *const gids[] = { &e->gid, &e->egid, &e->sgid, &e->fsgid };

	for (size_t i = 0; i < array_size(uids); i++) {
		*uids[i] = user_uid_inside(m, t, *uids[i]);
		*gids[i] = user_gid_inside(m, t, *gids[i]);
	}
	for (size_t i = 0; i < e->n_groups; i++)
		e->groups[i] = user_gid_inside(m, t, e->groups[i]);
}

static int creds_scan_thread(struct dump *d, struct thread *th)
{
	const struct creds_inside_thread *inside = &th->dump->inside->creds;
	CredsEntry *rec = arena_msg(&d->m.arena, CredsEntry, creds_entry__init);

	th->core->thread_core->creds = rec;
	status_to_record(&d->m.arena, th->dump->status, rec);
	scan_outer(d, th, rec);
	translate(&d->m, th->task, rec);
	if (inside->securebits < 0)
		return fail_with(inside->securebits, "ask thread %d for its securebits", th->pid);
	rec->secbits = inside->securebits;
	return 0;
}

/* --- restore ------------------------------------------------------------------------------------------- */

static int check_creds(const CredsEntry *c)
{
	const size_t n_caps[] = { c->n_cap_inh, c->n_cap_prm, c->n_cap_eff, c->n_cap_bnd };
	const uint32_t ids[] = { c->uid, c->euid, c->suid, c->fsuid, c->gid, c->egid, c->sgid, c->fsgid };

	for (size_t i = 0; i < array_size(n_caps); i++)
		if (n_caps[i] != _LINUX_CAPABILITY_U32S_3)
			return fail(EINVAL, "set of capabilities has %zu words instead of 2", n_caps[i]);
	if (c->n_cap_amb && c->n_cap_amb != _LINUX_CAPABILITY_U32S_3)
		return fail(EINVAL, "ambient set has %zu words instead of 2", c->n_cap_amb);
	for (size_t i = 0; i < array_size(ids); i++)
		if (ids[i] == (uint32_t)-1)
			return fail(EINVAL, "user or group id -1");
	if (c->n_groups > GROUPS_MAX)
		return fail(EINVAL, "%zu supplementary groups", c->n_groups);
	if (c->n_outer_uids && (c->n_outer_uids != 4 || c->n_outer_gids != 4 || c->n_outer_groups != c->n_groups))
		return fail(EINVAL, "%zu, %zu and %zu ids as seen from outside", c->n_outer_uids, c->n_outer_gids,
			    c->n_outer_groups);
	if (c->secbits & ~(uint32_t)SECUREBITS_KNOWN)
		return fail(EINVAL, "unknown securebits %#x", c->secbits);
	return 0;
}

static int creds_check(const struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < t->n_threads && !err; i++) {
		const CredsEntry *c = creds_of(&t->threads[i]);

		IN_SCOPE("thread", t->threads[i].pid);
		err = c ? check_creds(c) : fail(EINVAL, "the image has no credentials");
	}
	return err;
}

/* Where nobody may set groups, all have those of the tool from birth on. */
static int take_groups(struct arena *a, size_t n, const gid_t *wanted)
{
	gid_t *own = arena_array(a, gid_t, GROUPS_MAX);
	int n_own = getgroups(GROUPS_MAX, own);

	if (n_own == (int)n && !memcmp(own, wanted, n * sizeof(*own)))
		return 0;
	return setgroups(n, wanted) < 0 ? fail_errno("set the groups of a task") : 0;
}

int creds_take_outside(struct restore *r, const struct task *t, bool *ret_keeps_ids)
{
	const CredsEntry *c = creds_of(leader(t));
	const struct ns *user = ns_of(&r->m, t, NS_USER), *parent = user->owner;
	gid_t *groups = arena_array(&r->m.arena, gid_t, c->n_groups + 1);
	uint32_t u[4], g[4];
	int err;

	for (size_t i = 0; i < c->n_groups; i++)
		groups[i] = c->n_outer_uids ? user_gid_here(r, parent, c->outer_groups[i])
					    : user_gid_here(r, user, c->groups[i]);
	err = take_groups(&r->m.arena, c->n_groups, groups);
	*ret_keeps_ids = c->n_outer_uids;
	if (err || !*ret_keeps_ids)
		return err;
	for (size_t i = 0; i < array_size(u); i++) {
		u[i] = user_uid_here(r, parent, c->outer_uids[i]);
		g[i] = user_gid_here(r, parent, c->outer_gids[i]);
	}
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		return fail_errno("keep capabilities");
	if (setresgid(g[0], g[1], g[2]) < 0 || setresuid(u[0], u[1], u[2]) < 0)
		return fail_errno("become user %u and group %u", u[1], g[1]);
	return 0;
}

/* What the task has by birth: the tool's credentials. */
struct own_creds {
	uint32_t uid[4], gid[4];	/* real, effective, saved, file system */
	uint32_t *groups;
	int n_groups;
	struct creds_caps caps;
	uint64_t bounding, ambient, known;
	uint32_t securebits;
};

static int read_own_caps(struct own_creds *ret)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return fail_errno("capget");
	ret->caps.inh = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	ret->caps.prm = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	ret->caps.eff = (uint64_t)data[1].effective << 32 | data[0].effective;
	ret->known = caps_known();
	for (unsigned int i = 0; i < 64 && ret->known >> i & 1; i++) {
		if (prctl(PR_CAPBSET_READ, i) == 1)
			ret->bounding |= 1ULL << i;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			ret->ambient |= 1ULL << i;
	}
	ret->securebits = prctl(PR_GET_SECUREBITS);
	return 0;
}

static int read_own(struct arena *a, struct own_creds *ret)
{
	*ret = (struct own_creds){ 0 };
	if (getresuid(&ret->uid[0], &ret->uid[1], &ret->uid[2]) < 0 ||
	    getresgid(&ret->gid[0], &ret->gid[1], &ret->gid[2]) < 0)
		return fail_errno("read own user and group ids");
	ret->uid[3] = setfsuid(-1);
	ret->gid[3] = setfsgid(-1);
	ret->n_groups = getgroups(0, NULL);
	if (ret->n_groups < 0)
		return fail_errno("getgroups");
	ret->groups = arena_array(a, uint32_t, ret->n_groups);
	if (ret->n_groups && getgroups(ret->n_groups, ret->groups) < 0)
		return fail_errno("getgroups");
	return read_own_caps(ret);
}

/* Nobody can get a capability that the tool does not have. */
static int check_caps(const struct own_creds *own, const struct creds_arm *row, uint64_t bounding)
{
	uint64_t lacking = (row->caps.prm | row->ambient) & ~own->caps.prm;
	char names[512];

	if (lacking)
		return fail(EPERM, "the thread had %s, which this tool lacks and cannot give; run it with these "
			    "capabilities", capability_names(lacking, names, sizeof(names)));
	lacking = bounding & ~own->bounding;
	if (lacking)
		return fail(EPERM, "the bounding set of the thread had %s, which that of this tool lacks; run it with "
			    "these capabilities", capability_names(lacking, names, sizeof(names)));
	lacking = row->caps.inh & ~(own->caps.prm | own->caps.inh);
	if (lacking)
		return fail(EPERM, "the thread could inherit %s, which this tool lacks and cannot give; run it with "
			    "these capabilities", capability_names(lacking, names, sizeof(names)));
	return 0;
}

static void fill_ids(const CredsEntry *c, const struct own_creds *own, struct creds_arm *row)
{
	const uint32_t uids[] = { c->uid, c->euid, c->suid, c->fsuid };
	const uint32_t gids[] = { c->gid, c->egid, c->sgid, c->fsgid };

	row->uid = c->uid;
	row->euid = c->euid;
	row->suid = c->suid;
	row->fsuid = c->fsuid;
	row->gid = c->gid;
	row->egid = c->egid;
	row->sgid = c->sgid;
	row->fsgid = c->fsgid;
	if (memcmp(uids, own->uid, sizeof(uids)) || memcmp(gids, own->gid, sizeof(gids)))
		row->steps |= CREDS_IDS | CREDS_SECUREBITS;
}

static uint64_t known_caps_of(const struct own_creds *own, size_t n, const uint32_t *words)
{
	uint64_t set = n == _LINUX_CAPABILITY_U32S_3 ? (uint64_t)words[1] << 32 | words[0] : 0;
	char names[512];

	if (set & ~own->known)
		warn("this kernel does not know %s: left out",
		     capability_names(set & ~own->known, names, sizeof(names)));
	return set & own->known;
}

static void fill_caps(const CredsEntry *c, const struct own_creds *own, struct creds_arm *row)
{
	row->caps.inh = known_caps_of(own, c->n_cap_inh, c->cap_inh);
	row->caps.prm = known_caps_of(own, c->n_cap_prm, c->cap_prm);
	row->caps.eff = known_caps_of(own, c->n_cap_eff, c->cap_eff);
	row->ambient = known_caps_of(own, c->n_cap_amb, c->cap_amb);
	row->own = own->caps.prm;
	if (row->caps.inh != own->caps.inh)
		row->steps |= CREDS_INHERITABLE | CREDS_CAPS;
	if (row->ambient != own->ambient)
		row->steps |= CREDS_AMBIENT | CREDS_CAPS;
	if (row->caps.prm != own->caps.prm || row->caps.eff != own->caps.eff || row->steps & CREDS_IDS)
		row->steps |= CREDS_CAPS;
}

static bool has_groups(const CredsEntry *c, const struct own_creds *own)
{
	return c->n_groups == (size_t)own->n_groups &&
	       (!c->n_groups || !memcmp(c->groups, own->groups, c->n_groups * sizeof(*c->groups)));
}

/*
 * A thread may have dropped its privileges after it had installed seccomp filters that need them. Filters are
 * installed last, so such a thread keeps the capability until then.
 */
static bool needs_admin_for_filters(const struct thread *th, const struct creds_arm *row, const struct own_creds *own)
{
	const ThreadCoreEntry *core = th->core->thread_core;
	const TaskCoreEntry *tc = leader(th->task)->core->tc;
	const uint64_t admin = 1ULL << CAP_SYS_ADMIN;
	bool has_filters = core->seccomp_mode == SECCOMP_MODE__filter ||
			   tc->old_seccomp_mode == SECCOMP_MODE__filter;

	return has_filters && !creds_of(th)->no_new_privs && !(row->caps.eff & admin) && own->caps.prm & admin;
}

static int add_rows(struct restore *r, const struct thread *th, const struct own_creds *own)
{
	const CredsEntry *c = creds_of(th);
	struct creds_arm row = { .securebits = c->secbits };
	uint64_t bounding;
	int err;

	fill_ids(c, own, &row);
	fill_caps(c, own, &row);
	bounding = known_caps_of(own, c->n_cap_bnd, c->cap_bnd);
	row.drop = own->bounding & ~bounding;
	err = check_caps(own, &row, bounding);
	if (err)
		return err;
	if (c->secbits != own->securebits)
		row.steps |= CREDS_SECUREBITS;
	if (c->no_new_privs)
		row.steps |= CREDS_NO_NEW_PRIVS;
	if (!has_groups(c, own)) {
		row.steps |= c->n_groups ? 0 : CREDS_NO_GROUPS;
		for (size_t i = 0; i < c->n_groups; i++)
			late_add(r, LATE_creds_groups, th, &c->groups[i], sizeof(c->groups[i]));
	}
	if (needs_admin_for_filters(th, &row, own)) {
		struct creds_final_arm final = { .caps = row.caps };

		late_add(r, LATE_creds_final, th, &final, sizeof(final));
		row.caps.prm |= 1ULL << CAP_SYS_ADMIN;
		row.caps.eff |= 1ULL << CAP_SYS_ADMIN;
	}
	if (row.steps || row.drop)
		late_add(r, LATE_creds, th, &row, sizeof(row));
	return 0;
}

static int creds_note(struct restore *r)
{
	r->noted.creds = arena_new(&r->m.arena, struct own_creds);
	return read_own(&r->m.arena, r->noted.creds);
}

static int creds_make(struct restore *r, const struct task *t)
{
	struct own_creds own = *r->noted.creds;
	int err = inherits_from_tool(r) ? 0 : read_own(&r->m.arena, &own);

	for (size_t i = 0; i < t->n_threads && !err; i++) {
		IN_SCOPE("thread", t->threads[i].pid);
		err = add_rows(r, &t->threads[i], &own);
	}
	return err;
}

const struct task_kind creds_kind = {
	.name = "creds",
	.scan_thread = creds_scan_thread,
	.check = creds_check,
	.note = creds_note,
	.make = creds_make,
};
