/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loaded records of open files are checked; kinds claim what is theirs; who makes what. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <cmocka.h>
#include "file/buildid.h"
#include "file/check.h"
#include "file/inherit.h"
#include "file/plan.h"
#include "file/record.h"

struct fixture {
	struct model m;
	struct task *task[3];
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	for (size_t i = 0; i < array_size(f->task); i++) {
		struct task *t = model_task_add(&f->m, i ? f->task[0] : NULL, 100 + i, 100 + i);

		t->fds = arena_new(&f->m.arena, struct fd_table);
		t->fds->owner = t;
		f->task[i] = t;
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(&f->m.arena);
	test_free(f);
	return 0;
}

static struct file *add(struct model *m, FdTypes type)
{
	struct file *f = model_file_add(m, file_kind_by_type(type));

	record_begin(m, f, 0, 0);
	return f;
}

static int check(struct file *f)
{
	struct file found;

	return file_entry_check(f->entry, &found);
}

static void entry_and_record_must_belong_together(void **state)
{
	struct fixture *fix = *state;
	struct file *f = add(&fix->m, FD_TYPES__EVENTFD);
	EventfdFileEntry *e = f->rec;
	TimerfdEntry other = TIMERFD_ENTRY__INIT;

	assert_int_equal(check(f), 0);
	e->id = 7;
	assert_int_equal(check(f), -EINVAL);
	e->id = f->entry->id;
	f->entry->tfd = &other;
	assert_int_equal(check(f), -EINVAL);
	f->entry->tfd = NULL;
	f->entry->efd = NULL;
	assert_int_equal(check(f), -EINVAL);
	f->entry->type = FD_TYPES__BPFMAP;
	assert_int_equal(check(f), -EOPNOTSUPP);
}

static void owners_must_be_possible(void **state)
{
	struct fixture *fix = *state;
	struct file *f = add(&fix->m, FD_TYPES__SIGNALFD);
	FownEntry *own = *record_fown(f->kind, f->rec);

	own->signum = 65;
	assert_int_equal(check(f), -EINVAL);
	own->signum = 64;
	assert_int_equal(check(f), 0);
	own->pid_type = 3;
	assert_int_equal(check(f), -EINVAL);
}

static void timers_must_be_possible(void **state)
{
	struct fixture *fix = *state;
	struct file *f = add(&fix->m, FD_TYPES__TIMERFD);
	TimerfdEntry *e = f->rec;

	e->clockid = 1;
	assert_int_equal(check(f), 0);
	e->clockid = 2;
	assert_int_equal(check(f), -EINVAL);
	e->clockid = 1;
	e->settime_flags = 0x40;
	assert_int_equal(check(f), -EINVAL);
	e->settime_flags = 3;
	e->vnsec = 1000000000;
	assert_int_equal(check(f), -EINVAL);
	e->vnsec = 0;
	e->isec = UINT64_MAX;
	assert_int_equal(check(f), -EINVAL);
}

static void paths_must_be_harmless(void **state)
{
	struct fixture *fix = *state;
	struct file *f = add(&fix->m, FD_TYPES__REG);
	RegFileEntry *e = f->rec;

	e->name = (char *)"etc/passwd";
	assert_int_equal(check(f), -EINVAL);
	e->name = (char *)"/etc/passwd";
	assert_int_equal(check(f), 0);
	e->flags = O_WRONLY | O_TRUNC;
	assert_int_equal(check(f), -EINVAL);
	e->flags = O_WRONLY | O_CREAT;
	assert_int_equal(check(f), -EINVAL);
	e->flags = O_RDONLY;
	e->n_build_id = 9;
	assert_int_equal(check(f), -EINVAL);
}

static void counters_and_ends_must_be_possible(void **state)
{
	struct fixture *fix = *state;
	struct file *efd = add(&fix->m, FD_TYPES__EVENTFD), *pipe, *epoll;
	EventpollTfdEntry target = EVENTPOLL_TFD_ENTRY__INIT, *targets[] = { &target };

	((EventfdFileEntry *)efd->rec)->counter = UINT64_MAX;
	assert_int_equal(check(efd), -EINVAL);

	pipe = add(&fix->m, FD_TYPES__PIPE);
	((PipeEntry *)pipe->rec)->flags = 3;
	assert_int_equal(check(pipe), -EINVAL);

	epoll = add(&fix->m, FD_TYPES__EVENTPOLL);
	((EventpollFileEntry *)epoll->rec)->n_tfd = 1;
	((EventpollFileEntry *)epoll->rec)->tfd = targets;
	assert_int_equal(check(epoll), 0);
	target.tfd = UINT32_MAX;
	assert_int_equal(check(epoll), -EINVAL);
}

static const char *kind_name(const char *link, mode_t mode, unsigned int maj, unsigned int min, uint32_t flags)
{
	struct file_facts f = { .fd = 3, .copy = -1, .link = link, .flags = flags };
	const struct file_kind *k;

	f.st.st_mode = mode;
	f.st.st_rdev = makedev(maj, min);
	k = file_kind_of(&f);
	return k ? k->name : "";
}

static void kinds_claim_what_is_theirs(void **state)
{
	(void)state;
	assert_string_equal(kind_name("anon_inode:[eventfd]", 0600, 0, 0, 2), "eventfd");
	assert_string_equal(kind_name("anon_inode:[timerfd]", 0600, 0, 0, 2), "timerfd");
	assert_string_equal(kind_name("anon_inode:[io_uring]", 0600, 0, 0, 2), "");
	assert_string_equal(kind_name("anon_inode:inotify", 0600, 0, 0, 2), "");
	assert_string_equal(kind_name("pipe:[7]", S_IFIFO | 0600, 0, 0, 0), "pipe");
	assert_string_equal(kind_name("/tmp/pipe:[7]", S_IFIFO | 0600, 0, 0, 0), "fifo");
	assert_string_equal(kind_name("socket:[7]", S_IFSOCK | 0777, 0, 0, 2), "");
	assert_string_equal(kind_name("/tmp/x", S_IFREG | 0600, 0, 0, 0), "regular");
	assert_string_equal(kind_name("/memfd:x (deleted)", S_IFREG | 0777, 0, 0, 2), "");
	assert_string_equal(kind_name("/dev/null", S_IFCHR | 0666, 1, 3, 2), "regular");
	assert_string_equal(kind_name("/dev/pts/0", S_IFCHR | 0620, 136, 0, 2), "tty");
	assert_string_equal(kind_name("/dev/pts/0", S_IFCHR | 0620, 136, 0, O_PATH), "regular");
	/* Any device may be external; others are refused there. */
	assert_string_equal(kind_name("/dev/net/tun", S_IFCHR | 0666, 10, 200, 2), "regular");
	assert_string_equal(kind_name("mnt:[4026531841]", S_IFREG | 0444, 0, 0, 0), "");
}

static void hold(struct fixture *fix, size_t task, uint32_t fd, const struct file *f)
{
	FdinfoEntry *e = arena_msg(&fix->m.arena, FdinfoEntry, fdinfo_entry__init);

	e->fd = fd;
	e->id = f->entry->id;
	vec_push(&fix->m.arena, &fix->task[task]->fds->fds, e);
}

static void the_first_holder_makes_a_file_at_its_lowest_number(void **state)
{
	struct fixture *fix = *state;
	struct file_plan *p;

	add(&fix->m, FD_TYPES__EVENTFD);
	add(&fix->m, FD_TYPES__EVENTFD);
	add(&fix->m, FD_TYPES__REG);
	hold(fix, 1, 4, &fix->m.files.v[0]);
	hold(fix, 1, 9, &fix->m.files.v[0]);
	hold(fix, 2, 3, &fix->m.files.v[0]);
	hold(fix, 2, 5, &fix->m.files.v[1]);
	p = files_plan(&fix->m);
	assert_ptr_equal(p[0].owner, fix->task[1]);
	assert_int_equal(p[0].fd, 4);
	assert_ptr_equal(p[1].owner, fix->task[2]);
	assert_int_equal(p[1].fd, 5);
	assert_null(p[2].owner);
}

static void the_ends_of_a_pipe_are_made_in_one_task(void **state)
{
	struct fixture *fix = *state;
	struct file_plan *p;

	for (int i = 0; i < 3; i++)
		((PipeEntry *)add(&fix->m, FD_TYPES__PIPE)->rec)->pipe_id = i < 2 ? 77 : 78;
	hold(fix, 0, 3, &fix->m.files.v[0]);
	hold(fix, 1, 3, &fix->m.files.v[1]);
	hold(fix, 2, 3, &fix->m.files.v[2]);
	p = files_plan(&fix->m);
	assert_ptr_equal(p[0].owner, fix->task[0]);
	assert_int_equal(p[0].fd, 3);
	assert_ptr_equal(p[1].owner, fix->task[0]);
	assert_int_equal(p[1].fd, -1);
	assert_ptr_equal(p[2].owner, fix->task[2]);
}

static void a_shared_table_is_counted_once(void **state)
{
	struct fixture *fix = *state;
	struct file_plan *p;

	add(&fix->m, FD_TYPES__EVENTFD);
	fix->task[2]->fds = fix->task[1]->fds;
	hold(fix, 1, 6, &fix->m.files.v[0]);
	p = files_plan(&fix->m);
	assert_ptr_equal(p[0].owner, fix->task[1]);
}

static void inherited_descriptors_are_named(void **state)
{
	const char *key;
	int fd;

	(void)state;
	assert_int_equal(inherit_parse("fd[12]:pipe:[77]", &fd, &key), 0);
	assert_int_equal(fd, 12);
	assert_string_equal(key, "pipe:[77]");
	assert_int_equal(inherit_parse("fd[]:x", &fd, &key), -EINVAL);
	assert_int_equal(inherit_parse("fd[-1]:x", &fd, &key), -EINVAL);
	assert_int_equal(inherit_parse("fd[1]:", &fd, &key), -EINVAL);
	assert_int_equal(inherit_parse("12:x", &fd, &key), -EINVAL);
}

/* The head of an ELF file with one note of 20 bytes at 0x78. */
static size_t elf_head(uint8_t head[256], uint32_t desc_len)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	uint64_t phoff = 0x40, offset = 0x78, size = 12 + 4 + align_up((uint64_t)desc_len, 4ULL);
	uint32_t type = 4, note[] = { 4, desc_len, 3 };
	uint16_t phentsize = 56, phnum = 1;

