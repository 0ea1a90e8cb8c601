/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The XSAVE area in standard format (Intel SDM vol. 1, 13.4), as ptrace shows it:
 *
 *   0      512       576        the rest: one place for each component, where CPUID leaf 0xD says
 *   | FXSAVE | header | ....
 *
 * The header's first word (xstate_bv) says which components are not in their initial state.
 */
#include <cpuid.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include "arch/x86/xstate.h"
#include "base/log.h"
#include "base/vec.h"

enum { LEGACY_BYTES = 512, HEADER_OFF = 512, AREA_MIN = 576, ST_BYTES = 128, XMM_BYTES = 256 };
enum { COMP_X87, COMP_SSE, COMP_FIRST_EXTENDED };
#define BIT(n) (1ULL << (n))
#define LEGACY_BITS (BIT(COMP_X87) | BIT(COMP_SSE))

/* The first 160 bytes of the area, FXSAVE64. */
struct fxsave {
	uint16_t cwd, swd, twd, fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
};

/* Components that the plain format has an array for. */
static const struct plain_array {
	unsigned int comp;
	uint32_t size, elem;
	size_t n_off, array_off;
} plain[] = {
#define ARRAY(comp, count, type, field)                                                            \
	{ comp, (count) * sizeof(type), sizeof(type), offsetof(UserX86XsaveEntry, n_##field),      \
	  offsetof(UserX86XsaveEntry, field) }
	ARRAY(2, 64, uint32_t, ymmh_space),
	ARRAY(3, 8, uint64_t, bndreg_state),
	ARRAY(4, 8, uint64_t, bndcsr_state),
	ARRAY(5, 8, uint64_t, opmask_reg),
	ARRAY(6, 64, uint64_t, zmm_upper),
	ARRAY(7, 128, uint64_t, hi16_zmm),
	ARRAY(9, 2, uint32_t, pkru),
#undef ARRAY
};

const char *xstate_name(unsigned int component)
{
	static const char *const names[] = { "x87", "SSE", "AVX", "MPX", "MPX", "AVX-512", "AVX-512", "AVX-512",
					     "PT", "protection keys (PKRU)", "PASID", "CET", "CET", "HDC", "UINTR",
					     "LBR", "HWP", "AMX", "AMX", "APX" };

	return component < array_size(names) ? names[component] : "an extended state component";
}

static uint64_t read_xcr0(void)
{
	uint32_t low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

/* Because CPUID traps to the hypervisor in a virtual machine, and every thread needs the answer. */
static struct xstate_layout here;

static void read_layout(void)
{
	enum { OSXSAVE = 1 << 27, LEAF_XSTATE = 0xd };
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE)) {
		here.size = LEGACY_BYTES;
		return;
	}
	here.features = read_xcr0() & ~BIT(XSTATE_COMPONENTS);
	__cpuid_count(LEAF_XSTATE, 0, a, b, c, d);
	here.size = b;
	for (unsigned int i = COMP_FIRST_EXTENDED; i < XSTATE_COMPONENTS; i++) {
		if (!(here.features & BIT(i)))
			continue;
		__cpuid_count(LEAF_XSTATE, i, a, b, c, d);
		here.comp[i].size = a;
		here.comp[i].off = b;
	}
}

const struct xstate_layout *xstate_layout_here(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;	/* because workers may ask at the same time */

	pthread_once(&once, read_layout);
	return &here;
}

static bool layout_holds(const struct xstate_layout *l, unsigned int comp, uint32_t size)
{
	return comp < XSTATE_COMPONENTS && l->features & BIT(comp) && l->comp[comp].size >= size;
}

static size_t *array_count(const UserX86XsaveEntry *x, const struct plain_array *p)
{
	return (size_t *)((char *)x + p->n_off);
}

static void **array_data(const UserX86XsaveEntry *x, const struct plain_array *p)
{
	return (void **)((char *)x + p->array_off);
}

