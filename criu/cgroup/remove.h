/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/remove.h: taking back cgroups that a restore made */

/* The directory and all cgroups below it. Waits a moment for tasks in them to be gone. 0 or a negative errno. */
int cgroup_remove(const char *path);
/* For the journal; the value is not used. */
void cgroup_take_back(const char *path, const char *not_a_value);
