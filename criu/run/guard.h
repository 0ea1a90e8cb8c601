/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/guard.h: two processes that clean up after each other */
#include <sys/types.h>
#include "base/compiler.h"

struct journal;

/*
 * The visible process (front) waits while a child (the guardian) runs work(arg), which owns ptrace. Signals to the
 * front are passed on; when the front dies, in any manner, the guardian is told to cancel; when the guardian dies, the
 * front takes back what is in the journal. Returns what work() returned as exit status, 1 if the guardian died.
 */
int guard_run(struct journal *j, int (*work)(void *arg), void *arg);

/*
 * The other way round, for a restore, whose tasks must be children of the visible process: a watcher waits for the
 * caller's death and then takes back what is in the journal. Returns the watcher's pid or a negative errno.
 */
pid_t guard_watch(struct journal *j) must_check;
void guard_unwatch(pid_t watcher);
