/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/lsm.h: security labels of tasks, where a security module has them */
#include <sys/types.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "inventory.pb-c.h"

/* The module whose labels tasks have here; LSMTYPE__NO_LSM: none, and there is nothing to read. */
Lsmtype lsm_active(void);
/*
 * The label of a thread; NULL: it is unconfined. Reports nothing.
 */
int lsm_label_read(Lsmtype type, pid_t pid_real, pid_t tid_real, struct arena *a, const char **ret) must_check;
/* Cuts the kernel's text down to what images hold: "unconfined" is NULL, AppArmor's " (enforce)" goes. */
const char *lsm_label_parse(Lsmtype type, char *text);
