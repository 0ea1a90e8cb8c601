/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log: one write(2) a line, so that lines of several processes do not mix. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/progress.h"

enum { LINE_MAX_BYTES = 2048 };

/* Each thread is in a place of its own: its scopes are a list that starts here. */
static __thread struct log_scope *innermost;

/* Writable because the log is the one thing that every function may reach without being handed it. */
int log_verbosity = LOG_WARN;
static int out_fd = STDERR_FILENO;
static bool is_stderr = true;		/* whatever number it has by now: restore moves it up */
static pid_t task_pid;
static int task_dir = -1;
static const char *task_path;
static struct timespec started;
/* Shared with the children, so that the visible process can repeat it. */
static struct first_error {
	atomic_bool is_taken;		/* by whoever fails first, in whichever thread or process */
	size_t said;			/* behind "Error (file:line): " */
	unsigned int n_errors;		/* this one included */
	char text[1000];
} *first_error;

void log_scope_open(struct log_scope *s)
{
	s->up = innermost;
	innermost = s;
}

void log_scope_close(struct log_scope *s)
{
	innermost = s->up;
}

struct log_scope *log_scope_innermost(void)
{
	return innermost;
}

void log_scope_enter(struct log_scope *s)
{
	innermost = s;
}

void log_to(int fd, int verbosity)
{
	out_fd = fd;
	is_stderr = fd == STDERR_FILENO;
	log_verbosity = verbosity;
	clock_gettime(CLOCK_MONOTONIC, &started);
	if (!first_error)
		log_forget_errors();
}

void log_forget_errors(void)
{
	void *p;

	if (first_error) {
		memset(first_error, 0, sizeof(*first_error));
		return;
	}
	p = mmap(NULL, sizeof(*first_error), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	first_error = p == MAP_FAILED ? NULL : p;
}

int log_fd(void)
{
	return out_fd;
}

void log_to_fd(int fd)
{
	out_fd = fd;
}

void log_each_task(int dir, const char *path)
{
	task_dir = dir;
	task_path = path;
}

int log_task_dir(void)
{
	return task_dir;
}

void log_task_dir_is(int dir)
{
	task_dir = dir;
}

static void open_task_log(pid_t pid)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s.%d", task_path, pid) >= (int)sizeof(path))
		return;
	fd = openat(task_dir, path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		warn_errno("create log file %s; its lines go to the common log", path);
	else
		out_fd = fd;
}

void log_as_task(pid_t pid)
{
	task_pid = pid;
	if (pid && task_path)
		open_task_log(pid);
}

const char *log_first_error(void)
{
	return first_error ? first_error->text + first_error->said : "";
}

const char *log_first_error_line(void)
{
	return first_error ? first_error->text : "";
}

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
};

static void printf_like(2, 3) append(struct line *l, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(l->text + l->len, sizeof(l->text) - l->len, fmt, args);
	va_end(args);
	if (n > 0)
		l->len = min(l->len + n, sizeof(l->text) - 2);
}

static void append_stamp(struct line *l)
{
	struct timespec now;
	long sec, nsec;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sec = now.tv_sec - started.tv_sec;
	nsec = now.tv_nsec - started.tv_nsec;
	if (nsec < 0) {
		sec--;
		nsec += 1000000000;
	}
	/* The field is 12 wide; beyond 99 seconds the last digits make room. */
	char stamp[48];
	snprintf(stamp, sizeof(stamp), "%02ld.%06ld", sec, nsec / 1000);
	append(l, "(%.9s) ", stamp);
	if (task_pid)
		append(l, "%6d: ", task_pid);
}

/* From the outermost in; `above` and what is outside of it are left out. */
static void append_scopes(struct line *l, const struct log_scope *s, const struct log_scope *above)
{
	if (s == above)
		return;
	append_scopes(l, s->up, above);
	if (s->id == -1)
		append(l, "%s: ", s->name);
	else
		append(l, "%s %ld: ", s->name, s->id);
}

