/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of open files, written and loaded: what is well comes back, what is impossible is refused by name. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "file/files.h"
#include "file/path.h"
#include "file/queue.h"
#include "file/record.h"

/* A directory of images, and the model they are loaded into. */
struct fixture {
	char path[32];
	int dir;
	struct model saved, loaded;
	struct image_out files, fds, remaps;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct task *t;

	strcpy(f->path, "/tmp/unit-files-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dir >= 0);
	t = model_task_add(&f->loaded, NULL, 100, 100);
	t->ids = arena_msg(&f->loaded.arena, TaskKobjIdsEntry, task_kobj_ids_entry__init);
	t->ids->files_id = 1;
	image_out_open(&f->files, f->dir, IMG_FILES, 0);
	image_out_open(&f->fds, f->dir, IMG_FDINFO, 1);
	image_out_open(&f->remaps, f->dir, IMG_REMAP_FPATH, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {
		"files.img", "fdinfo-1.img", "remap-fpath.img", "pipes-data.img", "ghost-file-1.img",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_size(names); i++)
		unlinkat(f->dir, names[i], 0);
	close(f->dir);
	rmdir(f->path);
	arena_free(&f->saved.arena);
	arena_free(&f->loaded.arena);
	test_free(f);
	return 0;
}

static void *put_file(struct fixture *f, FdTypes type, uint32_t id)
{
	struct file *file = model_file_add(&f->saved, file_kind_by_type(type));

	file->entry->id = id;
	record_begin(&f->saved, file, 0, 0);
	if (type == FD_TYPES__REG)
		((RegFileEntry *)file->rec)->name = (char *)"/a/file";
	image_put(&f->files, &file->entry->base);
	return file->rec;
}

static void put_fd(struct fixture *f, uint32_t fd, uint32_t id, FdTypes type)
{
	FdinfoEntry e = FDINFO_ENTRY__INIT;

	e.fd = fd;
	e.id = id;
	e.type = type;
	image_put(&f->fds, &e.base);
}

static void put_remap(struct fixture *f, uint32_t orig, uint32_t to, RemapType type)
{
	RemapFilePathEntry e = REMAP_FILE_PATH_ENTRY__INIT;

	e.orig_id = orig;
	e.remap_id = to;
	e.has_remap_type = true;
	e.remap_type = type;
	image_put(&f->remaps, &e.base);
}

static int load(struct fixture *f)
{
	assert_int_equal(image_out_close(&f->files), 0);
	assert_int_equal(image_out_close(&f->fds), 0);
	assert_int_equal(image_out_close(&f->remaps), 0);
	return files_load(&f->loaded, f->dir);
}

static void files_and_tables_come_back(void **state)
{
	struct fixture *f = *state;
	const struct fd_table *t;

	put_file(f, FD_TYPES__EVENTFD, 7);
	put_file(f, FD_TYPES__REG, 3);
	put_fd(f, 9, 3, FD_TYPES__REG);
	put_fd(f, 4, 7, FD_TYPES__EVENTFD);
	assert_int_equal(load(f), 0);
	assert_int_equal(f->loaded.files.n, 2);
	assert_string_equal(model_file(&f->loaded, 7)->kind->name, "eventfd");
	t = f->loaded.tasks.v[0]->fds;
	assert_int_equal(t->fds.n, 2);
	assert_int_equal(t->fds.v[0]->fd, 4);	/* ascending, whatever the image has */
	assert_int_equal(files_highest_fd(&f->loaded), 9);
}

static void a_file_id_occurs_once(void **state)
{
	struct fixture *f = *state;

	put_file(f, FD_TYPES__EVENTFD, 7);
	put_file(f, FD_TYPES__SIGNALFD, 7);
	assert_int_equal(load(f), -EINVAL);
}

static void a_descriptor_occurs_once(void **state)
{
	struct fixture *f = *state;

	put_file(f, FD_TYPES__EVENTFD, 7);
	put_fd(f, 4, 7, FD_TYPES__EVENTFD);
	put_fd(f, 4, 7, FD_TYPES__EVENTFD);
	assert_int_equal(load(f), -EINVAL);
}

static void a_descriptor_has_a_file_of_its_type(void **state)
{
	struct fixture *f = *state;

	put_file(f, FD_TYPES__EVENTFD, 7);
	put_fd(f, 4, 7, FD_TYPES__SIGNALFD);
	assert_int_equal(load(f), -EINVAL);
}

static void a_descriptor_of_no_file_is_refused(void **state)
{
	struct fixture *f = *state;

	put_fd(f, 4, 7, FD_TYPES__SIGNALFD);
	assert_int_equal(load(f), -EINVAL);
}

static void a_descriptor_number_is_possible(void **state)
{
	struct fixture *f = *state;

	put_file(f, FD_TYPES__EVENTFD, 7);
	put_fd(f, UINT32_MAX, 7, FD_TYPES__EVENTFD);
	assert_int_equal(load(f), -EINVAL);
}

static int load_pipe(struct fixture *f, uint32_t bytes, uint32_t payload, const uint32_t *packets, size_t n)
{
	PipeDataEntry e = PIPE_DATA_ENTRY__INIT;
	struct image_out o;

	e.pipe_id = 5;
	e.bytes = bytes;
	e.packets = (uint32_t *)packets;
	e.n_packets = n;
	image_out_open(&o, f->dir, IMG_PIPES_DATA, 0);
	image_put(&o, &e.base);
	image_put_raw(&o, "0123456789", payload);
	assert_int_equal(image_out_close(&o), 0);
	return load(f);
}

static void packets_come_back(void **state)
{
	static const uint32_t packets[] = { 3, 5 };
	struct pipe_queue *q;
	struct fixture *f = *state;

	assert_int_equal(load_pipe(f, 8, 8, packets, 2), 0);
	q = pipe_queue_of(&f->loaded, file_kind_by_type(FD_TYPES__PIPE), 5);
	assert_int_equal(q->entry->n_packets, 2);
	assert_memory_equal(q->data, "01234567", 8);
}

static void packets_must_add_up(void **state)
{
	static const uint32_t packets[] = { 3, 5 };

	assert_int_equal(load_pipe(*state, 9, 9, packets, 2), -EINVAL);
}

static void packets_must_not_be_empty(void **state)
{
	static const uint32_t packets[] = { 0, 8 };

	assert_int_equal(load_pipe(*state, 8, 8, packets, 2), -EINVAL);
}

static void payload_must_be_there(void **state)
{
	assert_int_equal(load_pipe(*state, 1U << 31, 8, NULL, 0), -EINVAL);
}

static int load_ghost(struct fixture *f, uint32_t mode, uint64_t size, uint64_t off, uint64_t len)
{
	GhostFileEntry e = GHOST_FILE_ENTRY__INIT;
	GhostChunkEntry c = GHOST_CHUNK_ENTRY__INIT;
	struct image_out o;

	e.mode = mode;
	e.has_chunks = e.chunks = e.has_size = true;
	e.size = size;
	c.off = off;
	c.len = len;
	image_out_open(&o, f->dir, IMG_GHOST_FILE, 1);
	image_put(&o, &e.base);
	image_put(&o, &c.base);
	image_put_raw(&o, "0123456789", min(len, (uint64_t)10));
	assert_int_equal(image_out_close(&o), 0);
	put_file(f, FD_TYPES__REG, 7);
	put_remap(f, 7, 1, REMAP_TYPE__GHOST);
	return load(f);
}

static void a_ghost_comes_back_in_chunks(void **state)
{
	struct fixture *f = *state;
	const struct paths *p;

	assert_int_equal(load_ghost(f, 0100600, 1 << 20, 65536, 10), 0);
	p = paths_of(&f->loaded);
	assert_int_equal(p->ghosts.n, 1);
	assert_int_equal(p->ghosts.v[0].size, 1 << 20);
	assert_int_equal(p->ghosts.v[0].chunks.v[0].off, 65536);
	assert_memory_equal(p->ghosts.v[0].chunks.v[0].data, "0123456789", 10);
}

static void a_chunk_lies_inside_of_its_ghost(void **state)
{
	assert_int_equal(load_ghost(*state, 0100600, 100, 95, 10), -EINVAL);
}

static void a_chunk_does_not_wrap_around(void **state)
{
	assert_int_equal(load_ghost(*state, 0100600, 100, UINT64_MAX - 4, 10), -EINVAL);
}

static void a_chunk_has_its_bytes(void **state)
{
	assert_int_equal(load_ghost(*state, 0100600, 1ULL << 40, 0, 1ULL << 40), -EINVAL);
}

static void a_ghost_is_some_kind_of_file(void **state)
{
	assert_int_equal(load_ghost(*state, 0600, 100, 0, 10), -EINVAL);
}

static void a_remap_leads_somewhere(void **state)
{
	struct fixture *f = *state;

	put_file(f, FD_TYPES__REG, 7);
	put_remap(f, 7, 8, REMAP_TYPE__LINKED);
	assert_int_equal(load(f), -EINVAL);
}

static void a_file_has_one_remap(void **state)
{
	struct fixture *f = *state;

	put_file(f, FD_TYPES__REG, 7);
	put_file(f, FD_TYPES__REG, 8);
	put_remap(f, 7, 8, REMAP_TYPE__LINKED);
	put_remap(f, 7, 8, REMAP_TYPE__LINKED);
	assert_int_equal(load(f), -EINVAL);
}

static void a_missing_ghost_is_named(void **state)
{
	struct fixture *f = *state;

	put_file(f, FD_TYPES__REG, 7);
	put_remap(f, 7, 1, REMAP_TYPE__GHOST);
	assert_int_equal(load(f), -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(files_and_tables_come_back),
		TEST(a_file_id_occurs_once),
		TEST(a_descriptor_occurs_once),
		TEST(a_descriptor_has_a_file_of_its_type),
		TEST(a_descriptor_of_no_file_is_refused),
		TEST(a_descriptor_number_is_possible),
		TEST(packets_come_back),
		TEST(packets_must_add_up),
		TEST(packets_must_not_be_empty),
		TEST(payload_must_be_there),
		TEST(a_ghost_comes_back_in_chunks),
		TEST(a_chunk_lies_inside_of_its_ghost),
		TEST(a_chunk_does_not_wrap_around),
		TEST(a_chunk_has_its_bytes),
		TEST(a_ghost_is_some_kind_of_file),
		TEST(a_remap_leads_somewhere),
		TEST(a_file_has_one_remap),
		TEST(a_missing_ghost_is_named),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
