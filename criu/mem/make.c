/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In a task, with libc for the last time: its memory as rows for the restorer, in the order the kernel wants them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/files.h"
#include "ipc/attached.h"
#include "image/dir.h"
#include "kernel/read.h"
#include "mem/fill_plan.h"
#include "mem/hole.h"
#include "mem/mem.h"
#include "mem/premap.h"
#include "mem/runs.h"
#include "mem/vdso_plan.h"
#include "pie/kinds.h"
#include "pie/late.h"
#include "run/restore.h"
#include "run/shared.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1		/* 5.11 */
#endif
enum { GUARD_INSTALL = 102 };		/* MADV_GUARD_INSTALL, 6.13 */

/* A descriptor that rows refer to; the restorer closes all of them. */
struct open_file {
	uint64_t id;
	int access;			/* O_RDONLY or O_RDWR */
	int fd;
};

struct maker {
	struct restore *r;
	const struct task *t;
	const struct premap *premap;
	const bool *is_premapped;	/* by mapping */
	const struct fill_how *how;	/* by mapping */
	bool has_uffd;
	struct vdso_plan vdso;
	uint64_t *attached;		/* by mapping: where its System V segment is attached for now; 0: it has none */
	VEC(struct open_file) files, pages_files;
	struct vma_arm mapping;		/* the last ones, not added yet: what touches them makes them longer */
	struct fill_arm fill;
};

#define ADD(mk, id, row) late_add((mk)->r, LATE_##id, leader((mk)->t), &(row), sizeof(row))

/* --- what is unmapped ---------------------------------------------------------------------------------------- */
static int by_start(const void *a, const void *b)
{
	const struct page_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void add_unmaps(struct maker *mk)
{
	const uint64_t top = 0x7ffffffff000;	/* no mapping was made above: nobody asked for one */
	const MmEntry *mm = mk->t->mm;
	size_t n = 0, room = 1 + mk->vdso.n_kept + mk->premap->areas.n + mm->n_vmas;
	struct page_range *keep = arena_array(&mk->r->m.arena, struct page_range, room);
	uint64_t done = 0;

	keep[n++] = (struct page_range){ mk->r->place.addr, mk->r->place.addr + mk->r->place.size };
	for (unsigned int i = 0; i < mk->vdso.n_kept; i++)
		keep[n++] = (struct page_range){ mk->vdso.kept[i]->start, mk->vdso.kept[i]->end };
	for (size_t i = 0; i < mk->premap->areas.n; i++) {
		const struct premap_area *ar = &mk->premap->areas.v[i];

		keep[n++] = (struct page_range){ ar->at, ar->at + (ar->end - ar->start) };
	}
	for (size_t i = 0; i < mm->n_vmas; i++)
		if (mk->attached[i])
			keep[n++] = (struct page_range){
				mk->attached[i], mk->attached[i] + (mm->vmas[i]->end - mm->vmas[i]->start),
			};
	qsort(keep, n, sizeof(*keep), by_start);
	for (size_t i = 0; i <= n; i++) {
		struct unmap_arm row = { done, (i < n ? keep[i].start : top) - done };

		if (row.len)
			ADD(mk, unmap, row);
		if (i < n)
			done = keep[i].end;
	}
}

/* --- descriptors --------------------------------------------------------------------------------------------- */
static int move_up(const struct maker *mk, int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, mk->r->service_fd_min);

	close(fd);
	return up < 0 ? fail_errno("no descriptor above %d is free", mk->r->service_fd_min) : up;
}

/* The record of a file may carry the flags of another mapping of it. */
static int reopen_as(const struct maker *mk, int fd, int access)
{
	int has = fcntl(fd, F_GETFL), again;
	char path[40];

	if (has < 0)
		return fail_errno("ask for the flags of descriptor %d", fd);
	/* No more than asked for: a shared mapping of a writable descriptor could be made writable later. */
	if (!(has & O_PATH) && (has & O_ACCMODE) == access)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = proc_open(path, access);
	if (again < 0) {
		close(fd);
		return fail_with(again, "open a mapped file for %s", access == O_RDWR ? "writing" : "reading");
	}
	close(fd);
	return move_up(mk, again);
}

