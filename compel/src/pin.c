/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Choosing the CPU to trace from. */
#include "pin.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "proc.h"

#define FIELD_STATE	3
#define FIELD_PROCESSOR 39 /* of /proc/TID/stat */

static int last_cpu(pid_t tid)
{
	char path[64], text[1024];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	at = strrchr(text, ')');
	for (int i = FIELD_STATE; at && i <= FIELD_PROCESSOR; i++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at) : -1;
}

void pin_to(struct compel_proc *p, pid_t tid, struct pin *ret_pin)
{
	cpu_set_t one;
	int cpu;

	/* Woken from there, it has stayed there. */
	if (p->pinned_tid != tid)
		p->pinned_cpu = last_cpu(tid);
	p->pinned_tid = tid;
	cpu = p->pinned_cpu;

	ret_pin->is_pinned = false;
	if (cpu < 0 || cpu >= CPU_SETSIZE ||
	    sched_getaffinity(0, sizeof(ret_pin->before), &ret_pin->before) < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	/* A CPU that we were not allowed on before is not asked for now. */
	if (!CPU_ISSET(cpu, &ret_pin->before) || CPU_EQUAL(&one, &ret_pin->before))
		return;
	ret_pin->is_pinned = sched_setaffinity(0, sizeof(one), &one) == 0;
}

void unpin(const struct pin *pin)
{
	if (pin->is_pinned)
		sched_setaffinity(0, sizeof(pin->before), &pin->before);
}
