/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A task's mappings and the fields of its address space, read from outside, as records. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parallel.h"
#include "base/parse.h"
#include "file/files.h"
#include "ipc/attached.h"
#include "kernel/proc_stat.h"
#include "kernel/read.h"
#include "mem/mapped.h"
#include "mem/mem.h"
#include "mem/scan.h"
#include "mem/vdso.h"
#include "mem/vmas.h"
#include "pie/inside.h"
#include "run/dump.h"

enum { LARGE_PAGES = 2048 };

/* Files that are mapped often (every library is, five times) are asked for once. */
struct known_file {
	const struct vma *vma;
	uint32_t flags, id;
};
struct known_files {
	VEC(struct known_file) v;
};

static uint32_t open_flags(const struct vma *v)
{
	/* A shared mapping may be made writable later only if its file was opened so. */
	return v->is_shared && vma_has_flag(v, VM_FLAG_MAYWRITE) ? O_RDWR : O_RDONLY;
}

VmaEntry *vma_record(struct arena *a, const struct vma *v)
{
	VmaEntry *e = arena_msg(a, VmaEntry, vma_entry__init);
	bool is_file = v->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED);

	e->start = v->start;
	e->end = v->end;
	e->prot = v->prot;
	e->status = v->status;
	e->fd = -1;
	e->flags = (v->is_shared ? VMA_MAP_SHARED : VMA_MAP_PRIVATE) | (is_file ? 0 : VMA_MAP_ANONYMOUS);
	for (size_t i = 0; i < n_vm_flags; i++) {
		if (!(v->vm_flags >> i & 1))
			continue;
		e->flags |= vm_flags[i].map_flag;
		if (vm_flags[i].madv)
			e->madv |= 1ULL << vm_flags[i].madv;
	}
	if (v->status & (VMA_VVAR | VMA_VDSO | VMA_VSYSCALL))
		e->madv = 0;		/* the kernel's doing, not the program's */
	if (vma_has_flag(v, VM_FLAG_DROPPABLE))
		e->flags &= ~VMA_MAP_PRIVATE;
	e->has_madv = e->madv != 0;
	if (is_file || v->status & VMA_SYSVIPC) {
		e->pgoff = v->pgoff;
		e->has_fdflags = true;
		e->fdflags = open_flags(v);
	}
	e->name = (char *)v->anon_name;
	e->has_sealed = e->sealed = vma_has_flag(v, VM_FLAG_SEALED);
	e->pkey = v->pkey;
	e->has_pkey = v->pkey != 0;
	/* Kernels that do not name the flag print ??; in a locked mapping nothing else is likely to be meant. */
	e->has_lock_on_fault = e->lock_on_fault = vma_has_flag(v, VM_FLAG_LOCKED) &&
		(vma_has_flag(v, VM_FLAG_LOCK_ON_FAULT) || vma_has_flag(v, VM_FLAG_UNNAMED));
	e->has_mpol_mode = e->has_mpol_nodes = v->has_policy;
	e->mpol_mode = v->mpol_mode;
	e->mpol_nodes = v->mpol_nodes;
	return e;
}

static int scan_file(struct dump *d, const struct task *t, struct known_files *known, const struct vma *v,
		     uint64_t *ret_id)
{
	struct known_file k = { .vma = v, .flags = open_flags(v) };
	char link[80];
	int err;

	for (size_t i = known->v.n; i--;) {
		const struct known_file *old = &known->v.v[i];

		if (old->vma->ino == v->ino && old->flags == k.flags && old->vma->dev_major == v->dev_major &&
		    old->vma->dev_minor == v->dev_minor && streq(old->vma->path, v->path)) {
			*ret_id = old->id;
			return 0;
		}
	}
	err = mapped_link(d, t, v, link, sizeof(link));
	if (!err && *link)
		err = files_scan_link(d, t, link, k.flags, &k.id);
	if (err)
		return err;
	vec_push(&d->m.arena, &known->v, k);
	*ret_id = k.id;
	return 0;
}

static void scan_segment(struct dump *d, const struct task *t, VmaEntry *e, uint64_t id)
{
	e->shmid = id;
	if (!ipc_count_attached(d, t, id))
		refuse(&d->refusals, REFUSE_VMA_UNSUPPORTED, "mapping %" PRIx64 "-%" PRIx64 ": System V shared memory of "
		       "an IPC namespace that is not the tree's", e->start, e->end);
}