static int open_mapped(struct maker *mk, const VmaEntry *v, int *ret_fd)
{
	bool is_shared = v->flags & VMA_MAP_SHARED;
	struct open_file f = { .id = v->shmid };
	int err;

	if (v->has_fdflags)
		f.access = (v->fdflags & O_ACCMODE) == O_RDONLY || !is_shared ? O_RDONLY : O_RDWR;
	else
		f.access = is_shared && v->prot & PROT_WRITE ? O_RDWR : O_RDONLY;
	for (size_t i = mk->files.n; i--;)
		if (mk->files.v[i].id == f.id && mk->files.v[i].access == f.access) {
			*ret_fd = mk->files.v[i].fd;
			return 0;
		}
	err = files_open(mk->r, f.id, &f.fd);
	if (err)
		return err;
	f.fd = reopen_as(mk, f.fd, f.access);
	if (f.fd < 0)
		return f.fd;
	vec_push(&mk->r->m.arena, &mk->files, f);
	*ret_fd = f.fd;
	return 0;
}

static int open_pages(struct maker *mk, uint32_t id, int *ret_fd)
{
	struct open_file f = { .id = id };
	char name[64];

	for (size_t i = mk->pages_files.n; i--;)
		if (mk->pages_files.v[i].id == id) {
			*ret_fd = mk->pages_files.v[i].fd;
			return 0;
		}
	if (image_name(IMG_PAGES, id, name, sizeof(name)) < 0)
		return fail(EINVAL, "pages file %u has no name", id);
	f.fd = openat(mk->r->img_dir, name, O_RDONLY | O_CLOEXEC);
	if (f.fd < 0)
		return fail_errno("cannot open %s", name);
	f.fd = move_up(mk, f.fd);
	if (f.fd < 0)
		return f.fd;
	vec_push(&mk->r->m.arena, &mk->pages_files, f);
	*ret_fd = f.fd;
	return 0;
}

/* --- mappings ------------------------------------------------------------------------------------------------ */
static bool is_made_here(const struct maker *mk, const VmaEntry *v)
{
	if (v->status & (VMA_VSYSCALL | VMA_GUARD))
		return false;		/* the kernel's; or no mapping */
	return !(v->status & (VMA_VDSO | VMA_VVAR)) || !mk->vdso.is_same;
}

static bool is_filled_here(const struct maker *mk, size_t i)
{
	return mk->how[i].n_pages && !mk->is_premapped[i] && !(mk->has_uffd && mk->how[i].is_outside);
}

/* Protection that the mapping is made with; the final one comes when it is filled. */
static uint32_t made_prot(const struct maker *mk, size_t i)
{
	bool is_open = is_filled_here(mk, i) || (mk->has_uffd && mk->how[i].is_joined);

	if (mk->attached[i])
		return UINT32_MAX;	/* as its access allows */
	return mk->t->mm->vmas[i]->prot | (is_open ? PROT_READ | PROT_WRITE : 0);
}

static void flush_mapping(struct maker *mk)
{
	if (mk->mapping.len)
		ADD(mk, vma, mk->mapping);
	mk->mapping = (struct vma_arm){ 0 };
}

/* The kernel would make one of the two at once. What tells them apart (protection, advice, names) is set later. */
static bool is_continued_by(const struct vma_arm *a, const struct vma_arm *b)
{
	const uint32_t wanted = MAP_PRIVATE | MAP_ANONYMOUS;

	return a->len && a->start + a->len == b->start && a->flags == b->flags && a->prot == b->prot && !a->from &&
	       !b->from && (a->flags & wanted) == wanted && !(a->flags & MAP_GROWSDOWN);
}

static void add_mapping(struct maker *mk, const struct vma_arm *whole, uint64_t start, uint64_t end, uint64_t from)
{
	struct vma_arm row = *whole;

	if (start >= end)
		return;
	row.start = start;
	row.len = end - start;
	row.from = from;
	if (row.fd >= 0)
		row.off += start - whole->start;
	if (is_continued_by(&mk->mapping, &row)) {
		mk->mapping.len += row.len;
		return;
	}
	flush_mapping(mk);
	mk->mapping = row;
}

