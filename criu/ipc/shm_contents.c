/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in System V segments: attached for a moment, each is a file as other shared memory is (mem/shmem.h). */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/vfs.h>
#include "base/log.h"
#include "base/own.h"
#include "ipc/ipc.h"
#include "ipc/shm.h"
#include "run/restore.h"

static void describe(struct ipc_segment *s)
{
	const IpcShmEntry *e = s->entry;
	uint32_t shift = e->hugetlb_flag >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;

	s->memory.image_id = e->has_pages_id ? e->pages_id : e->desc->id;
	s->memory.size = e->size;
	s->memory.unit = e->hugetlb_flag ? 1ULL << shift : PAGE_SIZE;
}

static int note_huge_pages(struct ipc_segment *s, int file)
{
	struct statfs fs;

	if (fstatfs(file, &fs) < 0)
		return fail_errno("look at the file of the segment");
	if (fs.f_type == HUGETLBFS_MAGIC) {
		s->entry->has_hugetlb_flag = true;
		s->entry->hugetlb_flag = SHM_HUGETLB | __builtin_ctzl(fs.f_bsize) << MAP_HUGE_SHIFT;
	}
	return 0;
}

static int open_file(const struct ipc_segment *s, const char *at, int *ret_file)
{
	uint64_t size = align_up(s->entry->size, (uint64_t)PAGE_SIZE);
	auto_fd int file = -1;
	char path[96];

	/* The mapping of huge pages ends with one of them. */
	for (uint64_t unit = PAGE_SIZE; file < 0 && unit <= 1ULL << 34; unit *= 2) {
		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)at,
			 (unsigned long)(at + align_up(size, unit)));
		file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0 && errno != ENOENT)
			break;
	}
	if (file < 0)
		return fail_errno("open the file of the segment, %s (needs CAP_CHECKPOINT_RESTORE)", path);
	*ret_file = take_fd(&file);
	return 0;
}

/* The file stays open when the segment is not attached any more. */
static int open_segment(const struct ipc_segment *s, int *ret_file)
{
	char *at = shmat(s->entry->desc->id, NULL, SHM_RDONLY);
	int err;

	if (at == (void *)-1)
		return fail_errno("attach it");
	err = open_file(s, at, ret_file);
	return shmdt(at) < 0 && !err ? fail_errno("detach it") : err;
}

int ipc_shm_save_contents(struct dump *d, struct ipc_segment *s)
{
	auto_fd int file = -1;
	int err = s->is_untouched ? 0 : open_segment(s, &file);

	if (!err && file >= 0)
		err = note_huge_pages(s, file);
	describe(s);
	return err ? err : shmem_save(d, &s->memory, file);
}

int ipc_shm_load_contents(struct restore *r, struct ipc_segment *s)
{
	describe(s);
	return shmem_load(&r->m.arena, r->img_dir, &s->memory);
}

int ipc_shm_fill(const struct ipc_segment *s)
{
	char *at = shmat(s->entry->desc->id, NULL, 0);

	if (at == (void *)-1)
		return fail_errno("attach it");
	shmem_fill(&s->memory, at);
	return shmdt(at) < 0 ? fail_errno("detach it") : 0;
}