static bool continues_vvar(const MmEntry *mm, const VmaEntry *e)
{
	const VmaEntry *last = mm->n_vmas ? mm->vmas[mm->n_vmas - 1] : NULL;

	return last && e->status & VMA_VVAR && last->status & VMA_VVAR && last->end == e->start;
}

static int scan_vma(struct dump *d, struct task *t, struct known_files *known, const struct vma *v)
{
	const char *reason = vma_refusal(v);
	VmaEntry *e;
	int err;

	if (reason) {
		refuse(&d->refusals, REFUSE_VMA_UNSUPPORTED, "mapping %" PRIx64 "-%" PRIx64 " %s: %s", v->start, v->end,
		       v->path, reason);
		return 0;
	}
	e = vma_record(&d->m.arena, v);
	if (e->status & VMA_SYSVIPC)
		scan_segment(d, t, e, v->ino);
	if (e->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)) {
		err = scan_file(d, t, known, v, &e->shmid);
		if (err)
			return err;
	}
	if (continues_vvar(t->mm, e))
		t->mm->vmas[t->mm->n_vmas - 1]->end = e->end;
	else
		pb_push(&d->m.arena, t->mm->vmas, t->mm->n_vmas, e);
	return 0;
}

/* What PAGEMAP_SCAN calls guards: mappings of their own in the record, behind the real ones. */
static void add_guards(struct dump *d, struct task *t)
{
	const struct vma_list *l = t->dump->vmas;
	size_t at = 0;

	for (size_t i = 0; i < l->pages.v.n; i++) {
		const struct page_found *p = &l->pages.v.v[i];

		if (!(p->categories & PAGE_CAT_GUARD))
			continue;
		for (uint64_t pos = p->start; pos < p->end;) {
			VmaEntry *e;

			while (at < l->v.n && l->v.v[at].end <= pos)
				at++;
			if (at == l->v.n)
				return;
			e = arena_msg(&d->m.arena, VmaEntry, vma_entry__init);
			e->start = max(pos, l->v.v[at].start);
			e->end = pos = min(p->end, l->v.v[at].end);
			e->status = VMA_GUARD;
			e->fd = -1;
			if (e->start < e->end)
				pb_push(&d->m.arena, t->mm->vmas, t->mm->n_vmas, e);
		}
	}
}

/* The list of a task being read: smaps by one reader, the rest by another. */
struct mem_text {
	struct arena *a;
	struct vma_list *l;
};

static int take_smaps(void *arg, char *lines)
{
	struct mem_text *t = arg;

	return vmas_parse(lines, t->a, t->l);
}

static int read_vmas(struct arena *a, struct task *t)
{
	pid_t pid = leader(t)->pid_real;
	struct mem_text smaps = { a, t->dump->vmas };
	int err = proc_text_pieces(take_smaps, &smaps, "/proc/%d/smaps", pid);

	if (err == -EINVAL)
		return fail_with(err, "/proc/%d/smaps cannot be understood", pid);
	if (err)
		return fail_with(err, "cannot read /proc/%d/smaps", pid);
	return vdso_scan(pid, t->dump->vmas);
}

/*
 * Of one task, by two readers: for each file the kernel visits every page. smaps takes twice as long as the other two
 * together, so those share a reader.
 */
struct mem_reading {
	struct dump *d;
	struct proc_text *policies;	/* of each task, numa_maps; empty on a kernel without CONFIG_NUMA */
};

static int read_policies(const struct task *t, struct proc_text *ret)
{
	int err = proc_text_read(ret, "/proc/%d/numa_maps", leader(t)->pid_real);

	return err && err != -ENOENT ? fail_with(err, "cannot read /proc/%d/numa_maps", leader(t)->pid_real) : 0;
}

static int fail_pagemap(int err, const struct task *t)
{
	return fail_with(err, "cannot read /proc/%d/pagemap", leader(t)->pid_real);
}

static int sweep_pages(struct arena *a, const struct task *t)
{
	int err = pagemap_sweep(leader(t)->pid_real, a, &t->dump->vmas->pages);

	return err && err != -ENOTTY ? fail_pagemap(err, t) : 0;
}

