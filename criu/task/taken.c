/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that are about to be free. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/own.h"
#include "base/parse.h"
#include "kernel/proc_stat.h"
#include "kernel/read.h"
#include "task/taken.h"

static bool is_here(void)
{
	char self[16] = "";

	return proc_readlink("/proc/self", self, sizeof(self) - 1) > 0 && atoi(self) == getpid();
}

bool is_taken_by_dead(pid_t pid)
{
	int fd = is_here() ? proc_open("/proc/", O_RDONLY | O_DIRECTORY) : -1;
	auto_dir DIR *proc = fd < 0 ? NULL : fdopendir(fd);
	bool is_taken = false;
	struct dirent *e;

	while (proc && (e = readdir(proc))) {
		struct proc_stat st;
		int32_t other;

		if (parse_i32(e->d_name, 10, &other) || proc_stat_read(other, 0, &st))
			continue;
		if (other != pid && st.pgrp != pid && st.session != pid)
			continue;
		if (st.state != 'Z' && st.state != 'X')
			return false;
		is_taken = true;
	}
	return is_taken;
}
