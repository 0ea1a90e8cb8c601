/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding instructions in a process: nothing of its text is written, so what it has is used. */
#include "text.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "arch.h"

#define LEN_PIECE 65536
#define LEN_MAPS  65536

/* linux/fs.h of 6.11 and later; the headers that we build with may be older. */
struct procmap_query {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};
#define PROCMAP_QUERY		   _IOWR('f', 17, struct procmap_query)
#define PROCMAP_EXECUTABLE	   0x04
#define PROCMAP_COVERING_OR_NEXT   0x10

/* arch_find_syscall() and its like: two bytes of code. */
typedef size_t (*finder)(const unsigned char *code, size_t len);

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

/* Asks for one executable mapping after the other. -ENOTTY: this kernel can only print all mappings. */
static int search_by_query(struct compel_proc *p, int maps, finder find, unsigned long *ret_addr)
{
	struct procmap_query q = {
		.size = sizeof(q), .query_flags = PROCMAP_EXECUTABLE | PROCMAP_COVERING_OR_NEXT,
	};

	*ret_addr = 0;
	for (; !*ret_addr; q.query_addr = q.vma_end) {
		if (ioctl(maps, PROCMAP_QUERY, &q) < 0)
			return errno == ENOENT ? 0 : -errno;
		*ret_addr = search(p, q.vma_start, q.vma_end, find);
	}
	return 0;
}

/* -ESRCH: there is no memory any more. */
static int search_by_lines(struct compel_proc *p, int maps, finder find, unsigned long *ret_addr)
{
	unsigned long start, end, found = 0;
	char line[512], prot[5];
	bool has_memory = false;
	int copy = fcntl(maps, F_DUPFD_CLOEXEC, 0);
	FILE *f = copy < 0 ? NULL : fdopen(copy, "r");

	if (!f)
		return -errno;
	setvbuf(f, NULL, _IOFBF, LEN_MAPS);
	while (!found && fgets(line, sizeof(line), f)) {
		has_memory = true;
		/* The vsyscall page lies in the kernel's half and is emulated: not for us. */
		if (sscanf(line, "%lx-%lx %4s", &start, &end, prot) == 3 && prot[2] == 'x' &&
		    (long)start > 0)
			found = search(p, start, end, find);
	}
	fclose(f);
	*ret_addr = found;
	return has_memory ? 0 : -ESRCH;
}

/* The first one in any executable mapping, 0 if there is none. */
static int search_all(struct compel_proc *p, finder find, unsigned long *ret_addr)
{
	char path[64];
	int maps, err;

	snprintf(path, sizeof(path), "/proc/%d/maps", p->pid);
	maps = open(path, O_RDONLY | O_CLOEXEC);
	if (maps < 0)
		return proc_fail(p, -errno, "open %s", path);
	err = search_by_query(p, maps, find, ret_addr);
	if (err && err != -ESRCH)
		err = search_by_lines(p, maps, find, ret_addr);
	close(maps);
	if (err == -ESRCH)
		return proc_fail(p, -ESRCH, "process %d: its memory is gone", p->pid);
	return err ? proc_fail(p, err, "read %s", path) : 0;
}

int find_syscall(struct compel_proc *p)
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

void find_loop(struct compel_proc *p)
{
	if (search_all(p, arch_find_loop, &p->loop))
		p->loop = 0;
}