static int add_vma(struct maker *mk, size_t i, size_t *area)
{
	const uint32_t mmap_flags = VMA_MAP_SHARED | VMA_MAP_PRIVATE | VMA_MAP_DROPPABLE | VMA_MAP_ANONYMOUS |
				    VMA_MAP_GROWSDOWN | VMA_MAP_NORESERVE;
	const VmaEntry *v = mk->t->mm->vmas[i];
	const struct premap *p = mk->premap;
	struct vma_arm whole = {
		.start = v->start, .off = v->pgoff, .prot = made_prot(mk, i), .fd = -1,
		.flags = (v->flags & mmap_flags) | MAP_FIXED_NOREPLACE,
	};
	uint64_t done = v->start;

	if (mk->attached[i]) {
		add_mapping(mk, &whole, v->start, v->end, mk->attached[i]);
		return 0;
	}
	if (v->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)) {
		int err = open_mapped(mk, v, &whole.fd);

		if (err)
			return err;
	} else {
		whole.flags |= MAP_ANONYMOUS;
	}
	for (; *area < p->areas.n && p->areas.v[*area].start < v->end; (*area)++) {
		const struct premap_area *ar = &p->areas.v[*area];

		add_mapping(mk, &whole, done, ar->start, 0);
		if (ar->at != ar->start)
			add_mapping(mk, &whole, ar->start, ar->end, ar->at);
		done = ar->end;
	}
	add_mapping(mk, &whole, done, v->end, 0);
	return 0;
}

static void flush_fill(struct maker *mk)
{
	if (mk->fill.len)
		ADD(mk, fill, mk->fill);
	mk->fill = (struct fill_arm){ 0 };
}

static void add_fill(struct maker *mk, const struct fill_arm *row)
{
	struct fill_arm *last = &mk->fill;

	if (last->len && last->fd == row->fd && last->addr + last->len == row->addr && last->off + last->len == row->off) {
		last->len += row->len;
		return;
	}
	flush_fill(mk);
	*last = *row;
}

static int add_fills(struct maker *mk, size_t i)
{
	const VmaEntry *v = mk->t->mm->vmas[i];
	const struct pagemap *p = &mk->t->pages;

	for (size_t k = run_find(p, v->start); k < p->runs.n && p->runs.v[k].start < v->end; k++) {
		const struct page_run *run = &p->runs.v[k];
		struct fill_arm row = { .addr = run->start, .len = run->n_pages * PAGE_SIZE, .off = run->offset };
		int err = open_pages(mk, run_owner(mk->t, run)->pages.pages_id, &row.fd);

		if (err)
			return err;
		add_fill(mk, &row);
	}
	return 0;
}

static void add_op(struct maker *mk, bool is_early, struct vma_op op)
{
	struct vma_early_arm early = { op };
	struct vma_final_arm final = { op };

	if (is_early)
		ADD(mk, vma_early, early);
	else
		ADD(mk, vma_final, final);
}

static struct vma_op op_on(const VmaEntry *v, enum vma_op_id op, uint64_t arg, uint32_t key)
{
	return (struct vma_op){ .op = op, .key = key, .start = v->start, .len = v->end - v->start, .arg = arg };
}

static void add_early(struct maker *mk, const VmaEntry *v)
{
	if (v->has_mpol_mode)
		add_op(mk, true, op_on(v, VMA_OP_BIND, v->mpol_nodes, v->mpol_mode));
	if (v->madv & 1 << MADV_HUGEPAGE)
		add_op(mk, true, op_on(v, VMA_OP_ADVISE, MADV_HUGEPAGE, 1));
	if (v->madv & 1 << MADV_NOHUGEPAGE)
		add_op(mk, true, op_on(v, VMA_OP_ADVISE, MADV_NOHUGEPAGE, 1));
}

static void add_protection(struct maker *mk, size_t i)
{
	const VmaEntry *v = mk->t->mm->vmas[i];
	uint32_t made = made_prot(mk, i);

	if (mk->is_premapped[i])
		made = UINT32_MAX;	/* parts of it may be like this, parts like that */
	if (made != v->prot || v->pkey)
		add_op(mk, false, op_on(v, VMA_OP_PROTECT, v->prot, v->pkey));
}

