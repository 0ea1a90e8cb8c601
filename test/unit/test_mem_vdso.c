/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairing the functions of two vDSOs, on synthetic ELF images and on the kernel's own. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cmocka.h>
#include "mem/vdso.h"
#include "vdso_jump.pie.h"
#include "mem/vmas.h"

/* A page of code behind a header, two sections, symbols and names. */
struct image {
	Elf64_Ehdr head;
	Elf64_Shdr sections[3];
	Elf64_Sym syms[5];
	char names[64];
	char code[4096 - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Shdr) - 5 * sizeof(Elf64_Sym) - 64];
};

static void add_function(struct image *i, unsigned int n, const char *name, uint64_t at, uint64_t size)
{
	static const unsigned int name_room = 16;

	i->syms[n].st_name = n * name_room - name_room + 1;
	i->syms[n].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
	i->syms[n].st_shndx = 1;
	i->syms[n].st_value = at;
	i->syms[n].st_size = size;
	strcpy(i->names + i->syms[n].st_name, name);
}

static struct image *synthetic(void)
{
	struct image *i = calloc(1, sizeof(*i));

	assert_non_null(i);
	memcpy(i->head.e_ident, ELFMAG, SELFMAG);
	i->head.e_ident[EI_CLASS] = ELFCLASS64;
	i->head.e_shoff = offsetof(struct image, sections);
	i->head.e_shentsize = sizeof(Elf64_Shdr);
	i->head.e_shnum = 3;
	i->sections[1] = (Elf64_Shdr){ .sh_type = SHT_DYNSYM, .sh_link = 2, .sh_offset = offsetof(struct image, syms),
				       .sh_size = sizeof(i->syms), .sh_entsize = sizeof(Elf64_Sym) };
	i->sections[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct image, names),
				       .sh_size = sizeof(i->names) };
	return i;
}

static int pair(const void *a, const void *b, struct vdso_jump *j, size_t room)
{
	const char *why;
	int n = vdso_pair(a, sizeof(struct image), b, sizeof(struct image), j, room, &why);

	assert_true((n < 0) == (why != NULL));
	return n;
}

static void functions_are_paired_by_name(void **state)
{
	struct image *old = synthetic(), *now = synthetic();
	struct vdso_jump j[4];

	(void)state;
	add_function(old, 1, "clock", 1024, 64);
	add_function(old, 2, "gone", 1088, 64);
	add_function(old, 3, "time", 1152, 16);
	add_function(old, 4, "alias_time", 1152, 16);
	add_function(now, 1, "alias_time", 2048, 16);
	add_function(now, 2, "time", 2048, 16);
	add_function(now, 3, "clock", 3000, 16);
	add_function(now, 4, "new", 3100, 16);
	assert_int_equal(pair(old, now, j, 4), 2);
	assert_int_equal(j[0].from, 1024);
	assert_int_equal(j[0].to, 3000);
	assert_int_equal(j[1].from, 1152);
	assert_int_equal(j[1].to, 2048);
	assert_int_equal(pair(old, now, j, 1), -EINVAL);
	free(old);
	free(now);
}

static void a_jump_needs_room(void **state)
{
	struct image *old = synthetic(), *now = synthetic();
	struct vdso_jump j[4];

	(void)state;
	add_function(old, 1, "clock", 1024, 4);
	add_function(old, 2, "time", 1024 + VDSO_JUMP_BYTES, 4);
	add_function(now, 1, "clock", 2048, 4);
	assert_int_equal(pair(old, now, j, 4), 1);	/* padding in between counts */
	old->syms[2].st_value--;
	assert_int_equal(pair(old, now, j, 4), -EINVAL);
	free(old);
	free(now);
}

#define BAD(change) do { struct image *bad = synthetic(); add_function(bad, 1, "clock", 1024, 64); change; \
	assert_int_equal(pair(bad, good, j, 4), -EINVAL); assert_int_equal(pair(good, bad, j, 4), -EINVAL); free(bad); } while (0)

static void damaged_images_are_refused(void **state)
{
	struct image *good = synthetic();
	struct vdso_jump j[4];

	(void)state;
	add_function(good, 1, "clock", 1024, 64);
	BAD(bad->head.e_ident[0] = 0);
	BAD(bad->head.e_ident[EI_CLASS] = ELFCLASS32);
	BAD(bad->head.e_shoff = sizeof(struct image));
	BAD(bad->head.e_shoff = UINT64_MAX - 7);
	BAD(bad->head.e_shoff = 65);
	BAD(bad->head.e_shnum = 0xffff);
	BAD(bad->head.e_shnum = 0);
	BAD(bad->sections[1].sh_offset = UINT64_MAX - 7);
	BAD(bad->sections[1].sh_size = UINT64_MAX);
	BAD(bad->sections[1].sh_link = 3);
	BAD(bad->sections[2].sh_offset = UINT64_MAX);
	BAD(bad->sections[2].sh_size = 1 << 20);
	BAD(bad->sections[2].sh_size = 0);
	BAD(bad->names[63] = 'x');
	free(good);
}

static void the_kernels_own_has_its_clocks(void **state)
{
	const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR), *why;
	struct vdso_jump j[64];
	int n;

	(void)state;
	if (!vdso)
		skip();
	/* Its section headers are at the end of two pages, on every kernel from 5.10 to 6.18. */
	n = vdso_pair(vdso, 8192, vdso, 8192, j, 64, &why);
	assert_true(n >= 4);
	for (int i = 0; i < n; i++)
		assert_int_equal(j[i].from, j[i].to);
}

/* A mark in this process itself, in pages of its own. */
static void a_marked_vdso_is_left_out(void **state)
{
	static _Alignas(4096) struct vdso_mark page[4096 / sizeof(struct vdso_mark)];
	struct vma v[3] = {
		{ .start = 0x1000, .end = 0x2000, .status = VMA_REGULAR | VMA_ANON_PRIVATE },
		{ .start = 0x5000, .end = 0x6000, .status = VMA_REGULAR | VMA_ANON_PRIVATE },
		{ .start = (uintptr_t)page, .end = (uintptr_t)page + 4096, .status = VMA_REGULAR | VMA_VDSO | VMA_ANON_PRIVATE },
	};
	struct vma_list l = { .v = { .v = v, .n = 3, .room = 3 } };

	(void)state;
	assert_int_equal(vdso_scan(getpid(), &l), 0);
	assert_false(v[2].is_left_out);
	page[0] = (struct vdso_mark){ VDSO_MARK_SIGNATURE, 0x5000, VDSO_MARK_VERSION, 0x1000, 0x9000 };
	assert_int_equal(vdso_scan(getpid(), &l), 0);
	assert_true(v[2].is_left_out);
	assert_int_equal(v[0].status, VMA_REGULAR | VMA_VVAR | VMA_ANON_PRIVATE);
	assert_int_equal(v[1].status, VMA_REGULAR | VMA_VDSO | VMA_ANON_PRIVATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_paired_by_name),
		cmocka_unit_test(a_jump_needs_room),
		cmocka_unit_test(damaged_images_are_refused),
		cmocka_unit_test(the_kernels_own_has_its_clocks),
		cmocka_unit_test(a_marked_vdso_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
