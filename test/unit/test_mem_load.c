/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory records are foreign input: what is loaded, what is refused, and which pages relatives share. */
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
#include <unistd.h>
#include <cmocka.h>
#undef fail				/* both have one */
#include "base/log.h"
#include "image/dir.h"
#include "mem/mem.h"
#include "mem/premap.h"
#include "mem/runs.h"
#include "mem/vma_check.h"
#include "mem/vmas.h"

#define P PAGE_SIZE
#define BASE 0x10000000UL

static struct model m;
static int dir;

static int setup(void **state)
{
	static char path[] = "/tmp/test-mem-XXXXXX";

	(void)state;
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	*state = path;
	memset(&m, 0, sizeof(m));
	m.inventory = arena_msg(&m.arena, InventoryEntry, inventory_entry__init);
	m.inventory->img_version = 3;
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_ERROR);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "mm-%d.img", "pagemap-%d.img", "pages-%d.img" };
	char name[64];

	for (int pid = 1; pid < 4; pid++)
		for (size_t i = 0; i < array_size(names); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(name, sizeof(name), names[i], pid);
#pragma GCC diagnostic pop
			unlinkat(dir, name, 0);
		}
	close(dir);
	assert_int_equal(rmdir(*state), 0);
	arena_free(&m.arena);
	return 0;
}

/* --- the records --------------------------------------------------------------------------------------------- */
static VmaEntry *add_vma(MmEntry *mm, uint64_t start, uint64_t n_pages, uint32_t status, uint32_t flags)
{
	VmaEntry *v = arena_msg(&m.arena, VmaEntry, vma_entry__init);

	v->start = start;
	v->end = start + n_pages * P;
	v->status = status;
	v->flags = flags;
	v->prot = PROT_READ | PROT_WRITE;
	v->fd = -1;
	pb_push(&m.arena, mm->vmas, mm->n_vmas, v);
	return v;
}

/* Three mappings that touch, a hole, and a guard. */
static MmEntry *good_mm(void)
{
	MmEntry *mm = arena_msg(&m.arena, MmEntry, mm_entry__init);

	add_vma(mm, BASE, 4, 0x201, 0x22);
	add_vma(mm, BASE + 4 * P, 4, 0x41, 0x2)->shmid = 1;
	add_vma(mm, BASE + 8 * P, 2, 0x81, 0x1)->shmid = 1;
	add_vma(mm, BASE + 20 * P, 4, 0x203, 0x122);
	add_vma(mm, 0xffffffffff600000, 1, 0x204, 0x22);
	add_vma(mm, BASE + 2 * P, 1, 0x10000, 0)->prot = 0;
	return mm;
}

static MmEntry *mm_with_segment(void)
{
	MmEntry *mm = arena_msg(&m.arena, MmEntry, mm_entry__init);

	add_vma(mm, BASE, 4, 0x501, 0x21)->shmid = 0;
	return mm;
}

struct entry {
	uint64_t vaddr, nr_pages;
	uint32_t flags, cow_pid;
};

static struct task *write_task(struct task *parent, pid_t pid, const MmEntry *mm, const struct entry *e, size_t n,
			       size_t stored_pages)
{
	struct task *t = model_task_add(&m, parent, pid, pid);
	PagemapHead head = PAGEMAP_HEAD__INIT;
	struct image_out o;
	char name[32], page[P];
	int fd;

	assert_int_equal(image_write_one(dir, IMG_MM, pid, &mm->base), 0);
	image_out_open(&o, dir, IMG_PAGEMAP, pid);
	head.pages_id = pid;
	image_put(&o, &head.base);
	for (size_t i = 0; i < n; i++) {
		PagemapEntry p = PAGEMAP_ENTRY__INIT;

		p.vaddr = e[i].vaddr;
		p.has_nr_pages = p.has_flags = true;
		p.nr_pages = e[i].nr_pages;
		p.flags = e[i].flags;
		p.has_cow_pid = e[i].cow_pid != 0;
		p.cow_pid = e[i].cow_pid;
		image_put(&o, &p.base);
	}
	assert_int_equal(image_out_close(&o), 0);
	snprintf(name, sizeof(name), "pages-%d.img", pid);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	for (size_t i = 0; i < stored_pages; i++) {
		memset(page, 'a' + i, sizeof(page));
		assert_int_equal(write(fd, page, P), P);
	}
	close(fd);
	return t;
}

