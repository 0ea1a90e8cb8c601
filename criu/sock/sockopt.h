/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* sock/sockopt.h: options that sockets of all families have: socket(7) */
#include <stdbool.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "image/records.h"

/* fd is the same open file in the tool. is_plain: no field of ours. Reports what it cannot read. */
int sock_options_scan(struct arena *a, int fd, bool is_plain, SkOptsEntry *ret) must_check;
int sock_options_check(const SkOptsEntry *e) must_check;
/* On a new socket, when what was in its queues is there again. Only what differs is set. */
int sock_options_set(const SkOptsEntry *e, int fd) must_check;
/* Room for `len` bytes on their way; best effort, sock_options_set() says the last word. */
void sock_make_room(int fd, size_t len);
