// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory-deny-write-execute: set in the child only, still refused there, with code mappings in
 * place.
 * zdtm-peer: loses MDWE
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "zdtm.h"

enum { SET_MDWE = 65, GET_MDWE = 66, REFUSE_EXEC_GAIN = 1 };

static void child(void *arg)
{
	char *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	SETUP(mem != MAP_FAILED);
	*mem = 1;
	if (prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) < 0)
		zt_skip("the kernel has no PR_SET_MDWE");
	zt_checkpoint();
	CHECK_EQ(prctl(GET_MDWE, 0, 0, 0, 0), REFUSE_EXEC_GAIN);
	CHECK(mprotect(mem, 4096, PROT_READ | PROT_EXEC) < 0 && errno == EACCES,
	      "memory can become code");
	CHECK_EQ(*mem, 1);
}

int main(void)
{
	pid_t kid;

	zt_init();
	kid = zt_child(child, NULL);
	zt_checkpoint();
	CHECK_EQ(prctl(GET_MDWE, 0, 0, 0, 0), 0);
	zt_end_child(kid);
	return zt_result();
}
