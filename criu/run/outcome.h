/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/outcome.h: how a run ended, for the process that answers */
#include <stdbool.h>
#include <stdint.h>
#include "run/refusals.h"

struct outcome_refusal {
	enum refusal_code code;
	char object[160], text[640];
};

/* Shared memory: the working process writes, the visible one reads when that has ended. */
struct outcome {
	int err;			/* the negative errno of a run that failed */
	uint32_t n_refusals;		/* all; those kept are the first */
	struct outcome_refusal refusals[32];
};

struct outcome *outcome_new(void);	/* NULL and errno when there is no memory */
void outcome_set(struct outcome *o, int err, const struct refusals *r);
static inline uint32_t outcome_n_kept(const struct outcome *o)
{
	return o->n_refusals < 32 ? o->n_refusals : 32;
}
