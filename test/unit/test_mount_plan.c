/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans of mount trees, captured and random, run on a model of the kernel. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/log.h"
#undef fail				/* cmocka has one of its own */
#include <cmocka.h>
#include "base/clock.h"
#include "mount_sim_run.h"

static MntEntry *entry(struct mounts *m, unsigned int id, unsigned int parent, unsigned int dev, const char *root,
		       const char *point, const char *fs)
{
	MntEntry *e = arena_msg(m->arena, MntEntry, mnt_entry__init);
	const struct mount_kind *k = mount_kind_by_name(fs);

	e->mnt_id = id;
	e->parent_mnt_id = parent;
	e->root_dev = dev;
	e->fstype = k ? k->type : FSTYPE__AUTO;
	e->fsname = e->fstype == FSTYPE__AUTO ? arena_strdup(m->arena, fs) : NULL;
	e->root = arena_strdup(m->arena, root);
	e->mountpoint = arena_strdup(m->arena, point);
	e->source = e->options = arena_strdup(m->arena, "");
	e->has_shared_id = e->has_master_id = true;
	return e;
}

/* In the order of mountinfo; the image has the reverse. */
static struct mnt_ns *add_ns(struct mounts *m, uint32_t id, MntEntry **list, size_t n)
{
	struct mnt_ns *ns = mounts_ns_add(m, id);

	while (n--)
		mounts_add(m, ns, list[n]);
	return ns;
}

static void assert_builds(struct mounts *m)
{
	mount_problems problems = { 0 };
	struct mount_plan plan;
	struct sim sim;

	assert_int_equal(mounts_link(m), 0);
	assert_int_equal(mounts_plan(m, false, &problems, &plan), 0);
	assert_int_equal(problems.n, 0);
	sim_run(&sim, m, &plan);
	if (sim.error)
		fail_msg("a step fails: %s", sim.error);
	if (sim_compare(&sim))
		fail_msg("%s", sim_compare(&sim));
}

/* --- captured: what a container engine makes ------------------------------------------------------------------- */

static void a_container_is_planned(void **state)
{
	struct arena a = { 0 };
	struct mounts m = { .arena = &a };
	MntEntry *list[] = {
		entry(&m, 600, 500, 0x2e, "/", "/", "overlay"),
		entry(&m, 601, 600, 0x31, "/", "/proc", "proc"),
		entry(&m, 602, 600, 0x32, "/", "/dev", "tmpfs"),
		entry(&m, 603, 602, 0x33, "/", "/dev/pts", "devpts"),
		entry(&m, 604, 602, 0x34, "/", "/dev/shm", "tmpfs"),
		entry(&m, 605, 602, 0x30, "/", "/dev/mqueue", "mqueue"),
		entry(&m, 606, 600, 0x35, "/", "/sys", "sysfs"),
		entry(&m, 607, 606, 0x1c, "/", "/sys/fs/cgroup", "cgroup2"),
		entry(&m, 608, 600, 0xfe00000, "/var/lib/x/hosts", "/etc/hosts", "ext4"),
		entry(&m, 609, 602, 0x33, "/0", "/dev/console", "devpts"),
		entry(&m, 610, 601, 0x31, "/bus", "/proc/bus", "proc"),
		entry(&m, 611, 601, 0x32, "/null", "/proc/kcore", "tmpfs"),
	};

	(void)state;
	list[8]->ext_key = arena_strdup(&a, "hosts");
	add_ns(&m, 10, list, 12);
	assert_builds(&m);
	assert_int_equal(m.bases.n, 9);	/* console, bus and kcore are shown by others */
	assert_true(m.all.v[0]->base->is_outside);
	assert_true(m.all.v[11]->base == m.all.v[2]->base);
	arena_free(&a);
}

static void what_covers_comes_after_what_it_covers(void **state)
{
	struct arena a = { 0 };
	struct mounts m = { .arena = &a };
	MntEntry *list[] = {
		entry(&m, 1, 0, 1, "/", "/", "ext4"),	  entry(&m, 2, 1, 2, "/", "/a/b", "tmpfs"),
		entry(&m, 3, 1, 3, "/", "/a", "tmpfs"),	  entry(&m, 4, 3, 4, "/", "/a", "tmpfs"),
		entry(&m, 5, 2, 5, "/x", "/a/b/c", "tmpfs"), entry(&m, 6, 1, 6, "/", "/a/b/d", "overlay"),
	};

	(void)state;
	add_ns(&m, 10, list, 6);
	assert_builds(&m);
	arena_free(&a);
}

