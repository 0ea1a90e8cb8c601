/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* sleep.h: sleep until a tracee has something to report */

#include <stdbool.h>
#include <sys/types.h>

/* The calling OS thread has asked for it (compel_wait_asleep). */
bool can_sleep(void);
/* Like poll_tracee; -EAGAIN after a few milliseconds, when it is time to look around. */
int sleep_for(pid_t tid, int *ret_status);
/* Until any task that the calling OS thread traces has something to report, which stays: its id, or -EAGAIN. */
pid_t sleep_for_any(void);
