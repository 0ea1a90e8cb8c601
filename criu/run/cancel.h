/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/cancel.h: a run that is to end early, and not half-way */
#include <stdbool.h>

/* SIGINT, SIGTERM, SIGHUP, the time limit (SIGALRM) and the death of the other process only set a flag. */
int cancel_on_signals(void);
bool is_cancelled(void);
/* The reason in words, for an error of the caller's. */
const char *cancel_reason(void);
/* So does the end of the client that is connected to this socket. */
void cancel_on_hangup(int fd);
/* 0, or -ECANCELED with an error that says which signal it was. Asked between stages and in long loops. */
int check_cancelled(void);
/* From here on the run is committed: signals are no longer answered. */
void cancel_ignore(void);
/* The work is done: signals do to this process what they do to any. */
void cancel_reset(void);
/* Seconds until the run is cancelled; 0 stops the clock. */
void cancel_after(unsigned int seconds);
