/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In the tool, before tasks are forked: the plan, and what the caller has handed over. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/log.h"
#include "base/parse.h"
#include "file/files.h"
#include "file/inherit.h"
#include "file/kinds.h"
#include "file/places.h"
#include "file/plan.h"
#include "file/relay.h"
#include "options.h"
#include "run/restore.h"

/* What is before the bracket; "pipe:" is how the links of /proc write it. */
static const char *const external_types[] = {
	"dev[", "file[", "macvlan[", "mnt[", "net[", "netdev[", "pid[", "pipe:[", "pipe[", "tty[", "unix[", "veth[",
};

static int check_external(const struct options *opt)
{
	for (unsigned int i = 0; i < opt->external.n; i++) {
		const char *s = opt->external.v[i];
		/* lxc-checkpoint names the label twice, the second time in place of a device that its container lacks. */
		bool is_known = opt->lsm_profile && streq(s, opt->lsm_profile);

		for (size_t k = 0; k < array_size(external_types) && !is_known; k++)
			is_known = has_prefix(s, external_types[k]) && strchr(s, ']');
		if (!is_known)
			return fail(EINVAL, "invalid argument for --external: %s (TYPE[ID]:VALUE; types: dev file macvlan "
				    "mnt net netdev pid pipe tty unix veth)", s);
	}
	return 0;
}

static int check_veth_pairs(const struct options *opt)
{
	for (unsigned int i = 0; i < opt->veth_pair.n; i++) {
		const char *s = opt->veth_pair.v[i], *out = strchr(s, '=');

		if (!out || out == s || !out[1])
			return fail(EINVAL, "invalid argument for --veth-pair: %s (IN=OUT)", s);
	}
	return 0;
}

static int check_validation(const struct options *opt)
{
	const char *s = opt->file_validation;

	if (!s || streq(s, "filesize") || streq(s, "buildid"))
		return 0;
	return fail(EINVAL, "invalid argument for --file-validation: %s (filesize or buildid)", s);
}

int files_check_options(const struct options *opt)
{
	return check_external(opt) ?: check_veth_pairs(opt) ?: check_validation(opt);
}

int inherit_parse(const char *text, int *ret_fd, const char **ret_key)
{
	struct cursor c = { .p = text };
	int64_t fd;

	if (!has_prefix(text, "fd["))
		return -EINVAL;
	c.p += 3;
	fd = take_i64(&c, 10);
	take_char(&c, ']');
	take_char(&c, ':');
	if (c.bad || fd < 0 || fd > INT32_MAX || !*c.p)
		return -EINVAL;
	*ret_fd = fd;
	*ret_key = c.p;
	return 0;
}

int inherited_find(const struct restore *r, const char *key)
{
	for (size_t i = 0; i < r->files->inherited.n; i++)
		if (streq(r->files->inherited.v[i].key, key))
			return r->files->inherited.v[i].fd;
	return -1;
}

/* Copies: one descriptor may be given for several keys. */
static int take_inherited(struct restore *r, const char *text)
{
	struct inherited in;
	int fd;

	if (has_prefix(text, "debug["))
		return 0;
	if (inherit_parse(text, &fd, &in.key))
		return fail(EINVAL, "--inherit-fd %s is not of the form fd[NUMBER]:KEY", text);
	in.fd = fcntl(fd, F_DUPFD_CLOEXEC, r->service_fd_min);
	if (in.fd < 0)
		return fail_errno("--inherit-fd %s: descriptor %d", text, fd);
	vec_push(&r->m.arena, &r->files->inherited, in);
	return 0;
}

static int take_terminal(struct restore *r)
{
	r->files->terminal = -1;
	for (int fd = 0; fd <= 2 && r->files->terminal < 0; fd++)
		if (isatty(fd)) {
			r->files->terminal = fcntl(fd, F_DUPFD_CLOEXEC, r->service_fd_min);
			if (r->files->terminal < 0)
				return fail_errno("move the terminal above %d", r->service_fd_min);
		}
	return 0;
}

int files_prepare(struct restore *r)
{
	int err = 0;

	r->files = arena_new(&r->m.arena, struct files_restore);
	r->files->plan = files_plan(&r->m);
	for (unsigned int i = 0; i < r->opt->inherit_fd.n && !err; i++)
		err = take_inherited(r, r->opt->inherit_fd.v[i]);
	if (!err)
		err = take_terminal(r);
	/* Names are lent to files here, which a dry run must not do. */
	for (size_t i = 0; i < n_file_kinds && !err && !r->opt->dry_run; i++)
		if (file_kinds[i]->prepare)
			err = file_kinds[i]->prepare(r);
	return err;
}

int files_foresee(struct restore *r)
{
	int err = 0;

	/* All that is missing at once: the first failure is no reason to stop. */
	for (size_t i = 0; i < r->m.files.n; i++) {
		const struct file *f = &r->m.files.v[i];
		IN_SCOPE("file", f->entry->id);
		int failed = f->kind->foresee ? f->kind->foresee(r, f->rec) : 0;

		err = err ?: failed;
	}
	return err;
}

int files_prepare_inside(struct restore *r)
{
	int err = relay_begin(r);

	for (size_t i = 0; i < n_file_kinds && !err; i++)
		if (file_kinds[i]->prepare_inside)
			err = file_kinds[i]->prepare_inside(r);
	return err;
}

int files_lead(struct restore *r, const struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < n_file_kinds && !err; i++)
		if (file_kinds[i]->lead)
			err = file_kinds[i]->lead(r, t);
	return err;
}

int files_hand_over(struct restore *r, pid_t root_real)
{
	int err = 0;

	for (size_t i = 0; i < n_file_kinds && !err; i++)
		if (file_kinds[i]->hand_over)
			err = file_kinds[i]->hand_over(r, root_real);
	return err;
}

void files_restore_release(struct restore *r)
{
	if (!r->files)
		return;
	for (size_t i = 0; i < n_file_kinds; i++)
		if (file_kinds[i]->release)
			file_kinds[i]->release(r);
}

void files_restore_commit(struct restore *r)
{
	r->files->is_committed = true;
}
