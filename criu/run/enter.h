/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/enter.h: a task gathers late rows and goes into its restorer */
#include "base/compiler.h"

struct restore;

/* Empty tables for the task that r->self is. */
void late_begin(struct restore *r);
/* Maps the region, sets r->place; rows may still be added, as many as it has room for. */
int restorer_map(struct restore *r) must_check;
/* Only returns if it fails. */
int restorer_enter(struct restore *r) must_check;
