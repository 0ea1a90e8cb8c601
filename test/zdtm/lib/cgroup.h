/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zdtm/lib/cgroup.h: cgroups for test programs. */
#pragma once

#include <stdbool.h>

/* Where the hierarchy with this controller ("" for version 2) is mounted; ends as skipped if it is not. */
const char *zt_cgroup_top(const char *controller);
/* Is the calling thread in `path` of that hierarchy? */
bool zt_cgroup_is_in(const char *controller, const char *path);
/* Writes, or ends the setup as failed. */
void zt_cgroup_write(const char *dir, const char *file, const char *text);
/* Is that what the file holds (its first line)? */
bool zt_cgroup_holds(const char *dir, const char *file, const char *text);
