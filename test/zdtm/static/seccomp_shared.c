// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filters that threads have in common are still the same ones: a thread can put one more on all of
 * them (TSYNC), which
 * the kernel only does when the chains of all threads have one beginning. And a thread that has
 * dropped its
 * privileges after it had set filters by them, without no_new_privs, has its filters and no
 * privileges.
 * zdtm-peer: shares filters only where all threads have the same chain
 * zdtm-flavor: h,ns
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int running, is_synced, is_checked;

static long refuse_call(int number, int err, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

static void check_refused(const char *who, int number, int err)
{
	long got = syscall(number, 0, 0, 0, 0, 0, 0);

	CHECK(got == -1 && errno == err, "%s: call %d gives %ld errno %d, should fail with %d", who,
	      number, got, errno, err);
}

static void *follower(void *arg)
{
	(void)arg;
	running++;
	zt_wait();
	while (!is_synced)
		zt_sleep_ms(1);
	check_refused("follower", SYS_sync, 42);
	check_refused("follower", SYS_getpriority, 45);
	is_checked++;
	return NULL;
}

/*
 * Without privileges and without no_new_privs a process cannot add filters; it keeps those it has.
 */
static void unprivileged(void *arg)
{
	(void)arg;
	SETUP(refuse_call(SYS_getpgrp, 46, 0) == 0);
	SETUP(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	zt_checkpoint();
	check_refused("child", SYS_getpgrp, 46);
	check_refused("child", SYS_sync, 42);
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	CHECK(setresuid(0, 0, 0) < 0, "the child is root again");
	CHECK(refuse_call(SYS_getpgrp, 1, 0) == -1 && errno == EACCES, "the child may add filters");
}

int main(void)
{
	pthread_t threads[2];
	pid_t kid;

	zt_init();
	SETUP(refuse_call(SYS_sync, 42, 0) == 0);
	for (int i = 0; i < 2; i++)
		SETUP(pthread_create(&threads[i], NULL, follower, NULL) == 0);
	while (running < 2)
		zt_sleep_ms(1);
	/* The leader has one of its own; the others are an ancestor of that. */
	SETUP(refuse_call(SYS_getsid, 47, 0) == 0);
	kid = zt_child(unprivileged, NULL);
	zt_checkpoint();

	CHECK_EQ(refuse_call(SYS_getpriority, 45, SECCOMP_FILTER_FLAG_TSYNC), 0);
	check_refused("root", SYS_sync, 42);
	check_refused("root", SYS_getsid, 47);
	is_synced = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(is_checked, 2);
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	zt_end_child(kid);
	return zt_result();
}
