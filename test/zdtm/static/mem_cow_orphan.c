// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An orphan shares pages with its new parent, but has to be forked by another process, whose session it is in, and which
 * has changed those pages since: it must not come back with the changes.
 * zdtm-peer: ends the orphan
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

enum { SIZE = 64 << 10 };
static char *memory;
static int ready[2];

static int all_are(char c)
{
	for (int i = 0; i < SIZE; i++)
		if (memory[i] != c)
			return 0;
	return 1;
}

static void orphan(void *arg)
{
	(void)arg;
	zt_checkpoint();
	CHECK(all_are('a'), "the orphan's memory is '%c'...", memory[0]);
}

static void leader(void *arg)
{
	pid_t helper, pid;

	(void)arg;
	SETUP(setsid() > 0);
	helper = fork();
	SETUP(helper >= 0);
	if (!helper) {
		pid = fork();
		if (!pid)
			zt_run_child(orphan, NULL);
		_exit(pid < 0 || write(ready[1], &pid, sizeof(pid)) != sizeof(pid));
	}
	SETUP(waitpid(helper, NULL, 0) == helper);
	memset(memory, 'b', SIZE);
	zt_checkpoint();
	CHECK(all_are('b'), "the leader's memory is '%c'...", memory[0]);
}

int main(void)
{
	pid_t pid, adopted;

	zt_init();
	SETUP(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && pipe(ready) == 0);
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(memory != MAP_FAILED);
	memset(memory, 'a', SIZE);
	pid = zt_child(leader, NULL);
	SETUP(read(ready[0], &adopted, sizeof(adopted)) == sizeof(adopted));
	zt_await_ready(adopted);
	zt_checkpoint();

	CHECK(all_are('a'), "the root's memory is '%c'...", memory[0]);
	zt_end_child(pid);
	zt_end_child(adopted);
	return zt_result();
}
