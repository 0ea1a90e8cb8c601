/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --plain-images: no extension field of a core record stays, and what is lost is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "mem/vmas.h"
#include "model/model.h"
#include "options.h"
#include "run/dump.h"
#include "task/kind.h"
#include "task/persona_word.h"
#include "task/plain.h"

extern const struct task_kind plain_kind;

struct fixture {
	struct options opt;
	struct dump d;
	struct task *t;
	TaskCoreEntry *tc;
	ThreadCoreEntry *th;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct thread *thread = arena_new(&f->d.m.arena, struct thread);

	f->opt.plain_images = true;
	f->d.opt = &f->opt;
	f->d.refusals.arena = &f->d.m.arena;
	f->t = arena_new(&f->d.m.arena, struct task);
	f->t->threads = thread;
	f->t->n_threads = 1;
	thread->task = f->t;
	thread->core = arena_msg(&f->d.m.arena, CoreEntry, core_entry__init);
	thread->core->tc = f->tc = arena_msg(&f->d.m.arena, TaskCoreEntry, task_core_entry__init);
	thread->core->thread_core = f->th =
		arena_msg(&f->d.m.arena, ThreadCoreEntry, thread_core_entry__init);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(&f->d.m.arena);
	test_free(f);
	return 0;
}

static size_t n_refusals(struct fixture *f)
{
	assert_int_equal(plain_kind.join(&f->d, f->t), 0);
	return f->d.refusals.list.n;
}

static void what_every_process_has_is_dropped_in_silence(void **state)
{
	static uint32_t speculation[] = { 0, 2, 0 };
	struct fixture *f = *state;

	f->tc->has_coredump_filter = true;
	f->tc->coredump_filter = 0x33;
	f->tc->personality = personality_to_plain(0x40000);
	f->tc->has_personality_bits = true;
	f->tc->personality_bits = 0x40000;
	f->th->has_timer_slack = true;
	f->th->timer_slack = 50000;
	f->th->speculation = speculation;
	f->th->n_speculation = 3;
	assert_int_equal(n_refusals(f), 0);
	assert_false(f->tc->has_coredump_filter || f->tc->has_personality_bits || f->th->has_timer_slack);
	assert_int_equal(f->th->n_speculation, 0);
	assert_int_equal(f->tc->personality, 40000);
}

static void what_a_program_relies_on_is_refused(void **state)
{
	static uint32_t speculation[] = { 4, 2, 0 };
	static ThreadDispatchEntry dispatch = THREAD_DISPATCH_ENTRY__INIT;
	struct fixture *f = *state;

	f->tc->has_mdwe = f->tc->has_mcl_future = f->tc->has_exit_signal = f->tc->has_personality_bits = true;
	f->tc->mdwe = 1;
	f->tc->mcl_future = 2;
	f->tc->exit_signal = 10;
	f->tc->personality = personality_to_plain(0xc40000);
	f->tc->personality_bits = 0xc40000;
	f->th->has_tsc_mode = true;
	f->th->tsc_mode = 2;
	f->th->speculation = speculation;
	f->th->n_speculation = 3;
	f->th->dispatch = &dispatch;
	assert_int_equal(n_refusals(f), 7);
	assert_null(f->th->dispatch);
}

static void other_images_keep_it_all(void **state)
{
	struct fixture *f = *state;

	f->opt.plain_images = false;
	f->tc->has_mdwe = true;
	f->tc->mdwe = 1;
	assert_int_equal(n_refusals(f), 0);
	assert_true(f->tc->has_mdwe);
}

static VmaEntry *add_vma(struct fixture *f)
{
	VmaEntry *v = arena_msg(&f->d.m.arena, VmaEntry, vma_entry__init);

	pb_push(&f->d.m.arena, f->t->mm->vmas, f->t->mm->n_vmas, v);
	return v;
}

static void mappings_lose_what_is_harmless(void **state)
{
	struct fixture *f = *state;
	MmEntry *mm = f->t->mm = arena_msg(&f->d.m.arena, MmEntry, mm_entry__init);
	VmaEntry *v = add_vma(f), *vdso = add_vma(f);
	ThreadMempolicyEntry policy = THREAD_MEMPOLICY_ENTRY__INIT, *p = &policy;

	v->name = (char *)"heap of mine";
	v->has_mpol_mode = v->has_mpol_nodes = v->has_lock_on_fault = true;
	v->mpol_mode = v->mpol_nodes = v->lock_on_fault = 1;
	vdso->status = VMA_VDSO;
	vdso->has_sealed = vdso->sealed = true;
	mm->has_pkeys = true;
	mm->pkeys = 1;
	pb_push(&f->d.m.arena, mm->mempolicies, mm->n_mempolicies, p);
	assert_int_equal(n_refusals(f), 0);
	assert_null(v->name);
	assert_false(v->has_mpol_mode || v->has_mpol_nodes || v->has_lock_on_fault || vdso->has_sealed || mm->has_pkeys);
	assert_int_equal(mm->n_mempolicies, 0);
}

static void protection_of_mappings_is_refused_once(void **state)
{
	struct fixture *f = *state;
	MmEntry *mm = f->t->mm = arena_msg(&f->d.m.arena, MmEntry, mm_entry__init);

	for (int i = 0; i < 3; i++) {
		VmaEntry *v = add_vma(f);

		v->has_sealed = v->sealed = v->has_pkey = true;
		v->pkey = 2;
	}
	mm->has_pkeys = true;
	mm->pkeys = 5;
	assert_int_equal(n_refusals(f), 3);
}

/* An extension that this table does not know would be written in spite of the option. */
static void every_extension_of_the_records_is_known(void **state)
{
	struct fixture *f = *state;
	const ProtobufCMessageDescriptor *all[] = { f->tc->base.descriptor, f->th->base.descriptor,
						    &mm_entry__descriptor, &vma_entry__descriptor };

	for (size_t i = 0; i < array_size(all); i++)
		for (unsigned int n = 0; n < all[i]->n_fields; n++)
			if (all[i]->fields[n].id >= 1000 && strcmp(all[i]->fields[n].name, "sched"))
				assert_true(plain_knows(all[i]->fields[n].name));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(what_every_process_has_is_dropped_in_silence),
		CASE(what_a_program_relies_on_is_refused),
		CASE(other_images_keep_it_all),
		CASE(mappings_lose_what_is_harmless),
		CASE(protection_of_mappings_is_refused_once),
		CASE(every_extension_of_the_records_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
