// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A snapshot with one file replaced by whatever the fuzzer makes of it is loaded and checked, as `criu restore --dry-run`
 * does. Byte 0 of the input chooses the file, the rest is its content. The snapshot is in the directory FUZZ_SNAPSHOT.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/log.h"
#include "options.h"
#include "run/load.h"
#include "run/restore.h"

enum { MAX_FILES = 160, MAX_BYTES = 1 << 20 };

struct original {
	char name[64];
	uint8_t *bytes;
	size_t len;
};
static struct original originals[MAX_FILES];
static size_t n_originals;
static int dir = -1;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_file(const char *name, const uint8_t *bytes, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct original *)a)->name, ((const struct original *)b)->name);
}

static void read_snapshot(void)
{
	const char *path = getenv("FUZZ_SNAPSHOT");
	DIR *d = opendir(path ? path : ".");
	struct dirent *e;

	if (!d)
		abort();
	dir = open(path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while ((e = readdir(d)) && n_originals < MAX_FILES) {
		struct original *o = &originals[n_originals];
		size_t len = strlen(e->d_name);
		int fd;

		if (len < 5 || len >= sizeof(o->name) || strcmp(e->d_name + len - 4, ".img"))
			continue;
		strcpy(o->name, e->d_name);
		o->bytes = malloc(MAX_BYTES);
		fd = openat(dir, o->name, O_RDONLY | O_CLOEXEC);
		o->len = read(fd, o->bytes, MAX_BYTES);
		close(fd);
		n_originals++;
	}
	closedir(d);
	qsort(originals, n_originals, sizeof(originals[0]), by_name);	/* so that seeds mean the same on every machine */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct options opt;
	struct restore r = { .opt = &opt, .service_fd_min = 3 };
	const struct original *o;

	if (!n_originals) {
		log_to(open("/dev/null", O_WRONLY | O_CLOEXEC), 0);
		read_snapshot();
	}
	if (!size || !n_originals)
		return 0;
	o = &originals[data[0] % n_originals];
	put_file(o->name, data + 1, size - 1);
	r.img_dir = dir;
	if (load_model(&r))
		r.img_dir = -1;		/* refused: the usual end */
	for (size_t i = 0; i < r.m.tasks.n; i++)
		if (r.m.tasks.v[i]->pages.map)
			munmap((void *)r.m.tasks.v[i]->pages.map, r.m.tasks.v[i]->pages.map_len);
	arena_free(&r.m.arena);
	put_file(o->name, o->bytes, o->len);
	close_range(dir + 1, ~0U, 0);
	return 0;
}
