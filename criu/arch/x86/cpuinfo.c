/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpuinfo.img: what CPUID says about this CPU, and whether a CPU can go on where another stopped. */
#include <cpuid.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "arch/cpuinfo.h"
#include "arch/x86/xstate.h"
#include "base/log.h"
#include "base/parse.h"

enum { EAX, EBX, ECX, EDX };
enum { CAPABILITY_VER = 2, N_WORDS = 19 };
#define BITS(high, low) (~0U >> (31 - (high)) & ~0U << (low))
#define BIT(n) (1U << (n))

/* The words of the capability array. Those with leaf 0 hold flags that Linux invents; CPUID does not have them. */
static const struct word {
	const char *name;
	uint32_t leaf, sub;
	uint8_t reg;
	uint32_t fpu;		/* what --cpu-cap=fpu wants: the ways of saving registers */
	uint32_t ins;		/* what --cpu-cap=ins wants: instructions that programs use */
	uint32_t always;
} words[N_WORDS] = {
	/* tsc cx8 sep cmov clflush mmx sse sse2; fpu fxsr */
	{ "1.EDX", 1, 0, EDX, BIT(0) | BIT(24),
	  BIT(0) | BIT(4) | BIT(8) | BIT(11) | BIT(15) | BIT(19) | BITS(26, 23) },
	/* syscall mmxext rdtscp lm 3dnow */
	{ "80000001.EDX", 0x80000001, 0, EDX, 0, BIT(11) | BIT(22) | BIT(27) | BITS(31, 29) },
	{ "80860001.EDX", 0 },
	/* rep_good, nopl, cpuid: Linux sets them on every 64-bit CPU. It is what other tools write and compare. */
	{ "Linux 1", 0, .always = BIT(16) | BIT(20) | BIT(25) },
	/* sse3 pclmul ssse3 fma cx16 sse4 movbe popcnt aes xsave avx f16c rdrand; osxsave */
	{ "1.ECX", 1, 0, ECX, BIT(27),
	  BITS(1, 0) | BIT(9) | BITS(13, 12) | BITS(20, 19) | BITS(23, 22) | BITS(30, 25) },
	{ "C0000001.EDX", 0 },
	/* lahf abm sse4a misalignsse 3dnowprefetch xop fma4 tbm */
	{ "80000001.ECX", 0x80000001, 0, ECX, 0, BIT(0) | BITS(8, 5) | BIT(11) | BIT(16) | BIT(21) },
	{ "Linux 2", 0 },
	{ "Linux 3", 0 },
	/* fsgsbase bmi1 hle avx2 bmi2 rtm avx512* rdseed adx clflushopt clwb sha */
	{ "7.EBX", 7, 0, EBX, 0,
	  BIT(0) | BITS(5, 3) | BIT(8) | BIT(11) | BITS(19, 16) | BIT(21) | BITS(24, 23) | BITS(31, 26) },
	/* xsaveopt xsavec xgetbv1 xsaves */
	{ "D.1.EAX", 0xd, 1, EAX, BIT(3), BITS(2, 0) },
	/* avx512vbmi pku waitpkg vbmi2 gfni vaes vpclmulqdq vnni bitalg vpopcntdq rdpid movdiri movdir64b */
	{ "7.ECX", 7, 0, ECX, 0, BIT(1) | BITS(5, 3) | BIT(6) | BITS(12, 8) | BIT(14) | BIT(22) | BITS(28, 27) },
	{ "F.1.EDX", 0xf, 1, EDX, 0, 0 },
	/* clzero rdpru wbnoinvd */
	{ "80000008.EBX", 0x80000008, 0, EBX, 0, BIT(0) | BIT(4) },
	{ "6.EAX", 6, 0, EAX, 0, 0 },
	{ "8000000A.EDX", 0x8000000a, 0, EDX, 0, 0 },
	{ "F.0.EDX", 0xf, 0, EDX, 0, 0 },
	{ "80000007.EBX", 0x80000007, 0, EBX, 0, 0 },
	/* avx512_4vnniw avx512_4fmaps vp2intersect serialize tsxldtrk amx */
	{ "7.EDX", 7, 0, EDX, 0, BITS(3, 2) | BIT(8) | BIT(14) | BIT(16) | BITS(25, 22) },
};

static bool leaf_exists(uint32_t leaf)
{
	return leaf && (uint32_t)__get_cpuid_max(leaf & 0x80000000, NULL) >= leaf;
}

static uint32_t read_word(const struct word *w)
{
	uint32_t r[4];

	if (!leaf_exists(w->leaf))
		return w->always;
	__cpuid_count(w->leaf, w->sub, r[EAX], r[EBX], r[ECX], r[EDX]);
	return r[w->reg];
}

static CpuinfoX86Entry__Vendor read_vendor(void)
{
	uint32_t max, name[3];

	__cpuid(0, max, name[0], name[2], name[1]);
	if (!memcmp(name, "GenuineIntel", sizeof(name)))
		return CPUINFO_X86_ENTRY__VENDOR__INTEL;
	if (!memcmp(name, "AuthenticAMD", sizeof(name)))
		return CPUINFO_X86_ENTRY__VENDOR__AMD;
	return CPUINFO_X86_ENTRY__VENDOR__UNKNOWN;
}

/* Intel SDM, CPUID leaf 1: extended family and model are added where the short ones are full. */
static void read_model(CpuinfoX86Entry *ret)
{
	uint32_t a, b, c, d;

	__cpuid(1, a, b, c, d);
	ret->cpu_family = a >> 8 & 0xf;
	ret->model = a >> 4 & 0xf;
	ret->stepping = a & 0xf;
	if (ret->cpu_family == 0xf)
		ret->cpu_family += a >> 20 & 0xff;
	if (ret->cpu_family >= 6)
		ret->model += (a >> 16 & 0xf) << 4;
}