	memset(head, 0, 256);
	memcpy(head, ident, sizeof(ident));
	memcpy(head + 0x20, &phoff, 8);
	memcpy(head + 0x36, &phentsize, 2);
	memcpy(head + 0x38, &phnum, 2);
	memcpy(head + 0x40, &type, 4);
	memcpy(head + 0x48, &offset, 8);
	memcpy(head + 0x60, &size, 8);
	memcpy(head + 0x78, note, sizeof(note));
	memcpy(head + 0x84, "GNU", 4);
	for (uint32_t i = 0; i < min(desc_len, 100U); i++)
		head[0x88 + i] = i + 1;
	return 0x88 + desc_len;
}

static void build_ids_are_found_and_packed(void **state)
{
	uint32_t words[BUILD_ID_WORDS];
	uint8_t head[256];
	size_t len = elf_head(head, 20);

	(void)state;
	assert_int_equal(build_id_find(head, len, words), 5);
	assert_int_equal(words[0], 0x04030201);
	assert_int_equal(words[4], 0x14131211);
	len = elf_head(head, 6);	/* padded with zeros to a whole word */
	assert_int_equal(build_id_find(head, 256, words), 2);
	assert_int_equal(words[1], 0x0605);
}

static void broken_elf_files_have_no_build_id(void **state)
{
	uint32_t words[BUILD_ID_WORDS];
	uint8_t head[256];
	size_t len = elf_head(head, 20);

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(build_id_find(head, cut, words), 0);
	len = elf_head(head, 80);
	assert_int_equal(build_id_find(head, len, words), 0);
	elf_head(head, UINT32_MAX - 2);
	assert_int_equal(build_id_find(head, sizeof(head), words), 0);
	elf_head(head, 20);
	head[4] = 1;
	assert_int_equal(build_id_find(head, sizeof(head), words), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(entry_and_record_must_belong_together),
		TEST(owners_must_be_possible),
		TEST(timers_must_be_possible),
		TEST(paths_must_be_harmless),
		TEST(counters_and_ends_must_be_possible),
		TEST(kinds_claim_what_is_theirs),
		TEST(the_first_holder_makes_a_file_at_its_lowest_number),
		TEST(the_ends_of_a_pipe_are_made_in_one_task),
		TEST(a_shared_table_is_counted_once),
		TEST(inherited_descriptors_are_named),
		TEST(build_ids_are_found_and_packed),
		TEST(broken_elf_files_have_no_build_id),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
