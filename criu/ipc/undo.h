/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/undo.h: what processes have to undo on semaphores at their end (SEM_UNDO) */
#include "base/compiler.h"

struct dump;
struct ipc_ns;

/* When the sets of ns are known. */
int ipc_undo_scan(struct dump *d, struct ipc_ns *ns) must_check;