static void add_advice(struct maker *mk, const VmaEntry *v)
{
	uint64_t late = v->madv & ~(1ULL << MADV_HUGEPAGE | 1ULL << MADV_NOHUGEPAGE);

	if (v->flags & VMA_MAP_DROPPABLE)
		return;			/* the kernel gives such mappings their advice itself, and takes no other */
	for (int advice = 0; late >> advice; advice++)
		if (late >> advice & 1)
			add_op(mk, false, op_on(v, VMA_OP_ADVISE, advice, advice == MADV_MERGEABLE));
}

static bool has_guard(const MmEntry *mm, const VmaEntry *v)
{
	for (size_t i = mm->n_vmas; i-- && mm->vmas[i]->status & VMA_GUARD;)
		if (mm->vmas[i]->start < v->end && mm->vmas[i]->end > v->start)
			return true;
	return false;
}

static void add_name(struct maker *mk, const VmaEntry *v)
{
	struct vma_name_arm row = { .start = v->start, .len = v->end - v->start };

	if (!v->name)
		return;
	strncpy(row.name, v->name, sizeof(row.name) - 1);
	ADD(mk, vma_name, row);
}

/* Guards before locks: MADV_GUARD_INSTALL refuses locked memory. Seals last: they refuse everything. */
static void add_final_ops(struct maker *mk)
{
	const MmEntry *mm = mk->t->mm;

	if (mm->pkeys > 1) {
		struct vma_op keys = { .op = VMA_OP_PKEYS, .arg = mm->pkeys };

		add_op(mk, false, keys);
	}
	for (size_t i = 0; i < mm->n_vmas; i++) {
		if (!is_made_here(mk, mm->vmas[i]))
			continue;
		add_protection(mk, i);
		add_advice(mk, mm->vmas[i]);
		add_name(mk, mm->vmas[i]);
	}
	for (size_t i = 0; i < mm->n_vmas; i++)
		if (mm->vmas[i]->status & VMA_GUARD)
			add_op(mk, false, op_on(mm->vmas[i], VMA_OP_ADVISE, GUARD_INSTALL, 0));
	for (size_t i = 0; i < mm->n_vmas; i++)
		if (mm->vmas[i]->flags & VMA_MAP_LOCKED && is_made_here(mk, mm->vmas[i]))
			add_op(mk, false, op_on(mm->vmas[i], VMA_OP_LOCK, mm->vmas[i]->lock_on_fault ? MLOCK_ONFAULT : 0,
						has_guard(mm, mm->vmas[i])));
	for (size_t i = 0; i < mm->n_vmas; i++)
		if (mm->vmas[i]->sealed)
			add_op(mk, false, op_on(mm->vmas[i], VMA_OP_SEAL, 0, 0));
}

static int add_vmas(struct maker *mk)
{
	const MmEntry *mm = mk->t->mm;
	size_t area = 0;
	int err = 0;

	for (size_t i = 0; i < mm->n_vmas && !err; i++) {
		if (!is_made_here(mk, mm->vmas[i]))
			continue;
		err = add_vma(mk, i, &area);
		add_early(mk, mm->vmas[i]);
		if (!err && is_filled_here(mk, i))
			err = add_fills(mk, i);
	}
	flush_mapping(mk);
	flush_fill(mk);
	return err;
}

/* Before anything is planned around what this process has mapped. */
static int attach_segments(struct maker *mk)
{
	const MmEntry *mm = mk->t->mm;
	int err = 0;

	mk->attached = arena_array(&mk->r->m.arena, uint64_t, mm->n_vmas + 1);
	for (size_t i = 0; i < mm->n_vmas && !err; i++)
		if (mm->vmas[i]->status & VMA_SYSVIPC)
			err = ipc_attach(mk->r, mk->t, mm->vmas[i], &mk->attached[i]);
	return err;
}

static void add_vdso(struct maker *mk)
{
	for (unsigned int i = 0; i < mk->vdso.n_moves; i++)
		ADD(mk, vdso, mk->vdso.moves[i]);
	for (unsigned int i = 0; i < mk->vdso.n_jumps; i++)
		ADD(mk, vdso_jump, mk->vdso.jumps[i]);
}

