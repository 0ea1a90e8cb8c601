/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/record.h: a line of mountinfo as a record of the image */
#include <stdbool.h>
#include "base/arena.h"
#include "mnt.pb-c.h"

struct mountinfo;

/* *ret_idmapped: it shows other owners than files have, which mountinfo does not tell. */
MntEntry *mnt_record(struct arena *a, const struct mountinfo *m, bool *ret_idmapped);
