/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/sysctl.h: the limits of an IPC namespace, and the ids of its next objects */
#include <stdint.h>
#include "base/compiler.h"

struct dump;
struct ipc_ns;
struct restore;

int ipc_sysctls_scan(struct dump *d, struct ipc_ns *ns) must_check;
int ipc_sysctls_load(struct restore *r, struct ipc_ns *ns) must_check;
/* While objects are made no limit is in their way: what is there may be more than what may be made now. */
void ipc_sysctls_widen(const struct ipc_ns *ns);
int ipc_sysctls_make(struct restore *r, const struct ipc_ns *ns) must_check;

/* A descriptor for ipc_next_id(); kind is "shm", "msg" or "sem". */
int ipc_next_id_open(const char *kind) must_check;
/* The next object that is made gets this id, if it is free. */
int ipc_next_id(int fd, uint32_t id) must_check;
