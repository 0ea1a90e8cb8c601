/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/dispatch.h: system calls that are handed to the program */
#include "base/compiler.h"

struct thread;

/*
 * For the tool, on a stopped thread of the restored tree that makes no system call of ours any more: switches dispatch on
 * again. Nothing to do for nearly all threads.
 */
int dispatch_resume(const struct thread *th) must_check;
