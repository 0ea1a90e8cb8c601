/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings from captured text of /proc/PID/smaps and numa_maps, as records. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <cmocka.h>
#include "base/arena.h"
#include "mem/scan.h"
#include "mem/vmas.h"

/* What smaps prints between the first line and VmFlags, shortened; keys that begin with P are there on purpose. */
#define BODY "Size:                  4 kB\nRss:                   4 kB\nPss:                   4 kB\nPrivate_Dirty:         4 kB\nTHPeligible:           0\n"

static const char smaps[] =
	"00400000-00401000 r--p 00000000 fe:00 10952911                           /tmp/a b\n" BODY "VmFlags: rd mr mw me \n"
	"00401000-00403000 rw-p 00001000 fe:00 10952911                           /tmp/a b\n" BODY "VmFlags: rd wr mr mw me ac sl \n"
	"00a00000-00a21000 rw-p 00000000 00:00 0                                  [heap]\n" BODY "VmFlags: rd wr mr mw me ac dc mg \n"
	"7f0000000000-7f0000001000 rw-s 00000000 fe:00 77                         /tmp/shared\n" BODY "VmFlags: rd wr sh mr mw me ms \n"
	"7f0000001000-7f0000002000 r--s 00000000 fe:00 77                         /tmp/shared\n" BODY "VmFlags: rd sh mr me ms \n"
	"7f0000004000-7f0000006000 rw-p 00000000 00:00 0                          [anon:my [x] heap]\n" BODY "ProtectionKey:         5\nVmFlags: rd wr mr mw me lo lf nr hg wf dd \n"
	"7f0000006000-7f0000007000 ---p 00000000 00:00 0 \n" BODY "VmFlags: mr mw me rr \n"
	"7f0000008000-7f0000009000 rw-p 00000000 00:00 0 \n" BODY "VmFlags: rd wr mr mw me dp wf dd \n"
	"7fb628d2f000-7fb628d33000 r--p 00000000 00:00 0                          [vvar]\n" BODY "VmFlags: rd mr pf io de dd \n"
	"7fb628d33000-7fb628d35000 r--p 00000000 00:00 0                          [vvar_vclock]\n" BODY "VmFlags: rd mr pf io de dd \n"
	"7fb628d35000-7fb628d37000 r-xp 00000000 00:00 0                          [vdso]\n" BODY "VmFlags: rd ex mr mw me de \n"
	"7ffee3f07000-7ffee3f28000 rw-p 00000000 00:00 0                          [stack]\n" BODY "VmFlags: rd wr mr mw me gd ac \n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n" BODY "VmFlags: ex \n";

static struct arena arena;

static struct vma_list parsed(const char *text)
{
	struct vma_list l = { 0 };

	assert_int_equal(vmas_parse(arena_strdup(&arena, text), &arena, &l), 0);
	return l;
}

static const VmaEntry *record(const struct vma_list *l, size_t i)
{
	assert_true(i < l->v.n);
	return vma_record(&arena, &l->v.v[i]);
}

static void each_mapping_has_its_kind(void **state)
{
	static const uint32_t status[] = { 0x41, 0x41, 0x221, 0x81, 0x81, 0x201, 0x201, 0x201, 0x1201, 0x1201, 0x209,
					   0x201, 0x204 };
	struct vma_list l = parsed(smaps);

	(void)state;
	assert_int_equal(l.v.n, sizeof(status) / sizeof(status[0]));
	for (size_t i = 0; i < l.v.n; i++) {
		assert_int_equal(l.v.v[i].status, status[i]);
		assert_null(vma_refusal(&l.v.v[i]));
	}
}

static void ranges_files_and_protections_are_kept(void **state)
{
	struct vma_list l = parsed(smaps);
	const VmaEntry *e = record(&l, 1);

	(void)state;
	assert_int_equal(e->start, 0x401000);
	assert_int_equal(e->end, 0x403000);
	assert_int_equal(e->pgoff, 0x1000);
	assert_int_equal(e->prot, PROT_READ | PROT_WRITE);
	assert_int_equal(e->flags, MAP_PRIVATE);
	assert_int_equal(e->fdflags, O_RDONLY);
	assert_true(e->sealed);
	assert_int_equal(e->fd, -1);
	assert_string_equal(l.v.v[1].path, "/tmp/a b");
	assert_int_equal(l.v.v[1].ino, 10952911);
	assert_int_equal(l.v.v[1].dev_major, 0xfe);
}

static void shared_files_are_opened_as_they_were(void **state)
{
	struct vma_list l = parsed(smaps);

	(void)state;
	assert_int_equal(record(&l, 3)->fdflags, O_RDWR);
	assert_int_equal(record(&l, 4)->fdflags, O_RDONLY);
	assert_int_equal(record(&l, 4)->flags, MAP_SHARED);
}

