/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contents of page runs, read from the files that have them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "mem/runs.h"

void runs_reader_close(struct runs_reader *rd)
{
	own_close_fd(&rd->fd);
}

static int open_pages(struct runs_reader *rd, uint32_t id)
{
	if (rd->fd >= 0 && rd->id == id)
		return 0;
	own_close_fd(&rd->fd);
	if (image_name(IMG_PAGES, id, rd->name, sizeof(rd->name)) < 0)
		return fail(EINVAL, "pages file %u has no name", id);
	rd->fd = openat(rd->dir, rd->name, O_RDONLY | O_CLOEXEC);
	if (rd->fd < 0)
		return fail_errno("cannot open %s", rd->name);
	rd->id = id;
	return 0;
}

static int read_piece(const struct runs_reader *rd, uint64_t offset, size_t len, char *to)
{
	while (len) {
		ssize_t got = pread(rd->fd, to, len, offset);

		if (got <= 0)
			return got ? fail_errno("cannot read %s", rd->name) : fail(EINVAL, "%s is truncated", rd->name);
		to += got;
		offset += got;
		len -= got;
	}
	return 0;
}

int runs_read(struct runs_reader *rd, const struct task *t, uint64_t start, uint64_t end, void *to)
{
	for (size_t i = run_find(&t->pages, start); i < t->pages.runs.n; i++) {
		const struct page_run *run = &t->pages.runs.v[i];
		uint64_t from = max(run->start, start), until = min(run_end(run), end);
		int err;

		if (from >= until)
			break;
		err = open_pages(rd, run_owner(t, run)->pages.pages_id);
		if (!err)
			err = read_piece(rd, run->offset + (from - run->start), until - from,
					 (char *)to + (from - start));
		if (err)
			return err;
	}
	return 0;
}
