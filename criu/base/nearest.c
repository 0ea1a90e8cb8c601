/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The distance of words: letters added, left out, replaced, or swapped with their neighbour. */
#include <string.h>
#include "base/compiler.h"
#include "base/nearest.h"

enum { WORD_MAX = 40 };

/* Three rows of the table of all pairs of beginnings: the one that is filled, the one above, the one above that. */
static unsigned int distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned int rows[3][WORD_MAX + 1];

	for (size_t k = 0; k <= b_len; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned int *now = rows[i % 3], *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t k = 1; k <= b_len; k++) {
			unsigned int odd = min(up[k], now[k - 1]) + 1;

			now[k] = min(odd, up[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				now[k] = min(now[k], up2[k - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

void nearest_try(struct nearest *n, const char *candidate)
{
	size_t word_len = strlen(n->word), len = strlen(candidate);
	unsigned int d;

	if (word_len > WORD_MAX || len > WORD_MAX)
		return;
	d = distance(n->word, word_len, candidate, len);
	/* One letter of a short word, a few of a long one: else it is another word. */
	if (d > 1 + word_len / 5 || d >= len || (n->best && d >= n->distance))
		return;
	n->best = candidate;
	n->distance = d;
}
