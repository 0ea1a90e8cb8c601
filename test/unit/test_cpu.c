/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers on x86-64: XSAVE areas of CPUs that we do not have, records of other tools, --cpu-cap. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/compiler.h"
#include <sys/user.h>
#include <cmocka.h>
#include "arch/cpu.h"
#include "arch/cpuinfo.h"
#include "arch/x86/xstate.h"

enum { BV_AT = 512, INTEL_BYTES = 11008, AMX_TILE = 18 };

/* Sapphire Rapids: AVX-512, PKRU, AMX. */
static const struct xstate_layout intel = {
	.features = 0x602e7, .size = INTEL_BYTES,
	.comp = { [2] = { 576, 256 }, [5] = { 1088, 64 }, [6] = { 1152, 512 }, [7] = { 1664, 1024 }, [9] = { 2688, 8 },
		  [17] = { 2752, 64 }, [AMX_TILE] = { 2816, 8192 } },
};
/* EPYC: the same up to AVX-512, in other places. */
static const struct xstate_layout amd = {
	.features = 0xe7, .size = 2432,
	.comp = { [2] = { 576, 256 }, [5] = { 832, 64 }, [6] = { 896, 512 }, [7] = { 1408, 1024 } },
};
static const struct xstate_layout no_avx = { .features = 3, .size = 576 };
static const struct xstate_layout no_xsave = { .features = 0, .size = 512 };

static void put(uint8_t *area, size_t off, size_t len, uint8_t value)
{
	memset(area + off, value, len);
}

/* Every component in use, each filled with its own number. */
static void full_area(const struct xstate_layout *l, uint8_t *area)
{
	uint64_t bv = l->features;

	memset(area, 0, l->size);
	put(area, 0, 24, 1);			/* cwd .. rdp */
	memcpy(area + 24, &(uint32_t){ 0x1f80 }, 4);
	memcpy(area + 28, &(uint32_t){ 0x2ffff }, 4);
	put(area, 32, 384, 0xaa);		/* st, xmm */
	memcpy(area + BV_AT, &bv, sizeof(bv));
	for (unsigned int i = 2; i < XSTATE_COMPONENTS; i++)
		if (l->features >> i & 1)
			put(area, l->comp[i].off, l->comp[i].size, i);
}

static void area_survives_the_record(void **state)
{
	uint8_t area[INTEL_BYTES], back[INTEL_BYTES];
	UserX86FpregsEntry rec = USER_X86_FPREGS_ENTRY__INIT;
	struct arena a = { 0 };
	size_t len;

	(void)state;
	full_area(&intel, area);
	assert_int_equal(xstate_to_record(&a, &intel, area, sizeof(area), false, &rec), 0);
	assert_int_equal(xstate_check(&rec), 0);
	assert_int_equal(rec.xsave->n_ymmh_space, 64);
	assert_int_equal(rec.xsave->n_pkru, 2);
	assert_int_equal(rec.xsave->n_bndreg_state, 0);
	assert_int_equal(rec.xsave->n_components, 2);	/* AMX has no array */
	assert_int_equal(xstate_from_record(&intel, &rec, back, sizeof(back), &len), 0);
	assert_int_equal(len, sizeof(area));
	assert_memory_equal(area, back, sizeof(area));
	arena_free(&a);
}

static void component_moves_to_where_this_cpu_has_it(void **state)
{
	uint8_t area[INTEL_BYTES], back[INTEL_BYTES] = { 0 };
	UserX86FpregsEntry rec = USER_X86_FPREGS_ENTRY__INIT;
	struct arena a = { 0 };
	uint64_t bv;
	size_t len;

	(void)state;
	full_area(&intel, area);
	assert_int_equal(xstate_to_record(&a, &intel, area, sizeof(area), false, &rec), 0);
	assert_int_equal(xstate_missing(&amd, &rec), 0x60200);	/* PKRU and AMX */
	assert_int_equal(xstate_from_record(&amd, &rec, back, sizeof(back), &len), 0);
	assert_int_equal(len, amd.size);
	memcpy(&bv, back + BV_AT, sizeof(bv));
	assert_int_equal(bv, 0xe7);
	assert_int_equal(back[1408], 7);
	assert_int_equal(back[896], 6);
	assert_int_equal(back[895], 5);
	assert_int_equal(back[amd.size], 0);
	arena_free(&a);
}

