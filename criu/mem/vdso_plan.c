/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time functions must work after a restore, also on another kernel.
 *
 *	same vDSO:	the running one, with its vvar pages, is moved to where the program knows it
 *	another one:	the program's stays (its pages are in the image), its functions jump to the running one, which
 *			is parked elsewhere. Its vvar pages become zeros, which say "no clock here": whatever has no
 *			jump, or was interrupted half-way, goes on by system calls.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/log.h"
#include "base/own.h"
#include "mem/hole.h"
#include "mem/premap.h"
#include "mem/runs.h"
#include "mem/vdso_plan.h"
#include "run/restore.h"

/* The biggest that any kernel had is 2 pages; an image does not get to choose what is allocated. */
enum { VDSO_MAX_BYTES = 16 * 4096 };

struct range {
	uint64_t start, end;
};

/* A vDSO and its vvar pages; start 0: there is none. */
struct vdso_place {
	struct range vdso, vvar;
};

static void extend(struct range *r, uint64_t start, uint64_t end)
{
	r->start = r->start ? min(r->start, start) : start;
	r->end = max(r->end, end);
}

static void find_in_image(const MmEntry *mm, struct vdso_place *ret)
{
	*ret = (struct vdso_place){ 0 };
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *v = mm->vmas[i];

		if (v->status & VMA_VDSO)
			extend(&ret->vdso, v->start, v->end);
		if (v->status & VMA_VVAR)
			extend(&ret->vvar, v->start, v->end);
	}
}

static int find_own(struct vma_list *own, struct vdso_place *ret, struct vdso_plan *p)
{
	*ret = (struct vdso_place){ 0 };
	for (size_t i = 0; i < own->v.n; i++) {
		struct vma *v = &own->v.v[i];

		if (!(v->status & (VMA_VDSO | VMA_VVAR)))
			continue;
		if (p->n_kept == array_size(p->kept))
			return fail(EINVAL, "this process has more vDSO mappings than is known");
		extend(v->status & VMA_VDSO ? &ret->vdso : &ret->vvar, v->start, v->end);
		p->kept[p->n_kept++] = v;
	}
	return 0;
}

static uint64_t length(const struct range *r)
{
	return r->end - r->start;
}

/* The image's vDSO as one piece of memory. */
static int image_contents(const struct restore *r, const struct task *t, const struct range *vdso, void **ret)
{
	struct runs_reader pages = RUNS_READER(r->img_dir);
	int err;

	*ret = calloc(1, length(vdso));
	if (!*ret)
		return fail(ENOMEM, "no memory for the vDSO");
	err = runs_read(&pages, t, vdso->start, vdso->end, *ret);
	runs_reader_close(&pages);
	return err;
}

static bool is_same(const struct vdso_place *old, const struct vdso_place *own, const void *contents)
{
	return length(&old->vdso) == length(&own->vdso) && length(&old->vvar) == length(&own->vvar) &&
	       old->vdso.start - old->vvar.start == own->vdso.start - own->vvar.start &&
	       !memcmp(contents, (void *)own->vdso.start, length(&old->vdso));
}

static void move_all(struct vdso_plan *p, uint64_t delta_from, uint64_t delta)
{
	if (delta_from == delta)
		return;
	for (unsigned int i = 0; i < p->n_kept; i++)
		p->moves[p->n_moves++] = (struct vdso_arm){
			.from = p->kept[i]->start + delta_from,
			.len = p->kept[i]->end - p->kept[i]->start,
			.to = p->kept[i]->start + delta,
		};
}

