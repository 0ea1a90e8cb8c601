// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Seccomp filters: a chain, one thread with one more, shared by a child, the log flag, all of them
 * still in force.
 * zdtm-flavor: h,ns,uns
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int running;

/* This system call fails with this errno from now on. */
static void refuse_call(int number, int err, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, code };

	SETUP(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog) == 0);
}

static void check_refused(const char *who, int number, int err)
{
	long got = syscall(number, 0, 0, 0, 0, 0, 0);

	CHECK(got == -1 && errno == err, "%s: call %d gives %ld errno %d, should fail with %d", who,
	      number, got, errno, err);
}

static void *with_more(void *arg)
{
	(void)arg;
	refuse_call(SYS_getpgrp, 44, SECCOMP_FILTER_FLAG_LOG);
	running++;
	zt_wait();
	check_refused("thread", SYS_getpgrp, 44);
	check_refused("thread", SYS_sync, 42);
	check_refused("thread", SYS_getpriority, 43);
	return NULL;
}

static void *plain(void *arg)
{
	(void)arg;
	running++;
	zt_wait();
	CHECK(syscall(SYS_getpgrp) == getpgrp(), "the second thread has the filter of the first");
	check_refused("second thread", SYS_sync, 42);
	return NULL;
}

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
	check_refused("child", SYS_sync, 42);
	check_refused("child", SYS_getpriority, 43);
}

int main(void)
{
	pthread_t threads[2];
	pid_t kid;

	zt_init();
	SETUP(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	refuse_call(SYS_sync, 42, 0);
	refuse_call(SYS_getpriority, 43, 0);
	SETUP(pthread_create(&threads[0], NULL, plain, NULL) == 0);
	SETUP(pthread_create(&threads[1], NULL, with_more, NULL) == 0);
	while (running < 2)
		zt_sleep_ms(1);
	kid = zt_child(child, NULL);
	zt_checkpoint();

	check_refused("root", SYS_sync, 42);
	check_refused("root", SYS_getpriority, 43);
	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	zt_end_child(kid);
	return zt_result();
}
