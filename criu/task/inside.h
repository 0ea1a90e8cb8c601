/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/inside.h: asking the tasks themselves, one parasite run each */
#include "base/compiler.h"

struct dump;
struct task;

/* Fills task->dump->inside and the inside of each thread; the parasite is gone again afterwards. */
int inside_ask(struct dump *d, struct task *t) must_check;
