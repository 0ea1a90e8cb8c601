/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/idmap.h: mounts that show files with other owners than they have */
#include <stdbool.h>
#include "base/compiler.h"
#include "mnt.pb-c.h"

struct dump;
struct mnt_ns;

/* In a visit: the maps of the namespace's idmapped mounts into their records. Refuses what the kernel does not tell. */
int idmaps_scan(struct dump *d, struct mnt_ns *ns) must_check;
/* Whether the record has a map. */
bool idmap_is_set(const MntEntry *e);
/* A detached clone of an idmapped mount, without the map: it shows the true owners. A negative errno, not reported. */
int idmap_clone_without(int fd) must_check;
/* Gives a detached mount the map of the record; proc: /proc of the tool. */
int idmap_apply(const MntEntry *e, int fd, int proc) must_check;
