// SPDX-License-Identifier: GPL-2.0-or-later
/* Forty children of one parent, each with memory of its own, waited for one by one. */
#include <stdlib.h>

#include "zdtm.h"

enum { N = 40, SIZE = 256 * 1024 };

static void child(void *arg)
{
	char *mem = malloc(SIZE);

	SETUP(mem);
	zt_fill(mem, SIZE, (uintptr_t)arg);
	zt_checkpoint();
	CHECK(zt_is_filled(mem, SIZE, (uintptr_t)arg), "the memory of child %d",
	      (int)(intptr_t)arg);
}

int main(void)
{
	pid_t kids[N];

	zt_init();
	for (intptr_t i = 0; i < N; i++)
		kids[i] = zt_child(child, (void *)i);
	zt_checkpoint();
	for (int i = 0; i < N; i++)
		zt_end_child(kids[i]);
	return zt_result();
}
