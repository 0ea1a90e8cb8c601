/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/jobstop.h: tasks that a signal has stopped */
#include "base/compiler.h"

struct model;

/*
 * For the tool, which has attached to all threads and holds them in the restorer with all signals blocked: brings the
 * tasks that were stopped into the same stop, unseen by their parents as far as these had seen it.
 */
int jobstop_resume(const struct model *m) must_check;

/* For the tool that has sent SIGSTOP to all tasks and let them go: comes back when they have stopped, or cannot. */
void jobstop_await(const struct model *m);