static int read_half(void *arg, size_t i, struct arena *a)
{
	struct mem_reading *rd = arg;
	struct task *t = rd->d->m.tasks.v[i / 2];
	int err;

	if (!t->dump->proc)		/* a zombie, or refused already */
		return 0;
	IN_SCOPE("task", leader(t)->pid);
	if (i % 2 == 0)
		return read_vmas(a, t);
	err = read_policies(t, &rd->policies[i / 2]);
	return err ? err : sweep_pages(a, t);
}

/* What no sweep has told of: everything, on a kernel that cannot sweep; and what lies above 47 bits. */
static int find_pages(struct arena *a, const struct task *t)
{
	struct vma_list *l = t->dump->vmas;
	struct page_range *r = arena_array(a, struct page_range, l->v.n + 1);
	bool is_swept = l->pages.v.n;	/* a living task has pages */
	size_t n = 0;
	int err;

	for (size_t i = 0; i < l->v.n; i++)
		if (vma_has_pages(&l->v.v[i]) && !(is_swept && l->v.v[i].end <= PAGEMAP_SWEEP_END))
			r[n++] = (struct page_range){ l->v.v[i].start, l->v.v[i].end };
	err = pagemap_find(leader(t)->pid_real, a, r, n, &l->pages);
	return err ? fail_pagemap(err, t) : 0;
}

/* Two readers for one task pay when it has much memory: the kernel needs 13 ms for 1 GiB, a thread costs 0.1 ms. */
static bool is_large(const struct task *t)
{
	struct proc_text text;
	uint64_t size, resident = 0;

	if (proc_text_read(&text, "/proc/%d/statm", leader(t)->pid_real))
		return false;
	if (sscanf(text.s, "%" SCNu64 " %" SCNu64, &size, &resident) != 2)
		resident = 0;
	proc_text_free(&text);
	return resident >= LARGE_PAGES;
}

static void refuse_far_node(struct dump *d)
{
	refuse(&d->refusals, REFUSE_VMA_UNSUPPORTED,
	       "its memory is bound to a NUMA node above 63, which no image can name");
}

/* What needs both halves of a task's. */
static int join_halves(struct dump *d, const struct task *t, struct proc_text *policies)
{
	int bad = policies->len ? vmas_parse_numa(policies->s, t->dump->vmas) : 0;

	IN_SCOPE("task", leader(t)->pid);
	if (bad == -EOVERFLOW)
		refuse_far_node(d);
	else if (bad)
		return fail(EINVAL, "/proc/%d/numa_maps cannot be understood", leader(t)->pid_real);
	return t->dump->proc ? find_pages(&d->m.arena, t) : 0;
}

int mem_read(struct dump *d)
{
	struct mem_reading rd = { d, calloc(d->m.tasks.n, sizeof(struct proc_text)) };
	const struct parallel p = {
		.n = d->m.tasks.n * 2, .grain = d->m.tasks.n == 1 && is_large(d->m.tasks.v[0]) ? 1 : 4,
		.work = read_half, .arg = &rd, .arena = &d->m.arena,
	};
	int err;

	if (!rd.policies)
		return fail(ENOMEM, "no memory to read mappings");
	for (size_t i = 0; i < d->m.tasks.n; i++)
		d->m.tasks.v[i]->dump->vmas = arena_new(&d->m.arena, struct vma_list);
	err = parallel_run(&p);
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		if (!err)
			err = join_halves(d, d->m.tasks.v[i], &rd.policies[i]);
		if (rd.policies[i].s)
			proc_text_free(&rd.policies[i]);
	}
	mapped_probe(d);
	free(rd.policies);
	return err;
}

static bool has_thread_policy(const struct thread *th)
{
	const struct inside_thread *in = th->dump->inside;

	return in && !in->mempolicy.err && in->mempolicy.mode;
}

/* numa_maps shows the thread's policy where a mapping has none; the two mean the same there. */
static void drop_inherited_policy(const struct thread *th, struct vma_list *l)
{
	const struct mempolicy_inside_thread *in = &th->dump->inside->mempolicy;

	for (size_t i = 0; i < l->v.n; i++)
		if (l->v.v[i].mpol_mode == in->mode && l->v.v[i].mpol_nodes == in->nodes[0])
			l->v.v[i].has_policy = false;
}

