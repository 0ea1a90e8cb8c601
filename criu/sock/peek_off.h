/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* sock/peek_off.h: SO_PEEK_OFF of a target's socket, moved while its queue is read */

/* "PID FD", and what it was. */
void peek_off_take_back(const char *where, const char *value);
