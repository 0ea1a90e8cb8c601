/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/PID/task/TID/stat: one line, 52 fields, the second of which may hold anything. */
#include <errno.h>
#include <string.h>
#include "base/parse.h"
#include "kernel/proc_stat.h"
#include "kernel/read.h"

enum { FIRST_NUMBER = 4, LAST_NUMBER = 52 };	/* numbered as in the manual page */

static uint64_t take_number(struct cursor *c)
{
	take_char(c, ' ');
	return *c->p == '-' ? (uint64_t)take_i64(c, 10) : take_u64(c, 10);
}

/*
 * "41 (a) b) S 1 ...": comm is not escaped here, so only the last ')' is its end. Nothing behind it has one.
 */
static int take_comm(struct cursor *c, struct proc_stat *s)
{
	const char *end = strrchr(c->p, ')');
	size_t len;

	take_char(c, ' ');
	take_char(c, '(');
	if (c->bad || !end || end < c->p)
		return -EINVAL;
	len = end - c->p;
	if (len >= sizeof(s->comm))
		return -EINVAL;
	memcpy(s->comm, c->p, len);
	s->comm[len] = 0;
	c->p = end + 1;
	return 0;
}

static void name_numbers(const uint64_t *f, struct proc_stat *s)
{
	s->ppid = f[4];
	s->pgrp = f[5];
	s->session = f[6];
	s->tty_nr = f[7];
	s->tpgid = f[8];
	s->flags = f[9];
	s->utime = f[14];
	s->stime = f[15];
	s->priority = f[18];
	s->nice = f[19];
	s->num_threads = f[20];
	s->starttime = f[22];
	s->vsize = f[23];
	s->start_code = f[26];
	s->end_code = f[27];
	s->start_stack = f[28];
	s->exit_signal = f[38];
	s->processor = f[39];
	s->rt_priority = f[40];
	s->policy = f[41];
	s->start_data = f[45];
	s->end_data = f[46];
	s->start_brk = f[47];
	s->arg_start = f[48];
	s->arg_end = f[49];
	s->env_start = f[50];
	s->env_end = f[51];
	s->exit_code = f[52];
}

int proc_stat_parse(const char *text, struct proc_stat *ret)
{
	struct cursor c = { .p = text };
	struct proc_stat s = { 0 };
	uint64_t f[LAST_NUMBER + 1];
	int err;

	s.pid = take_u64(&c, 10);
	err = take_comm(&c, &s);
	if (err)
		return err;
	take_char(&c, ' ');
	s.state = *c.p;
	if (!s.state)
		return -EINVAL;
	c.p++;
	for (int i = FIRST_NUMBER; i <= LAST_NUMBER; i++)
		f[i] = take_number(&c);
	if (c.bad)
		return -EINVAL;
	name_numbers(f, &s);
	*ret = s;
	return 0;
}

int proc_stat_read(pid_t pid_real, pid_t tid_real, struct proc_stat *ret)
{
	auto_proc_text text;
	int err = tid_real ? proc_text_read(&text, "/proc/%d/task/%d/stat", pid_real, tid_real) :
			     proc_text_read(&text, "/proc/%d/stat", pid_real);

	return err ? err : proc_stat_parse(text.s, ret);
}
