/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/fs.h: into the working directory and root of the program */
#include "base/compiler.h"

struct restore;

/*
 * In a task, when nothing more is opened by path: root, working directory, umask. Not a make verb, because those run
 * while other families still need the tool's own root and /proc.
 */
int fs_enter(struct restore *r) must_check;
