/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/script.h: --action-script at the steps of a dump or restore */
#include <sys/types.h>
#include "base/compiler.h"

struct options;

/*
 * Runs every --action-script, last given first, with CRTOOLS_SCRIPT_ACTION, CRTOOLS_IMAGE_DIR and CRTOOLS_INIT_PID in
 * its environment. Returns 0, a negative errno (reported), or the positive exit status of the first that fails.
 */
int script_run(const struct options *opt, const char *action, pid_t root_real, const char *img_path) must_check;
