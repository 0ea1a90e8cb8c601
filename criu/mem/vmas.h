/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vmas.h: the mappings of a process as the kernel shows them */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/vec.h"
#include "kernel/pagemap.h"

/* vma_entry.status */
enum {
	VMA_REGULAR = 0x1, VMA_STACK = 0x2, VMA_VSYSCALL = 0x4, VMA_VDSO = 0x8, VMA_HEAP = 0x20,
	VMA_FILE_PRIVATE = 0x40, VMA_FILE_SHARED = 0x80, VMA_ANON_SHARED = 0x100, VMA_ANON_PRIVATE = 0x200,
	VMA_SYSVIPC = 0x400, VMA_SOCKET = 0x800, VMA_VVAR = 0x1000, VMA_AIORING = 0x2000, VMA_MEMFD = 0x4000,
	VMA_SHSTK = 0x8000, VMA_GUARD = 0x10000,
};

/* vma_entry.flags: those of mmap(2), by number because libc's headers lag behind. */
enum {
	VMA_MAP_SHARED = 0x1, VMA_MAP_PRIVATE = 0x2, VMA_MAP_DROPPABLE = 0x8, VMA_MAP_ANONYMOUS = 0x20,
	VMA_MAP_GROWSDOWN = 0x100, VMA_MAP_LOCKED = 0x2000, VMA_MAP_NORESERVE = 0x4000, VMA_MAP_HUGETLB = 0x40000,
};

struct vma_kind {
	const char *name;
	const char *path;		/* the whole text behind the inode number */
	const char *prefix;		/* or how it begins; both NULL: anything */
	bool shared_only, private_only;
	uint32_t status;
	const char *refuse;		/* why it cannot be saved */
};

/* VmFlags of smaps, one row of vm_flags[] each: bit n of vma.vm_flags is row n. */
struct vm_flag {
	char code[3];
	uint32_t map_flag;		/* VMA_MAP_* that makes it */
	uint32_t madv;			/* advice for madvise(2) that makes it */
	const char *refuse;
};
enum vm_flag_bit {			/* rows that the code asks for by name */
	VM_FLAG_MAYWRITE, VM_FLAG_SEALED, VM_FLAG_LOCKED,
	VM_FLAG_LOCK_ON_FAULT, VM_FLAG_UNNAMED, VM_FLAG_DROPPABLE, VM_FLAG_GROWSDOWN,
	VM_FLAG_FIRST_UNNAMED
};
extern const struct vm_flag vm_flags[];
extern const size_t n_vm_flags;

struct vma {
	uint64_t start, end, pgoff;
	uint32_t prot;			/* PROT_* */
	bool is_shared;
	uint32_t vm_flags;
	uint32_t pkey;
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	const char *path;		/* "" if the kernel says nothing */
	const char *anon_name;		/* of PR_SET_VMA_ANON_NAME, or NULL */
	const struct vma_kind *kind;
	uint32_t status;		/* the kind's, but for a vDSO that is not the kernel's */
	bool is_left_out;		/* a runtime vDSO that stands behind an older one */
	bool has_policy;
	uint32_t mpol_mode;
	uint64_t mpol_nodes;
};

struct vma_list {
	VEC(struct vma) v;		/* ascending */
	struct pages_found pages;
};

static inline bool vma_has_flag(const struct vma *v, enum vm_flag_bit bit)
{
	return v->vm_flags >> bit & 1;
}

/* Text of /proc/PID/smaps or maps, or the next piece of it: adds to the list. Cuts the text. -EINVAL: not such a text. */
int vmas_parse(char *text, struct arena *a, struct vma_list *ret) must_check;
/* Policies as /proc/PID/numa_maps tells them, into the mappings of the list; task_mode is what mappings inherit. */
int vmas_parse_numa(char *text, struct vma_list *l) must_check;
/* The row for a mapping; every mapping has one. */
const struct vma_kind *vma_kind_of(const struct vma *v);
/* Why it cannot be saved, or NULL. */
const char *vma_refusal(const struct vma *v);
/* Do its own pages go to the image? */
bool vma_has_pages(const struct vma *v);
