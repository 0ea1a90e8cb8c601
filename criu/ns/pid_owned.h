/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ns/pid_owned.h: pid namespaces that have no init yet */
#include "base/compiler.h"

struct ns;
struct restore;

/*
 * In a task that is about to fork: a new pid namespace below its own, owned by a user namespace below its own. The next
 * child is its init.
 */
int pid_owned_begin(struct restore *r, const struct ns *user) must_check;
/* Where the next child of a process is born: a descriptor, or a negative errno (not reported). pid 0: the calling one. */
int pid_owned_open(int pid) must_check;
