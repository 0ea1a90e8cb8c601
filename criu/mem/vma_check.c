/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mm-PID.img is foreign input: every mapping and every field is looked at before anybody uses it. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include "base/log.h"
#include "mem/mm.pie.h"
#include "mem/vma_check.h"
#include "mem/vma_name.pie.h"
#include "mem/vmas.h"

/* Where 64-bit programs end on x86-64 with four levels of page tables; with five they do so too unless they ask. */
#define TASK_END 0x7ffffffff000ULL

static const struct { uint32_t bit; const char *what; } unsupported[] = {
	{ VMA_SOCKET, "a packet socket ring" },
	{ VMA_AIORING, "an asynchronous I/O ring" },
	{ VMA_SHSTK, "a shadow stack" },
};

enum {
	KNOWN_STATUS = VMA_REGULAR | VMA_STACK | VMA_VSYSCALL | VMA_VDSO | VMA_HEAP | VMA_FILE_PRIVATE | VMA_FILE_SHARED |
		       VMA_ANON_SHARED | VMA_ANON_PRIVATE | VMA_SYSVIPC | VMA_VVAR | VMA_MEMFD | VMA_GUARD,
	KNOWN_FLAGS = VMA_MAP_SHARED | VMA_MAP_PRIVATE | VMA_MAP_DROPPABLE | VMA_MAP_ANONYMOUS | VMA_MAP_GROWSDOWN |
		      VMA_MAP_LOCKED | VMA_MAP_NORESERVE,
	KNOWN_ADVICE = 1 << MADV_RANDOM | 1 << MADV_SEQUENTIAL | 1 << MADV_DONTFORK | 1 << MADV_MERGEABLE |
		       1 << MADV_HUGEPAGE | 1 << MADV_NOHUGEPAGE | 1 << MADV_DONTDUMP | 1 << MADV_WIPEONFORK,
};

/* One mapping, with what is needed to say which. */
struct checked {
	pid_t pid;
	size_t i;
	const VmaEntry *v;
	size_t at;			/* of guards: the mapping to look at next */
};
#define bad_vma(c, fmt, ...)                                                                       \
	fail(EINVAL, "mm-%d.img: mapping %zu (%" PRIx64 "-%" PRIx64 "): " fmt, (c)->pid, (c)->i, (c)->v->start,    \
	     (c)->v->end, ##__VA_ARGS__)

static int check_range(const struct checked *c)
{
	const VmaEntry *v = c->v;

	if (v->start % PAGE_SIZE || v->end % PAGE_SIZE || v->start >= v->end)
		return bad_vma(c, "is no range of pages");
	if (v->end > TASK_END && !(v->status & VMA_VSYSCALL))
		return bad_vma(c, "lies beyond the address space");
	if (v->pgoff % PAGE_SIZE || v->pgoff > INT64_MAX - (v->end - v->start))
		return bad_vma(c, "file offset %" PRIx64, v->pgoff);
	return 0;
}

static int check_kind(const struct checked *c)
{
	const VmaEntry *v = c->v;
	uint32_t kind = v->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED | VMA_ANON_PRIVATE | VMA_ANON_SHARED);
	uint32_t type = v->flags & (VMA_MAP_SHARED | VMA_MAP_PRIVATE | VMA_MAP_DROPPABLE);

	for (size_t i = 0; i < array_size(unsupported); i++)
		if (v->status & unsupported[i].bit)
			return bad_vma(c, "%s is not supported yet", unsupported[i].what);
	if (kind == VMA_ANON_SHARED && !(v->status & VMA_SYSVIPC))
		return bad_vma(c, "shared anonymous memory is not supported yet");
	if (v->flags & VMA_MAP_HUGETLB)
		return bad_vma(c, "hugetlb pages are not supported yet");
	if (v->status & ~KNOWN_STATUS)
		return bad_vma(c, "unknown status 0x%x", v->status);
	if (v->flags & ~KNOWN_FLAGS)
		return bad_vma(c, "unknown flags 0x%x", v->flags);
	if (!kind || kind & (kind - 1) || !type || type & (type - 1))
		return bad_vma(c, "status 0x%x with flags 0x%x", v->status, v->flags);
	if ((type == VMA_MAP_SHARED) != (kind == VMA_FILE_SHARED || kind == VMA_ANON_SHARED))
		return bad_vma(c, "is shared by its flags or by its status, but not by both");
	if (v->status & (VMA_VDSO | VMA_VVAR | VMA_VSYSCALL | VMA_STACK | VMA_HEAP) && kind != VMA_ANON_PRIVATE)
		return bad_vma(c, "status 0x%x", v->status);
	if (v->status & VMA_SYSVIPC && (kind != VMA_ANON_SHARED || v->shmid > INT32_MAX))
		return bad_vma(c, "segment %" PRIu64 " with status 0x%x", v->shmid, v->status);
	if (v->status & VMA_MEMFD && kind != VMA_FILE_SHARED && kind != VMA_FILE_PRIVATE)
		return bad_vma(c, "status 0x%x", v->status);
	if (kind != VMA_ANON_SHARED && (kind == VMA_ANON_PRIVATE) == (v->shmid != 0))
		return bad_vma(c, "file %" PRIu64 " with status 0x%x", v->shmid, v->status);
	return v->shmid > UINT32_MAX ? bad_vma(c, "file %" PRIu64, v->shmid) : 0;
}