/* As systemd-nspawn leaves it: all is shared, each part of the machine's file system by itself. */
static void parts_of_one_file_system_share_apart(void **state)
{
	struct arena a = { 0 };
	struct mounts m = { .arena = &a };
	MntEntry *list[] = {
		entry(&m, 1, 0, 1, "/", "/", "tmpfs"),		   entry(&m, 2, 1, 4, "/usr", "/usr", "ext4"),
		entry(&m, 3, 1, 4, "/etc", "/etc", "ext4"),	   entry(&m, 4, 1, 4, "/etc/opt", "/opt", "ext4"),
		entry(&m, 5, 1, 4, "/etc/opt/a", "/a", "ext4"),
	};

	(void)state;
	for (size_t i = 1; i < 5; i++) {
		list[i]->ext_key = arena_strdup(&a, "k");
		list[i]->shared_id = 9 + i;
		list[i]->internal_sharing = true;
	}
	list[3]->master_id = list[4]->master_id = list[2]->shared_id;
	add_ns(&m, 10, list, 5);
	assert_builds(&m);
	assert_string_equal(list[2]->root, mounts_by_id(&m, 5)->group->base->root);
	arena_free(&a);
}

/* --- what cannot be ------------------------------------------------------------------------------------------------ */

static void obstacles_are_all_named(void **state)
{
	struct arena a = { 0 };
	struct mounts m = { .arena = &a };
	MntEntry *list[] = {
		entry(&m, 1, 0, 1, "/srv", "/", "ext4"),    entry(&m, 2, 1, 2, "/", "/nfs", "nfs4"),
		entry(&m, 3, 1, 3, "/", "/slave", "tmpfs"), entry(&m, 4, 1, 4, "/f", "/f", "9p"),
		entry(&m, 5, 1, 4, "/g", "/g", "9p"),
	};
	mount_problems problems = { 0 };
	struct mount_plan plan;

	(void)state;
	list[2]->master_id = 77;
	list[3]->ext_key = list[4]->ext_key = arena_strdup(&a, "k");
	list[3]->shared_id = list[4]->shared_id = 9;
	list[3]->internal_sharing = list[4]->internal_sharing = true;
	add_ns(&m, 10, list, 5);
	assert_int_equal(mounts_link(&m), 0);
	assert_int_equal(mounts_plan(&m, false, &problems, &plan), 0);
	assert_int_equal(problems.n, 3);
	assert_int_equal(problems.v[0].what, MOUNT_NO_SOURCE);
	assert_int_equal(problems.v[0].mnt->e->mnt_id, 2);
	assert_int_equal(problems.v[1].what, MOUNT_NO_MASTER);
	assert_int_equal(problems.v[1].mnt->e->mnt_id, 3);
	assert_int_equal(problems.v[2].what, MOUNT_NO_GROUP);
	assert_int_equal(problems.v[2].mnt->e->mnt_id, 5);
	assert_int_equal(plan.ops.n, 0);
	arena_free(&a);
}

static void assert_is_no_tree(MntEntry **list, size_t n, struct mounts *m)
{
	mount_problems problems = { 0 };
	struct mount_plan plan;
	int err;

	add_ns(m, 10, list, n);
	err = mounts_link(m);
	if (!err)
		err = mounts_plan(m, false, &problems, &plan);
	assert_int_equal(err, -EINVAL);
}

static void records_that_contradict_are_refused(void **state)
{
	struct arena a = { 0 };
	struct mounts m[8];

	(void)state;
	log_verbosity = -1;
	for (size_t i = 0; i < 8; i++)
		m[i] = (struct mounts){ .arena = &a };
	assert_is_no_tree((MntEntry *[]){ entry(&m[0], 1, 0, 1, "/", "x", "ext4") }, 1, &m[0]);
	assert_is_no_tree((MntEntry *[]){ entry(&m[1], 1, 0, 1, "/", "/", "ext4"), entry(&m[1], 1, 1, 1, "/", "/x", "ext4") },
			  2, &m[1]);
	assert_is_no_tree((MntEntry *[]){ entry(&m[2], 1, 0, 1, "/", "/", "ext4"), entry(&m[2], 2, 9, 1, "/", "/x", "ext4") },
			  2, &m[2]);
	assert_is_no_tree((MntEntry *[]){ entry(&m[3], 1, 0, 1, "/", "/", "ext4"), entry(&m[3], 2, 3, 1, "/", "/x", "ext4"),
					  entry(&m[3], 3, 2, 1, "/", "/x", "ext4") }, 3, &m[3]);
	assert_is_no_tree((MntEntry *[]){ entry(&m[4], 1, 0, 1, "/", "/", "ext4"), entry(&m[4], 2, 1, 1, "/", "/x", "ext4"),
					  entry(&m[4], 3, 1, 1, "/", "/x", "ext4") }, 3, &m[4]);
	assert_is_no_tree((MntEntry *[]){ entry(&m[5], 1, 0, 1, "/", "/x", "ext4"), entry(&m[5], 2, 1, 1, "/", "/y", "ext4") },
			  2, &m[5]);
	{
		MntEntry *list[] = { entry(&m[6], 1, 0, 1, "/", "/", "ext4"), entry(&m[6], 2, 1, 1, "/", "/x", "ext4") };

		list[0]->shared_id = list[1]->master_id = 5;	/* each the other's master */
		list[1]->shared_id = list[0]->master_id = 6;
		assert_is_no_tree(list, 2, &m[6]);
	}
	assert_is_no_tree(NULL, 0, &m[7]);
	log_verbosity = LOG_WARN;
	arena_free(&a);
}

