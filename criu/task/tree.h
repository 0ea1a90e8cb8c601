/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/tree.h: stopping a tree, letting it go */
#include <sys/types.h>
#include "base/compiler.h"

struct dump;

/* Seizes and stops every thread below opt->tree until no new one appears; the model has all tasks then. */
int tree_freeze(struct dump *d) must_check;
/* Everybody runs on as before; accepts a half-stopped tree. */
void tree_thaw(struct dump *d);
/* After a successful dump: SIGKILL to all, and nobody runs a single instruction more. */
int tree_kill(struct dump *d) must_check;
/* After a successful dump: let go, but in a job control stop. */
void tree_leave_stopped(struct dump *d);
