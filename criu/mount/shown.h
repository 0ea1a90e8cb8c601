/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/shown.h: whose processes, devices, queues a file system shows */
#include "base/compiler.h"

struct dump;
struct mnt_ns;

/* In a mount namespace: of each proc that is made, the pid namespace. Refuses what nobody can tell. */
int shown_pids(struct dump *d, struct mnt_ns *ns) must_check;
/* At home: of each sysfs the network namespace, of each mqueue the ipc namespace. */
int shown_scan(struct dump *d) must_check;
