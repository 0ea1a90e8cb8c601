/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/dump_run.h: a whole dump */
#include <stdbool.h>
#include "base/compiler.h"

struct dump;

/* opt, journal, img_dir and img_path are set by the caller. is_dry: until it is known whether it would work. */
int dump_run(struct dump *d, bool is_dry) must_check;
