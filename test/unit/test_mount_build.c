/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random trees of mounts, made with the kernel's own propagation, then read, planned, built anew and compared. Needs
 * root; leaves nothing, since everything happens in mount namespaces of processes that end.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#undef fail				/* cmocka has one of its own */
#include <cmocka.h>
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "kernel/mountinfo.h"
#include "mount/build.h"
#include "mount/look.h"
#include "mount/make.h"
#include "mount/tar.h"

enum { N_TMPFS = 8, N_NS = 3, N_TREES = 200, LEFT_OUT = 77 };

static uint64_t seed;
static struct arena arena;
static int proc, images;

static size_t n_made;

#define NEEDS(condition) do { if (!(condition)) { \
	fprintf(stderr, "SEED=%llu: line %d: " #condition ": %s\n", (unsigned long long)seed, __LINE__, strerror(errno)); \
	_exit(1); } } while (0)

static uint64_t state_of_rnd;
static unsigned int rnd(unsigned int below)
{
	state_of_rnd = state_of_rnd * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state_of_rnd >> 33) % below;
}

static void make_dirs(int dir, int depth)
{
	for (const char *name = "a"; *name <= 'c' && depth; name = *name == 'a' ? "b" : *name == 'b' ? "c" : "d") {
		auto_fd int sub = -1;

		NEEDS(mkdirat(dir, name, 0700 + (*name - 'a')) == 0);
		sub = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		NEEDS(sub >= 0);
		make_dirs(sub, depth - 1);
	}
}

static uint32_t dev_of(int fd)
{
	struct stat st;

	NEEDS(fstat(fd, &st) == 0);
	return major(st.st_dev) << 20 | minor(st.st_dev);
}

