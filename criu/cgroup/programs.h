/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/programs.h: BPF programs attached to a cgroup of version 2 */
struct arena;

/* Warns of what is attached to the cgroup behind fd: no image holds it. path: as messages call it. */
void cgroup_programs_tell(struct arena *a, int fd, const char *path);