static void unused_component_asks_for_nothing(void **state)
{
	uint8_t area[INTEL_BYTES];
	UserX86FpregsEntry rec = USER_X86_FPREGS_ENTRY__INIT;
	struct arena a = { 0 };
	uint64_t bv = 7;

	(void)state;
	full_area(&intel, area);
	memcpy(area + BV_AT, &bv, sizeof(bv));
	assert_int_equal(xstate_to_record(&a, &intel, area, sizeof(area), false, &rec), 0);
	assert_int_equal(rec.xsave->n_components, 0);
	assert_int_equal(rec.xsave->n_hi16_zmm, 128);	/* the format wants what the CPU has */
	assert_int_equal(xstate_missing(&amd, &rec), 0);
	assert_int_equal(xstate_missing(&no_avx, &rec), 4);
	arena_free(&a);
}

static void plain_record_has_no_extension(void **state)
{
	uint8_t area[INTEL_BYTES];
	UserX86FpregsEntry rec = USER_X86_FPREGS_ENTRY__INIT;
	struct arena a = { 0 };

	(void)state;
	full_area(&intel, area);
	assert_int_equal(xstate_to_record(&a, &intel, area, sizeof(area), true, &rec), 0);
	assert_int_equal(rec.xsave->n_components, 0);
	assert_int_equal(xstate_without_contents(&rec), 0x60000);
	arena_free(&a);
}

static void cpu_without_xsave_has_the_legacy_area(void **state)
{
	uint8_t area[INTEL_BYTES], back[512];
	UserX86FpregsEntry rec = USER_X86_FPREGS_ENTRY__INIT;
	struct arena a = { 0 };
	size_t len;

	(void)state;
	full_area(&amd, area);
	assert_int_equal(xstate_to_record(&a, &no_xsave, area, 512, false, &rec), 0);
	assert_null(rec.xsave);
	assert_int_equal(xstate_missing(&no_xsave, &rec), 0);
	assert_int_equal(xstate_from_record(&no_xsave, &rec, back, sizeof(back), &len), 0);
	assert_memory_equal(area, back, 416);
	assert_int_equal(xstate_to_record(&a, &no_xsave, area, 511, false, &rec), -EINVAL);
	arena_free(&a);
}

static void short_buffer_learns_the_length(void **state)
{
	UserX86FpregsEntry rec = USER_X86_FPREGS_ENTRY__INIT;
	size_t len;

	(void)state;
	assert_int_equal(xstate_from_record(&intel, &rec, NULL, 0, &len), -ENOSPC);
	assert_int_equal(len, INTEL_BYTES);
}

static void bad_records_are_refused(void **state)
{
	uint8_t area[INTEL_BYTES];
	UserX86FpregsEntry rec = USER_X86_FPREGS_ENTRY__INIT;
	struct arena a = { 0 };

	(void)state;
	full_area(&intel, area);
	assert_int_equal(xstate_to_record(&a, &intel, area, sizeof(area), false, &rec), 0);
	rec.n_xmm_space = 63;
	assert_int_equal(xstate_check(&rec), -EINVAL);
	rec.n_xmm_space = 64;
	rec.n_st_space = 0;
	assert_int_equal(xstate_check(&rec), -EINVAL);
	rec.n_st_space = 32;
	rec.xsave->n_hi16_zmm = 127;
	assert_int_equal(xstate_check(&rec), -EINVAL);
	rec.xsave->n_hi16_zmm = 128;
	rec.mxcsr = 0x80000000;
	assert_int_equal(xstate_check(&rec), -EINVAL);
	rec.mxcsr = 0x1f80;
	assert_int_equal(xstate_check(&rec), 0);
	rec.xsave->components[0]->number = AMX_TILE;	/* twice */
	assert_int_equal(xstate_check(&rec), -EINVAL);
	rec.xsave->components[0]->number = 6;		/* has an array */
	assert_int_equal(xstate_check(&rec), -EINVAL);
	rec.xsave->components[0]->number = 4000000000;
	assert_int_equal(xstate_check(&rec), -EINVAL);
	arena_free(&a);
}

static void oversized_component_is_left_out(void **state)
{
	uint8_t area[INTEL_BYTES], back[INTEL_BYTES];
	UserX86FpregsEntry rec = USER_X86_FPREGS_ENTRY__INIT;
	struct arena a = { 0 };
	size_t len;

	(void)state;
	full_area(&intel, area);
	assert_int_equal(xstate_to_record(&a, &intel, area, sizeof(area), false, &rec), 0);
	rec.xsave->components[1]->data.len = 9000;
	assert_int_equal(xstate_missing(&intel, &rec), 1ULL << AMX_TILE);
	assert_int_equal(xstate_from_record(&intel, &rec, back, sizeof(back), &len), 0);
	assert_int_equal(back[intel.comp[AMX_TILE].off], 0);
	arena_free(&a);
}

