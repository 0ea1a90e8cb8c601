/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who owns namespaces: what images say and do not say, what cannot be, and who can get back into what; ids across maps. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail				/* both have one */
#include "base/log.h"
#include "image/dir.h"
#include "ns/kind.h"
#include "ns/user.h"
#include "run/restore.h"

enum { A = 20, B, NET };

static struct restore r;
static struct task *root, *child;
static TaskKobjIdsEntry root_ids, child_ids;
static InventoryEntry inventory;

static int setup(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	inventory = (InventoryEntry)INVENTORY_ENTRY__INIT;
	root_ids = child_ids = (TaskKobjIdsEntry)TASK_KOBJ_IDS_ENTRY__INIT;
	r.m.inventory = &inventory;
	root = model_task_add(&r.m, NULL, 1, 1);
	child = model_task_add(&r.m, root, 2, 2);
	root->ids = &root_ids;
	child->ids = &child_ids;
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_ERROR);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&r.m.arena);
	return 0;
}

static struct ns *in(struct task *t, enum ns_type type, uint32_t id)
{
	ns_id_set(t->ids, type, id);
	return ns_by_id(&r.m, type, id) ?: ns_add(&r.m, type, id, t);
}

static void say_owner(uint32_t ns, uint32_t owner)
{
	NsOwnerEntry *e = arena_msg(&r.m.arena, NsOwnerEntry, ns_owner_entry__init);

	e->ns_id = ns;
	e->has_owner = owner != 0;
	e->owner = owner;
	pb_push(&r.m.arena, inventory.ns_owners, inventory.n_ns_owners, e);
}

static void give_map(struct ns *user, uint32_t first, uint32_t lower, uint32_t count)
{
	UsernsEntry *e = arena_msg(&r.m.arena, UsernsEntry, userns_entry__init);
	UidGidExtent *x = arena_msg(&r.m.arena, UidGidExtent, uid_gid_extent__init);

	*x = (UidGidExtent){ .base = x->base, .first = first, .lower_first = lower, .count = count };
	pb_push(&r.m.arena, e->uid_map, e->n_uid_map, x);
	user->data = e;
}

static void other_writers_give_all_to_the_root(void **state)
{
	struct ns *a = in(root, NS_USER, A), *net = in(root, NS_NET, NET);

	(void)state;
	assert_int_equal(ns_owners_load(&r), 0);
	assert_null(a->owner);
	assert_ptr_equal(net->owner, a);
}

static void a_parent_that_nobody_is_in_is_found(void **state)
{
	struct ns *b = in(child, NS_USER, B);

	(void)state;
	say_owner(B, A);
	say_owner(A, 0);
	assert_int_equal(ns_owners_load(&r), 0);
	assert_non_null(b->owner);
	assert_int_equal(b->owner->id, A);
	assert_null(b->owner->task);
	assert_null(b->owner->owner);
}

static void a_user_namespace_is_not_below_itself(void **state)
{
	in(root, NS_USER, A);
	in(child, NS_USER, B);
	(void)state;
	say_owner(A, B);
	say_owner(B, A);
	assert_int_equal(ns_owners_load(&r), -EINVAL);
}

static void ids_go_through_every_map(void **state)
{
	struct ns *a = in(root, NS_USER, A), *b = in(child, NS_USER, B);

	(void)state;
	a->owner = NULL;
	b->owner = a;
	give_map(a, 0, 100000, 1000);
	give_map(b, 5, 10, 1);
	assert_int_equal(user_uid_in(b, 100010), 5);
	assert_int_equal(user_uid_in(b, 100011), 65534);
	assert_false(user_has_uid(b, 100011));
	assert_int_equal(user_uid_in(a, 100011), 11);
	assert_int_equal(user_uid_here(&r, b, 5), 100010);
	r.user = a;
	assert_int_equal(user_uid_here(&r, b, 5), 10);
	assert_int_equal(user_uid_here(&r, b, 6), 65534);
}

static void what_is_owned_outside_of_the_base_cannot_be_entered(void **state)
{
	struct ns *a = in(root, NS_USER, A), *net;

	(void)state;
	in(root, NS_PID, 30)->owner = a;
	in(child, NS_USER, A);
	in(child, NS_PID, 30);
	assert_ptr_equal(ns_base(&r.m), a);
	assert_null(ns_obstacle(&r.m, child));
	net = in(child, NS_NET, NET);
	net->owner = NULL;
	assert_non_null(ns_obstacle(&r.m, child));
	net->owner = a;
	assert_null(ns_obstacle(&r.m, child));
	in(child, NS_PID, 31)->owner = in(child, NS_USER, B);
	ns_by_id(&r.m, NS_USER, B)->owner = a;
	assert_null(ns_obstacle(&r.m, child));
	ns_by_id(&r.m, NS_PID, 31)->owner = NULL;
	assert_non_null(ns_obstacle(&r.m, child));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(other_writers_give_all_to_the_root, setup, teardown),
		cmocka_unit_test_setup_teardown(a_parent_that_nobody_is_in_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_user_namespace_is_not_below_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(ids_go_through_every_map, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_owned_outside_of_the_base_cannot_be_entered, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
