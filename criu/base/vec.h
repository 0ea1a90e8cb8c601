/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/vec.h: arrays that grow, in an arena */
#include <string.h>
#include "base/arena.h"

/* struct { type *v; size_t n, room; } with any name; protobuf's pairs (n_x, x) use vec_push_pb(). */
#define VEC(type) struct { type *v; size_t n, room; }

static inline void *vec_grow(struct arena *a, void *v, size_t n, size_t *room, size_t size)
{
	void *bigger;

	if (n < *room)
		return v;
	*room = *room ? *room * 2 : 8;
	bigger = arena_alloc(a, *room * size);
	if (n)
		memcpy(bigger, v, n * size);
	return bigger;
}

#define vec_push(a, vec, item)                                                                     \
	do {                                                                                       \
		(vec)->v = vec_grow(a, (vec)->v, (vec)->n, &(vec)->room, sizeof(*(vec)->v));       \
		(vec)->v[(vec)->n++] = (item);                                                     \
	} while (0)

/* Append to a repeated field (array, count) of a record; it grows at powers of two from 8. */
#define pb_push(a, array, count, item)                                                             \
	do {                                                                                       \
		size_t pb_room = (count) < 8 ? ((count) ? 8 : 0) :                                 \
				 ((count) & ((count) - 1)) ? (count) + 1 : (count);                \
		(array) = vec_grow(a, array, count, &pb_room, sizeof(*(array)));                   \
		(array)[(count)++] = (item);                                                       \
	} while (0)
