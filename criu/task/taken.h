/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/taken.h: who has a number that a task of the tree needs */
#include <stdbool.h>
#include <sys/types.h>

/*
 * Is pid the number, process group or session of processes that have ended, and of no others? So it is for a moment
 * behind a dump, until pid 1 or a subreaper has taken the children of the tree; some take seconds. Only told in the pid
 * namespace of the tool's /proc, elsewhere false.
 */
bool is_taken_by_dead(pid_t pid);
