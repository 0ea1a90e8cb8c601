// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A filter that allows few calls and kills for others: whoever cannot suspend it must not make calls in there.
 * zdtm-refuse: has seccomp filters, which would judge what is done inside and might kill it
 * zdtm-flavor: user
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "zdtm.h"

static void child(void *arg)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(insns) / sizeof(*insns), insns };

	(void)arg;
	SETUP(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	SETUP(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
	zt_checkpoint();
}

int main(void)
{
	return zt_in_child(child);
}
