// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A chain of 12 generations with two idle siblings in each: pids, parents, and every one working
 * on.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

enum { DEPTH = 12 };

static void sibling(void *arg)
{
	pid_t parent = getppid(), self = getpid();

	(void)arg;
	zt_checkpoint();
	CHECK_EQ(getppid(), parent);
	CHECK_EQ(getpid(), self);
}

static void generation(void *arg)
{
	intptr_t depth = (intptr_t)arg;
	pid_t parent = getppid(), self = getpid(), kids[3];
	int n = 2;

	kids[0] = zt_child(sibling, NULL);
	kids[1] = zt_child(sibling, NULL);
	if (depth < DEPTH)
		kids[n++] = zt_child(generation, (void *)(depth + 1));
	zt_checkpoint();
	CHECK_EQ(getpid(), self);
	if (depth)
		CHECK_EQ(getppid(), parent);
	for (int i = 0; i < n; i++)
		zt_end_child(kids[i]);
	CHECK(waitpid(-1, NULL, 0) < 0, "there are more children");
}

int main(void)
{
	zt_init();
	generation(NULL);
	return zt_result();
}
