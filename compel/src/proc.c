/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One process: its memory, and where in it there is a system call instruction. */
#include "proc.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>
#include "arch.h"

#define LEN_PIECE 65536

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

/* AT_SYSINFO_EHDR of the process, 0 if it has none. */
static unsigned long find_vdso(pid_t pid)
{
	unsigned long auxv[2 * 64];
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, auxv, sizeof(auxv));
	close(fd);
	for (ssize_t i = 0; i + 1 < n / (ssize_t)sizeof(long) && auxv[i] != AT_NULL; i += 2)
		if (auxv[i] == AT_SYSINFO_EHDR)
			return auxv[i + 1];
	return 0;
}

/* arch_find_syscall() and its like: two bytes of code. */
typedef size_t (*finder)(const unsigned char *code, size_t len);

/* Look for it in [start, end); 0 if there is none or it cannot be read. */
static unsigned long search(struct compel_proc *p, unsigned long start, unsigned long end, finder find)
{
	unsigned char *piece = malloc(LEN_PIECE);
	unsigned long found = 0;

	while (piece && !found && start < end) {
		size_t len = end - start < LEN_PIECE ? end - start : LEN_PIECE;
		size_t at;

		if (proc_read(p, start, piece, len))
			break;
		at = find(piece, len);
		if (at < len)
			found = start + at;
		/*
		 * The next piece begins a little earlier: an instruction may lie across the border.
		 */
		start += start + len < end ? len - 1 : len;
	}
	free(piece);
	return found;
}

/*
 * The vDSO is there even in a process without libc. A process may have unmapped or moved it, so
 * that auxv points at nothing or at something else: what is found must call itself the vDSO.
 */
static unsigned long search_vdso(struct compel_proc *p)
{
	static const char soname[] = "linux-vdso.so.1";
	unsigned long vdso = find_vdso(p->pid);
	unsigned char page[4096];
	size_t at;

	if (!vdso || proc_read(p, vdso, page, sizeof(page)) || memcmp(page, ELFMAG, SELFMAG) ||
	    !memmem(page, sizeof(page), soname, sizeof(soname)))
		return 0;
	at = arch_find_syscall(page, sizeof(page));
	if (at < sizeof(page))
		return vdso + at;
	return search(p, vdso, vdso + 2 * sizeof(page), arch_find_syscall);
}

/* The first one in any executable mapping, 0 if there is none. -ESRCH: there is no memory any more. */
static int search_all(struct compel_proc *p, finder find, unsigned long *ret_addr)
{
	unsigned long start, end, found = 0;
	char path[64], line[512], prot[5];
	bool has_memory = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", p->pid);
	f = fopen(path, "re");
	if (!f)
		return proc_fail(p, -errno, "open %s", path);
	while (!found && fgets(line, sizeof(line), f)) {
		has_memory = true;
		/* The vsyscall page lies in the kernel's half and is emulated: not for us. */
		if (sscanf(line, "%lx-%lx %4s", &start, &end, prot) == 3 && prot[2] == 'x' &&
		    (long)start > 0)
			found = search(p, start, end, find);
	}
	fclose(f);
	if (!has_memory)
		return proc_fail(p, -ESRCH, "process %d: its memory is gone", p->pid);
	*ret_addr = found;
	return 0;
}

static int find_syscall(struct compel_proc *p)
{
	int err;

	p->syscall_insn = search_vdso(p);
	if (p->syscall_insn)
		return 0;
	err = search_all(p, arch_find_syscall, &p->syscall_insn);
	if (err)
		return err;
	return p->syscall_insn ? 0 :
				 proc_fail(p, -ENOENT,
					   "process %d: no system call instruction in any mapping",
					   p->pid);
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
	/* Without one, a killed tracer loses the thread: no reason not to go on. */
	if (search_all(p, arch_find_loop, &p->loop))
		p->loop = 0;
}
