/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BPF programs attached to cgroups. They are objects of whoever made the cgroup (an engine, systemd), who attaches them
 * again with the cgroup, and nothing in the tree holds them. So a dump only says what is there. What an upper cgroup lends
 * to those below is told with that cgroup.
 */
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "base/log.h"
#include "cgroup/programs.h"

static const struct {
	unsigned int type;
	const char *name;
} places[] = {
#define CGROUP_PROGRAM(type, name) { type, name },
#include "cgroup/programs.def"
#undef CGROUP_PROGRAM
};

/* 0 also where the kernel has no such place, or does not tell. */
static unsigned int count_at(int fd, unsigned int type)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = fd;
	attr.query.attach_type = type;
	return syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0 ? 0 : attr.query.prog_cnt;
}

void cgroup_programs_tell(struct arena *a, int fd, const char *path)
{
	const char *list = "";

	for (size_t i = 0; i < array_size(places); i++) {
		unsigned int n = count_at(fd, places[i].type);

		if (n)
			list = arena_printf(a, "%s%s%u %s", list, *list ? ", " : "", n, places[i].name);
	}
	if (*list)
		warn("cgroup %s: BPF programs are attached to it (%s); they are not saved: whoever makes the cgroup "
		     "again must attach them", path, list);
}
