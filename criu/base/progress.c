/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The progress line. Spaces wipe what was there before: every terminal knows them. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/progress.h"

enum { LINE_BYTES = 80, FIRST_LINE_US = 1000000, DRAW_MS = 250 };

struct progress {
	const char *command;
	uint64_t begin_us;
	/* Written by the process that works. Pointers to literals: the other one is forked from the same image. */
	_Atomic(const char *) stage;
	_Atomic uint64_t stage_us, done, total;
	_Atomic int unit;
	bool has_log;			/* lines of the log go to the same terminal */
	/* Characters on the terminal: drawn by one process, wiped by any that logs. */
	_Atomic int drawn;
};

/* Writable because whoever moves a page or a task counts it, and most runs have nobody to show it to: then NULL. */
static struct progress *shared;

/* Writable because it is said once, before the run begins: who wants to be told. */
static struct {
	void (*tell)(void *to, const struct progress_now *now);
	void *to;
	unsigned int every_ms;
} listener;

void progress_tell(void (*tell)(void *to, const struct progress_now *now), void *to, unsigned int every_ms)
{
	listener.tell = tell;
	listener.to = to;
	listener.every_ms = every_ms;
}

unsigned int progress_interval_ms(void)
{
	return listener.tell ? listener.every_ms : DRAW_MS;
}

static bool is_on_terminal_of(int fd, const struct stat *terminal)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == terminal->st_rdev;
}

/* A warning now and then wipes the line first; a log that tells all is progress enough. */
static bool has_terminal(bool *ret_has_log)
{
	struct stat st;

	if (!isatty(STDERR_FILENO) || fstat(STDERR_FILENO, &st) < 0)
		return false;
	*ret_has_log = is_on_terminal_of(log_fd(), &st);
	return !*ret_has_log || log_verbosity <= LOG_WARN;
}

void progress_begin(const char *command)
{
	bool has_log = false;
	void *p;

	if (shared || (!listener.tell && !has_terminal(&has_log)))
		return;
	p = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return;
	shared = p;
	shared->command = command;
	shared->has_log = has_log;
	shared->begin_us = now_us();
	progress_stage("begin");
}

bool progress_is_on(void)
{
	return shared;
}

void progress_stage(const char *name)
{
	if (!shared)
		return;
	progress_expect(0, PROGRESS_TASKS);
	atomic_store(&shared->stage, name);
}

void progress_expect(uint64_t total, enum progress_unit unit)
{
	if (!shared)
		return;
	atomic_store(&shared->total, 0);
	atomic_store(&shared->done, 0);
	atomic_store(&shared->unit, unit);
	atomic_store(&shared->stage_us, now_us());
	atomic_store(&shared->total, total);
}

void progress_add(uint64_t n)
{
	if (shared)
		atomic_fetch_add_explicit(&shared->done, n, memory_order_relaxed);
}

void progress_set(uint64_t done)
{
	if (shared)
		atomic_store_explicit(&shared->done, done, memory_order_relaxed);
}

static const char *scale(uint64_t bytes, double *ret)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	size_t i = 0;

	*ret = bytes / 1024.0;
	while (*ret >= 1000 && i + 1 < array_size(units)) {
		*ret /= 1024;
		i++;
	}
	return units[i];
}

static void bytes_text(char *ret_text, unsigned int size, uint64_t done, uint64_t total, uint64_t us)
{
	double d, t, r;
	const char *d_unit = scale(done, &d), *t_unit = scale(total, &t);
	const char *r_unit = scale(us ? (uint64_t)(done * 1e6 / us) : 0, &r);

	snprintf(ret_text, size, " %.1f %s of %.1f %s, %.0f %s/s", d, d_unit, t, t_unit, r, r_unit);
}

void progress_text(char *ret_text, unsigned int size, const char *stage, enum progress_unit unit, uint64_t done,
		   uint64_t total, uint64_t us)
{
	char count[LINE_BYTES] = "";

	/* What was counted on while the stage went to its end is no news. */
	done = total ? min(done, total) : done;
	if (unit == PROGRESS_BYTES && total)
		bytes_text(count, sizeof(count), done, total, us);
	else if (total)
		snprintf(count, sizeof(count), " %" PRIu64 " of %" PRIu64 " tasks, %.0f/s", done, total,
			 us ? done * 1e6 / us : 0.0);
	else if (done)
		snprintf(count, sizeof(count), " %" PRIu64 " tasks", done);
	snprintf(ret_text, size, "%s%s, %" PRIu64 " s", stage, count, us / 1000000);
}

static void put_line(const char *text)
{
	char line[2 * LINE_BYTES];
	int len = min((int)strlen(text), LINE_BYTES - 2), n;

	n = snprintf(line, sizeof(line), "\r%-*.*s", max(len, (int)atomic_exchange(&shared->drawn, len)), len, text);
	if (write(STDERR_FILENO, line, n) < 0)
		return;			/* it was only for show */
}

int progress_wipe(char *ret_text, unsigned int size)
{
	int drawn = shared && shared->has_log ? atomic_exchange(&shared->drawn, 0) : 0;

	return drawn ? snprintf(ret_text, size, "\r%*s\r", drawn, "") : 0;
}

/* The shell has the terminal when we are in the background, and its prompt is in the line. */
static bool is_in_background(void)
{
	pid_t group = tcgetpgrp(STDERR_FILENO);

	return group >= 0 && group != getpgrp();
}

static struct progress_now look(uint64_t now)
{
	return (struct progress_now){
		.stage = atomic_load(&shared->stage),
		.unit = atomic_load(&shared->unit),
		.done = atomic_load(&shared->done),
		.total = atomic_load(&shared->total),
		.stage_us = now - atomic_load(&shared->stage_us),
		.run_us = now - shared->begin_us,
	};
}

static void draw(const struct progress_now *p)
{
	char text[LINE_BYTES];
	int len;

	if (p->run_us < FIRST_LINE_US || is_in_background())
		return;
	len = snprintf(text, sizeof(text), "%s: ", shared->command);
	progress_text(text + len, sizeof(text) - len, p->stage, p->unit, p->done, p->total, p->stage_us);
	put_line(text);
}

void progress_draw(void)
{
	struct progress_now p;

	if (!shared)
		return;
	p = look(now_us());
	if (listener.tell)
		listener.tell(listener.to, &p);
	else
		draw(&p);
}

void progress_clear(void)
{
	if (!shared || !shared->drawn)
		return;
	put_line("");
	put_line("");			/* the first one wiped, this one goes back to the margin */
}