static void flags_become_flags_advice_and_extensions(void **state)
{
	struct vma_list l = parsed(smaps);
	const VmaEntry *e = record(&l, 5);

	(void)state;
	assert_int_equal(e->flags, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_NORESERVE);
	assert_int_equal(e->madv, 1 << MADV_HUGEPAGE | 1 << MADV_WIPEONFORK | 1 << MADV_DONTDUMP);
	assert_true(e->lock_on_fault);
	assert_int_equal(e->pkey, 5);
	assert_string_equal(e->name, "my [x] heap");
	assert_int_equal(record(&l, 2)->madv, 1 << MADV_DONTFORK | 1 << MADV_MERGEABLE);
	assert_int_equal(record(&l, 6)->prot, PROT_NONE);
	assert_int_equal(record(&l, 6)->madv, 1 << MADV_RANDOM);
	assert_int_equal(record(&l, 7)->flags, MAP_ANONYMOUS | 0x8);	/* MAP_DROPPABLE */
	assert_false(vma_has_pages(&l.v.v[8]));
	assert_int_equal(record(&l, 11)->flags, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN);
	assert_false(record(&l, 8)->has_madv);
}

static const char *refusal_of(const char *head, const char *flags)
{
	char text[400];
	struct vma_list l;

	snprintf(text, sizeof(text), "%s\n" BODY "VmFlags: %s \n", head, flags);
	l = parsed(text);
	assert_int_equal(l.v.n, 1);
	return vma_refusal(&l.v.v[0]);
}

static void what_cannot_be_saved_is_named(void **state)
{
	(void)state;
	assert_non_null(strstr(refusal_of("1000-2000 rw-s 00000000 00:0f 9    /memfd:x (deleted)", "rd wr sh ht"), "hugetlb"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-s 00000000 00:01 9    /SYSV00000000 (deleted)", "rd wr sh ht"), "hugetlb"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-s 00000000 00:10 9    /[aio] (deleted)", "rd wr sh"), "io_setup"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-s 00000000 00:10 9    anon_inode:[io_uring]", "rd wr sh"), "io_uring"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-s 00000000 00:10 9    anon_inode:[perf_event]", "rd sh"), "perf"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-s 00000000 00:10 9    anon_inode:[novel]", "rd sh"), "kind"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-s 00000000 00:10 9    /secretmem (deleted)", "rd sh"), "secret"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-s 00000000 00:10 9    socket:[9]", "rd sh"), "packet"));
	assert_non_null(strstr(refusal_of("1000-2000 --xp 00000000 00:00 0    [uprobes]", "ex"), "uprobe"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-p 00000000 00:0f 9    /anon_hugepage (deleted)", "rd ht"), "hugetlb"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-p 00000000 00:0f 9    /huge/file", "rd wr ht"), "hugetlb"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-p 00000000 00:00 0 ", "rd wr um"), "userfaultfd"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-p 00000000 00:00 0 ", "rd wr uw"), "userfaultfd"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-p 00000000 00:00 0 ", "rd wr ss"), "shadow"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-s 00000000 00:05 9    /dev/mem", "rd wr io pf"), "device"));
	assert_non_null(strstr(refusal_of("1000-2000 rw-p 00000000 00:00 0    [new thing]", "rd wr"), "not known"));
}

static void shared_memory_is_a_file_that_has_a_mapping(void **state)
{
	struct vma_list l = parsed("1000-2000 rw-s 00000000 00:01 9    /dev/zero (deleted)\nVmFlags: rd wr sh mw \n"
				   "2000-3000 rw-s 00001000 00:01 8    [anon_shmem:my heap]\nVmFlags: rd wr sh mw \n"
				   "3000-4000 rw-s 00000000 00:01 7    /memfd:x (deleted)\nVmFlags: rd sh \n"
				   "4000-5000 rw-p 00000000 00:01 7    /memfd:x (deleted)\nVmFlags: rd wr mw \n");
	const uint32_t shared = VMA_REGULAR | VMA_FILE_SHARED | VMA_MEMFD;

	(void)state;
	assert_int_equal(l.v.n, 4);
	for (size_t i = 0; i < 3; i++) {
		assert_null(vma_refusal(&l.v.v[i]));
		assert_int_equal(l.v.v[i].status, shared);
		assert_false(vma_has_pages(&l.v.v[i]));
	}
	assert_string_equal(record(&l, 1)->name, "my heap");
	assert_int_equal(record(&l, 1)->pgoff, 0x1000);
	assert_int_equal(record(&l, 1)->fdflags, O_RDWR);
	assert_int_equal(record(&l, 2)->fdflags, O_RDONLY);
	assert_int_equal(l.v.v[3].status, VMA_REGULAR | VMA_FILE_PRIVATE | VMA_MEMFD);
	assert_true(vma_has_pages(&l.v.v[3]));
}

