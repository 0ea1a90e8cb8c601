/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table with open addressing. */
#include <stdbool.h>
#include "base/map.h"

static struct map_slot *slot_of(struct map_slot *slots, size_t room, uint64_t key)
{
	size_t i = hash_u64(key) & (room - 1);

	while (slots[i].is_used && slots[i].key != key)
		i = (i + 1) & (room - 1);
	return &slots[i];
}

static void grow(struct arena *a, struct map *m)
{
	size_t room = m->room ? m->room * 2 : 64;
	struct map_slot *slots = arena_array(a, struct map_slot, room);

	for (size_t i = 0; i < m->room; i++)
		if (m->slots[i].is_used)
			*slot_of(slots, room, m->slots[i].key) = m->slots[i];
	m->slots = slots;
	m->room = room;
}

uint64_t *map_find(const struct map *m, uint64_t key)
{
	struct map_slot *s = m->room ? slot_of(m->slots, m->room, key) : NULL;

	return s && s->is_used ? &s->value : NULL;
}

uint64_t *map_at(struct arena *a, struct map *m, uint64_t key)
{
	struct map_slot *s;

	if (m->n * 2 >= m->room)
		grow(a, m);
	s = slot_of(m->slots, m->room, key);
	if (!s->is_used) {
		*s = (struct map_slot){ .key = key, .is_used = true };
		m->n++;
	}
	return &s->value;
}