/* What is too long loses its middle: the object stands in front, the cause at the end. */
static void remember_first_error(const char *text, size_t said)
{
	enum { ROOM = sizeof(first_error->text), TAIL = ROOM / 2 };
	size_t len = strlen(text);

	if (!first_error || atomic_exchange(&first_error->is_taken, true))
		return;
	first_error->said = said;
	if (len < ROOM)
		memcpy(first_error->text, text, len + 1);
	else
		snprintf(first_error->text, ROOM, "%.*s ... %s", ROOM - TAIL - 6, text, text + len - TAIL);
}

static void append_tag(struct line *l, const struct log_place *at, enum log_level level)
{
	const char *file = strncmp(at->file, "criu/", 5) ? at->file : at->file + 5;

	if (level == LOG_ERROR)
		append(l, "Error (%s:%d): ", file, at->line);
	else if (level == LOG_WARN)
		append(l, "Warn  (%s:%d): ", file, at->line);
}

/* A file may be called "x\nError: all is lost": as ls(1) shows such names. */
static void hide_control(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
}

static void write_line(int fd, const char *text, size_t len)
{
	if (write(fd, text, len) < 0)
		return; /* nowhere left to say it */
}

/* In one call, so that neither another process nor the progress line gets between. */
static void put_out(const char *text, size_t len)
{
	char wiped[LINE_MAX_BYTES + 128];
	int n = progress_wipe(wiped, 128);

	if (n) {
		memcpy(wiped + n, text, len);
		text = wiped;
	}
	write_line(out_fd, text, len + n);
}

void log_write(const struct log_place *at, enum log_level level, int err, const char *fmt, ...)
{
	int saved_errno = errno;
	struct line l = { .len = 0 };
	size_t tag, said;
	va_list args;
	int n;

	if (log_verbosity >= LOG_INFO)
		append_stamp(&l);
	tag = l.len;
	append_tag(&l, at, level);
	said = l.len;
	append_scopes(&l, innermost, NULL);
	if (at->kind)
		append(&l, "%s: ", at->kind);

	va_start(args, fmt);
	n = vsnprintf(l.text + l.len, sizeof(l.text) - l.len, fmt, args);
	va_end(args);
	if (n > 0)
		l.len = min(l.len + n, sizeof(l.text) - 2);
	if (err)
		append(&l, ": %s", strerror(err));
	hide_control(l.text + said, l.len - said);
	if (level == LOG_ERROR && first_error)
		__atomic_fetch_add(&first_error->n_errors, 1, __ATOMIC_RELAXED);
	if (level == LOG_ERROR)
		remember_first_error(l.text + tag, said - tag);
	if ((int)level <= log_verbosity) {
		l.text[l.len++] = '\n';
		put_out(l.text, l.len);
	}
	errno = saved_errno;
}

void log_final(const char *text)
{
	static const struct log_place nowhere = { "main", 0, NULL };

	if (!is_stderr && log_first_error()[0]) {
		dprintf(STDERR_FILENO, "Error: %s\n", log_first_error());
		if (first_error->n_errors > 1)
			dprintf(STDERR_FILENO, "Error: %u more in the log\n", first_error->n_errors - 1);
	}
	log_write(&nowhere, LOG_ERROR, 0, "%s", text);
}

static size_t scopes_text(const struct log_scope *above, char *ret_text, size_t size)
{
	struct line l = { .len = 0 };

	append_scopes(&l, innermost, above);
	while (l.len && (l.text[l.len - 1] == ' ' || l.text[l.len - 1] == ':'))
		l.len--;
	l.text[l.len] = 0;
	snprintf(ret_text, size, "%s", l.text);
	return l.len;
}

size_t log_scopes_text(char *ret_text, size_t size)
{
	return scopes_text(NULL, ret_text, size);
}

size_t log_object_text(char *ret_text, size_t size)
{
	const struct log_scope *stage = innermost;

	while (stage && stage->up)
		stage = stage->up;
	/* A scope with a number is an object, and a stage with nothing inside is all there is to tell. */
	return scopes_text(stage && stage->id == -1 && stage != innermost ? stage : NULL, ret_text, size);
}
