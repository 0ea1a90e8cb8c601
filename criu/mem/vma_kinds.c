/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mapping is, told by the name that the kernel gives it; and what its VmFlags mean. */
#include <sys/mman.h>
#include "base/parse.h"
#include "mem/vmas.h"

/* The order is that of asking: special names, then files, then the rest. */
static const struct vma_kind kinds[] = {
	{ .name = "vdso", .path = "[vdso]", .status = VMA_REGULAR | VMA_VDSO | VMA_ANON_PRIVATE },
	{ .name = "vvar", .path = "[vvar]", .status = VMA_REGULAR | VMA_VVAR | VMA_ANON_PRIVATE },
	/* Since 6.13 the clock pages are a mapping of their own behind vvar. */
	{ .name = "vvar", .path = "[vvar_vclock]", .status = VMA_REGULAR | VMA_VVAR | VMA_ANON_PRIVATE },
	{ .name = "vsyscall", .path = "[vsyscall]", .status = VMA_VSYSCALL | VMA_ANON_PRIVATE },
	{ .name = "heap", .path = "[heap]", .private_only = true,
	  .status = VMA_REGULAR | VMA_HEAP | VMA_ANON_PRIVATE },
	{ .name = "stack", .path = "[stack]", .private_only = true, .status = VMA_REGULAR | VMA_ANON_PRIVATE },
	{ .name = "uprobes", .path = "[uprobes]", .refuse = "a uprobe is active in the process" },
	{ .name = "anon", .path = "", .private_only = true, .status = VMA_REGULAR | VMA_ANON_PRIVATE },
	{ .name = "anon", .prefix = "[anon:", .private_only = true, .status = VMA_REGULAR | VMA_ANON_PRIVATE },
	{ .name = "shmem", .prefix = "[anon_shmem:", .shared_only = true,
	  .status = VMA_REGULAR | VMA_FILE_SHARED | VMA_MEMFD },
	{ .name = "shmem", .path = "/dev/zero (deleted)", .shared_only = true,
	  .status = VMA_REGULAR | VMA_FILE_SHARED | VMA_MEMFD },
	{ .name = "sysv", .prefix = "/SYSV", .shared_only = true,
	  .status = VMA_REGULAR | VMA_ANON_SHARED | VMA_SYSVIPC },
	{ .name = "memfd", .prefix = "/memfd:", .shared_only = true,
	  .status = VMA_REGULAR | VMA_FILE_SHARED | VMA_MEMFD },
	{ .name = "memfd", .prefix = "/memfd:", .private_only = true,
	  .status = VMA_REGULAR | VMA_FILE_PRIVATE | VMA_MEMFD },
	{ .name = "hugetlb", .prefix = "/anon_hugepage", .refuse = "hugetlb pages" },
	{ .name = "aio", .prefix = "/[aio]", .refuse = "asynchronous I/O ring (io_setup)" },
	{ .name = "secretmem", .prefix = "/secretmem", .refuse = "memfd_secret" },
	{ .name = "uring", .prefix = "anon_inode:[io_uring]", .refuse = "io_uring ring" },
	{ .name = "perf", .prefix = "anon_inode:[perf_event]", .refuse = "perf event buffer" },
	{ .name = "anon_inode", .prefix = "anon_inode:", .refuse = "a mapping of this kind of descriptor" },
	{ .name = "packet", .prefix = "socket:[", .refuse = "packet socket ring" },
	{ .name = "file", .prefix = "/", .private_only = true, .status = VMA_REGULAR | VMA_FILE_PRIVATE },
	{ .name = "file", .prefix = "/", .shared_only = true, .status = VMA_REGULAR | VMA_FILE_SHARED },
	{ .name = "unknown", .refuse = "a kind of mapping that is not known" },
};

const struct vm_flag vm_flags[] = {
	[VM_FLAG_MAYWRITE] = { "mw" },
	[VM_FLAG_SEALED] = { "sl" },
	[VM_FLAG_LOCKED] = { "lo", .map_flag = VMA_MAP_LOCKED },
	[VM_FLAG_LOCK_ON_FAULT] = { "lf" },
	[VM_FLAG_UNNAMED] = { "??" },
	[VM_FLAG_DROPPABLE] = { "dp", .map_flag = VMA_MAP_DROPPABLE },
	[VM_FLAG_GROWSDOWN] = { "gd", .map_flag = VMA_MAP_GROWSDOWN },
	{ "nr", .map_flag = VMA_MAP_NORESERVE },
	{ "rr", .madv = MADV_RANDOM },
	{ "sr", .madv = MADV_SEQUENTIAL },
	{ "dc", .madv = MADV_DONTFORK },
	{ "mg", .madv = MADV_MERGEABLE },
	{ "hg", .madv = MADV_HUGEPAGE },
	{ "nh", .madv = MADV_NOHUGEPAGE },
	{ "dd", .madv = MADV_DONTDUMP },
	{ "wf", .madv = MADV_WIPEONFORK },
	{ "ht", .map_flag = VMA_MAP_HUGETLB, .refuse = "hugetlb pages" },
	{ "io", .refuse = "device memory (VM_IO)" },
	{ "pf", .refuse = "device memory (VM_PFNMAP)" },
	{ "mm", .refuse = "device memory (VM_MIXEDMAP)" },
	{ "sf", .refuse = "MAP_SYNC mapping of persistent memory" },
	{ "um", .refuse = "registered with a userfaultfd" },
	{ "uw", .refuse = "registered with a userfaultfd (write protection)" },
	{ "ui", .refuse = "registered with a userfaultfd (minor faults)" },
	{ "ss", .refuse = "shadow stack" },
};
const size_t n_vm_flags = array_size(vm_flags);

static bool matches(const struct vma_kind *k, const struct vma *v)
{
	if ((k->shared_only && !v->is_shared) || (k->private_only && v->is_shared))
		return false;
	if (k->path)
		return streq(v->path, k->path);
	return !k->prefix || has_prefix(v->path, k->prefix);
}

const struct vma_kind *vma_kind_of(const struct vma *v)
{
	const struct vma_kind *k = kinds;

	while (!matches(k, v))
		k++;			/* the last row matches everything */
	return k;
}

const char *vma_refusal(const struct vma *v)
{
	if (v->kind->refuse)
		return v->kind->refuse;
	/* The kernel's own pages are VM_IO and VM_PFNMAP; they are not saved but made again by the kernel. */
	if (v->status & (VMA_VVAR | VMA_VSYSCALL | VMA_VDSO))
		return NULL;
	for (size_t i = 0; i < n_vm_flags; i++)
		if (v->vm_flags >> i & 1 && vm_flags[i].refuse)
			return vm_flags[i].refuse;
	return NULL;
}

bool vma_has_pages(const struct vma *v)
{
	return v->status & (VMA_ANON_PRIVATE | VMA_FILE_PRIVATE) && !(v->status & (VMA_VVAR | VMA_VSYSCALL)) &&
	       !v->is_left_out;
}
