// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A seccomp filter that asks a supervisor, and the descriptor that the supervisor listens at: both refused.
 * zdtm-refuse: seccomp
 * zdtm-code: cred.unsupported
 * zdtm-flavor: h,ns,uns
 * zdtm-code: file.unsupported
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_acct, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };
	int fd;

	zt_init();
	SETUP(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			  &prog);
	SETUP(fd >= 0);
	zt_checkpoint();

	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
	return zt_result();
}