/* --- random ---------------------------------------------------------------------------------------------------------- */

static uint64_t seed;

static unsigned int rnd(unsigned int below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % below;
}

static const char *random_path(struct mounts *m, const char *base, unsigned int depth)
{
	char *path = arena_strdup(m->arena, streq(base, "/") ? "" : base);

	while (depth--)
		path = arena_printf(m->arena, "%s/%c", path, 'a' + rnd(3));
	return *path ? path : "/";
}

enum { N_DEVS = 6, N_GROUPS = 3 };
static const char *const dev_fs[N_DEVS] = { "ext4", "tmpfs", "proc", "overlay", "tmpfs", "devpts" };

/* Groups 1..3 of a superblock have the numbers dev * 10 + 1..3, each with a lower one of them, or none, as master. */
static void random_group(MntEntry *e, const unsigned int *masters)
{
	unsigned int k = rnd(6);

	if (k >= 2 * N_GROUPS || k % 2)	/* private, or only a slave */
		e->master_id = k < 2 * N_GROUPS && k > 1 ? e->root_dev * 10 + k / 2 : 0;
	else {
		e->shared_id = e->root_dev * 10 + k / 2 + 1;
		e->master_id = masters[e->root_dev * N_GROUPS + k / 2];
	}
}

/* A master must have a mount of its own; others lose theirs. */
static void drop_lost_masters(struct mounts *m, MntEntry **all, size_t n)
{
	bool is_again = true;

	(void)m;
	while (is_again) {
		is_again = false;
		for (size_t i = 0; i < n; i++) {
			bool is_found = !all[i]->master_id;

			for (size_t k = 0; k < n && !is_found; k++)
				is_found = all[k]->shared_id == all[i]->master_id;
			if (!is_found) {
				all[i]->master_id = 0;
				is_again = true;
			}
		}
	}
}

static bool is_taken(MntEntry **list, size_t n, const MntEntry *e)
{
	for (size_t i = 0; i < n; i++)
		if (list[i]->parent_mnt_id == e->parent_mnt_id && streq(list[i]->mountpoint, e->mountpoint))
			return true;
	return false;
}

static size_t random_ns(struct mounts *m, unsigned int first_id, size_t wanted, const unsigned int *masters, MntEntry **list)
{
	size_t n = 0;
	unsigned int root_dev = rnd(2);

	list[n++] = entry(m, first_id, 0, root_dev, "/", "/", dev_fs[root_dev]);
	random_group(list[0], masters);
	while (n < wanted) {
		const MntEntry *up = list[rnd(n)];
		unsigned int dev = rnd(N_DEVS);
		MntEntry *e = entry(m, first_id + n, up->mnt_id, dev, random_path(m, "/", rnd(3)),
				    random_path(m, up->mountpoint, rnd(3)), dev_fs[dev]);

		if (!is_taken(list, n, e)) {
			random_group(e, masters);
			list[n++] = e;
		} else if (rnd(8) == 0) {
			break;
		}
	}
	return n;
}

