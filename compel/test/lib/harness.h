/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* harness.h: tests in processes, targets, and a full visit to a target */

#include <compel/compel.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "ops.h"

#define TEST_SKIPPED 77

/* A test runs in a child, which must exit with 0 (by returning) within 60 s. */
struct test {
	const char *name;
	void (*run)(void);
};

#define TEST(id)									\
	static void id(void);								\
	static const struct test test_##id						\
		__attribute__((section("tests"), used)) = { #id, id };			\
	static void id(void)

#define ok(cond) check((cond), __FILE__, __LINE__, #cond)
#define eq(a, b) check_equal((long)(a), (long)(b), __FILE__, __LINE__, #a " == " #b)

void check(bool is_true, const char *file, int line, const char *what);
void check_equal(long a, long b, const char *file, int line, const char *what);
_Noreturn void skip(const char *why);

/* All of the program, or those whose names contain $TEST. Returns its exit status. */
int run_tests(void);

/* Memory that parent and child share. */
void *shared(size_t len);

/* Fork a target that runs `f`; its exit status is f's result. It is killed when the test ends. */
pid_t target(int (*f)(void *), void *arg);

/* Wait until `pid` sleeps in a system call (or is stopped, a zombie): state letters in `states`. */
void await_state(pid_t pid, const char *states);

/* Reap it and check that it has exited with 0. */
void expect_success(pid_t pid);

void sleep_ms(unsigned int ms);
double now_ms(void);

/* The threads of `pid`; returns how many, at most `max`. */
unsigned int list_threads(pid_t pid, pid_t *ret_tids, unsigned int max);

/* What a visit does beside stopping. */
enum {
	VISIT_SYSCALL = 1,	/* inject some */
	VISIT_RUN = 2,		/* load code and run it in every thread */
	VISIT_ALL = 3,
};

/*
 * Stop all threads of `pid`, do what is asked for, check that nothing has changed (registers,
 * extended state, mask), release. Returns 0, or -ESRCH if it has died meanwhile.
 */
int visit(pid_t pid, int what);

/* The stop of the first thread in the last visit. */
extern struct compel_stop visit_stop;

/* Called in each visit just before release; NULL: nothing. */
extern void (*visit_hook)(void);
