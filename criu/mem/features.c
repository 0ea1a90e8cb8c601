/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What memory needs of a kernel. */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/own.h"
#include "kernel/feature.h"
#include "kernel/read.h"
#include "mem/features.h"

static int probe_map_files(void)
{
	void *p = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[80];
	int fd, err;

	if (p == MAP_FAILED)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)p, (unsigned long)p + PAGE_SIZE);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	err = feature_result(fd);
	if (fd >= 0)
		close(fd);
	munmap(p, PAGE_SIZE);
	return err;
}

static int open_uffd(uint64_t wanted)
{
	auto_fd int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0)
		return -errno;
	return (api.features & wanted) == wanted ? 0 : -EOPNOTSUPP;
}

static int probe_uffd(void)
{
	return open_uffd(0);
}

static int probe_uffd_noncoop(void)
{
	return open_uffd(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_UNMAP |
			 UFFD_FEATURE_EVENT_REMOVE);
}

/* linux/fs.h of 6.7 */
struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL _IOWR('f', 16, struct scan_arg)

static int scan_own_page(uint64_t category)
{
	auto_fd int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t out[3];
	struct scan_arg arg = {
		.size = sizeof(arg), .vec = (uintptr_t)out, .vec_len = 1, .return_mask = category,
		.start = (uintptr_t)&arg & ~(PAGE_SIZE - 1),
	};

	arg.end = arg.start + PAGE_SIZE;
	return fd < 0 ? -errno : feature_result(ioctl(fd, SCAN_IOCTL, &arg));
}

static int probe_pagemap_scan(void)
{
	return scan_own_page(1 << 3);	/* PAGE_IS_PRESENT */
}

static int probe_guard_pages(void)
{
	return scan_own_page(1 << 8);	/* PAGE_IS_GUARD */
}

/* A page that was just written reads as dirty where dirty bits are kept; clear_refs alone succeeds everywhere. */
static int probe_soft_dirty(void)
{
	auto_fd int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	static volatile char page[PAGE_SIZE];	/* written here, by no one else, because the probe needs a page */
	uint64_t entry;

	page[0]++;
	if (fd < 0 || pread(fd, &entry, sizeof(entry), (uintptr_t)page / PAGE_SIZE * 8) != sizeof(entry))
		return -errno;
	return entry >> 55 & 1 ? 0 : -EOPNOTSUPP;
}

static int probe_memfd_hugetlb(void)
{
	auto_fd int fd = memfd_create("probe", MFD_CLOEXEC | MFD_HUGETLB);

	return feature_result(fd);
}

/* In a child. The length of the ring depends on the number of CPUs: /proc knows it. */
static int remap_ring(void)
{
	auto_proc_text text = { 0 };
	aio_context_t ring = 0;
	unsigned long start, end;
	char *name, *line, *to;
	int err;

	if (syscall(SYS_io_setup, 1, &ring) < 0)
		return -errno;
	err = proc_text_read(&text, "/proc/self/maps");
	if (err)
		return err;
	name = strstr(text.s, "/[aio]");
	for (line = name; line && line > text.s && line[-1] != '\n'; line--)
		;
	if (!line || sscanf(line, "%lx-%lx", &start, &end) != 2)
		return -ENOENT;
	to = mmap(NULL, end - start, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (to == MAP_FAILED ||
	    mremap((void *)start, end - start, end - start, MREMAP_FIXED | MREMAP_MAYMOVE, to) == MAP_FAILED)
		return -errno;
	/* The context is named by the address of its ring. */
	return feature_result(syscall(SYS_io_destroy, (aio_context_t)to));
}

static int probe_aio_remap(void)
{
	return feature_in_child(0, remap_ring);
}

/* In a child with mounts of its own: is the file of a mapping the one on the overlay, or the one below it? */
static int map_from_overlay(void)
{
	auto_fd int fd = -1;
	struct stat opened, mapped;
	char path[80];
	void *p;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("none", "/tmp", "tmpfs", 0, NULL) < 0 ||
	    mkdir("/tmp/l", 0700) < 0 || mkdir("/tmp/u", 0700) < 0 || mkdir("/tmp/w", 0700) < 0 ||
	    mkdir("/tmp/m", 0700) < 0 ||
	    mount("none", "/tmp/m", "overlay", 0, "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w") < 0)
		return -errno;
	fd = open("/tmp/m/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, PAGE_SIZE) < 0 || fstat(fd, &opened) < 0)
		return -errno;
	p = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)p, (unsigned long)p + PAGE_SIZE);
	if (stat(path, &mapped) < 0)
		return -errno;
	return mapped.st_dev == opened.st_dev && mapped.st_ino == opened.st_ino ? 0 : -EOPNOTSUPP;
}

static int probe_overlay_maps(void)
{
	return feature_in_child(CLONE_NEWNS, map_from_overlay);
}

const struct feature mem_features[] = {
	{ "map_files", FEATURE_BASIC, "mapped files cannot be identified", probe_map_files },
	{ "pagemap_scan", FEATURE_EXTRA, "finding pages is slower", probe_pagemap_scan },
	{ "pagemap_scan_guard_pages", FEATURE_EXTRA, "guard regions cannot be seen", probe_guard_pages },
	{ "uffd", FEATURE_EXTRA, "filling memory is slower", probe_uffd },
	{ "uffd-noncoop", FEATURE_EXPERIMENTAL, "post-copy migration is not possible", probe_uffd_noncoop },
	{ "mem_dirty_track", FEATURE_EXPERIMENTAL, "soft-dirty tracking is not possible", probe_soft_dirty },
	{ "memfd_hugetlb", FEATURE_EXPERIMENTAL, "hugetlb memfds cannot be made", probe_memfd_hugetlb },
	{ "aio_remap", FEATURE_NAMED, "rings of asynchronous I/O cannot be put back in place", probe_aio_remap },
	{ "overlayfs_maps", FEATURE_NAMED, "mapped files of an overlay are found below it", probe_overlay_maps },
	{ 0 },
};
