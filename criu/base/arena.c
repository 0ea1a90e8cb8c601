/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bump allocator: the records of a run are many, small, and die together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"

enum { CHUNK_BYTES = 64 * 1024, ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk *next;
	_Alignas(ALIGN) char bytes[];
};

static void *zalloc_or_die(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		fprintf(stderr, "Error: out of memory (%zu bytes)\n", size);
		exit(EXIT_FAILURE);
	}
	return p;
}

static struct arena_chunk *chunk_new(size_t bytes)
{
	return zalloc_or_die(sizeof(struct arena_chunk) + bytes);
}

static void *alloc(struct arena *a, size_t size)
{
	void *p;

	size = align_up(size, (size_t)ALIGN);
	if (a->used + size > a->size) {
		size_t bytes = max(size, (size_t)CHUNK_BYTES);
		struct arena_chunk *c = chunk_new(bytes);

		/* A big block gets a chunk of its own behind the current one, which still has room. */
		if (size > CHUNK_BYTES / 4 && a->chunk) {
			c->next = a->chunk->next;
			a->chunk->next = c;
			return c->bytes;
		}
		c->next = a->chunk;
		a->chunk = c;
		a->used = 0;
		a->size = bytes;
	}
	p = a->chunk->bytes + a->used;
	a->used += size;
	return p;
}

void arena_share(struct arena *a)
{
	if (a->is_shared)
		return;
	pthread_mutex_init(&a->lock, NULL);
	a->is_shared = true;
}

static void lock(struct arena *a)
{
	if (a->is_shared)
		pthread_mutex_lock(&a->lock);
}

static void unlock(struct arena *a)
{
	if (a->is_shared)
		pthread_mutex_unlock(&a->lock);
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p;

	lock(a);
	p = alloc(a, size);
	unlock(a);
	return p;
}

void *arena_memdup(struct arena *a, const void *p, size_t size)
{
	void *copy = arena_alloc(a, size);

	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s) + 1);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	char *s;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	s = arena_alloc(a, len + 1);
	va_start(args, fmt);
	vsnprintf(s, len + 1, fmt, args);
	va_end(args);
	return s;
}

void arena_free(struct arena *a)
{
	while (a->chunk) {
		struct arena_chunk *next = a->chunk->next;

		free(a->chunk);
		a->chunk = next;
	}
	*a = (struct arena){ 0 };
}

void arena_join(struct arena *a, struct arena *from)
{
	struct arena_chunk **end = &from->chunk;

	while (*end)
		end = &(*end)->next;
	lock(a);
	if (a->chunk) {			/* behind the current one, which still has room */
		*end = a->chunk->next;
		a->chunk->next = from->chunk;
	} else {
		a->chunk = from->chunk;
		a->used = from->used;
		a->size = from->size;
	}
	unlock(a);
	*from = (struct arena){ 0 };
}

static void *pb_alloc(void *data, size_t size)
{
	return arena_alloc(data, size);
}

static void pb_free(void *data not_used, void *p not_used)
{
}

ProtobufCAllocator arena_allocator(struct arena *a)
{
	return (ProtobufCAllocator){ .alloc = pb_alloc, .free = pb_free, .allocator_data = a };
}