static int truncate_pages(int id, off_t len)
{
	char name[64];
	int fd, err;

	snprintf(name, sizeof(name), "pages-%d.img", id);
	fd = openat(dir, name, O_WRONLY);
	err = ftruncate(fd, len);
	close(fd);
	return err;
}

/* --- what is fine -------------------------------------------------------------------------------------------- */
static void entries_are_cut_where_mappings_end(void **state)
{
	static const struct entry e[] = { { BASE + 2 * P, 4, PE_PRESENT }, { BASE + 20 * P, 1, PE_PRESENT | PE_LAZY } };
	struct task *t = write_task(NULL, 1, good_mm(), e, 2, 5);

	(void)state;
	assert_int_equal(mem_load(&m, t, dir), 0);
	assert_int_equal(t->pages.runs.n, 3);
	assert_int_equal(t->pages.runs.v[0].n_pages, 2);
	assert_int_equal(t->pages.runs.v[1].start, BASE + 4 * P);
	assert_int_equal(t->pages.runs.v[1].offset, 2 * P);
	assert_int_equal(*run_contents(t, &t->pages.runs.v[2], BASE + 20 * P), 'e');
	assert_int_equal(run_find(&t->pages, BASE), 0);
	assert_int_equal(run_find(&t->pages, BASE + 4 * P), 1);
	assert_int_equal(run_find(&t->pages, BASE + 21 * P), 3);
}

static void shared_pages_lead_to_the_first_holder(void **state)
{
	static const struct entry a[] = { { BASE, 4, PE_PRESENT } }, b[] = { { BASE, 1, PE_PRESENT }, { BASE + P, 2, PE_COW, 1 } },
				  c[] = { { BASE + P, 3, PE_COW, 1 } };
	struct task *ta = write_task(NULL, 1, good_mm(), a, 1, 4), *tb = write_task(ta, 2, good_mm(), b, 2, 1);
	struct task *tc = write_task(tb, 3, good_mm(), c, 1, 0);
	bool *wanted;

	(void)state;
	assert_int_equal(mem_load(&m, ta, dir), 0);
	assert_int_equal(mem_load(&m, tb, dir), 0);
	assert_int_equal(mem_load(&m, tc, dir), 0);
	assert_int_equal(tb->pages.runs.n, 2);
	assert_ptr_equal(tb->pages.runs.v[1].cow, ta);
	assert_int_equal(*run_contents(tb, &tb->pages.runs.v[0], BASE), 'a');
	assert_int_equal(*run_contents(tb, &tb->pages.runs.v[1], BASE + 2 * P), 'c');
	assert_int_equal(*run_contents(tc, &tc->pages.runs.v[0], BASE + 3 * P), 'd');
	/* The stack holds nothing shared; the first mapping does, in all three. */
	wanted = premap_wanted(&m.arena, &m, tb);
	assert_true(wanted[0]);
	assert_false(wanted[3]);
	assert_true(premap_wanted(&m.arena, &m, tc)[0]);
}

static void runs_are_read_from_the_files_of_their_holders(void **state)
{
	static const struct entry a[] = { { BASE, 4, PE_PRESENT } }, b[] = { { BASE, 1, PE_PRESENT }, { BASE + 2 * P, 1, PE_COW, 1 } };
	struct task *ta = write_task(NULL, 1, good_mm(), a, 1, 4), *tb = write_task(ta, 2, good_mm(), b, 2, 1);
	struct runs_reader rd = RUNS_READER(dir);
	char buf[4 * P];

	(void)state;
	assert_int_equal(mem_load(&m, ta, dir), 0);
	assert_int_equal(mem_load(&m, tb, dir), 0);
	memset(buf, '-', sizeof(buf));
	assert_int_equal(runs_read(&rd, tb, BASE + P / 2, BASE + 4 * P, buf), 0);
	assert_memory_equal(buf, "a", 1);
	assert_int_equal(buf[P / 2], '-');			/* no page: stays */
	assert_int_equal(buf[3 * P / 2], 'c');			/* the third of the holder's */
	assert_int_equal(buf[5 * P / 2 - 1], 'c');
	assert_int_equal(buf[5 * P / 2], '-');
	runs_reader_close(&rd);
	assert_int_equal(truncate_pages(1, 2 * P), 0);
	assert_int_equal(runs_read(&rd, tb, BASE, BASE + 4 * P, buf), -EINVAL);
	runs_reader_close(&rd);
}

