/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of IPC namespaces are foreign input: what is loaded and what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail				/* both have one */
#include "base/log.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/sysctl.h"
#include "ns/kind.h"
#include "run/restore.h"

enum { ID = 9 };

static struct restore r;
static struct ns ns = { .type = NS_IPC, .id = ID };
static struct ipc_ns ipc;
static char path[] = "/tmp/test-ipc-XXXXXX";

static int setup(void **state)
{
	(void)state;
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	assert_non_null(mkdtemp(path));
	memset(&r, 0, sizeof(r));
	ipc = (struct ipc_ns){ .ns = &ns };
	r.img_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(r.img_dir >= 0);
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_ERROR);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "ipcns-var-9.img", "ipcns-sem-9.img", "ipcns-msg-9.img", "ipcns-shm-9.img",
					     "ipcns-mqueue-9.img", "pagemap-shmem-77.img", "pages-5.img" };

	(void)state;
	for (size_t i = 0; i < array_size(names); i++)
		unlinkat(r.img_dir, names[i], 0);
	close(r.img_dir);
	assert_int_equal(rmdir(path), 0);
	arena_free(&r.m.arena);
	return 0;
}

static IpcDescEntry *desc(uint32_t id, uint32_t key)
{
	IpcDescEntry *e = arena_msg(&r.m.arena, IpcDescEntry, ipc_desc_entry__init);

	e->id = id;
	e->key = key;
	e->mode = 0640;
	return e;
}

/* --- semaphores ------------------------------------------------------------------------------------------------ */

static int load_sets(IpcSemEntry *const *sets, size_t n, uint16_t value, size_t bytes)
{
	uint16_t values[64];
	struct image_out o;

	for (size_t i = 0; i < array_size(values); i++)
		values[i] = value;
	image_out_open(&o, r.img_dir, IMG_IPCNS_SEM, ID);
	for (size_t i = 0; i < n; i++) {
		image_put(&o, &sets[i]->base);
		image_put_raw(&o, values, bytes);
	}
	assert_int_equal(image_out_close(&o), 0);
	return ipc_sem_kind.load(&r, &ipc);
}

static IpcSemEntry *set_of(uint32_t id, uint32_t key, uint32_t n)
{
	IpcSemEntry *e = arena_msg(&r.m.arena, IpcSemEntry, ipc_sem_entry__init);

	e->desc = desc(id, key);
	e->nsems = n;
	return e;
}

static void sem_values_and_padding(void **state)
{
	IpcSemEntry *e[] = { set_of(0, 0, 5), set_of(0x10001, 7, 5) };

	(void)state;
	assert_int_equal(load_sets(e, 2, 32767, 16), 0);
	assert_int_equal(ipc.sets.n, 2);
	assert_int_equal(ipc.sets.v[1].values[4], 32767);
}

static void sem_refused(void **state)
{
	IpcSemEntry *twice[] = { set_of(3, 0, 4), set_of(3, 0, 4) }, *keys[] = { set_of(3, 8, 4), set_of(4, 8, 4) };
	IpcSemEntry *none = set_of(3, 0, 0), *large = set_of(3, 0, UINT32_MAX), *id = set_of(1U << 31, 0, 4);
	IpcSemEntry *mode = set_of(3, 0, 4), *good = set_of(3, 0, 4);

	(void)state;
	mode->desc->mode = 01000;
	assert_int_equal(load_sets(twice, 2, 1, 8), -EINVAL);
	assert_int_equal(load_sets(keys, 2, 1, 8), -EINVAL);
	assert_int_equal(load_sets(&none, 1, 1, 0), -EINVAL);
	assert_int_equal(load_sets(&large, 1, 1, 8), -EINVAL);
	assert_int_equal(load_sets(&id, 1, 1, 8), -EINVAL);
	assert_int_equal(load_sets(&mode, 1, 1, 8), -EINVAL);
	assert_int_equal(load_sets(&good, 1, 32768, 8), -EINVAL);
	assert_int_equal(load_sets(&good, 1, 1, 6), -EINVAL);
}

static int load_undo(uint32_t pid, uint32_t num, int32_t adjustment)
{
	IpcSemEntry *e = set_of(3, 0, 4);
	IpcSemUndo *u = arena_msg(&r.m.arena, IpcSemUndo, ipc_sem_undo__init);

	u->pid = pid;
	u->num = num;
	u->adjustment = adjustment;
	pb_push(&r.m.arena, e->undo, e->n_undo, u);
	ipc.sets.n = 0;
	return load_sets(&e, 1, 1, 8);
}

static void undo_refused(void **state)
{
	(void)state;
	assert_int_equal(load_undo(1, 4, 1), -EINVAL);
	assert_int_equal(load_undo(1, 0, 32768), -EINVAL);
	assert_int_equal(load_undo(1, 0, -32768), -EINVAL);
	assert_int_equal(load_undo(1, 0, 1), -EINVAL);		/* there is no such process */
}

