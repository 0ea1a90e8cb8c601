// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Advice that sticks to a mapping: don't fork, wipe on fork, no dump, access order, huge pages,
 * mergeable.
 * zdtm-peer: loses MADV_WIPEONFORK
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

enum { LEN = 2 << 20 };

static const struct {
	int advice;
	const char *flag;
} advices[] = {
	{ MADV_DONTFORK, "dc" },   { MADV_WIPEONFORK, "wf" }, { MADV_DONTDUMP, "dd" },
	{ MADV_SEQUENTIAL, "sr" }, { MADV_RANDOM, "rr" },     { MADV_HUGEPAGE, "hg" },
	{ MADV_NOHUGEPAGE, "nh" }, { MADV_MERGEABLE, "mg" },
};

enum { N = sizeof(advices) / sizeof(advices[0]) };

static bool has_flag(const void *start, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	char line[512];
	bool is_ours = false, found = false;

	while (smaps && fgets(line, sizeof(line), smaps)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_ours = from <= (unsigned long)start && (unsigned long)start < to;
		if (is_ours && !strncmp(line, "VmFlags:", 8)) {
			char key[8];

			snprintf(key, sizeof(key), " %s ", flag);
			found = strstr(line, key);
		}
	}
	if (smaps)
		fclose(smaps);
	return found;
}

int main(void)
{
	char *areas[N];
	bool is_set[N];
	pid_t pid;
	int status;

	zt_init();
	for (int i = 0; i < N; i++) {
		areas[i] =
			mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		SETUP(areas[i] != MAP_FAILED);
		/* a kernel may lack one (KSM): then there is nothing to keep */
		is_set[i] = madvise(areas[i], LEN, advices[i].advice) == 0;
		zt_fill(areas[i], LEN / 4, (uint64_t)i);
		SETUP(has_flag(areas[i], advices[i].flag) == is_set[i]);
	}
	zt_checkpoint();

	for (int i = 0; i < N; i++) {
		CHECK(has_flag(areas[i], advices[i].flag) == is_set[i], "advice %s is lost",
		      advices[i].flag);
		CHECK(zt_is_filled(areas[i], LEN / 4, (uint64_t)i), "content of %s",
		      advices[i].flag);
	}
	pid = fork();
	if (!pid)
		_exit(msync(areas[0], 4096, MS_ASYNC) == 0 ? 1 : *(uint64_t *)areas[1] ? 2 : 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "a new child: status %#x", status);
	return zt_result();
}
