/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* rpc/setup.h: what a request works with: options, directories, log */
#include <stdbool.h>
#include "base/compiler.h"
#include "rpc.pb-c.h"
#include "rpc/opts.h"

struct dirs;
struct options;
struct session;

/*
 * The session's base, then the request's fields, then its config_file. Reports; every failure is one of the request's
 * (EBADRQC).
 */
int setup_options(struct session *s, const CriuOpts *opts, enum opts_for command, struct options *ret) must_check;
/* That, and the directories opened and the log begun. */
int setup_run(struct session *s, const CriuOpts *opts, enum opts_for command, struct options *ret_opt,
	      struct dirs *ret_dirs) must_check;