/* --- queues ---------------------------------------------------------------------------------------------------- */

static int load_queue(uint32_t qnum, uint32_t qbytes, uint64_t type, uint32_t len, size_t bytes)
{
	IpcMsgEntry e = IPC_MSG_ENTRY__INIT;
	IpcMsg m = IPC_MSG__INIT;
	struct image_out o;

	e.desc = desc(1, 0);
	e.qnum = qnum;
	e.qbytes = qbytes;
	m.mtype = type;
	m.msize = len;
	image_out_open(&o, r.img_dir, IMG_IPCNS_MSG, ID);
	image_put(&o, &e.base);
	image_put(&o, &m.base);
	image_put_raw(&o, "0123456789abcdef", bytes);
	assert_int_equal(image_out_close(&o), 0);
	return ipc_msg_kind.load(&r, &ipc);
}

static void msg_loaded(void **state)
{
	(void)state;
	assert_int_equal(load_queue(1, 100, 5, 9, 16), 0);
	assert_int_equal(ipc.queues.n, 1);
	assert_memory_equal(ipc.queues.v[0].messages[0].text, "012345678", 9);
}

static void msg_refused(void **state)
{
	(void)state;
	assert_int_equal(load_queue(2, 100, 5, 9, 16), -EINVAL);
	assert_int_equal(load_queue(UINT32_MAX, 100, 5, 9, 16), -EINVAL);
	assert_int_equal(load_queue(1, 1U << 31, 5, 9, 16), -EINVAL);
	assert_int_equal(load_queue(1, 100, 0, 9, 16), -EINVAL);
	assert_int_equal(load_queue(1, 100, 1ULL << 63, 9, 16), -EINVAL);
	assert_int_equal(load_queue(1, 100, 5, 9, 9), -EINVAL);
	assert_int_equal(load_queue(1, 100, 5, UINT32_MAX, 16), -EINVAL);
}

/* --- segments -------------------------------------------------------------------------------------------------- */

struct segment {
	uint64_t size, vaddr, n_pages;
	uint32_t flags, hugetlb, mode;
	size_t pages;			/* in the file */
};

static int load_segment(struct segment s)
{
	IpcShmEntry e = IPC_SHM_ENTRY__INIT;
	PagemapHead head = PAGEMAP_HEAD__INIT;
	PagemapEntry p = PAGEMAP_ENTRY__INIT;
	struct image_out o;
	int fd;

	e.desc = desc(77, 0);
	e.desc->mode = s.mode;
	e.size = s.size;
	e.has_in_pagemaps = e.in_pagemaps = true;
	e.has_hugetlb_flag = true;
	e.hugetlb_flag = s.hugetlb;
	assert_int_equal(image_write_one(r.img_dir, IMG_IPCNS_SHM, ID, &e.base), 0);
	image_out_open(&o, r.img_dir, IMG_PAGEMAP_SHMEM, 77);
	head.pages_id = 5;
	image_put(&o, &head.base);
	p.vaddr = s.vaddr;
	p.has_nr_pages = p.has_flags = true;
	p.nr_pages = s.n_pages;
	p.flags = s.flags;
	image_put(&o, &p.base);
	assert_int_equal(image_out_close(&o), 0);
	fd = openat(r.img_dir, "pages-5.img", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && ftruncate(fd, s.pages * PAGE_SIZE) == 0);
	close(fd);
	ipc.segments.n = 0;
	return ipc_shm_kind.load(&r, &ipc);
}

static void shm_loaded(void **state)
{
	(void)state;
	assert_int_equal(load_segment((struct segment){ .size = 8191, .vaddr = 4096, .n_pages = 1, .flags = 4, .pages = 1 }), 0);
	assert_int_equal(ipc.segments.n, 1);
	assert_int_equal(ipc.segments.v[0].memory.runs.n, 1);
	assert_non_null(ipc.segments.v[0].memory.contents);
	assert_int_equal(load_segment((struct segment){ .size = 1, .n_pages = 512, .flags = 4, .hugetlb = 04000 | 21 << 26,
							.pages = 512 }), 0);
}

static void shm_refused(void **state)
{
	static const struct segment bad[] = {
		{ .size = 0, .n_pages = 1, .flags = 4, .pages = 1 },
		{ .size = 1ULL << 62, .n_pages = 1, .flags = 4, .pages = 1 },
		{ .size = 8192, .n_pages = 3, .flags = 4, .pages = 3 },
		{ .size = 8192, .vaddr = 8192, .n_pages = 1, .flags = 4, .pages = 1 },
		{ .size = 8192, .vaddr = 1, .n_pages = 1, .flags = 4, .pages = 1 },
		{ .size = 8192, .vaddr = 0, .n_pages = 0, .flags = 4, .pages = 1 },
		{ .size = 8192, .vaddr = 4096, .n_pages = UINT64_MAX / 4096 + 1, .flags = 4, .pages = 1 },
		{ .size = 8192, .n_pages = 2, .flags = 4, .pages = 1 },
		{ .size = 8192, .n_pages = 1, .flags = 1, .pages = 1 },
		{ .size = 8192, .n_pages = 1, .flags = 2, .pages = 1 },
		{ .size = 8192, .n_pages = 1, .flags = 0x104, .pages = 1 },
		{ .size = 8192, .n_pages = 1, .flags = 4, .pages = 1, .hugetlb = 01000 },
		{ .size = 8192, .n_pages = 1, .flags = 4, .pages = 1, .mode = 04600 },
		{ .size = 8192, .n_pages = 1, .flags = 4, .pages = 1, .mode = 010600 },
	};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		assert_int_equal(load_segment(bad[i]), -EINVAL);
}