static bool is_plain_component(unsigned int comp)
{
	for (size_t i = 0; i < array_size(plain); i++)
		if (plain[i].comp == comp)
			return true;
	return comp < COMP_FIRST_EXTENDED;
}

static void legacy_to_record(struct arena *a, const uint8_t *area, UserX86FpregsEntry *ret)
{
	struct fxsave fx;

	memcpy(&fx, area, sizeof(fx));
	ret->cwd = fx.cwd;
	ret->swd = fx.swd;
	ret->twd = fx.twd;
	ret->fop = fx.fop;
	ret->rip = fx.rip;
	ret->rdp = fx.rdp;
	ret->mxcsr = fx.mxcsr;
	ret->mxcsr_mask = fx.mxcsr_mask;
	ret->st_space = arena_memdup(a, area + sizeof(fx), ST_BYTES);
	ret->n_st_space = ST_BYTES / sizeof(*ret->st_space);
	ret->xmm_space = arena_memdup(a, area + sizeof(fx) + ST_BYTES, XMM_BYTES);
	ret->n_xmm_space = XMM_BYTES / sizeof(*ret->xmm_space);
}

static void legacy_from_record(const UserX86FpregsEntry *rec, uint8_t *area)
{
	struct fxsave fx = {
		.cwd = rec->cwd, .swd = rec->swd, .twd = rec->twd, .fop = rec->fop, .rip = rec->rip,
		.rdp = rec->rdp, .mxcsr = rec->mxcsr, .mxcsr_mask = rec->mxcsr_mask,
	};

	memcpy(area, &fx, sizeof(fx));
	memcpy(area + sizeof(fx), rec->st_space, ST_BYTES);
	memcpy(area + sizeof(fx) + ST_BYTES, rec->xmm_space, XMM_BYTES);
}

int xstate_to_record(struct arena *a, const struct xstate_layout *l, const void *area, size_t len, bool is_plain,
		     UserX86FpregsEntry *ret)
{
	const uint8_t *bytes = area;
	UserX86XsaveEntry *x;

	if (len < l->size || len < LEGACY_BYTES || (l->features && len < AREA_MIN))
		return -EINVAL;
	legacy_to_record(a, bytes, ret);
	if (!l->features)
		return 0;
	x = ret->xsave = arena_msg(a, UserX86XsaveEntry, user_x86_xsave_entry__init);
	memcpy(&x->xstate_bv, bytes + HEADER_OFF, sizeof(x->xstate_bv));
	for (size_t i = 0; i < array_size(plain); i++) {
		if (!layout_holds(l, plain[i].comp, plain[i].size))
			continue;
		*array_data(x, &plain[i]) = arena_memdup(a, bytes + l->comp[plain[i].comp].off, plain[i].size);
		*array_count(x, &plain[i]) = plain[i].size / plain[i].elem;
	}
	for (unsigned int i = COMP_FIRST_EXTENDED; i < XSTATE_COMPONENTS && !is_plain; i++) {
		UserX86XcompEntry *c;

		if (is_plain_component(i) || !(x->xstate_bv & l->features & BIT(i)))
			continue;
		c = arena_msg(a, UserX86XcompEntry, user_x86_xcomp_entry__init);
		c->number = i;
		c->data.data = arena_memdup(a, bytes + l->comp[i].off, l->comp[i].size);
		c->data.len = l->comp[i].size;
		pb_push(a, x->components, x->n_components, c);
	}
	return 0;
}

/* Components 2 and up; the bits of those that were taken. */
static uint64_t extended_from_record(const struct xstate_layout *l, const UserX86XsaveEntry *x, uint8_t *area)
{
	uint64_t taken = 0;

	for (size_t i = 0; i < array_size(plain); i++) {
		unsigned int comp = plain[i].comp;

		if (!(x->xstate_bv & BIT(comp)) || !*array_count(x, &plain[i]) ||
		    !layout_holds(l, comp, plain[i].size))
			continue;
		memcpy(area + l->comp[comp].off, *array_data(x, &plain[i]), plain[i].size);
		taken |= BIT(comp);
	}
	for (size_t i = 0; i < x->n_components; i++) {
		const UserX86XcompEntry *c = x->components[i];

		if (!layout_holds(l, c->number, c->data.len) || !(x->xstate_bv & BIT(c->number)))
			continue;
		memcpy(area + l->comp[c->number].off, c->data.data, c->data.len);
		taken |= BIT(c->number);
	}
	return taken;
}

