/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One process: opening it, and its memory. */
#include "proc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>
#include "text.h"

int proc_fail(struct compel_proc *p, int err, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(p->error, sizeof(p->error), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(p->error))
		snprintf(p->error + n, sizeof(p->error) - n, ": %s", strerror(-err));
	return err;
}

const char *compel_error(const struct compel_proc *p)
{
	return p ? p->error : "";
}

int proc_read(struct compel_proc *p, unsigned long addr, void *buf, size_t len)
{
	ssize_t n = pread(p->mem, buf, len, addr);

	if (n == (ssize_t)len)
		return 0;
	if (n < 0)
		return -errno;
	return n ? -EFAULT : -ESRCH; /* no memory at all: it has exited */
}

/*
 * For kernels that do not let /proc/PID/mem write to read-only mappings
 * (proc_mem.force_override=never).
 */
static int poke(pid_t tid, unsigned long addr, const void *buf, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(long)) {
		size_t n = len - i < sizeof(long) ? len - i : sizeof(long);
		long word = 0;

		if (n < sizeof(long)) {
			errno = 0;
			word = ptrace(PTRACE_PEEKDATA, tid, addr + i, 0);
			if (errno)
				return -errno;
		}
		memcpy(&word, (const char *)buf + i, n);
		if (ptrace(PTRACE_POKEDATA, tid, addr + i, word) < 0)
			return -errno;
	}
	return 0;
}

int proc_write(struct compel_proc *p, pid_t tid, unsigned long addr, const void *buf, size_t len)
{
	ssize_t n = pwrite(p->mem, buf, len, addr);

	return n == (ssize_t)len ? 0 : poke(tid, addr, buf, len);
}

int compel_open(pid_t pid, struct compel_proc **ret_proc)
{
	struct compel_proc *p = calloc(1, sizeof(*p));
	char path[64];

	*ret_proc = p;
	if (!p)
		return -ENOMEM;
	p->pid = pid;
	p->record = &p->own;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	p->mem = open(path, O_RDWR | O_CLOEXEC);
	if (p->mem < 0)
		return proc_fail(p, -errno, "open %s", path);
	return find_syscall(p);
}

void compel_close(struct compel_proc *p)
{
	if (!p)
		return;
	if (p->mem >= 0)
		close(p->mem);
	free(p);
}

void compel_keep_record(struct compel_proc *p, void *record)
{
	p->record = record;
	memset(record, 0, COMPEL_RECORD_SIZE);
	find_loop(p);	/* without one, a killed tracer loses the thread: no reason not to go on */
}
