/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mapping with code of ours in a process.
 *
 *	| code  r-x | data  rw- | stack, frame | stack, frame | ... rw- | one page  r-x |
 *	map         data        slots                                                  map + len_map
 *
 * It is made with one call, readable and executable; code is written from outside, and the first
 * thread to enter makes the middle writable by itself. No page is ever both writable and
 * executable, and none gains execution: so it works under PR_SET_MDWE as well. The last page keeps
 * the writable part from being merged with a neighbour of the target's.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "arch.h"
#include "inject.h"
#include "slot.h"

#define LEN_PAGE 4096ul

static size_t page_up(size_t n)
{
	return (n + LEN_PAGE - 1) & ~(LEN_PAGE - 1);
}

static int map(struct compel_proc *p, pid_t tid, size_t len, unsigned long *ret_addr)
{
	unsigned long args[6] = { 0,	len, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1ul, 0 };
	long ret;
	int err = inject(p, tid, SYS_mmap, args, &ret);

	if (err)
		return err;
	if (ret < 0 && ret > -4096)
		return proc_fail(p, ret, "process %d: map %zu bytes for code to run inside", p->pid,
				 len);
	*ret_addr = ret;
	return 0;
}

int compel_load(struct compel_proc *p, pid_t tid, const struct compel_blob *blob, size_t data_len,
		unsigned int n_threads)
{
	size_t len_code = page_up(blob->len), len_data = page_up(data_len);
	size_t len = len_code + len_data + n_threads * LEN_SLOT + LEN_PAGE;
	unsigned long addr = 0;
	int err;

	if (p->map)
		return proc_fail(p, -EEXIST, "process %d: code is loaded already", p->pid);
	err = arch_gates(blob->data, blob->len, &p->gates);
	if (err)
		return proc_fail(p, err, "this blob was not linked by PIE_LINK");
	p->record->len_map = len;
	err = map(p, tid, len, &addr);
	if (err)
		return err;
	p->map = addr;
	p->len_map = len;
	p->data = addr + len_code;
	p->len_data = data_len;
	p->slots = p->data + len_data;
	p->n_slots = n_threads;
	p->is_writable = false;
	err = proc_write(p, tid, addr, blob->data, blob->len);
	if (!err)
		return 0;
	proc_fail(p, err, "process %d: write code to 0x%lx", p->pid, addr);
	compel_unload(p, tid);
	return err;
}

int compel_unload(struct compel_proc *p, pid_t tid)
{
	unsigned long args[6] = { p->map, p->len_map };
	long ret;
	int err;

	if (!p->map)
		return 0;
	err = inject(p, tid, SYS_munmap, args, &ret);
	if (err)
		return err;
	if (ret)
		return proc_fail(p, ret, "process %d: unmap 0x%lx", p->pid, p->map);
	p->map = 0;
	return 0;
}

unsigned long compel_data_addr(const struct compel_proc *p)
{
	return p->map ? p->data : 0;
}

void compel_mapping(const struct compel_proc *p, unsigned long *ret_start, size_t *ret_len)
{
	*ret_start = p->map;
	*ret_len = p->map ? p->len_map : 0;
}

static bool is_inside(const struct compel_proc *p, size_t off, size_t len)
{
	return p->map && off <= p->len_data && len <= p->len_data - off;
}

int compel_data_read(struct compel_proc *p, size_t off, void *ret_buf, size_t len)
{
	int err;

	if (!is_inside(p, off, len))
		return proc_fail(p, -ERANGE, "read %zu bytes at %zu of a data area of %zu", len,
				 off, p->len_data);
	err = proc_read(p, p->data + off, ret_buf, len);
	return err ? proc_fail(p, err, "process %d: read the data area", p->pid) : 0;
}

int compel_data_write(struct compel_proc *p, size_t off, const void *buf, size_t len)
{
	int err;

	if (!is_inside(p, off, len))
		return proc_fail(p, -ERANGE, "write %zu bytes at %zu of a data area of %zu", len,
				 off, p->len_data);
	err = proc_write(p, p->pid, p->data + off, buf, len);
	return err ? proc_fail(p, err, "process %d: write the data area", p->pid) : 0;
}