/* Clear of the tool as it was before it forked, and of what the task itself has mapped since, and needs. */
static int find_parking(struct restore *r, const struct task *t, struct vma_list *own, uint64_t len, uint64_t *ret)
{
	const struct premap *p = t->restore->premap;
	struct taken k = { 0 };

	taken_add_vmas(&r->m.arena, &k, own);
	vec_push(&r->m.arena, &k.v, ((struct page_range){ r->place.addr, r->place.addr + r->place.size }));
	for (size_t i = 0; p && i < p->areas.n; i++) {
		const struct premap_area *a = &p->areas.v[i];

		vec_push(&r->m.arena, &k.v, ((struct page_range){ a->at, a->at + (a->end - a->start) }));
	}
	taken_add_task(&r->m.arena, &k, t);
	return hole_find(&k, HOLE_VDSO, len, ret);
}

static int park_and_jump(struct vdso_plan *p, const struct vdso_place *old, const struct vdso_place *own, uint64_t delta,
			 const void *contents)
{
	struct vdso_jump jumps[VDSO_JUMPS_MAX];
	struct vdso_mark mark = {
		.signature = VDSO_MARK_SIGNATURE, .vdso_addr = old->vdso.start, .version = VDSO_MARK_VERSION,
		.vvar_addr = old->vvar.start, .rt_vvar_addr = own->vvar.start ? own->vvar.start + delta : 0,
	};
	const char *why;
	int n = vdso_pair(contents, length(&old->vdso), (void *)own->vdso.start, length(&own->vdso), jumps,
			  array_size(jumps), &why);

	if (n < 0)
		return fail(EINVAL, "the image's vDSO cannot be led to the running one: %s", why);
	for (int i = 0; i < n; i++)
		p->jumps[p->n_jumps++] = (struct vdso_jump_arm){ old->vdso.start + jumps[i].from,
								 own->vdso.start + delta + jumps[i].to };
	move_all(p, 0, delta);
	/* Nobody reads the ELF header of the parked copy but the next dump. The page becomes a private one. */
	if (mprotect((void *)own->vdso.start, length(&own->vdso), PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		return fail_errno("make the vDSO writable");
	memcpy((void *)own->vdso.start, &mark, sizeof(mark));
	if (mprotect((void *)own->vdso.start, length(&own->vdso), PROT_READ | PROT_EXEC) < 0)
		return fail_errno("protect the vDSO");
	return 0;
}

static bool overlap(const struct range *a, const struct range *b)
{
	return a->start < b->end && b->start < a->end;
}

int vdso_plan_make(struct restore *r, const struct task *t, struct vma_list *own, struct vdso_plan *ret)
{
	struct vdso_plan *p = ret;
	struct vdso_place old, mine;
	struct range whole, target;
	uint64_t parking, delta;
	auto_free void *contents = NULL;
	int err;

	memset(p, 0, sizeof(*p));
	find_in_image(t->mm, &old);
	err = find_own(own, &mine, p);
	if (err)
		return err;
	if (!old.vdso.start || !mine.vdso.start) {
		p->n_kept = 0;		/* the program never had one, or this kernel has none to offer */
		return 0;
	}
	if (length(&old.vdso) > VDSO_MAX_BYTES)
		return fail(EINVAL, "mm-%d.img: a vDSO of %" PRIu64 " bytes", leader(t)->pid, length(&old.vdso));
	err = image_contents(r, t, &old.vdso, &contents);
	if (err)
		return err;
	whole = mine.vdso;
	if (mine.vvar.start)
		extend(&whole, mine.vvar.start, mine.vvar.end);
	delta = old.vdso.start - mine.vdso.start;
	target = (struct range){ whole.start + delta, whole.end + delta };
	p->is_same = is_same(&old, &mine, contents);
	if (p->is_same && !(delta && overlap(&whole, &target))) {
		move_all(p, 0, delta);
		return 0;
	}
	err = find_parking(r, t, own, length(&whole), &parking);
	if (err)
		return err;
	if (!p->is_same)
		return park_and_jump(p, &old, &mine, parking - whole.start, contents);
	move_all(p, 0, parking - whole.start);	/* mremap does not go where it overlaps in one step */
	move_all(p, parking - whole.start, delta);
	return 0;
}