static void save_contents(int dir)
{
	char name[64];
	auto_fd int out = -1;

	image_name(IMG_TMPFS_DEV, dev_of(dir), name, sizeof(name));
	out = openat(images, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	NEEDS(out >= 0);
	NEEDS(tar_save(dir, out, NULL) == 0);
}

/* A tmpfs with directories, mounted at path; what is in it stays as it is saved here. */
static void mount_tmpfs(const char *path)
{
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), fd = -1, dir = -1;

	NEEDS(fs >= 0);
	NEEDS(fsconfig(fs, FSCONFIG_SET_STRING, "source", "fresh", 0) == 0);
	NEEDS(fsconfig(fs, FSCONFIG_SET_STRING, rnd(2) ? "size" : "mode", "700", 0) == 0);
	NEEDS(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	NEEDS(fd >= 0);
	dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEEDS(dir >= 0);
	make_dirs(dir, 3);
	save_contents(dir);
	if (move_mount(fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		_exit(errno == ENOSPC ? LEFT_OUT : 1);	/* fs.mount-max */
	n_made++;
}

static const char *random_dir(void)
{
	char *path = arena_strdup(&arena, "");

	for (unsigned int n = rnd(4); n; n--)
		path = arena_printf(&arena, "%s/%c", path, 'a' + rnd(3));
	return *path ? path : "/";
}

static void random_step(void)
{
	static const unsigned long flags[] = { MS_RDONLY, MS_NOSUID | MS_NODEV, MS_NOEXEC | MS_NOATIME, MS_NODIRATIME, MS_STRICTATIME };
	static const unsigned long types[] = { MS_SHARED, MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE };
	const char *dir = random_dir(), *from = random_dir();

	/* Paths that are not there under what covers them, and binds of the unbindable, fail: another step is taken. */
	switch (rnd(6)) {
	case 0:
		if (n_made < N_TMPFS && access(dir, F_OK) == 0 && !streq(dir, "/"))
			mount_tmpfs(dir);
		break;
	case 1:
	case 2:
		if (!streq(dir, "/"))
			mount(from, dir, NULL, MS_BIND | (rnd(4) ? 0 : MS_REC), NULL);
		break;
	case 3:
	case 4:
		mount(NULL, dir, NULL, types[rnd(5)] | (rnd(3) ? 0 : MS_REC), NULL);
		break;
	case 5:
		mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | flags[rnd(5)], NULL);
		break;
	}
}

static void into_new_root(void)
{
	NEEDS(unshare(CLONE_NEWNS) == 0);
	NEEDS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	mount_tmpfs("/mnt");
	NEEDS(chdir("/mnt") == 0);
	NEEDS(syscall(SYS_pivot_root, ".", ".") == 0);
	NEEDS(umount2(".", MNT_DETACH) == 0);
	NEEDS(chdir("/") == 0);
}

static size_t count_mounts(void)
{
	struct mountinfo_list l;

	NEEDS(mountinfo_read(&arena, proc, "thread-self/mountinfo", &l) == 0);
	return l.n;
}

static void random_steps(void)
{
	/* Propagation doubles trees quickly. */
	for (unsigned int n = 5 + rnd(15); n && count_mounts() < 200; n--)
		random_step();
	if (count_mounts() > 1000)	/* one step can make thousands of copies */
		_exit(LEFT_OUT);
}

/* The namespaces of this tree: the first, and copies of it that went their own ways. */
static size_t random_namespaces(int *ret_ns)
{
	size_t n = 1 + rnd(N_NS);

	into_new_root();
	for (size_t i = 0; i < n; i++) {
		random_steps();
		ret_ns[i] = openat(proc, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
		NEEDS(ret_ns[i] >= 0);
		if (i + 1 < n)
			NEEDS(unshare(CLONE_NEWNS) == 0);
	}
	return n;
}

static void read_ns(struct mounts *m, int ns, uint32_t id)
{
	struct mount_visit visit;

	NEEDS(mount_visit_begin(&visit, ns, proc) == 0);
	NEEDS(mounts_read(m, id, proc) == 0);
	NEEDS(mount_visit_end(&visit) == 0);
}

/* What a dump would see of each tmpfs takes the place of what was saved when it was made. */
static void save_views(struct mounts *m, const int *ns)
{
	for (size_t i = 0; i < m->ns.n; i++) {
		struct mount_visit visit;

		NEEDS(mount_visit_begin(&visit, ns[i], proc) == 0);
		for (size_t k = 0; k < m->sbs.n; k++) {
			bool has_contents = m->sbs.v[k]->kind->traits & KIND_CONTENTS;
			auto_fd int view = has_contents ? mount_view(m->sbs.v[k], m->ns.v[i], proc) : -1, dir = -1;

			if (view < 0)	/* covered, or unbindable */
				continue;
			dir = openat(view, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			NEEDS(dir >= 0 && dev_of(dir) == m->sbs.v[k]->dev);
			save_contents(dir);
		}
		NEEDS(mount_visit_end(&visit) == 0);
	}
}

/* --- comparing ------------------------------------------------------------------------------------------------ */

static struct map there[3], back[3];

static bool is_same_number(int what, uint32_t a, uint32_t b)
{
	uint64_t *x, *y;

	if (!a || !b)
		return a == b;
	x = map_at(&arena, &there[what], a);
	y = map_at(&arena, &back[what], b);
	if (!*x && !*y) {
		*x = b;
		*y = a;
	}
	return *x == b && *y == a;
}

static void compare_mount(const struct mnt *a, const struct mnt *b)
{
	NEEDS(streq(a->e->mountpoint, b->e->mountpoint));
	NEEDS(streq(a->e->root, b->e->root));
	NEEDS(streq(a->e->source, b->e->source));
	NEEDS(streq(a->e->options, b->e->options));
	NEEDS(a->e->fstype == b->e->fstype);
	NEEDS(a->e->flags == b->e->flags);
	NEEDS(a->e->sb_flags == b->e->sb_flags);
	NEEDS(is_same_number(0, a->e->root_dev, b->e->root_dev));
	NEEDS(is_same_number(1, a->e->shared_id, b->e->shared_id));
	NEEDS(is_same_number(1, a->e->master_id, b->e->master_id));
}

static void compare_below(const struct mnt *a, const struct mnt *b)
{
	const struct mnt *x = a->child, *y = b->child;

	compare_mount(a, b);
	for (; x && y; x = x->next, y = y->next)
		compare_below(x, y);
	NEEDS(!x && !y);
}

/* --- one tree ---------------------------------------------------------------------------------------------------- */

static void mount_at(const char *fs, const char *path, unsigned long flags, const char *options)
{
	NEEDS(mount("src", path, fs, flags, options) == 0);
}

/* What a container has, and a read-only tmpfs and a bind of a piece of proc. */
static size_t special_namespaces(int *ret_ns)
{
	into_new_root();
	mount_at("proc", "/a", MS_NOSUID | MS_NODEV, NULL);
	mount_at("sysfs", "/b", MS_RDONLY, NULL);
	mount_at("devpts", "/c/a", 0, "mode=620,ptmxmode=666,gid=5");
	mount_at("mqueue", "/c/b", 0, NULL);
	mount_at("cgroup2", "/c/c", 0, NULL);
	NEEDS(mount("/a/sys", "/a/sys", NULL, MS_BIND, NULL) == 0);
	NEEDS(mount(NULL, "/a/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	NEEDS(mkdir("/l", 0755) == 0 && mkdir("/l/low", 0755) == 0 && mkdir("/l/up", 0755) == 0);
	NEEDS(mkdir("/l/work", 0755) == 0 && mkdir("/l/over", 0755) == 0 && mkdir("/l/low/deep", 0755) == 0);
	mount_at("overlay", "/l/over", 0, "lowerdir=/l/low,upperdir=/l/up,workdir=/l/work");
	mount_at("tmpfs", "/l/over/deep", MS_RDONLY, "size=64k");
	ret_ns[0] = openat(proc, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
	NEEDS(ret_ns[0] >= 0);
	return 1;
}

static int *open_contents(const struct mounts *m)
{
	int *v = arena_array(m->arena, int, m->bases.n + 1);

	for (size_t i = 0; i < m->bases.n; i++) {
		v[i] = base_has_contents(m->bases.v[i]) ? base_contents_open(m->bases.v[i], images) : -1;
		NEEDS(v[i] >= -1);
	}
	return v;
}

static void one_tree(size_t (*make_namespaces)(int *ret_ns))
{
	struct mounts m = { .arena = &arena }, again = { .arena = &arena };
	mount_problems problems = { 0 };
	struct mount_plan plan;
	struct mount_built built[N_NS];
	int ns[N_NS], home = openat(proc, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
	size_t n = make_namespaces(ns);
	struct mount_build b = { .m = &m, .plan = &plan, .proc = proc };

	NEEDS(home >= 0);
	for (size_t i = 0; i < n; i++)
		read_ns(&m, ns[i], 10 + i);
	NEEDS(setns(home, CLONE_NEWNS) == 0);
	NEEDS(chdir("/") == 0);
	NEEDS(mounts_link(&m) == 0);
	save_views(&m, ns);
	NEEDS(mounts_plan(&m, false, &problems, &plan) == 0);
	/* What something else covers at the very root is in no mountinfo, and may be the master of what is. */
	for (size_t i = 0; i < problems.n; i++)
		NEEDS(problems.v[i].what == MOUNT_NO_MASTER);
	if (problems.n)
		_exit(LEFT_OUT);
	b.contents = open_contents(&m);
	NEEDS(mounts_build(&b, built) == 0);
	for (size_t i = 0; i < n; i++)
		read_ns(&again, built[i].ns, 10 + i);
	NEEDS(mounts_link(&again) == 0);
	for (size_t i = 0; i < n; i++)
		compare_below(m.ns.v[i]->root, again.ns.v[i]->root);
}

static int run_one(uint64_t s, size_t (*make_namespaces)(int *ret_ns))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		seed = state_of_rnd = s;
		one_tree(make_namespaces);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int open_images(void)
{
	char dir[] = "/tmp/test_mount_build.XXXXXX";
	int fd;

	assert_non_null(mkdtemp(dir));
	/* Images go to a tmpfs that nobody else sees and that goes with us. */
	assert_int_equal(mount("images", dir, "tmpfs", 0, NULL), 0);
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
	assert_int_equal(rmdir(dir), 0);
	return fd;
}

static void begin(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		skip();
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	images = open_images();
}

static void file_systems_of_every_kind_are_built(void **state)
{
	(void)state;
	begin();
	assert_int_equal(run_one(1, special_namespaces), 0);
}

/* Another piece of a covered file system that lay on the way was taken for all of it. */
static void trees_that_once_failed_are_built(void **state)
{
	static const uint64_t seeds[] = { 57676181729 };

	(void)state;
	begin();
	for (size_t i = 0; i < array_size(seeds); i++)
		assert_int_equal(run_one(seeds[i], random_namespaces), 0);
}

static void random_trees_are_built(void **state)
{
	const char *given = getenv("SEED");
	uint64_t first = given ? strtoull(given, NULL, 0) : now_us();
	unsigned int n_left_out = 0;

	(void)state;
	begin();
	print_message("first SEED=%llu\n", (unsigned long long)first);
	for (unsigned int i = 0; i < (given ? 1 : N_TREES); i++) {
		int status = run_one(first + i, random_namespaces);

		if (WIFEXITED(status) && WEXITSTATUS(status) == LEFT_OUT)
			n_left_out++;
		else
			assert_int_equal(status, 0);
	}
	print_message("%u of %u left out: too many mounts, or a master that nobody shows\n", n_left_out, N_TREES);
	assert_true(n_left_out < N_TREES / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_systems_of_every_kind_are_built),
		cmocka_unit_test(trees_that_once_failed_are_built),
		cmocka_unit_test(random_trees_are_built),
	};

	return cmocka_run_group_tests_name("mount build", tests, NULL, NULL);
}
