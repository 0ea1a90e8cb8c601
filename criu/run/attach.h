/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/attach.h: the tool takes hold of armed tasks and lets them go as programs */
#include "base/compiler.h"

struct restore;

/* Every thread of every living task: seized and stopped, to be run on by attach_run_traced(). */
int attach_all(struct restore *r) must_check;
/* All stopped for good: registers, extended state, signal mask; the restorer's mapping is taken out. */
int attach_finish(struct restore *r) must_check;
/* The commit: everybody runs (or stays stopped). Failures are reported only. */
void attach_go(struct restore *r);
