/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/nearest.h: what a mistyped word may have been meant to be */

struct nearest {
	const char *word;		/* as it was typed */
	const char *best;		/* NULL: nothing is near enough */
	unsigned int distance;		/* of best */
};

/* Keeps the candidate if fewer letters have to be added, left out, replaced or swapped than for those before. */
void nearest_try(struct nearest *n, const char *candidate);
