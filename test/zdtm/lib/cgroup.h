/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zdtm/lib/cgroup.h: cgroups for test programs. All are below one that is named after the directory of the test, which
 * the runner removes in every hierarchy when the test is over, however it ends.
 *
 * `controller` says which hierarchy: one of version 1 that has it, or "" for version 2. A program whose hierarchy is not
 * mounted ends as skipped.
 */
#pragma once

#include <stdbool.h>

/* The name of that cgroup. */
const char *zt_cgroup_name(void);
/* Makes the cgroup `below` it ("" for itself) and returns its directory, for as long as the program lives. */
const char *zt_cgroup_make(const char *controller, const char *below);
/* Is the calling thread in it? */
bool zt_cgroup_is_in(const char *controller, const char *below);
/* The calling process goes back to the root of the hierarchy. */
void zt_cgroup_leave(const char *controller);
/* Writes, or ends the setup as failed. */
void zt_cgroup_write(const char *dir, const char *file, const char *text);
/* Is that what the file holds (its first line)? */
bool zt_cgroup_holds(const char *dir, const char *file, const char *text);