/* As older tools wrote it: the bytes behind the record, padded to 4. */
static void shm_contents_in_place(void **state)
{
	IpcShmEntry e = IPC_SHM_ENTRY__INIT;
	struct image_out o;

	(void)state;
	e.desc = desc(77, 0);
	e.size = 5;
	image_out_open(&o, r.img_dir, IMG_IPCNS_SHM, ID);
	image_put(&o, &e.base);
	image_put_raw(&o, "hello\0\0", 8);
	assert_int_equal(image_out_close(&o), 0);
	assert_int_equal(ipc_shm_kind.load(&r, &ipc), 0);
	assert_int_equal(ipc.segments.v[0].memory.runs.v[0].len, 5);
	assert_memory_equal(ipc.segments.v[0].memory.contents, "hello", 5);
}

/* --- POSIX queues, limits -------------------------------------------------------------------------------------- */

static int load_mqueue(const char *name, uint32_t max, uint32_t size, uint32_t priority, size_t len)
{
	IpcMqueueEntry e = IPC_MQUEUE_ENTRY__INIT;
	IpcMqueueMessage m = IPC_MQUEUE_MESSAGE__INIT, *messages[] = { &m, &m };
	uint8_t text[16] = "text";

	m.priority = priority;
	m.text.data = text;
	m.text.len = len;
	e.name = (char *)name;
	e.mode = 0600;
	e.max_messages = max;
	e.message_size = size;
	e.n_messages = 2;
	e.messages = messages;
	assert_int_equal(image_write_one(r.img_dir, IMG_IPCNS_MQUEUE, ID, &e.base), 0);
	ipc.mqueues.n = 0;
	return ipc_mqueue_kind.load(&r, &ipc);
}

static void mqueue_records(void **state)
{
	char longest[300];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[299] = 0;
	assert_int_equal(load_mqueue("queue", 2, 16, 32767, 16), 0);
	assert_int_equal(ipc.mqueues.v[0]->n_messages, 2);
	assert_int_equal(load_mqueue("", 2, 16, 0, 16), -EINVAL);
	assert_int_equal(load_mqueue("..", 2, 16, 0, 16), -EINVAL);
	assert_int_equal(load_mqueue("a/b", 2, 16, 0, 16), -EINVAL);
	assert_int_equal(load_mqueue(longest, 2, 16, 0, 16), -EINVAL);
	assert_int_equal(load_mqueue("queue", 1, 16, 0, 16), -EINVAL);
	assert_int_equal(load_mqueue("queue", 65537, 16, 0, 16), -EINVAL);
	assert_int_equal(load_mqueue("queue", 2, 15, 0, 16), -EINVAL);
	assert_int_equal(load_mqueue("queue", 2, 1U << 31, 0, 16), -EINVAL);
	assert_int_equal(load_mqueue("queue", 2, 16, 32768, 16), -EINVAL);
}

static void limits(void **state)
{
	uint32_t sem[] = { 1, 2, 3, 4 };
	IpcVarEntry e = IPC_VAR_ENTRY__INIT;

	(void)state;
	assert_int_equal(ipc_sysctls_load(&r, &ipc), -ENOENT);
	e.sem_ctls = sem;
	e.n_sem_ctls = 3;
	assert_int_equal(image_write_one(r.img_dir, IMG_IPC_VAR, ID, &e.base), 0);
	assert_int_equal(ipc_sysctls_load(&r, &ipc), -EINVAL);
	e.n_sem_ctls = 4;
	assert_int_equal(image_write_one(r.img_dir, IMG_IPC_VAR, ID, &e.base), 0);
	assert_int_equal(ipc_sysctls_load(&r, &ipc), 0);
	e.has_shm_next_id = true;
	e.shm_next_id = 1U << 31;
	assert_int_equal(image_write_one(r.img_dir, IMG_IPC_VAR, ID, &e.base), 0);
	assert_int_equal(ipc_sysctls_load(&r, &ipc), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sem_values_and_padding, setup, teardown),
		cmocka_unit_test_setup_teardown(sem_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(undo_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(msg_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(msg_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(shm_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(shm_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(shm_contents_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(mqueue_records, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