static void an_unnamed_flag_of_a_locked_mapping_means_on_fault(void **state)
{
	struct vma_list l = parsed("1000-2000 rw-p 00000000 00:00 0 \nVmFlags: rd lo ?? \n"
				   "2000-3000 rw-p 00000000 00:00 0 \nVmFlags: rd ?? \n");

	(void)state;
	assert_true(record(&l, 0)->lock_on_fault);
	assert_false(record(&l, 1)->lock_on_fault);
}

static void text_of_something_else_is_refused(void **state)
{
	static const char *const texts[] = { "Name: cat\n", "1000 rw-p\n", "1000-0fff rw-p 00000000 00:00 0 \n",
					     "1000-2000 rw-p\n", "1000-2000 rw-p 0 0\n",
					     "1000-2000 rw-p 00000000 00:00 0 \nProtectionKey: x\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct vma_list l = { 0 };

		assert_int_equal(vmas_parse(arena_strdup(&arena, texts[i]), &arena, &l), -EINVAL);
	}
}

static void policies_are_found(void **state)
{
	char numa[] = "00400000 default file=/tmp/a\\040b mapped=1 N0=1 kernelpagesize_kB=4\n"
		      "00a00000 bind:0 heap anon=1 dirty=1 N0=1 kernelpagesize_kB=4\n"
		      "7f0000004000 prefer=static:1,3-4 anon=2 N0=2\n"
		      "7f0000006000 interleave=relative:0-1\n"
		      "7f0000008000 prefer (many):2\n"
		      "7ffee3f07000 local\n";
	struct vma_list l = parsed(smaps);

	(void)state;
	assert_int_equal(vmas_parse_numa(numa, &l), 0);
	assert_false(l.v.v[0].has_policy);
	assert_int_equal(record(&l, 2)->mpol_mode, 2);			/* MPOL_BIND */
	assert_int_equal(record(&l, 2)->mpol_nodes, 1);
	assert_int_equal(record(&l, 5)->mpol_mode, 1 | 1 << 15);	/* MPOL_PREFERRED, static nodes */
	assert_int_equal(record(&l, 5)->mpol_nodes, 1 << 1 | 1 << 3 | 1 << 4);
	assert_int_equal(record(&l, 6)->mpol_mode, 3 | 1 << 14);	/* MPOL_INTERLEAVE, relative nodes */
	assert_int_equal(record(&l, 7)->mpol_mode, 5);			/* MPOL_PREFERRED_MANY */
	assert_int_equal(record(&l, 11)->mpol_mode, 4);			/* MPOL_LOCAL */
	assert_false(record(&l, 12)->has_mpol_mode);
	assert_int_equal(vmas_parse_numa(strcpy(numa, "00a00000 bind:63\n"), &l), 0);
	assert_int_equal(vmas_parse_numa(strcpy(numa, "00a00000 bind:0,62-64\n"), &l), -EOVERFLOW);
	assert_int_equal(vmas_parse_numa(strcpy(numa, "00a00000 bind:x\n"), &l), -EINVAL);
	assert_int_equal(vmas_parse_numa(strcpy(numa, "00a00000 novel:0\n"), &l), -EINVAL);
}

/* Five thousand mappings are to cost a few milliseconds; the bound is wide, for slow and busy machines. */
static void many_mappings_are_quick(void **state)
{
	size_t room = 5000 * 300;
	char *text = malloc(room), *at = text;
	struct vma_list l = { 0 };
	clock_t before;

	(void)state;
	assert_non_null(text);
	for (unsigned int i = 0; i < 5000; i++)
		at += sprintf(at, "%x-%x rw-p 00000000 fe:00 %u       /usr/lib/x\n" BODY "VmFlags: rd wr mr mw me ac \n",
			      0x10000 + i * 0x2000, 0x11000 + i * 0x2000, i);
	before = clock();
	assert_int_equal(vmas_parse(text, &arena, &l), 0);
	assert_int_equal(l.v.n, 5000);
	assert_true(clock() - before < CLOCKS_PER_SEC / 10);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mapping_has_its_kind),
		cmocka_unit_test(ranges_files_and_protections_are_kept),
		cmocka_unit_test(shared_files_are_opened_as_they_were),
		cmocka_unit_test(flags_become_flags_advice_and_extensions),
		cmocka_unit_test(what_cannot_be_saved_is_named),
		cmocka_unit_test(shared_memory_is_a_file_that_has_a_mapping),
		cmocka_unit_test(an_unnamed_flag_of_a_locked_mapping_means_on_fault),
		cmocka_unit_test(text_of_something_else_is_refused),
		cmocka_unit_test(policies_are_found),
		cmocka_unit_test(many_mappings_are_quick),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_free(&arena);
	return failed;
}
