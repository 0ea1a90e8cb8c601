/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/seccomp.h: before anything is run in a task */
#include "base/compiler.h"

struct task;

/*
 * While dumping, of a process that has just been stopped: whether calls can be made in it. Where its filters cannot be
 * suspended (that takes CAP_SYS_ADMIN, and a tool without filters) they would judge our calls, and might kill it.
 */
int seccomp_check_stopped(const struct task *t) must_check;
