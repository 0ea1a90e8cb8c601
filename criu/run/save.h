/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/save.h: the model to disk; the inventory last, it is the commit */
#include "base/compiler.h"

struct dump;

int save_records(struct dump *d) must_check;
int save_inventory(struct dump *d) must_check;