static void registers_survive_and_nothing_is_restarted(void **state)
{
	UserX86RegsEntry regs = USER_X86_REGS_ENTRY__INIT;
	ThreadInfoX86 ti = THREAD_INFO_X86__INIT;
	CoreEntry core = CORE_ENTRY__INIT;
	struct user_regs_struct got;

	(void)state;
	ti.gpregs = &regs;
	core.thread_info = &ti;
	regs.ip = 0x401000;
	regs.orig_ax = 35;
	regs.gs_base = 0x7fff00000000;
	cpu_set_ip(&core, 0x402000);
	assert_int_equal(cpu_ip(&core), 0x402000);
	assert_int_equal(cpu_regs_of(&core, &got), 0);
	assert_int_equal(got.rip, 0x402000);
	assert_int_equal(got.gs_base, 0x7fff00000000);
	assert_int_equal(got.orig_rax, (unsigned long long)-1);
}

static void cpu_cap_reads_lists(void **state)
{
	struct cpu_cap c;

	(void)state;
	assert_int_equal(cpu_cap_parse(NULL, &c), 0);
	assert_true(c.fpu && c.ins && !c.cpu && !c.image);
	assert_int_equal(cpu_cap_parse("all,image", &c), 0);
	assert_true(c.fpu && c.ins && c.cpu && c.image);
	assert_int_equal(cpu_cap_parse("none", &c), 0);
	assert_true(!c.fpu && !c.ins && !c.cpu && !c.image);
	assert_int_equal(cpu_cap_parse("fpu", &c), 0);
	assert_true(c.fpu && !c.ins && !c.cpu && c.image);
	assert_int_equal(cpu_cap_parse("all,^ins", &c), 0);
	assert_true(c.fpu && !c.ins && c.cpu && c.image);
	assert_int_equal(cpu_cap_parse("^fpu", &c), 0);
	assert_true(!c.fpu && c.ins && !c.cpu);
	assert_int_equal(cpu_cap_parse("fpu,gpu", &c), -EINVAL);
}

static void own_cpu_is_good_enough_and_less_is_not(void **state)
{
	const struct cpu_cap all = { .cpu = true, .fpu = true, .ins = true }, ins = { .ins = true }, none = { 0 };
	struct arena a = { 0 };
	CpuinfoEntry *there = cpuinfo_scan(&a), *here = cpuinfo_scan(&a);
	CpuinfoX86Entry *x = there->x86_entry[0];

	(void)state;
	assert_int_equal(x->n_capability, 19);
	assert_true(x->capability[0] & 1);		/* every x86-64 has an FPU */
	assert_int_equal(cpuinfo_check(there, here, &all), 0);
	here->x86_entry[0]->capability[0] &= ~(1U << 26);	/* SSE2 */
	assert_int_equal(cpuinfo_check(there, here, &ins), -ENODEV);
	assert_int_equal(cpuinfo_check(here, there, &ins), 0);
	assert_int_equal(cpuinfo_check(here, there, &all), -ENODEV);
	assert_int_equal(cpuinfo_check(there, here, &none), 0);
	there->n_x86_entry = 0;
	assert_int_equal(cpuinfo_check(there, here, &none), -EINVAL);
	arena_free(&a);
}

static void size_of_the_area_must_be_the_same(void **state)
{
	const struct cpu_cap fpu = { .fpu = true };
	struct arena a = { 0 };
	CpuinfoEntry *there = cpuinfo_scan(&a), *here = cpuinfo_scan(&a);

	(void)state;
	there->x86_entry[0]->has_xsave_size = true;
	there->x86_entry[0]->xsave_size = here->x86_entry[0]->xsave_size + 64;
	assert_int_equal(cpuinfo_check(there, here, &fpu), -ENODEV);
	there->x86_entry[0]->has_xsave_size = false;
	assert_int_equal(cpuinfo_check(there, here, &fpu), 0);
	there->x86_entry[0]->has_xfeatures_mask = true;
	there->x86_entry[0]->xfeatures_mask |= 1ULL << 62;
	assert_int_equal(cpuinfo_check(there, here, &fpu), -ENODEV);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(area_survives_the_record),
		cmocka_unit_test(component_moves_to_where_this_cpu_has_it),
		cmocka_unit_test(unused_component_asks_for_nothing),
		cmocka_unit_test(plain_record_has_no_extension),
		cmocka_unit_test(cpu_without_xsave_has_the_legacy_area),
		cmocka_unit_test(short_buffer_learns_the_length),
		cmocka_unit_test(bad_records_are_refused),
		cmocka_unit_test(oversized_component_is_left_out),
		cmocka_unit_test(registers_survive_and_nothing_is_restarted),
		cmocka_unit_test(cpu_cap_reads_lists),
		cmocka_unit_test(own_cpu_is_good_enough_and_less_is_not),
		cmocka_unit_test(size_of_the_area_must_be_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
