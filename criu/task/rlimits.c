/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resource limits. Until the very end a restored task lives with the larger of its own limits and the tool's: a hard limit
 * can be raised only while it has the tool's capabilities, and low ones (RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_SIGPENDING)
 * would get in the way of the rest. Lowering them last needs no right.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/kind.h"

static const char *const names[RLIMITS] = {
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
};

static int rlimits_scan(struct dump *d, struct task *t)
{
	const struct rlimits_inside *in = &t->dump->inside->rlimits;
	TaskRlimitsEntry *e = arena_msg(&d->m.arena, TaskRlimitsEntry, task_rlimits_entry__init);
	RlimitEntry *rows = arena_array(&d->m.arena, RlimitEntry, RLIMITS);

	if (in->err)
		return fail_with(in->err, "prlimit");
	e->rlimits = arena_array(&d->m.arena, RlimitEntry *, RLIMITS);
	e->n_rlimits = RLIMITS;
	for (int i = 0; i < RLIMITS; i++) {
		rlimit_entry__init(&rows[i]);
		rows[i].cur = in->of[i].cur;
		rows[i].max = in->of[i].max;
		e->rlimits[i] = &rows[i];
	}
	leader(t)->core->tc->rlimits = e;
	return 0;
}

static int rlimits_check(const struct task *t)
{
	const TaskRlimitsEntry *e = leader(t)->core->tc->rlimits;

	if (!e)
		return 0;
	if (e->n_rlimits > RLIMITS)
		return fail(EINVAL, "%zu resource limits; there are %d", e->n_rlimits, RLIMITS);
	for (size_t i = 0; i < e->n_rlimits; i++)
		if (e->rlimits[i]->cur > e->rlimits[i]->max)
			return fail(EINVAL, "%s: %" PRIu64 " is above its hard limit %" PRIu64, names[i],
				    e->rlimits[i]->cur, e->rlimits[i]->max);
	return 0;
}

static const char *limit_text(char *buf, size_t size, uint64_t value)
{
	if (value == RLIM_INFINITY)
		return "unlimited";
	snprintf(buf, size, "%" PRIu64, value);
	return buf;
}

static int report(int resource, const struct rlimit *own, uint64_t wanted)
{
	char own_text[24], wanted_text[24];

	return fail(EPERM,
		    "%s: the hard limit %s of the task is above the tool's own, %s; "
		    "raise that (ulimit -H, or run the tool with CAP_SYS_RESOURCE)",
		    names[resource], limit_text(wanted_text, sizeof(wanted_text), wanted),
		    limit_text(own_text, sizeof(own_text), own->rlim_max));
}

static int raise_limit(int resource, const struct rlimit *own, const RlimitEntry *e)
{
	struct rlimit wide = { max(own->rlim_cur, (rlim_t)e->cur), max(own->rlim_max, (rlim_t)e->max) };

	if (wide.rlim_cur == own->rlim_cur && wide.rlim_max == own->rlim_max)
		return 0;
	if (setrlimit(resource, &wide) == 0)
		return 0;
	return errno == EPERM ? report(resource, own, e->max) : fail_errno("setrlimit %s", names[resource]);
}

static int read_own(struct rlimit ret[RLIMITS])
{
	for (int i = 0; i < RLIMITS; i++)
		if (getrlimit(i, &ret[i]) < 0)
			return fail_errno("getrlimit %s", names[i]);
	return 0;
}

static int rlimits_note(struct restore *r)
{
	r->noted.rlimits = arena_array(&r->m.arena, struct rlimit, RLIMITS);
	return read_own(r->noted.rlimits);
}

static int rlimits_make(struct restore *r, const struct task *t)
{
	const TaskRlimitsEntry *all = leader(t)->core->tc->rlimits;
	struct rlimit own[RLIMITS];
	int err = 0;

	if (inherits_from_tool(r))
		memcpy(own, r->noted.rlimits, sizeof(own));
	else
		err = read_own(own);
	for (size_t i = 0; all && i < all->n_rlimits && !err; i++) {
		const RlimitEntry *e = all->rlimits[i];
		struct rlimits_arm row = { .val = { e->cur, e->max }, .resource = i };

		if (own[i].rlim_cur == e->cur && own[i].rlim_max == e->max)
			continue;
		err = raise_limit(i, &own[i], e);
		if (!err)
			late_add(r, LATE_rlimits, leader(t), &row, sizeof(row));
	}
	return err;
}

const struct task_kind rlimits_kind = {
	.name = "rlimits",
	.scan = rlimits_scan,
	.check = rlimits_check,
	.note = rlimits_note,
	.make = rlimits_make,
};
