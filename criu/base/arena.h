/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/arena.h: memory that lives as long as a run, freed at once */
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <protobuf-c/protobuf-c.h>
#include "base/compiler.h"

struct arena_chunk;
struct arena {
	struct arena_chunk *chunk;
	size_t used, size;
	bool is_shared;			/* arena_share() */
	pthread_mutex_t lock;
};

/* Zeroed memory. Running out of memory ends the process: nobody can do better in the middle of a snapshot,
 * and every change to the outside is in the journal. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) printf_like(2, 3);
void *arena_memdup(struct arena *a, const void *p, size_t size);
void arena_free(struct arena *a);
/* From now on several threads may allocate from it at the same time. */
void arena_share(struct arena *a);
/* All of from belongs to a now; from is empty. */
void arena_join(struct arena *a, struct arena *from);

#define arena_new(a, type) ((type *)arena_alloc(a, sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc(a, sizeof(type) * (n)))
/* A message with its defaults: arena_msg(a, VmaEntry, vma_entry__init). */
#define arena_msg(a, type, init) ({ type *msg_new = arena_new(a, type); init(msg_new); msg_new; })

/* For protobuf_c_message_unpack(): what it allocates lives in the arena too. */
ProtobufCAllocator arena_allocator(struct arena *a);
