/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/inside_why.h: why nothing can be run inside a process */
#include <sys/types.h>

struct arena;

/* A sentence with the remedy, or NULL: the error number is all that is known. */
char *inside_why(struct arena *a, pid_t pid, int err);
/* The same for want of room, from the text of /proc/PID/limits and /proc/PID/status. */
char *inside_no_room(struct arena *a, const char *limits_text, const char *status_text, pid_t pid);
