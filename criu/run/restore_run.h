/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/restore_run.h: a whole restore */
#include <sys/types.h>
#include "base/compiler.h"

struct restore;

/* opt, journal, img_dir and img_path are set by the caller. */
int restore_run(struct restore *r) must_check;
/* The root's real pid, once restored. */
pid_t restore_root(const struct restore *r);