static char *read_brand(struct arena *a)
{
	enum { FIRST = 0x80000002, COUNT = 3 };
	uint32_t name[COUNT * 4 + 1] = { 0 };
	const char *s = (const char *)name;

	if (!leaf_exists(FIRST + COUNT - 1))
		return arena_strdup(a, "");
	for (uint32_t i = 0; i < COUNT; i++)
		__cpuid(FIRST + i, name[4 * i], name[4 * i + 1], name[4 * i + 2], name[4 * i + 3]);
	while (*s == ' ')
		s++;
	return arena_strdup(a, s);
}

static void read_xsave(CpuinfoX86Entry *ret)
{
	const uint64_t sse = 2;
	uint32_t a, b, c, d;

	if (!xstate_layout_here()->features)
		return;
	__cpuid_count(0xd, 0, a, b, c, d);
	ret->has_xfeatures_mask = ret->has_xsave_size = ret->has_xsave_size_max = true;
	/* Without SSE, which is not a component of its own: so other tools have it, and they compare. */
	ret->xfeatures_mask = xstate_layout_here()->features & ~sse;
	ret->xsave_size = b;
	ret->xsave_size_max = c;
}

CpuinfoEntry *cpuinfo_scan(struct arena *a)
{
	CpuinfoEntry *e = arena_msg(a, CpuinfoEntry, cpuinfo_entry__init);
	CpuinfoX86Entry *x = arena_msg(a, CpuinfoX86Entry, cpuinfo_x86_entry__init);

	e->x86_entry = arena_memdup(a, &x, sizeof(CpuinfoX86Entry *));
	e->n_x86_entry = 1;
	x->vendor_id = read_vendor();
	read_model(x);
	x->model_id = read_brand(a);
	x->capability_ver = CAPABILITY_VER;
	x->capability = arena_array(a, uint32_t, N_WORDS);
	for (size_t i = 0; i < N_WORDS; i++)
		x->capability[i] = read_word(&words[i]);
	x->n_capability = N_WORDS;
	read_xsave(x);
	return e;
}

/* Bits of word i that the image has and we do not. */
static uint32_t lacking(const CpuinfoX86Entry *there, const CpuinfoX86Entry *here, size_t i)
{
	return i < there->n_capability && i < here->n_capability ? there->capability[i] & ~here->capability[i] : 0;
}

static int check_words(const CpuinfoX86Entry *there, const CpuinfoX86Entry *here, const struct cpu_cap *cap)
{
	int err = 0;

	for (size_t i = 0; i < N_WORDS; i++) {
		uint32_t missing = lacking(there, here, i);
		uint32_t wanted = (cap->fpu ? words[i].fpu : 0) | (cap->ins ? words[i].ins : 0);

		if (missing & wanted)
			err = fail(ENODEV, "this CPU lacks features that the tree was dumped with: CPUID %s bits %#x; "
				   "restore on one that has them, or relax --cpu-cap", words[i].name,
				   missing & wanted);
		else if (cap->cpu && words[i].leaf && i < there->n_capability &&
			 there->capability[i] != here->capability[i])
			err = fail(ENODEV, "this CPU is another one: CPUID %s is %#x, was %#x; relax --cpu-cap",
				   words[i].name, here->capability[i], there->capability[i]);
	}
	return err;
}

static int check_xsave(const CpuinfoX86Entry *there, const CpuinfoX86Entry *here)
{
	uint64_t missing = there->has_xfeatures_mask ? there->xfeatures_mask & ~here->xfeatures_mask : 0;

	if (missing)
		return fail(ENODEV, "this CPU lacks %s; restore on one that has it, or relax --cpu-cap",
			    xstate_name(__builtin_ctzll(missing)));
	if (there->has_xsave_size && there->xsave_size != here->xsave_size)
		return fail(ENODEV, "registers take %u bytes here, %u where the tree was dumped; relax --cpu-cap",
			    here->xsave_size, there->xsave_size);
	if (there->has_xsave_size_max && there->xsave_size_max != here->xsave_size_max)
		return fail(ENODEV, "registers take up to %u bytes here, %u where the tree was dumped; relax --cpu-cap",
			    here->xsave_size_max, there->xsave_size_max);
	return 0;
}

int cpuinfo_check(const CpuinfoEntry *there, const CpuinfoEntry *here, const struct cpu_cap *cap)
{
	const CpuinfoX86Entry *was, *is = here->x86_entry[0];
	int err, xsave_err;

	if (there->n_x86_entry != 1)
		return fail(EINVAL, "cpuinfo.img: %zu descriptions of an x86 CPU instead of 1", there->n_x86_entry);
	was = there->x86_entry[0];
	if (was->capability_ver < 1 || was->capability_ver > CAPABILITY_VER)
		return fail(EINVAL, "cpuinfo.img: version %u of the capability words", was->capability_ver);
	if (cap->cpu && (was->vendor_id != is->vendor_id || was->cpu_family != is->cpu_family ||
			 was->model != is->model))
		return fail(ENODEV, "this CPU is family %u model %u, the tree was dumped on family %u model %u; relax "
			    "--cpu-cap", is->cpu_family, is->model, was->cpu_family, was->model);
	err = check_words(was, is, cap);
	xsave_err = cap->fpu ? check_xsave(was, is) : 0;
	return err ? err : xsave_err;
}
