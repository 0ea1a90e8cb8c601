/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/map.h: 64-bit keys to 64-bit values, in an arena */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"

struct map_slot {
	uint64_t key, value;
	bool is_used;
};

struct map {
	struct map_slot *slots;
	size_t n, room;			/* room is 0 or a power of two */
};

static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

/* For several words in turn: h = hash_add(h, word). */
static inline uint64_t hash_add(uint64_t h, uint64_t word)
{
	return hash_u64(h ^ word) + 0x9e3779b97f4a7c15ULL;
}

/* The value of key, or NULL. */
uint64_t *map_find(const struct map *m, uint64_t key);
/* The value of key, 0 if it is new. The pointer is good until the next map_at(). */
uint64_t *map_at(struct arena *a, struct map *m, uint64_t key);
