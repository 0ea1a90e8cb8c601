/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/fork.h: making the processes of a planned tree */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"

struct restore;

/*
 * In the tool: forks the root task, which forks the rest as births_plan() says. In every living task run(r) is called
 * with r->self set, and never returns. is_sibling: the root becomes a child of the caller of the tool.
 * Returns the root's real pid or a negative errno.
 */
pid_t fork_tree(struct restore *r, bool is_sibling, void (*run)(struct restore *r)) must_check;
/* In a dry run, in the tool: says which pids and tids of the tree others have. */
int fork_foresee(const struct restore *r) must_check;
/*
 * In the root task, before others are forked: a process that shares with it what flags say (CLONE_FILES), as fork(2)
 * returns. Its pid is none of the tree's.
 */
pid_t fork_helper_sharing(const struct restore *r, uint64_t flags) must_check;
/*
 * In the root task, before others are forked, or a process that it forked: one that ends before others are forked, so
 * that its number does not matter.
 */
pid_t fork_unnumbered(uint64_t flags) must_check;
/* In a task, around STEP_GROUPED: into its process group; then helpers and zombies go. */
int fork_join_group(struct restore *r) must_check;
int fork_reap_helpers(struct restore *r) must_check;
