// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pidfds: of the process itself, its child and its parent, of a zombie, of processes that were waited for, two of which
 * are of one; in both modes.
 * zdtm-peer: refuses PIDFD_THREAD; plain images cannot say it
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* linux/pidfd.h of 6.15 */
struct pidfd_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};
#define GET_INFO _IOWR(0xff, 11, struct pidfd_info)
enum { INFO_EXIT = 8 };

static int open_pidfd(pid_t pid, unsigned int flags)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, flags);

	SETUP(fd >= 0);
	return fd;
}

static bool can_read(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

static int probe(int fd)
{
	return syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0 ? 0 : errno;
}

/* What wait(2) has said, or -1 where the kernel does not tell it. */
static int exit_code(int fd)
{
	struct pidfd_info info = { .mask = INFO_EXIT };

	return ioctl(fd, GET_INFO, &info) == 0 && info.mask & INFO_EXIT ? info.exit_code : -1;
}

static ino_t ino_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static pid_t ended(int status)
{
	pid_t pid = fork();

	SETUP(pid >= 0);
	if (!pid && status > 255)
		_exit(status >> 8);
	if (!pid) {
		raise(status);
		_exit(1);
	}
	SETUP(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) == 0);
	return pid;
}

static int child_sees;

static void child(void *arg)
{
	int parent = open_pidfd(getppid(), 0);

	(void)arg;
	zt_checkpoint();
	CHECK_EQ(probe(parent), 0);
	CHECK_EQ(probe(child_sees), 0);
	CHECK(!can_read(parent), "the parent is dead");
}

int main(void)
{
	static const int how[] = { 7 << 8, SIGKILL };
	int self, nonblocking, thread, kid_fd, zombie_fd, dead[2], twin, code[2];
	pid_t kid, zombie;
	siginfo_t info;

	zt_init();
	self = child_sees = open_pidfd(getpid(), 0);
	nonblocking = open_pidfd(getpid(), O_NONBLOCK);
	thread = (int)syscall(SYS_pidfd_open, getpid(), O_EXCL);	/* PIDFD_THREAD, 6.9 */
	kid = zt_child(child, NULL);
	kid_fd = open_pidfd(kid, O_NONBLOCK);
	zombie = ended(3 << 8);
	zombie_fd = open_pidfd(zombie, 0);
	for (int i = 0; i < 2; i++) {
		pid_t pid = ended(how[i]);

		dead[i] = open_pidfd(pid, 0);
		if (!i)
			twin = open_pidfd(pid, O_NONBLOCK);
		SETUP(waitpid(pid, NULL, 0) == pid);
		code[i] = exit_code(dead[i]);
	}
	zt_checkpoint();

	CHECK_EQ(probe(self), 0);
	CHECK_EQ(probe(nonblocking), 0);
	CHECK(fcntl(nonblocking, F_GETFL) & O_NONBLOCK, "it blocks now");
	CHECK(!(fcntl(self, F_GETFL) & O_NONBLOCK), "it does not block now");
	CHECK(thread < 0 || (fcntl(thread, F_GETFL) & O_EXCL && probe(thread) == 0), "of the thread");
	CHECK(can_read(zombie_fd), "the zombie is not ended");
	CHECK(waitid(P_PIDFD, (id_t)zombie_fd, &info, WEXITED) == 0 && info.si_pid == zombie && info.si_status == 3,
	      "wait for the zombie by its pidfd");
	for (int i = 0; i < 2; i++) {
		CHECK(can_read(dead[i]), "dead process %d is not ended", i);
		CHECK_EQ(probe(dead[i]), ESRCH);
		CHECK_EQ(exit_code(dead[i]), code[i]);
	}
	CHECK_EQ(probe(twin), ESRCH);
	CHECK(ino_of(twin) == ino_of(dead[0]) && (ino_of(dead[1]) != ino_of(dead[0]) || ino_of(self) == ino_of(dead[0])),
	      "inodes %lu and %lu of one, %lu of the other", (unsigned long)ino_of(twin), (unsigned long)ino_of(dead[0]),
	      (unsigned long)ino_of(dead[1]));
	CHECK(!can_read(kid_fd), "the child is dead");
	zt_end_child(kid);
	CHECK(can_read(kid_fd), "the child lives");
	return zt_result();
}
