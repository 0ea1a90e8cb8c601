/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Security labels of threads: AppArmor's profile, SELinux's contexts of the process and of the sockets that it makes.
 * They stand in the record of the credentials. Landlock's domains are not shown by the kernel (Linux 6.18).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/records.h"
#include "kernel/lsm.h"
#include "kernel/read.h"
#include "model/model.h"
#include "options.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/refusals.h"
#include "run/restore.h"
#include "task/kind.h"
#include "task/label.h"
#include "task/label.pie.h"
#include "task/pids.h"
#include "task/record.h"

/* --- dump ---------------------------------------------------------------------------------------------- */

/* Stacked labels, and those of policy namespaces, would need policies beside the images. */
static bool is_plain(Lsmtype lsm, const char *label)
{
	return lsm != LSMTYPE__APPARMOR || (*label != ':' && !strstr(label, "//&"));
}

/* What is set for the next exec, file or key has no field in the images. */
static int refuse_others(struct dump *d, Lsmtype lsm, const struct thread *th)
{
	for (enum lsm_attr attr = LSM_EXEC; attr < LSM_ATTRS; attr++) {
		const char *label;
		int err = lsm_attr_read(lsm, attr, leader(th->task)->pid_real, th->pid_real, &d->m.arena, &label);

		if (err)
			return fail_with(err, "read %s of thread %d", lsm_attr_file(lsm, attr), th->pid);
		if (label)
			refuse(&d->refusals, REFUSE_CRED_LABEL, "the thread has set %s to '%s'",
			       lsm_attr_file(lsm, attr), label);
	}
	return 0;
}

static int label_scan_thread(struct dump *d, struct thread *th)
{
	CredsEntry *rec = th->core->thread_core->creds;
	pid_t pid = leader(th->task)->pid_real;
	Lsmtype lsm = lsm_active();
	const char *label, *sockets;
	int err;

	if (lsm == LSMTYPE__NO_LSM)
		return 0;
	err = lsm_attr_read(lsm, LSM_CURRENT, pid, th->pid_real, &d->m.arena, &label);
	if (!err)
		err = lsm_attr_read(lsm, LSM_SOCKCREATE, pid, th->pid_real, &d->m.arena, &sockets);
	if (err)
		return fail_with(err, "read the security label of thread %d", th->pid);
	if (label && !is_plain(lsm, label))
		refuse(&d->refusals, REFUSE_CRED_LABEL, "the thread is confined by %s as '%s'", lsm_name(lsm), label);
	rec->lsm_profile = (char *)label;
	rec->lsm_sockcreate = (char *)sockets;
	return refuse_others(d, lsm, th);
}

/* --- restore ------------------------------------------------------------------------------------------- */

static bool is_same(const char *a, const char *b)
{
	return a && b ? streq(a, b) : !a && !b;
}

/* An empty text is no label. */
static const char *label_of(const struct thread *th)
{
	const char *label = creds_of(th)->lsm_profile;

	return label && *label ? label : NULL;
}

static int label_check(const struct task *t)
{
	for (size_t i = 0; i < t->n_threads; i++) {
		const CredsEntry *c = creds_of(&t->threads[i]);

		if ((c->lsm_profile && strlen(c->lsm_profile) >= LABEL_BYTES - 32) ||
		    (c->lsm_sockcreate && strlen(c->lsm_sockcreate) >= LABEL_BYTES - 32))
			return fail(EINVAL, "the security label of thread %d is longer than any", t->threads[i].pid);
	}
	return 0;
}

int label_rule_parse(const char *text, Lsmtype here, Lsmtype there, struct label_rule *ret)
{
	static const struct {
		const char *prefix;
		Lsmtype type;
	} types[] = { { "apparmor:", LSMTYPE__APPARMOR }, { "selinux:", LSMTYPE__SELINUX } };

	*ret = (struct label_rule){ .here = here, .there = there, .is_given = text };
	if (!text || streq(text, "none"))
		return 0;
	/* What every task is where there is no AppArmor: LXC asks for it in containers without a profile. */
	if (here != LSMTYPE__APPARMOR && streq(text, "apparmor:unconfined"))
		return 0;
	for (size_t i = 0; i < array_size(types); i++) {
		if (!has_prefix(text, types[i].prefix))
			continue;
		ret->given = text + strlen(types[i].prefix);
		if (!*ret->given || strlen(ret->given) >= LABEL_BYTES - 32)
			break;
		if (types[i].type != here)
			return fail(EINVAL, "--lsm-profile %s: this machine has %s, and not %s", text, lsm_name(here),
				    lsm_name(types[i].type));
		return 0;
	}
	return fail(EINVAL, "invalid argument for --lsm-profile: %s (apparmor:NAME, selinux:CONTEXT or none)", text);
}

