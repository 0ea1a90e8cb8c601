/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/files.h: descriptor tables and open files as a family */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"
#include "base/arena.h"

struct dump;
struct restore;
struct model;
struct task;

/* --- dump ---------------------------------------------------------------------------------------------------- */
/* All tables of all tasks: fills model.fd_tables, model.files, task->fds and ids->files_id; refuses what it must. */
int files_scan(struct dump *d) must_check;
/*
 * A file that is no descriptor: path is a magic link such as "/proc/41/exe", "/proc/41/cwd" or
 * "/proc/41/map_files/...". The same file met again gets the same id. flags are the open flags to store.
 */
int files_scan_link(struct dump *d, const struct task *t, const char *path, uint32_t flags,
		    uint32_t *ret_id) must_check;
/* Whether the terminal with this number (as in /proc/PID/stat) is among the files. */
bool files_know_terminal(struct dump *d, int32_t tty_nr);
/* files.img, fdinfo-N.img, and the bulk images of kinds (pipes-data, ghost files ...). */
int files_save(struct dump *d) must_check;
/* Takes back what scanning has done outside (link remaps); also after a successful dump. */
void files_release(struct dump *d);
/* Before that: the dump is whole and the tasks are gone, so what restore needs outside (link remaps) stays. */
void files_commit(struct dump *d);

/* --- restore ------------------------------------------------------------------------------------------------- */
int files_load(struct model *m, int img_dir) must_check;	/* read and check */
/* The highest descriptor number of the tree, for the tool to move its own above. */
int files_highest_fd(const struct model *m);
/*
 * In the tool, once service_fd_min is known, before tasks are forked, and while the descriptors that the caller gave
 * (--inherit-fd, a terminal on 0, 1 or 2) still have their numbers: who makes what, ghosts, inherited descriptors.
 */
int files_prepare(struct restore *r) must_check;
/* In a dry run, behind files_prepare(): says which files are not as they must be. */
int files_foresee(struct restore *r) must_check;
/* In the root task, when it is in its namespaces, before it forks others. */
int files_prepare_inside(struct restore *r) must_check;
/* In a session leader, before it forks those that are in its session. */
int files_lead(struct restore *r, const struct task *t) must_check;
/* In the tool, when all tasks exist: to the caller what is for it. */
int files_hand_over(struct restore *r, pid_t root_real) must_check;
/* In a task: make the files it owns (first holder in tree order), note them in shared_file(). Before STEP_MADE. */
int files_make(struct restore *r) must_check;
/* In a task: all descriptors to their numbers, foreign ones by pidfd_getfd. Between STEP_MADE and STEP_INSTALLED. */
int files_install(struct restore *r) must_check;
/* In a task: contents, epoll targets, owners. Between STEP_INSTALLED and STEP_READY. */
int files_fill(struct restore *r) must_check;
/* In a task: a new descriptor (>= service_fd_min) for a file by id that is no descriptor (exe, cwd, mapped ...). */
int files_open(struct restore *r, uint32_t id, int *ret_fd) must_check;
/* In the tool, after everybody runs or on failure: temporary names that ghosts and remaps needed. */
void files_restore_release(struct restore *r);
/* Before that: the tasks run, so what only another restore would need goes too. */
void files_restore_commit(struct restore *r);
