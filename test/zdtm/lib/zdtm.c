// SPDX-License-Identifier: GPL-2.0-or-later
/* zdtm/lib/zdtm.c: the program's side of the protocol with the runner. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

enum { EXIT_SKIPPED = 77, EXIT_SETUP = 2 };

static char test_dir[256] = ".";
static _Atomic int over;
static _Atomic int failures;
static char ready_name[64];		/* of a zt_clone_child(); empty: the pid */
static pid_t ready_pid;			/* which is this: children that it forks inherit the name */

static void on_term(int sig)
{
	int saved = errno;

	(void)sig;
	atomic_store(&over, 1);
	syscall(SYS_futex, &over, FUTEX_WAKE_PRIVATE, 1 << 20, NULL, NULL, 0);
	errno = saved;
}

static void own_term(void)
{
	struct sigaction sa = { .sa_handler = on_term, .sa_flags = SA_RESTART };

	sigaction(SIGTERM, &sa, NULL);
}

void zt_init(void)
{
	const char *dir = getenv("ZDTM_DIR");

	if (dir)
		snprintf(test_dir, sizeof(test_dir), "%s", dir);
	own_term();
}

const char *zt_path(const char *name)
{
	static _Thread_local char bufs[8][512];
	static _Thread_local unsigned int next;
	char *buf = bufs[next++ % 8];

	snprintf(buf, sizeof(bufs[0]), "%s/%s", test_dir, name);
	return buf;
}

/*
 * The verdict may be out of reach (chroot, another user): standard error is the fallback that the
 * runner shows.
 */
static void write_verdict(const char *text)
{
	int fd = open(zt_path("verdict"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	size_t len = strlen(text);

	if (fd < 0) {
		if (write(STDERR_FILENO, text, len) < 0)
			_exit(EXIT_SETUP);
		return;
	}
	if (write(fd, text, len) != (ssize_t)len)
		_exit(EXIT_SETUP);
	close(fd);
}

static void write_line(const char *what, const char *file, int line, int err, const char *fmt,
		       va_list args)
{
	const char *base = file ? strrchr(file, '/') : NULL;
	char text[512], out[800];

	vsnprintf(text, sizeof(text), fmt, args);
	if (!file)
		snprintf(out, sizeof(out), "%s: %s\n", what, text);
	else
		snprintf(out, sizeof(out), "%s: pid %d: %s:%d: %s%s%s\n", what, getpid(),
			 base ? base + 1 : file, line, text, err ? ": errno " : "",
			 err ? strerrorname_np(err) : "");
	write_verdict(out);
}

void zt_report(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	atomic_fetch_add(&failures, 1);
	va_start(args, fmt);
	write_line("FAIL", file, line, 0, fmt, args);
	va_end(args);
}

void zt_setup_failed(const char *file, int line, const char *fmt, ...)
{
	int err = errno;
	va_list args;

	va_start(args, fmt);
	write_line("SETUP", file, line, err, fmt, args);
	va_end(args);
	_exit(EXIT_SETUP);
}

void zt_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_line("SKIP", NULL, 0, 0, fmt, args);
	va_end(args);
	_exit(EXIT_SKIPPED);
}

bool zt_has_failed(void)
{
	return failures > 0;
}

int zt_result(void)
{
	if (failures)
		return 1;
	write_verdict("PASS\n");
	return 0;
}

void zt_ready(void)
{
	char name[80], unfinished[84];
	int fd;

	if (*ready_name && ready_pid == getpid())
		snprintf(name, sizeof(name), "%s", ready_name);
	else
		snprintf(name, sizeof(name), "ready.%d", getpid());

	/*
	 * renamed when it is closed again: who sees the name finds the descriptors as they will
	 * stay
	 */
	snprintf(unfinished, sizeof(unfinished), "un%s", name);
	fd = open(zt_path(unfinished), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	SETUP(fd >= 0);
	close(fd);
	SETUP(rename(zt_path(unfinished), zt_path(name)) == 0);
}

bool zt_is_over(void)
{
	return atomic_load(&over);
}

void zt_wait(void)
{
	/*
	 * The value is looked at again after every return, so no wake-up can be lost and none is
	 * trusted.
	 */
	while (!atomic_load(&over))
		syscall(SYS_futex, &over, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

int zt_semaphore(void)
{
	FILE *f = fopen(zt_path("semaphore"), "we");
	int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

	SETUP(id >= 0 && f && fprintf(f, "%d", id) > 0 && fclose(f) == 0);
	return id;
}

void zt_checkpoint(void)
{
	zt_ready();
	zt_wait();
}

void zt_run_child(void (*fn)(void *arg), void *arg)
{
	atomic_store(&failures, 0);
	fn(arg);
	_exit(failures ? 1 : 0);
}

static void await_name(const char *name, pid_t pid)
{
	while (access(zt_path(name), F_OK) < 0) {
		siginfo_t info = { 0 };

		/*
		 * WNOWAIT: the status of a child that could not get ready is left for the runner's
		 * log
		 */
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		    info.si_pid == pid && access(zt_path(name), F_OK) < 0) {
			if (info.si_code == CLD_EXITED && info.si_status == EXIT_SKIPPED)
				_exit(EXIT_SKIPPED);
			zt_setup_failed(__FILE__, __LINE__, "child %d ended before it was ready",
					pid);
		}
		zt_sleep_ms(2);
	}
}

void zt_await_ready(pid_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "ready.%d", pid);
	await_name(name, pid);
}

pid_t zt_clone_child(uint64_t flags, void (*fn)(void *arg), void *arg)
{
	static unsigned int n;
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	char name[64];
	pid_t pid;

	/* The number of the parent, because its relatives begin to count where it did. */
	SETUP((size_t)snprintf(name, sizeof(name), "%s.%d.c%u", *ready_name ? ready_name : "ready", getpid(), n++) < sizeof(name));
	pid = syscall(SYS_clone3, &args, sizeof(args));
	SETUP(pid >= 0);
	if (!pid) {
		snprintf(ready_name, sizeof(ready_name), "%s", name);
		ready_pid = getpid();
		zt_run_child(fn, arg);
	}
	await_name(name, pid);
	return pid;
}

pid_t zt_child(void (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();

	SETUP(pid >= 0);
	if (!pid)
		zt_run_child(fn, arg);
	zt_await_ready(pid);
	return pid;
}

void zt_end_child(pid_t pid)
{
	int status = 0;
	pid_t got;

	CHECK(kill(pid, SIGTERM) == 0, "child %d is gone", pid);
	do {
		got = waitpid(pid, &status, __WALL);
	} while (got < 0 && errno == EINTR);
	CHECK(got == pid, "waitpid %d returns %d (errno %d)", pid, got, errno);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %d: wait status %#x", pid,
	      status);
}

int zt_in_child(void (*fn)(void *arg))
{
	pid_t pid;

	zt_init();
	pid = zt_child(fn, NULL);
	zt_checkpoint();
	zt_end_child(pid);
	return zt_result();
}
