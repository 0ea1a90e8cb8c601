/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sharing, found with kcmp: it gives an order, so candidates are searched and never compared all with all. */
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "file/identity.h"
#include "run/dump.h"

/* 0 the same, 1 less, 2 greater. */
static int kcmp(pid_t a, pid_t b, int type, unsigned long x, unsigned long y)
{
	long r = syscall(SYS_kcmp, a, b, type, x, y);

	if (r < 0)
		return fail_errno("kcmp of processes %d and %d", a, b);
	if (r > 2)
		return fail(EOPNOTSUPP, "kcmp gives no order on this kernel");
	return r;
}

int description_find(struct dump *d, uint64_t key, pid_t pid_real, int fd, struct description **ret)
{
	struct description **at = &files_dump_state(d)->descriptions;

	while (*at) {
		struct description *s = *at;
		int order;

		if (key != s->key) {
			at = key < s->key ? &s->lower : &s->higher;
			continue;
		}
		order = kcmp(pid_real, s->pid_real, KCMP_FILE, fd, s->fd);
		if (order < 0)
			return order;
		if (!order)
			break;
		at = order == 1 ? &s->lower : &s->higher;
	}
	if (!*at) {
		*at = arena_new(&d->m.arena, struct description);
		**at = (struct description){ .key = key, .pid_real = pid_real, .fd = fd };
	}
	*ret = *at;
	return 0;
}

int fd_table_find(struct dump *d, pid_t pid_real, struct fd_table **ret)
{
	struct files_dump *s = files_dump_state(d);
	size_t low = 0, high = s->tables.n;
	struct fd_table *t;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = kcmp(pid_real, leader(s->tables.v[mid]->owner)->pid_real, KCMP_FILES, 0, 0);

		if (order < 0)
			return order;
		if (!order) {
			*ret = s->tables.v[mid];
			return 0;
		}
		if (order == 1)
			high = mid;
		else
			low = mid + 1;
	}
	t = arena_new(&d->m.arena, struct fd_table);
	vec_push(&d->m.arena, &s->tables, t);
	memmove(&s->tables.v[low + 1], &s->tables.v[low], (s->tables.n - 1 - low) * sizeof(t));
	s->tables.v[low] = t;
	*ret = t;
	return 0;
}

int has_same_fd_table(pid_t a, pid_t b)
{
	int order = kcmp(a, b, KCMP_FILES, 0, 0);

	return order < 0 ? order : !order;
}
