/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/lsm.h: security labels of tasks, where a security module has them */
#include <sys/types.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "inventory.pb-c.h"

enum lsm_attr { LSM_CURRENT, LSM_SOCKCREATE, LSM_EXEC, LSM_FSCREATE, LSM_KEYCREATE, LSM_ATTRS };

/* The module whose labels tasks have here; LSMTYPE__NO_LSM: none, and there is nothing to read. */
Lsmtype lsm_active(void);
const char *lsm_name(Lsmtype type);
/* The file below /proc/PID/task/TID or /proc/thread-self; NULL: this module has no such attribute. */
const char *lsm_attr_file(Lsmtype type, enum lsm_attr attr);
/* An attribute of a thread as images hold it; NULL: it is unconfined, or nothing is set. Reports nothing. */
int lsm_attr_read(Lsmtype type, enum lsm_attr attr, pid_t pid_real, pid_t tid_real, struct arena *a,
		  const char **ret) must_check;
/* Cuts the kernel's text down to what images hold: "unconfined" is NULL, AppArmor's " (enforce)" goes. */
const char *lsm_label_parse(Lsmtype type, char *text);
