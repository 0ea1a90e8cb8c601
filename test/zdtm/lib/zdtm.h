/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zdtm/lib/zdtm.h: what a test program and its runner agree on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The protocol. The runner starts the program in its own session, in a directory of its own (the
 * cwd and $ZDTM_DIR).
 * The program sets up its state and calls zt_checkpoint(), which creates "ready.PID" there and
 * sleeps. The runner
 * then dumps and restores as often as it likes, and sends SIGTERM to the root: the checkpoint is
 * over, check now.
 * Every failure is a line in "verdict"; the exit code is 0 only when there was none.
 *
 * The library owns the SIGTERM action and nothing else: no descriptor stays open, no other signal
 * is touched, no timer
 * runs, no thread is made, no memory is shared.
 */

void zt_init(void);

/*
 * Says that the state is set up, and returns when the checkpoint is over. In a child as well as in
 * the root.
 */
void zt_checkpoint(void);

/*
 * Only says "ready", for programs that go on working; zt_is_over() tells them when to stop and
 * check.
 */
void zt_ready(void);
bool zt_is_over(void);
/* Sleeps until the checkpoint is over (any thread may, also several). */
void zt_wait(void);

/* Writes PASS if nothing failed. The value is the exit code of main(). */
int zt_result(void);
bool zt_has_failed(void);

/*
 * A path inside the directory of the test; the buffer is per thread and lives until the eighth next
 * call.
 */
const char *zt_path(const char *name);

void zt_report(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void zt_setup_failed(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The machine lacks what the test is about; only before zt_checkpoint(). */
_Noreturn void zt_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* After the checkpoint: a value is wrong. All of them are reported, not only the first. */
#define CHECK(cond, ...)                                            \
	do {                                                        \
		if (!(cond))                                        \
			zt_report(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

#define CHECK_EQ(is, should)                                                                    \
	do {                                                                                    \
		long long zt_is = (long long)(is), zt_should = (long long)(should);             \
		if (zt_is != zt_should)                                                         \
			zt_report(__FILE__, __LINE__, "%s is %lld, should be %lld", #is, zt_is, \
				  zt_should);                                                   \
	} while (0)

/* Before the checkpoint: the test itself could not be set up. */
#define SETUP(cond)                                                       \
	do {                                                              \
		if (!(cond))                                              \
			zt_setup_failed(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

/*
 * Forks; the child runs fn(arg), which calls zt_checkpoint() between setting up and checking, and
 * exits. Returns when
 * the child is ready. zt_end_child() tells it to check and takes its verdict.
 */
pid_t zt_child(void (*fn)(void *arg), void *arg);
void zt_end_child(pid_t pid);
/*
 * As zt_child(), by clone3(2) with these flags. In a pid namespace of its own a process does not know the number that its
 * parent waits for, so it says "ready" under a name that the parent gives it; so do children that it makes like this.
 */
pid_t zt_clone_child(uint64_t flags, void (*fn)(void *arg), void *arg);
/* A main() that does everything in one child, and nothing besides. */
int zt_in_child(void (*fn)(void *arg));
/* The same in steps, for children made by other means than fork. */
_Noreturn void zt_run_child(void (*fn)(void *arg), void *arg);
void zt_await_ready(pid_t pid);

/* A set of one semaphore in the IPC namespace of the runner, which removes it when the program has not lived to. */
int zt_semaphore(void);

void zt_sleep_ms(unsigned int ms);
uint64_t zt_now_ns(int clock);

/* Memory whose content can be checked later: every page and every word differ with the seed. */
void zt_fill(void *mem, size_t len, uint64_t seed);
bool zt_is_filled(const void *mem, size_t len, uint64_t seed);
/* The same for the bytes from ... to of a larger filled area. */
bool zt_is_filled_part(const void *area, size_t from, size_t to, uint64_t seed);

/* A file of the test with this content. */
void zt_write_file(const char *path, const void *data, size_t len);
/* Reads a (proc) file; the text is cut at size - 1. Returns its length or -1. */
ssize_t zt_read_file(const char *path, char *buf, size_t size);
/* The value of "key:" in a /proc text as a number of this base, or -1. */
long long zt_proc_value(const char *path, const char *key, int base);
