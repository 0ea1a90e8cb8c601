/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a request to options, directories and a log. */
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "cmd/cmd.h"
#include "options.h"
#include "rpc/session.h"
#include "rpc/setup.h"

/* A descriptor of the client's, by a path that is good as long as the client has it open. */
static int peer_fd_path(struct session *s, const char *what, int fd, const char **ret)
{
	if (fd < 0)
		return fail(EBADRQC, "%s: %d is no descriptor", what, fd);
	if (!s->peer)
		return fail(EBADRQC, "%s: the client is in a pid namespace that cannot be seen from here; "
			    "give images_dir and a work-dir in config_file instead", what);
	*ret = arena_printf(&s->arena, "/proc/%d/fd/%d", s->peer, fd);
	return 0;
}

static int set_dirs(struct session *s, const CriuOpts *opts, struct options *o)
{
	int err = 0;

	if (opts->images_dir_fd != -1)
		err = peer_fd_path(s, "images_dir_fd", opts->images_dir_fd, &o->images_dir);
	else if (opts->images_dir)
		o->images_dir = opts->images_dir;
	if (!err && opts->has_work_dir_fd)
		err = peer_fd_path(s, "work_dir_fd", opts->work_dir_fd, &o->work_dir);
	return err;
}

static int set_log(const CriuOpts *opts, struct options *o)
{
	o->verbosity = opts ? opts->log_level : LOG_WARN;
	if (opts && opts->log_file) {
		if (strchr(opts->log_file, '/'))
			return fail(EBADRQC, "No subdirs are allowed in log_file name: '%s'", opts->log_file);
		o->log_file = opts->log_file;
	} else if (opts && opts->has_log_to_stderr && opts->log_to_stderr) {
		o->log_file = NULL;
	} else if (!o->log_file) {
		o->log_file = "criu.log";
	}
	return 0;
}

int setup_options(struct session *s, const CriuOpts *opts, enum opts_for command, struct options *ret)
{
	int err;

	*ret = *s->base;
	err = set_log(opts, ret);
	if (!err && command == FOR_DUMP)
		ret->tree = s->peer;
	if (!err && opts)
		err = set_dirs(s, opts, ret);
	if (!err)
		err = opts_apply(s, opts, command, ret);
	if (!err && opts && opts->config_file)
		err = options_read_config(ret, opts->config_file);
	if (err)
		return err < 0 ? err : fail(EBADRQC, "%s: asks for help or version", opts->config_file);
	ret->client = &s->client;
	s->client.wants_steps = opts && opts->has_notify_scripts && opts->notify_scripts;
	s->client.wants_pts_master = opts && opts->has_orphan_pts_master && opts->orphan_pts_master;
	s->opt = ret;
	return 0;
}

/* What is wrong with a request goes into its log, too: engines show that to their users, and not the answer. */
static void note_in_log(const struct options *opt)
{
	const char *work = opt->work_dir ?: opt->images_dir;
	char run_id[RUN_ID_SIZE];

	if (work && opt->log_file && !work_dir_enter(opt, work, run_id))
		dprintf(log_fd(), "%s\n", log_first_error_line());
}

int setup_run(struct session *s, const CriuOpts *opts, enum opts_for command, struct options *ret_opt,
	      struct dirs *ret_dirs)
{
	int err = setup_options(s, opts, command, ret_opt);

	if (err) {
		note_in_log(ret_opt);
		return err;
	}
	if (!ret_opt->images_dir)
		return fail(EBADRQC, "no images directory: set images_dir_fd or images_dir");
	err = dirs_open(ret_opt, ret_dirs);
	return err ? err : check_privilege(ret_opt);
}
