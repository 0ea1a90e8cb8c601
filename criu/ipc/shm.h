/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/shm.h: the contents of System V segments */
#include "base/compiler.h"

struct dump;
struct ipc_segment;
struct restore;

/* In the namespace: attaches it, says in its record if it has huge pages, and saves what is in it. */
int ipc_shm_save_contents(struct dump *d, struct ipc_segment *s) must_check;
/* Its pagemap, checked, and its pages, mapped. */
int ipc_shm_load_contents(struct restore *r, struct ipc_segment *s) must_check;
int ipc_shm_fill(const struct ipc_segment *s) must_check;
