/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/plan.h: who makes which file */
#include "file/state.h"

/*
 * Pure. A file is made by the first task, in tree order, whose table has it, at the lowest number there. Files of one
 * kind with the same group are made by the maker of the first of them.
 */
struct file_plan *files_plan(struct model *m);
