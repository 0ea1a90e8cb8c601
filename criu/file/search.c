/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors by number or by what they lead to. */
#include "file/search.h"

const FdinfoEntry *table_find(const struct fd_table *t, uint32_t fd)
{
	size_t low = 0, high = t->fds.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (t->fds.v[mid]->fd < fd)
			low = mid + 1;
		else
			high = mid;
	}
	return low < t->fds.n && t->fds.v[low]->fd == fd ? t->fds.v[low] : NULL;
}

const FdinfoEntry *table_search(const struct fd_table *t, fd_question is_it, void *arg, int *ret_err)
{
	*ret_err = 0;
	for (size_t i = 0; i < t->fds.n; i++) {
		int answer = is_it(leader(t->owner)->pid_real, t->fds.v[i]->fd, arg);

		if (answer < 0)
			*ret_err = answer;
		if (answer)
			return answer < 0 ? NULL : t->fds.v[i];
	}
	return NULL;
}

const FdinfoEntry *tables_search(const struct model *m, const struct fd_table *but, fd_question is_it, void *arg,
				 int *ret_err)
{
	const FdinfoEntry *e = NULL;

	*ret_err = 0;
	for (size_t i = 0; i < m->fd_tables.n && !e && !*ret_err; i++)
		if (m->fd_tables.v[i] != but)
			e = table_search(m->fd_tables.v[i], is_it, arg, ret_err);
	return e;
}
