/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of unix sockets and their queues, written and loaded: what cannot be is refused by name. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "file/files.h"
#include "file/record.h"
#include "image/dir.h"
#include "sock/unixsk.h"

struct fixture {
	char path[32];
	int dir;
	struct model saved, loaded;
	UnixSkEntry *listener, *waiting, *end[2];
};

static UnixSkEntry *add(struct fixture *f, uint32_t ino, uint32_t peer, uint32_t state)
{
	struct file *file = model_file_add(&f->saved, file_kind_by_type(FD_TYPES__UNIXSK));
	UnixSkEntry *e = file->rec;

	record_begin(&f->saved, file, O_RDWR, 0);
	e->ino = ino;
	e->peer = peer;
	e->type = SOCK_STREAM;
	e->state = state;
	e->opts = arena_msg(&f->saved.arena, SkOptsEntry, sk_opts_entry__init);
	return e;
}

static void name(UnixSkEntry *e, const char *text, size_t len)
{
	e->name.data = (uint8_t *)text;
	e->name.len = len;
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/unit-unix-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->listener = add(f, 10, 0, TCP_LISTEN);
	name(f->listener, "/run/service", 13);
	f->waiting = add(f, 11, 10, TCP_ESTABLISHED);
	f->end[0] = add(f, 20, 21, TCP_ESTABLISHED);
	f->end[1] = add(f, 21, 20, TCP_ESTABLISHED);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlinkat(f->dir, "files.img", 0);
	unlinkat(f->dir, "sk-queues.img", 0);
	close(f->dir);
	rmdir(f->path);
	arena_free(&f->saved.arena);
	arena_free(&f->loaded.arena);
	test_free(f);
	return 0;
}

static void put_queue(struct fixture *f, uint32_t id_for, const char *text, SkPacketEntry *e)
{
	struct image_out o;

	image_out_open(&o, f->dir, IMG_SK_QUEUES, 0);
	e->id_for = id_for;
	e->length = strlen(text);
	image_put(&o, &e->base);
	image_put_raw(&o, text, strlen(text));
	assert_int_equal(image_out_close(&o), 0);
}

static int load(struct fixture *f)
{
	struct image_out o;

	image_out_open(&o, f->dir, IMG_FILES, 0);
	for (size_t i = 0; i < f->saved.files.n; i++)
		image_put(&o, &f->saved.files.v[i].entry->base);
	assert_int_equal(image_out_close(&o), 0);
	return files_load(&f->loaded, f->dir);
}

static void sockets_find_their_peers(void **state)
{
	struct fixture *f = *state;
	SkPacketEntry e = SK_PACKET_ENTRY__INIT;
	struct unix_sock *end;

	put_queue(f, f->end[1]->id, "hello", &e);
	assert_int_equal(load(f), 0);
	end = unix_sock_by_ino(&f->loaded, 20);
	assert_ptr_equal(unix_sock_pair(&f->loaded, end->entry), unix_sock_by_ino(&f->loaded, 21));
	assert_null(unix_sock_pair(&f->loaded, unix_sock_by_ino(&f->loaded, 11)->entry));
	end = unix_sock_by_ino(&f->loaded, 21);
	assert_int_equal(end->queue.n, 1);
	assert_memory_equal(end->queue.v[0].data, "hello", 5);
}

static void the_ends_of_a_pair_are_one_group(void **state)
{
	struct fixture *f = *state;
	const struct file_kind *kind = unixsk_self();

	assert_true(kind->group(f->end[0]));
	assert_int_equal(kind->group(f->end[0]), kind->group(f->end[1]));
	assert_int_equal(kind->group(f->listener), 0);
}

static void what_a_socket_cannot_be_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct file_kind *kind = unixsk_self();
	UnixSkEntry good = *f->end[0], bad;

	assert_int_equal(kind->check(&good), 0);
	bad = good;
	bad.type = SOCK_RAW;
	assert_int_equal(kind->check(&bad), -EINVAL);
	bad = good;
	bad.state = TCP_TIME_WAIT;
	assert_int_equal(kind->check(&bad), -EINVAL);
	bad = good;
	bad.state = TCP_LISTEN;
	bad.type = SOCK_DGRAM;
	assert_int_equal(kind->check(&bad), -EINVAL);
	bad = good;
	bad.uflags = 2;
	assert_int_equal(kind->check(&bad), -EOPNOTSUPP);
	bad = good;
	bad.has_shutdown = true;
	bad.shutdown = 9;
	assert_int_equal(kind->check(&bad), -EINVAL);
	bad = good;
	bad.opts->so_snd_tmo_usec = 1000000;
	assert_int_equal(kind->check(&bad), -EINVAL);
}

static void names_fit_their_address(void **state)
{
	static const char longest[110] = "/a";
	struct fixture *f = *state;
	const struct file_kind *kind = unixsk_self();

	name(f->listener, longest, sizeof(longest));
	assert_int_equal(kind->check(f->listener), -EINVAL);
	name(f->listener, "/a\0b", 5);
	assert_int_equal(kind->check(f->listener), -EINVAL);
	name(f->listener, "\0a\0b", 4);
	assert_int_equal(kind->check(f->listener), 0);
	name(f->listener, "a", 1);
	f->listener->name_dir = (char *)"relative";
	assert_int_equal(kind->check(f->listener), -EINVAL);
}

static void who_waits_needs_a_listener(void **state)
{
	struct fixture *f = *state;

	f->listener->state = TCP_CLOSE;
	assert_int_equal(load(f), -EINVAL);
}

static void an_inode_is_one_socket(void **state)
{
	struct fixture *f = *state;

	f->waiting->ino = f->listener->ino;
	assert_int_equal(load(f), -EINVAL);
}

static void queues_belong_to_who_receives(void **state)
{
	struct fixture *f = *state;
	SkPacketEntry e = SK_PACKET_ENTRY__INIT;

	put_queue(f, f->listener->id, "x", &e);
	assert_int_equal(load(f), -EINVAL);
}

static void queues_of_nobody_are_refused(void **state)
{
	struct fixture *f = *state;
	SkPacketEntry e = SK_PACKET_ENTRY__INIT;

	put_queue(f, 99, "x", &e);
	assert_int_equal(load(f), -EINVAL);
}

static void descriptors_in_queues_are_refused(void **state)
{
	struct fixture *f = *state;
	SkPacketEntry e = SK_PACKET_ENTRY__INIT;
	ScmEntry scm = SCM_ENTRY__INIT, *scms[] = { &scm };

	scm.type = SCM_RIGHTS;
	e.n_scm = 1;
	e.scm = scms;
	put_queue(f, f->end[0]->id, "x", &e);
	assert_int_equal(load(f), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(sockets_find_their_peers),
		TEST(the_ends_of_a_pair_are_one_group),
		TEST(what_a_socket_cannot_be_is_refused),
		TEST(names_fit_their_address),
		TEST(who_waits_needs_a_listener),
		TEST(an_inode_is_one_socket),
		TEST(queues_belong_to_who_receives),
		TEST(queues_of_nobody_are_refused),
		TEST(descriptors_in_queues_are_refused),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