int label_choose(const struct label_rule *rule, const char *saved, const char **ret)
{
	if (!rule->is_given && saved && rule->here != rule->there)
		return fail(EOPNOTSUPP, "it was confined by %s as '%s', and this machine has %s; --lsm-profile none "
			    "restores it without", lsm_name(rule->there), saved, lsm_name(rule->here));
	*ret = rule->is_given ? rule->given : saved;
	return 0;
}

static void fill(struct label_arm *row, const struct label_rule *rule, enum lsm_attr attr, int proc, const char *text)
{
	const char *verb = rule->here == LSMTYPE__APPARMOR ? "changeprofile " : "";

	row->proc = proc;
	snprintf(row->file, sizeof(row->file), "thread-self/%s", lsm_attr_file(rule->here, attr));
	row->len = snprintf(row->text, sizeof(row->text), "%s%s", verb, text);
}

static void add(struct restore *r, const struct thread *th, const struct label_arm *row, bool is_for_all)
{
	const struct label_all_arm all = { .row = *row };

	if (is_for_all)
		late_add(r, LATE_label_all, th, &all, sizeof(all));
	else
		late_add(r, LATE_label, th, row, sizeof(*row));
}

/* Of SELinux, all threads have one label, and get it by birth: nothing else is allowed. */
static int check_threads(const struct label_rule *rule, const struct task *t)
{
	for (size_t i = 1; i < t->n_threads; i++)
		if (!rule->is_given && !is_same(label_of(&t->threads[i]), label_of(leader(t))))
			return fail(EOPNOTSUPP, "thread %d had a label of its own, '%s': SELinux has no way to give it one",
				    t->threads[i].pid, label_of(&t->threads[i]) ?: "unconfined");
	return 0;
}

static int make_thread(struct restore *r, const struct label_rule *rule, const char *own, int proc,
		       const struct thread *th)
{
	const struct task *t = th->task;
	const char *sockets = rule->is_given ? NULL : creds_of(th)->lsm_sockcreate, *label;
	bool is_for_all = rule->here == LSMTYPE__SELINUX && t->n_threads > 1;
	struct label_arm row;
	int err = label_choose(rule, label_of(th), &label);

	if (err)
		return err;
	if (sockets && *sockets && rule->here == LSMTYPE__SELINUX) {	/* while it is still allowed */
		fill(&row, rule, LSM_SOCKCREATE, proc, sockets);
		add(r, th, &row, false);
	}
	if (!label && own && th == leader(t))
		warn("the task was not confined, and now is as '%s', like the tool", own);
	if (!label || is_same(label, own) || (is_for_all && th != leader(t)))
		return 0;
	fill(&row, rule, LSM_CURRENT, proc, label);
	add(r, th, &row, is_for_all);
	return 0;
}

int label_add_rows(struct restore *r, const struct task *t, const struct label_rule *rule, const char *own, int proc)
{
	int err = rule->here == LSMTYPE__SELINUX ? check_threads(rule, t) : 0;

	for (size_t i = 0; i < t->n_threads && !err; i++)
		err = make_thread(r, rule, own, proc, &t->threads[i]);
	return err;
}

static int label_make(struct restore *r, const struct task *t)
{
	pid_t self = pids_own_real();
	struct label_rule rule;
	const char *own;
	int proc, err = label_rule_parse(r->opt->lsm_profile, lsm_active(), r->m.inventory->lsmtype, &rule);

	if (err)
		return err;
	err = lsm_attr_read(rule.here, LSM_CURRENT, self, self, &r->m.arena, &own);
	if (err)
		return fail_with(err, "read the tool's own security label");
	/* stays open until the restorer closes what is the tool's */
	proc = rule.here == LSMTYPE__NO_LSM ? -1 : proc_open("/proc/.", O_PATH | O_DIRECTORY);
	if (proc < -1)
		return fail_with(proc, "open /proc");
	return label_add_rows(r, t, &rule, own, proc);
}

const struct task_kind label_kind = {
	.name = "label",
	.scan_thread = label_scan_thread,
	.check = label_check,
	.make = label_make,
};