static void plain_images_are_compared_with_the_parent(void **state)
{
	static const struct entry a[] = { { BASE, 3, PE_PRESENT } }, b[] = { { BASE, 2, PE_PRESENT }, { BASE + 3 * P, 1, PE_PRESENT } };
	struct task *ta = write_task(NULL, 1, good_mm(), a, 1, 3), *tb = write_task(ta, 2, good_mm(), b, 2, 3);

	(void)state;
	m.inventory->img_version = 2;
	assert_int_equal(mem_load(&m, ta, dir), 0);
	assert_int_equal(mem_load(&m, tb, dir), 0);
	assert_int_equal(tb->pages.n_compared, 2);
	assert_int_equal(tb->pages.n_equal, 2);
	assert_int_equal(tb->pages.runs.n, 2);
	assert_ptr_equal(tb->pages.runs.v[0].cow, ta);
	assert_null(tb->pages.runs.v[1].cow);
	assert_int_equal(*run_contents(tb, &tb->pages.runs.v[1], BASE + 3 * P), 'c');
	m.inventory->img_version = 3;
}

/* --- what is not --------------------------------------------------------------------------------------------- */
static void bad_pagemaps_are_refused(void **state)
{
	static const struct {
		struct entry e[2];
		size_t n, stored;
	} bad[] = {
		{ { { BASE, 4, PE_PRESENT } }, 1, 3 },				/* the pages file is short */
		{ { { BASE, 0, PE_PRESENT } }, 1, 0 },
		{ { { BASE + 1, 1, PE_PRESENT } }, 1, 1 },
		{ { { BASE, UINT64_MAX / P, PE_PRESENT } }, 1, 1 },
		{ { { BASE, 1UL << 60, PE_PRESENT } }, 1, 1 },
		{ { { BASE - P, 1, PE_PRESENT } }, 1, 1 },			/* in no mapping */
		{ { { BASE + 3 * P, 6, PE_PRESENT } }, 1, 6 },			/* runs into shared file memory */
		{ { { BASE + 9 * P, 1, PE_PRESENT } }, 1, 1 },
		{ { { BASE + 24 * P, 1, PE_PRESENT } }, 1, 1 },
		{ { { 0xffffffffff600000, 1, PE_PRESENT } }, 1, 1 },
		{ { { BASE + P, 1, PE_PRESENT }, { BASE, 1, PE_PRESENT } }, 2, 2 },	/* out of order */
		{ { { BASE, 2, PE_PRESENT }, { BASE + P, 1, PE_PRESENT } }, 2, 3 },
		{ { { BASE, 1, PE_PARENT } }, 1, 0 },
		{ { { BASE, 1, PE_LAZY } }, 1, 0 },
		{ { { BASE, 1, 0x80 } }, 1, 1 },
		{ { { BASE, 1, PE_COW, 1 } }, 1, 0 },				/* with itself */
		{ { { BASE, 1, PE_COW, 77 } }, 1, 0 },
		{ { { BASE, 1, PE_COW } }, 1, 0 },
		{ { { BASE, 1, PE_COW | PE_PRESENT, 1 } }, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		m.tasks.n = 0;
		assert_int_equal(mem_load(&m, write_task(NULL, 1, good_mm(), bad[i].e, bad[i].n, bad[i].stored), dir), -EINVAL);
	}
}

static void sharing_what_is_not_there_is_refused(void **state)
{
	static const struct entry a[] = { { BASE, 2, PE_PRESENT } }, b[] = { { BASE + P, 2, PE_COW, 1 } };
	struct task *ta = write_task(NULL, 1, good_mm(), a, 1, 2), *tb = write_task(ta, 2, good_mm(), b, 1, 0);

	(void)state;
	assert_int_equal(mem_load(&m, ta, dir), 0);
	assert_int_equal(mem_load(&m, tb, dir), -EINVAL);
}

static void truncated_and_missing_files_are_refused(void **state)
{
	static const struct entry e[] = { { BASE, 4, PE_PRESENT } };
	struct task *t = write_task(NULL, 1, good_mm(), e, 1, 4);

	(void)state;
	assert_int_equal(unlinkat(dir, "pages-1.img", 0), 0);
	assert_int_equal(mem_load(&m, t, dir), -ENOENT);
	assert_int_equal(unlinkat(dir, "pagemap-1.img", 0), 0);
	assert_int_equal(mem_load(&m, t, dir), -EINVAL);
}

#define BAD(change) do { MmEntry *mm = good_mm(); VmaEntry **v = mm->vmas; (void)v; change; assert_int_equal(mm_check(1, mm), -EINVAL); } while (0)

static void bad_mappings_are_refused(void **state)
{
	static char long_name[100];

	(void)state;
	memset(long_name, 'x', sizeof(long_name) - 1);
	assert_int_equal(mm_check(1, good_mm()), 0);
	assert_int_equal(mm_check(1, mm_with_segment()), 0);
	BAD(v[0]->end = v[0]->start);
	BAD(v[0]->start++);
	BAD(v[0]->end++);
	BAD(v[3]->end = 0x7ffffffff000 + P);
	BAD(v[1]->start -= P);					/* overlaps */
	BAD(v[3]->start = BASE - 8 * P; v[3]->end = BASE - 4 * P);	/* out of order */
	BAD(v[1]->pgoff = 1);
	BAD(v[1]->pgoff = INT64_MAX - P + 1);
	BAD(v[0]->prot = 8);
	BAD(v[0]->flags = 0x20);				/* neither shared nor private */
	BAD(v[0]->flags = 0x23);
	BAD(v[0]->flags |= 0x40000);				/* hugetlb */
	BAD(v[0]->flags |= 0x80000000);
	BAD(v[0]->status = 0x1);
	BAD(v[0]->status |= 0x40);
	BAD(v[0]->status |= 0x100);
	BAD(v[0]->status |= 0x4000);
	BAD(v[0]->status |= 0x8000);
	BAD(v[0]->status |= 0x20000);
	BAD(v[0]->status |= 0x400);				/* a System V segment of one's own */
	BAD(v[2]->status = 0x481);
	BAD(v[2]->status = 0x101);				/* shared, and nobody says with whom */
	BAD(v[2]->status = 0x501; v[2]->shmid = 1ULL << 31);
	BAD(v[2]->status = 0x501; v[2]->flags = 0x2);
	BAD(v[0]->shmid = 3);
	BAD(v[1]->shmid = 0);
	BAD(v[1]->shmid = 1ULL << 32);
	BAD(v[1]->status |= 0x8);				/* a vDSO that is a file */
	BAD(v[2]->flags = 0x2);					/* shared by status only */
	BAD(v[0]->madv = 1 << MADV_DONTNEED);
	BAD(v[0]->name = long_name);
	BAD(v[0]->pkey = 16);
	BAD(v[5]->start = BASE + 10 * P; v[5]->end = BASE + 11 * P);	/* a guard in a hole */
	BAD(v[5]->end = BASE + 5 * P);					/* a guard over two mappings */
	BAD(mm->n_mm_saved_auxv = 65);
	BAD(mm->mm_start_brk = 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entries_are_cut_where_mappings_end),
		TEST(shared_pages_lead_to_the_first_holder),
		TEST(runs_are_read_from_the_files_of_their_holders),
		TEST(plain_images_are_compared_with_the_parent),
		TEST(bad_pagemaps_are_refused),
		TEST(sharing_what_is_not_there_is_refused),
		TEST(truncated_and_missing_files_are_refused),
		TEST(bad_mappings_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