static bool has_far_node(const uint64_t nodes[MEMPOLICY_WORDS])
{
	for (size_t i = 1; i < MEMPOLICY_WORDS; i++)
		if (nodes[i])
			return true;
	return false;
}

static void scan_policies(struct dump *d, struct task *t)
{
	if (has_thread_policy(leader(t)))
		drop_inherited_policy(leader(t), t->dump->vmas);
	for (size_t i = 0; i < t->n_threads; i++) {
		ThreadMempolicyEntry *e;

		if (!has_thread_policy(&t->threads[i]))
			continue;
		if (has_far_node(t->threads[i].dump->inside->mempolicy.nodes))
			refuse_far_node(d);
		e = arena_msg(&d->m.arena, ThreadMempolicyEntry, thread_mempolicy_entry__init);
		e->tid = t->threads[i].pid;
		e->mode = t->threads[i].dump->inside->mempolicy.mode;
		e->nodes = t->threads[i].dump->inside->mempolicy.nodes[0];
		pb_push(&d->m.arena, t->mm->mempolicies, t->mm->n_mempolicies, e);
	}
}

static int scan_auxv(struct dump *d, struct task *t)
{
	auto_proc_text text;
	int err = proc_text_read(&text, "/proc/%d/auxv", leader(t)->pid_real);

	if (err)
		return fail_with(err, "cannot read /proc/%d/auxv", leader(t)->pid_real);
	t->mm->n_mm_saved_auxv = text.len / sizeof(uint64_t);
	t->mm->mm_saved_auxv = arena_memdup(&d->m.arena, text.s, text.len);
	/* The end mark is not stored: the established tool has room for 44 words, and that is what there are. */
	while (t->mm->n_mm_saved_auxv >= 2 && !t->mm->mm_saved_auxv[t->mm->n_mm_saved_auxv - 2])
		t->mm->n_mm_saved_auxv -= 2;
	return 0;
}

/* Without an answer from inside: the end of the heap, which is brk rounded up. */
static uint64_t brk_by_maps(const struct task *t, uint64_t start_brk)
{
	uint64_t brk = start_brk;

	for (size_t i = 0; i < t->dump->vmas->v.n; i++)
		if (t->dump->vmas->v.v[i].status & VMA_HEAP)
			brk = t->dump->vmas->v.v[i].end;
	return brk;
}

static int scan_fields(struct dump *d, struct task *t)
{
	const struct inside_task *in = t->dump->inside;
	MmEntry *mm = t->mm;
	struct proc_stat s;
	int err = proc_stat_read(leader(t)->pid_real, 0, &s);

	if (err)
		return fail_with(err, "cannot read /proc/%d/stat", leader(t)->pid_real);
	mm->mm_start_code = s.start_code;
	mm->mm_end_code = s.end_code;
	mm->mm_start_data = s.start_data;
	mm->mm_end_data = s.end_data;
	mm->mm_start_stack = s.start_stack;
	mm->mm_start_brk = s.start_brk;
	mm->mm_brk = in ? in->mm.brk : brk_by_maps(t, s.start_brk);
	mm->mm_arg_start = s.arg_start;
	mm->mm_arg_end = s.arg_end;
	mm->mm_env_start = s.env_start;
	mm->mm_env_end = s.env_end;
	mm->pkeys = in ? in->mm.pkeys : 0;
	mm->has_pkeys = mm->pkeys > 1;
	return scan_auxv(d, t);
}

int mem_scan(struct dump *d, struct task *t)
{
	struct known_files known = { 0 };
	char exe[40];
	int err;

	scan_policies(d, t);
	err = scan_fields(d, t);
	if (err)
		return err;
	for (size_t i = 0; i < t->dump->vmas->v.n; i++) {
		if (t->dump->vmas->v.v[i].is_left_out)
			continue;
		err = scan_vma(d, t, &known, &t->dump->vmas->v.v[i]);
		if (err)
			return err;
	}
	add_guards(d, t);
	snprintf(exe, sizeof(exe), "/proc/%d/exe", leader(t)->pid_real);
	return files_scan_link(d, t, exe, O_RDONLY, &t->mm->exe_file_id);
}