int xstate_from_record(const struct xstate_layout *l, const UserX86FpregsEntry *rec, void *ret_area, size_t size,
		       size_t *ret_len)
{
	uint64_t bv;

	*ret_len = l->size;
	if (size < l->size)
		return -ENOSPC;
	memset(ret_area, 0, l->size);
	legacy_from_record(rec, ret_area);
	if (!l->features)
		return 0;
	/* The legacy part of a record is always valid: where it was not in use it has the initial values. */
	bv = LEGACY_BITS;
	if (rec->xsave)
		bv |= extended_from_record(l, rec->xsave, ret_area);
	memcpy((uint8_t *)ret_area + HEADER_OFF, &bv, sizeof(bv));
	return 0;
}

static uint64_t contents_of(const UserX86XsaveEntry *x)
{
	uint64_t bits = LEGACY_BITS;

	for (size_t i = 0; i < array_size(plain); i++)
		if (*array_count(x, &plain[i]))
			bits |= BIT(plain[i].comp);
	for (size_t i = 0; i < x->n_components; i++)
		bits |= BIT(x->components[i]->number);
	return bits;
}

uint64_t xstate_missing(const struct xstate_layout *l, const UserX86FpregsEntry *rec)
{
	uint64_t missing;

	if (!rec->xsave)
		return 0;
	missing = rec->xsave->xstate_bv & ~l->features & ~LEGACY_BITS;
	for (size_t i = 0; i < rec->xsave->n_components; i++) {
		const UserX86XcompEntry *c = rec->xsave->components[i];

		if (!layout_holds(l, c->number, c->data.len))
			missing |= BIT(c->number) & rec->xsave->xstate_bv;
	}
	return missing;
}

uint64_t xstate_without_contents(const UserX86FpregsEntry *rec)
{
	return rec->xsave ? rec->xsave->xstate_bv & ~contents_of(rec->xsave) : 0;
}

static int check_components(const UserX86XsaveEntry *x)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < x->n_components; i++) {
		const UserX86XcompEntry *c = x->components[i];

		if (c->number >= XSTATE_COMPONENTS || is_plain_component(c->number))
			return fail(EINVAL, "xsave component %u is out of range", c->number);
		if (seen & BIT(c->number))
			return fail(EINVAL, "xsave component %u is there twice", c->number);
		seen |= BIT(c->number);
	}
	return 0;
}

int xstate_check(const UserX86FpregsEntry *rec)
{
	enum { MXCSR_BITS = 0x2ffff };	/* bit 17: misaligned SSE, AMD */

	if (rec->n_st_space != ST_BYTES / sizeof(*rec->st_space))
		return fail(EINVAL, "%zu words of x87 registers instead of 32", rec->n_st_space);
	if (rec->n_xmm_space != XMM_BYTES / sizeof(*rec->xmm_space))
		return fail(EINVAL, "%zu words of SSE registers instead of 64", rec->n_xmm_space);
	if (rec->mxcsr & ~MXCSR_BITS)
		return fail(EINVAL, "reserved bits in mxcsr %#x", rec->mxcsr);
	if (!rec->xsave)
		return 0;
	for (size_t i = 0; i < array_size(plain); i++) {
		size_t n = *array_count(rec->xsave, &plain[i]);

		if (n && n != plain[i].size / plain[i].elem)
			return fail(EINVAL, "xsave component %u (%s) has %zu words instead of %u", plain[i].comp,
				    xstate_name(plain[i].comp), n, plain[i].size / plain[i].elem);
	}
	return check_components(rec->xsave);
}
