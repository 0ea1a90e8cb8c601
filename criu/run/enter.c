/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a task into its restorer. The region, low to high:
 *	blob | arena: restorer_args, rows ... | page shared with the tool | stacks
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <compel/blob.h>
#include "enter_restorer.h"
#include "base/log.h"
#include "mem/mem.h"
#include "pie/restorer.h"
#include "run/enter.h"
#include "run/restore.h"
#include "task/pids.h"

extern const struct compel_blob restorer_blob;	/* linked from criu/pie/restorer.pie.c */

struct rows {
	char *bytes;
	size_t len, room, n;
};

/* Rows by thread and kind, until the arena is laid out. */
struct late_builder {
	struct rows *rows;		/* [thread][kind] */
	struct restorer_thread *threads;
};

void late_begin(struct restore *r)
{
	r->late = arena_new(&r->m.arena, struct late_builder);
	r->late->rows = arena_array(&r->m.arena, struct rows, r->self->n_threads * (size_t)(LATE_COUNT + 1));
}

static struct rows *rows_of(const struct restore *r, enum late_id id, size_t thread)
{
	return &r->late->rows[thread * (LATE_COUNT + 1) + id];
}

void late_add(struct restore *r, enum late_id id, const struct thread *th, const void *row, size_t size)
{
	struct rows *t = rows_of(r, id, th - r->self->threads);

	if (t->len + size > t->room) {
		char *bigger = arena_alloc(&r->m.arena, max(t->room * 2, t->len + size));

		if (t->len)
			memcpy(bigger, t->bytes, t->len);
		t->room = max(t->room * 2, t->len + size);
		t->bytes = bigger;
	}
	memcpy(t->bytes + t->len, row, size);
	t->len += size;
	t->n++;
}

static size_t filters_len(const struct model *m)
{
	size_t len = 0;

	for (size_t i = 0; m->seccomp && i < m->seccomp->n_seccomp_filters; i++)
		len += m->seccomp->seccomp_filters[i]->filter.len + 64;
	return len;
}

/* Untouched pages cost nothing, so the arena is asked for generously, before its rows are known. */
static size_t arena_room(const struct restore *r)
{
	const struct task *t = r->self;

	return align_up(sizeof(struct restorer_args) + t->n_threads * sizeof(struct restorer_thread) + (4 << 20) +
			t->mm->n_vmas * 1024 + t->pages.runs.n * 64 + t->n_threads * (16384 + filters_len(&r->m)),
			PAGE_SIZE);
}

static uint64_t arena_at(const struct restore *r)
{
	return r->place.addr + align_up(restorer_blob.len, PAGE_SIZE);
}

static uint64_t shared_at(const struct restore *r)
{
	return arena_at(r) + arena_room(r);
}

static uint64_t stacks_at(const struct restore *r)
{
	return shared_at(r) + r->shared_len;
}

static int map_at_hole(struct restore *r, const struct vma_list *noted)
{
	uint64_t addr;
	int err = mem_find_hole(&r->m.arena, noted, r->self, r->place.size, &addr);

	if (err)
		return err;
	if (mmap((void *)addr, r->place.size, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0) == (void *)addr) {
		r->place.addr = addr;
		return 0;
	}
	if (noted && errno == EEXIST)
		return map_at_hole(r, NULL);	/* taken since */
	return fail_errno("map %llu bytes for the restorer at %#llx", (unsigned long long)r->place.size,
			  (unsigned long long)addr);
}

/* What the tool had mapped before it forked says where: to look again in each of many tasks takes a sixth of a restore. */
int restorer_map(struct restore *r)
{
	r->place.size = stacks_at(r) - r->place.addr + r->self->n_threads * (uint64_t)RESTORER_STACK;
	return map_at_hole(r, r->tool_vmas);
}

/* Copies all rows behind the args; offsets count from there. */
static int lay_out(struct restore *r, struct restorer_args *a)
{
	size_t room = arena_room(r);
	size_t off = align_up(sizeof(*a) + r->self->n_threads * sizeof(a->threads[0]), (size_t)16);

	for (size_t i = 0; i < r->self->n_threads; i++) {
		struct restorer_thread *th = &a->threads[i];

		th->pid = r->self->threads[i].pid;
		th->n_set_tid = pids_for_clone(&r->self->threads[i], r->self->threads[i].n_inner, th->set_tid);
		th->stack_top = stacks_at(r) + (i + 1) * (uint64_t)RESTORER_STACK;
		for (int id = 0; id < (int)LATE_COUNT; id++) {
			const struct rows *t = rows_of(r, id, i);

			if (!t->n)
				continue;
			if (off + t->len > room)
				return fail(ENOSPC, "the restorer's arena of %zu bytes is too small", room);
			memcpy((char *)a + off, t->bytes, t->len);
			th->late.t[id] = (struct late_table){ off, t->n };
			off = align_up(off + t->len, (size_t)16);
		}
	}
	return 0;
}

int restorer_enter(struct restore *r)
{
	struct restorer_args *a = (void *)arena_at(r);
	void *shared;
	int err;

	memcpy((void *)r->place.addr, restorer_blob.data, restorer_blob.len);
	a->pid = leader(r->self)->pid;
	a->n_threads = r->self->n_threads;
	a->close_from = r->service_fd_min;
	a->shared = shared_at(r);
	err = lay_out(r, a);
	if (err)
		return err;
	/* A second mapping of the same pages: the first stays for error reports until it is unmapped. */
	shared = mremap(r->shared, 0, r->shared_len, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)a->shared);
	if (shared == MAP_FAILED)
		return fail_errno("move the shared page");
	enter_restorer(r->place.addr, (uintptr_t)a, a->threads[0].stack_top);
}
