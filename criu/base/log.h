/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/log.h: one line for one event, with the scopes it happened in */
#include <errno.h>
#include <stdarg.h>
#include <sys/types.h>
#include "base/compiler.h"

enum log_level { LOG_MSG, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/*
 * A scope is one word of context ("task 41"), alive as long as the block that opened it. Frames above a failure
 * open scopes; the place that fails says only what went wrong.
 */
struct log_scope {
	const char *name;
	long id;			/* -1: none */
	struct log_scope *up;
};

void log_scope_open(struct log_scope *s);
void log_scope_close(struct log_scope *s);
/* A thread that works for another one begins in the scopes of that one, which waits for it. */
struct log_scope *log_scope_innermost(void);
void log_scope_enter(struct log_scope *s);

#define SCOPE_PASTE(a, b) a##b
#define SCOPE_VAR(line) SCOPE_PASTE(scope_, line)
#define IN_SCOPE(scope_name, scope_id)                                                             \
	struct log_scope SCOPE_VAR(__LINE__) __attribute__((cleanup(log_scope_close))) = {         \
		.name = (scope_name), .id = (scope_id) };                                          \
	log_scope_open(&SCOPE_VAR(__LINE__))

#ifndef KIND_NAME
#define KIND_NAME NULL
#endif

struct log_place {
	const char *file;
	int line;
	const char *kind;		/* stem of a kind's source file, added by the build */
};
#define LOG_HERE (&(const struct log_place){ __FILE__, __LINE__, KIND_NAME })

extern int log_verbosity;

void log_write(const struct log_place *at, enum log_level level, int err, const char *fmt, ...)
	printf_like(4, 5);

#define log_at(level, err, ...)                                                                    \
	do {                                                                                       \
		if ((int)(level) <= log_verbosity)                                                 \
			log_write(LOG_HERE, level, err, __VA_ARGS__);                              \
	} while (0)

#define warn(...)	log_at(LOG_WARN, 0, __VA_ARGS__)
#define warn_errno(...)	log_at(LOG_WARN, errno, __VA_ARGS__)
#define info(...)	log_at(LOG_INFO, 0, __VA_ARGS__)
#define debug(...)	log_at(LOG_DEBUG, 0, __VA_ARGS__)

/* Report a failure where it is met; the value is what the caller returns: a negative errno. */
#define fail(err, ...)                                                                             \
	({                                                                                         \
		int fail_no = (err);                                                               \
		log_write(LOG_HERE, LOG_ERROR, 0, __VA_ARGS__);                                    \
		fail_no > 0 ? -fail_no : -EIO;                                                     \
	})
#define fail_errno(...) fail_with(errno, __VA_ARGS__)
/* As fail(), for an errno that came back as a number: its text is added to the line. */
#define fail_with(err, ...)                                                                        \
	({                                                                                         \
		int fail_no = (err);                                                               \
		fail_no = fail_no < 0 ? -fail_no : fail_no;                                        \
		log_write(LOG_HERE, LOG_ERROR, fail_no, __VA_ARGS__);                              \
		fail_no ? -fail_no : -EIO;                                                         \
	})

/* Where lines go: a descriptor (not owned) and a level. Before this, errors go to stderr. */
void log_to(int fd, int verbosity);
int log_fd(void);
/* The same log under another number. */
void log_to_fd(int fd);
/* Tasks being restored write to files of their own, path.PID below dir (not owned; path stays, too). */
void log_each_task(int dir, const char *path);
int log_task_dir(void);			/* -1: they share the log */
void log_task_dir_is(int dir);		/* the same directory under another number */
/* The task being restored prefixes its lines with this pid; 0 switches the prefix off. */
void log_as_task(pid_t pid);
/* The last word of a failed command. When the log is a file, the first error is told on stderr as well. */
void log_final(const char *text);
/* The first error of this run, without file and line, or "" (for the last line of a command). */
const char *log_first_error(void);
/* The same line with "Error (file:line): ", for answers of the service. Less than 1000 bytes. */
const char *log_first_error_line(void);
/* From here on another run's first error counts, also for processes forked later. */
void log_forget_errors(void);
/* The open scopes as text, "task 41: fd 7"; returns its length. */
size_t log_scopes_text(char *ret_text, size_t size);
/* The same without the stage of the run, which is the outermost: what is worked at. */
size_t log_object_text(char *ret_text, size_t size);
