/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Personality: bits that change how system calls work for a thread (address layout, PROT_EXEC for all that is readable,
 * uname). Set at the end: READ_IMPLIES_EXEC would change every mapping made after it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/kind.h"
#include "task/persona_word.h"

enum { TEXT_BYTES = 16 };

uint32_t personality_to_plain(uint32_t bits)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof(text), "%08x", bits);
	return strtoul(text, NULL, 10);
}

uint32_t personality_from_plain(uint32_t plain)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof(text), "%u", plain);
	return strtoul(text, NULL, 16);
}

static uint32_t task_bits(const TaskCoreEntry *tc)
{
	return tc->has_personality_bits ? tc->personality_bits : personality_from_plain(tc->personality);
}

static uint32_t thread_bits(const struct thread *th)
{
	const ThreadCoreEntry *e = th->core->thread_core;

	return e->has_personality ? e->personality : task_bits(leader(th->task)->core->tc);
}

static int personality_scan(struct dump *d not_used, struct task *t)
{
	uint32_t bits = leader(t)->dump->inside->personality.persona;
	TaskCoreEntry *tc = leader(t)->core->tc;

	tc->personality = personality_to_plain(bits);
	tc->has_personality_bits = bits != 0;
	tc->personality_bits = bits;
	return 0;
}

static int personality_scan_thread(struct dump *d not_used, struct thread *th)
{
	uint32_t bits = th->dump->inside->personality.persona;
	ThreadCoreEntry *e = th->core->thread_core;

	if (bits != (uint32_t)leader(th->task)->dump->inside->personality.persona) {
		e->has_personality = true;
		e->personality = bits;
	}
	return 0;
}

static int personality_make_thread(struct restore *r, const struct thread *th)
{
	struct personality_arm row = { .persona = thread_bits(th) };

	/* Unconditional: the tool may have been started with one of its own (setarch). */
	late_add(r, LATE_personality, th, &row, sizeof(row));
	return 0;
}

const struct task_kind personality_kind = {
	.name = "personality",
	.scan = personality_scan,
	.scan_thread = personality_scan_thread,
	.make_thread = personality_make_thread,
};