static void random_tree(struct mounts *m, size_t n_ns, size_t per_ns)
{
	MntEntry **all = arena_array(m->arena, MntEntry *, n_ns * per_ns);
	unsigned int masters[N_DEVS * N_GROUPS];
	bool shows = rnd(2);
	size_t n = 0, begin[9];

	for (unsigned int i = 0; i < N_DEVS * N_GROUPS; i++)
		masters[i] = i % N_GROUPS && rnd(2) ? i / N_GROUPS * 10 + 1 + rnd(i % N_GROUPS) : 0;
	for (size_t i = 0; i < n_ns; i++) {
		begin[i] = n;
		n += random_ns(m, 100 + i * per_ns, per_ns, masters, all + n);
	}
	begin[n_ns] = n;
	for (size_t i = 0; i < n; i++)	/* sometimes its proc is that of a task of the tree */
		all[i]->shown_ns_id = all[i]->root_dev == 2 && shows ? 7 : 0;
	drop_lost_masters(m, all, n);
	for (size_t i = 0; i < n_ns; i++)
		add_ns(m, 10 + i, all + begin[i], begin[i + 1] - begin[i]);
}

/* What was lost by one member of a group must be lost by all. */
static void level_groups(struct mounts *m)
{
	struct map masters = { 0 };

	for (size_t i = 0; i < m->ns.n; i++)
		for (size_t k = 0; k < m->ns.v[i]->mnts.n; k++) {
			MntEntry *e = m->ns.v[i]->mnts.v[k]->e;

			if (e->shared_id)
				*map_at(m->arena, &masters, e->shared_id) |= e->master_id;
		}
	for (size_t i = 0; i < m->ns.n; i++)
		for (size_t k = 0; k < m->ns.v[i]->mnts.n; k++) {
			MntEntry *e = m->ns.v[i]->mnts.v[k]->e;

			if (e->shared_id)
				e->master_id = *map_at(m->arena, &masters, e->shared_id);
		}
}

static void thousands_of_random_trees_are_planned(void **state)
{
	const char *given = getenv("SEED");
	uint64_t first = given ? strtoull(given, NULL, 0) : now_us();

	(void)state;
	for (unsigned int i = 0; i < (given ? 1 : 5000); i++) {
		struct arena a = { 0 };
		struct mounts m = { .arena = &a };

		seed = first + i;
		print_message(i ? "" : "first SEED=%llu\n", (unsigned long long)first);
		random_tree(&m, 1 + rnd(3), 1 + rnd(24));
		level_groups(&m);
		{
			mount_problems problems = { 0 };
			struct mount_plan plan;
			struct sim sim;
			const char *differs;

			assert_int_equal(mounts_link(&m), 0);
			assert_int_equal(mounts_plan(&m, false, &problems, &plan), 0);
			sim_run(&sim, &m, &plan);
			differs = problems.n ? "it has a problem" : sim.error ?: sim_compare(&sim);
			if (differs)
				fail_msg("SEED=%llu: %s", (unsigned long long)first + i, differs);
		}
		arena_free(&a);
	}
}

/* Of this process alone: others run on the machine, too. */
static uint64_t own_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

/* 500 mounts must not cost the square of what 50 cost. */
static void time_grows_with_the_number_of_mounts(void **state)
{
	uint64_t us[2];
	size_t n[2] = { 2000, 20000 }, ops[2];

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct arena a = { 0 };
		struct mounts m = { .arena = &a };
		MntEntry **list = arena_array(&a, MntEntry *, n[round]);
		mount_problems problems = { 0 };
		struct mount_plan plan;

		list[0] = entry(&m, 1, 0, 1, "/", "/", "ext4");
		for (size_t i = 1; i < n[round]; i++) {
			list[i] = entry(&m, 1 + i, 1, 2 + i % 7, "/", arena_printf(&a, "/m/%zu", i), "tmpfs");
			list[i]->shared_id = 1 + i / 3 * 7 + i % 7;
		}
		add_ns(&m, 10, list, n[round]);
		us[round] = own_us();
		assert_int_equal(mounts_link(&m), 0);
		assert_int_equal(mounts_plan(&m, false, &problems, &plan), 0);
		us[round] = own_us() - us[round];
		ops[round] = plan.ops.n;
		arena_free(&a);
	}
	assert_true(ops[1] < ops[0] * 11);
	/* A square would be 100 times. */
	if (us[1] > us[0] * 50 + 100000)
		fail_msg("%zu mounts took %llu us, %zu took %llu us", n[0], (unsigned long long)us[0], n[1],
			 (unsigned long long)us[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_is_planned),
		cmocka_unit_test(what_covers_comes_after_what_it_covers),
		cmocka_unit_test(parts_of_one_file_system_share_apart),
		cmocka_unit_test(obstacles_are_all_named),
		cmocka_unit_test(records_that_contradict_are_refused),
		cmocka_unit_test(thousands_of_random_trees_are_planned),
		cmocka_unit_test(time_grows_with_the_number_of_mounts),
	};

	return cmocka_run_group_tests_name("mount plan", tests, NULL, NULL);
}
