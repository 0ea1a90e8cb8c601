/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/refusals.h: everything that stands in the way, all at once */
#include <stdbool.h>
#include "base/arena.h"
#include "base/vec.h"

enum refusal_code {
#define REFUSAL(id, code, hint) REFUSE_##id,
#include "run/refusals.def"
#undef REFUSAL
};

struct refusal {
	enum refusal_code code;
	const char *object;		/* the scopes it was met in: "task 41: fd 7" */
	const char *text;
};

struct refusals {
	struct arena *arena;
	VEC(struct refusal) list;
};

/* Adds one; the object is taken from the open scopes. Several threads may call it. */
void refuse(struct refusals *r, enum refusal_code code, const char *fmt, ...) printf_like(3, 4);
/* The stable code and the hint of a row of refusals.def. */
const char *refusal_code_text(enum refusal_code code);
const char *refusal_hint(enum refusal_code code);
/* Logs all, or only how many if refusals_print() has told them; -EOPNOTSUPP if there are any. */
int refusals_report(const struct refusals *r, bool are_printed) must_check;
/* For --explain (by code, in the order of refusals.def) and --explain=json (as they were met): to stdout. */
void refusals_print(const struct refusals *r, bool is_json);
