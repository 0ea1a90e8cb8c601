/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages files are foreign input, too: what is no regular file, or too short, is no pages file. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/own.h"
#include "mem/pages_map.h"

int pages_map(int img_dir, uint32_t pages_id, uint64_t expected, enum image_type pagemap, unsigned long pagemap_id,
	      const void **ret)
{
	char name[64], teller[64];
	auto_fd int fd = -1;
	struct stat st;
	void *map;

	*ret = NULL;
	if (!expected)
		return 0;
	if (image_name(IMG_PAGES, pages_id, name, sizeof(name)) < 0)
		return fail(EINVAL, "pages file %u has no name", pages_id);
	fd = openat(img_dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fail_errno("cannot open %s", name);
	if (fstat(fd, &st) < 0)
		return fail_errno("cannot look at %s", name);
	if (!S_ISREG(st.st_mode))
		return fail(EINVAL, "%s is not a regular file", name);
	if ((uint64_t)st.st_size < expected) {
		image_name(pagemap, pagemap_id, teller, sizeof(teller));
		return fail(EINVAL, "%s is truncated: %" PRIu64 " bytes, %s says %" PRIu64, name,
			    (uint64_t)st.st_size, teller, expected);
	}
	map = mmap(NULL, expected, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return fail_errno("cannot map %s", name);
	*ret = map;
	return 0;
}
