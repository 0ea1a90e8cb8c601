/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/fd_pass.h: one descriptor through a unix socket */
#include "base/compiler.h"

/* Report nothing, return a negative errno. Received descriptors are closed on exec. */
int fd_send(int sk, int fd) must_check;
int fd_receive(int sk, int *ret_fd) must_check;
