/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/service_fds.h: keeping the tool's descriptors away from the tree's numbers */
#include "base/compiler.h"

struct restore;

/*
 * When the images are loaded (and all that was opened for that is closed again): sets r->service_fd_min above the
 * highest descriptor number of the tree, moves the log and r->img_dir there, and occupies every free number below, so
 * that whatever the tool opens from now on lands above too (the kernel gives the lowest free number). Tasks free the low
 * range when they are born.
 */
int service_fds_reserve(struct restore *r) must_check;
/* In a task. */
int service_fds_free_low(const struct restore *r) must_check;