static int check_attributes(const struct checked *c)
{
	const VmaEntry *v = c->v;

	if (v->prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
		return bad_vma(c, "unknown protection 0x%x", v->prot);
	if (v->madv & ~(uint64_t)KNOWN_ADVICE)
		return bad_vma(c, "unknown advice 0x%" PRIx64, v->madv);
	if (v->name && strlen(v->name) >= VMA_NAME_BYTES)
		return bad_vma(c, "its name is too long");
	if (v->pkey > 15)
		return bad_vma(c, "protection key %u", v->pkey);
	return 0;
}

/* Both lists ascend, so one walk over the mappings serves all guards. */
static bool lies_in_mapping(struct checked *c, const MmEntry *mm)
{
	const VmaEntry *v;

	while (c->at < c->i && mm->vmas[c->at]->end <= c->v->start)
		c->at++;
	v = mm->vmas[c->at];
	return !(v->status & VMA_GUARD) && v->start <= c->v->start && c->v->end <= v->end;
}

static int check_vma(struct checked *c, const MmEntry *mm, uint64_t *last_end, bool *had_guard)
{
	int err = check_range(c);

	if (err)
		return err;
	if (c->v->status & VMA_GUARD) {
		if (*had_guard && c->v->start < *last_end)
			return bad_vma(c, "is out of order");
		*had_guard = true;
		*last_end = c->v->end;
		return lies_in_mapping(c, mm) ? 0 : bad_vma(c, "a guard outside of every mapping");
	}
	if (*had_guard || c->v->start < *last_end)
		return bad_vma(c, "is out of order");
	*last_end = c->v->end;
	err = check_kind(c);
	return err ? err : check_attributes(c);
}

int mm_check(pid_t pid, const MmEntry *mm)
{
	struct checked c = { .pid = pid };
	uint64_t last_end = 0;
	bool had_guard = false;

	if (mm->n_mm_saved_auxv > MM_AUXV_MAX)
		return fail(EINVAL, "mm-%d.img: auxiliary vector of %zu words", pid, mm->n_mm_saved_auxv);
	if (mm->mm_brk < mm->mm_start_brk)
		return fail(EINVAL, "mm-%d.img: brk %" PRIx64 " lies below its start %" PRIx64, pid, mm->mm_brk,
			    mm->mm_start_brk);
	for (size_t i = 0; i < mm->n_vmas; i++) {
		int err;

		c.i = i;
		c.v = mm->vmas[i];
		/* The first guard may lie below the last mapping: guards are a list of their own. */
		if (c.v->status & VMA_GUARD && !had_guard)
			last_end = 0;
		err = check_vma(&c, mm, &last_end, &had_guard);
		if (err)
			return err;
	}
	return 0;
}
