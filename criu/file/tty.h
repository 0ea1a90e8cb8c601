/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/tty.h: terminals and pty masters share what is known of a terminal */
#include <termios.h>
#include "base/vec.h"
#include "file/kind.h"
#include "regfile.pb-c.h"
#include "tty.pb-c.h"

struct options;

/* A terminal whose other end the caller gets: seen by the tool and all tasks. */
struct pty_master {
	const TtyInfoEntry *info;
	const RegFileEntry *path;	/* of one of its descriptors */
	int fd;				/* in the root task and those it forks; -1 before it is made */
};

struct ttys {
	VEC(TtyInfoEntry *) infos;
	int32_t device;			/* dump: number of the job's terminal, 0: none met yet */
	bool is_set_up;			/* in a task: the terminal has its settings */
	bool is_given;			/* in a task: the job has the terminal */
	bool had_foreground;		/* in the tool: so had its own group before */
	struct pty_master *masters;	/* restore: shared memory */
	size_t n_masters;
};

struct ttys *ttys_of(struct model *m);
/* 0, or a negative errno, reported. */
int tty_set_termios(const TermiosEntry *e, int fd) must_check;

/* --- pty.c: slaves whose master is outside, where the caller takes a new master ---------------------------------- */
/* Whether whoever asked for the run will take masters (orphan_pts_master). */
bool pty_is_taken(const struct options *opt);
/* The path of one of its descriptors; NULL: none has one. */
const RegFileEntry *pty_path(const struct model *m, const TtyInfoEntry *info);
/* In the tool: which there are. */
int pty_prepare(struct restore *r) must_check;
/* In the root task, in its mounts: makes the masters, with their settings. */
int pty_make_masters(struct restore *r) must_check;
/* In a session leader: its controlling terminal, which those that it forks inherit. */
int pty_lead(struct restore *r, const struct task *t) must_check;
/* In the tool, when the root task has made them. */
int pty_hand_over(struct restore *r, pid_t root_real) must_check;
bool pty_is_made(const struct restore *r, const TtyInfoEntry *info);
