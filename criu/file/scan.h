/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/scan.h: one more record */
#include "file/kind.h"
#include "base/compiler.h"

/* A new file of this kind from facts, whatever is known already: fdinfo lines, scan, refuse. */
int file_add(struct dump *d, const struct file_kind *kind, struct file_facts *f, uint32_t *ret_id) must_check;
