/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ns/pid_max.h: the highest number that a pid namespace gives: since Linux 6.14 its own */
#include <stdint.h>
#include "base/compiler.h"

struct pid_max {
	uint32_t value;
	uint64_t file;			/* inode of the setting: where namespaces have one each, these differ */
};

/* As the calling process sees it. Reports. */
int pid_max_read(struct pid_max *ret) must_check;
/* While dumping: of the namespace behind fd; 0: it has none of its own, or that of a new one. */
int pid_max_scan(int fd, uint32_t *ret) must_check;
/* In the init of a new namespace. tool: what the tool sees. */
int pid_max_set(uint32_t wanted, const struct pid_max *tool) must_check;