/* --- the address space itself -------------------------------------------------------------------------------- */
/* The kernel refuses to change the executable while it is mapped, so a snapshot of this very tool keeps it. */
static int open_exe(struct maker *mk, int *ret_fd)
{
	auto_fd int own = proc_open("/proc/self/exe", O_PATH);
	struct stat theirs, ours;
	int err = files_open(mk->r, mk->t->mm->exe_file_id, ret_fd);

	if (err)
		return err;
	*ret_fd = reopen_as(mk, *ret_fd, O_RDONLY);
	if (*ret_fd < 0)
		return *ret_fd;
	if (fstat(*ret_fd, &theirs) < 0 || fstat(own, &ours) < 0)
		return fail_errno("look at the executable");
	if (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino)
		*ret_fd = -1;
	return 0;
}

static int add_mm(struct maker *mk)
{
	const MmEntry *mm = mk->t->mm;
	struct mm_arm row = {
		.start_code = mm->mm_start_code, .end_code = mm->mm_end_code,
		.start_data = mm->mm_start_data, .end_data = mm->mm_end_data,
		.start_brk = mm->mm_start_brk, .brk = mm->mm_brk, .start_stack = mm->mm_start_stack,
		.arg_start = mm->mm_arg_start, .arg_end = mm->mm_arg_end,
		.env_start = mm->mm_env_start, .env_end = mm->mm_env_end,
	};
	size_t n = mm->n_mm_saved_auxv;
	int err;

	/* The established tool stores the kernel's whole array; one pair of zeros is the end. */
	while (n > 2 && !mm->mm_saved_auxv[n - 1] && !mm->mm_saved_auxv[n - 3])
		n--;
	row.n_auxv = n;
	memcpy(row.auxv, mm->mm_saved_auxv, n * sizeof(row.auxv[0]));
	err = open_exe(mk, &row.exe_fd);
	if (err)
		return err;
	ADD(mk, mm, row);
	return 0;
}

static int add_policies(struct maker *mk)
{
	for (size_t i = 0; i < mk->t->mm->n_mempolicies; i++) {
		const ThreadMempolicyEntry *e = mk->t->mm->mempolicies[i];
		struct mempolicy_arm row = { .mode = e->mode, .nodes = e->nodes };
		size_t k = 0;

		while (k < mk->t->n_threads && mk->t->threads[k].pid != (pid_t)e->tid)
			k++;
		if (k == mk->t->n_threads)
			return fail(EINVAL, "mm-%d.img: memory policy of thread %u, which is not there",
				    leader(mk->t)->pid, e->tid);
		late_add(mk->r, LATE_mempolicy, &mk->t->threads[k], &row, sizeof(row));
	}
	return 0;
}

/* Without one (5.10 with a strict sysctl, a seccomp filter around us) the restorer reads everything itself. */
static bool make_uffd(struct maker *mk)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0)
		return false;
	fd = move_up(mk, fd);
	mk->r->shared->tasks[mk->t->index].uffd = fd;
	return fd >= 0;
}

int mem_make(struct restore *r, const struct task *t)
{
	struct maker mk = { .r = r, .t = t };
	int err = premap_make(r, t);

	if (err)
		return err;
	r->shared->tasks[t->index].uffd = -1;
	mk.premap = t->restore->premap;
	mk.is_premapped = mk.premap->wanted;
	mk.how = fill_plan(&r->m.arena, t, mk.is_premapped);
	mk.has_uffd = fill_needs_uffd(t, mk.how) && make_uffd(&mk);
	/* The vDSO is where it was before the fork. What has come since then goes before it moves. */
	err = vdso_plan_make(r, t, r->tool_vmas, &mk.vdso);
	if (err)
		return err;
	err = attach_segments(&mk);
	if (err)
		return err;
	add_unmaps(&mk);
	add_vdso(&mk);
	err = add_vmas(&mk);
	if (err)
		return err;
	add_final_ops(&mk);
	err = add_mm(&mk);
	return err ? err : add_policies(&mk);
}
