/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/script.h: --action-script at the steps of a dump or restore */
#include <stdbool.h>
#include <sys/types.h>
#include "base/compiler.h"

struct options;

/*
 * Whoever asked for the run through the service and wants to be told of its steps; before scripts, which follow only
 * when it agrees. options.client is NULL for a run from the command line.
 */
struct client {
	/* 0, or a negative errno, reported: the client refused or went away. fd: -1, or a descriptor to hand over. */
	int (*notify)(const struct client *c, const char *action, pid_t root_real, int fd);
	bool wants_steps, wants_pts_master;
	int sock;			/* the connection, should the client be in the tree itself */
};

/*
 * Tells the client, then runs every --action-script, last given first, with CRTOOLS_SCRIPT_ACTION, CRTOOLS_IMAGE_DIR
 * and CRTOOLS_INIT_PID in its environment. Returns 0, a negative errno (reported), or the positive exit status of the
 * first that fails.
 */
int script_run(const struct options *opt, const char *action, pid_t root_real, const char *img_path) must_check;
/* Told to the client only, never to scripts. "query-ext-files": its answer may add to opt->external. */
int script_ask_client(const struct options *opt, const char *action) must_check;
/*
 * "orphan-pts-master": gives the client the master of a terminal whose slave has no other. Reported, -ENOTCONN: there is
 * no client that wants it.
 */
int script_give_fd(const struct options *opt, const char *action, int fd) must_check;
