/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* xstate.h: the XSAVE area in standard format <-> its record */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "image/records.h"

enum { XSTATE_COMPONENTS = 63 };	/* bit 63 of XCR0 is reserved */

/* Where a CPU keeps each component. */
struct xstate_layout {
	uint64_t features;		/* XCR0: what the kernel has switched on; 0: no XSAVE */
	uint32_t size;			/* of the whole area */
	struct {
		uint32_t off, size;
	} comp[XSTATE_COMPONENTS];
};

/* Of the machine we run on. */
const struct xstate_layout *xstate_layout_here(void);

/* -EINVAL: the area is shorter than the layout says. Records nothing that is not plain if is_plain. */
int xstate_to_record(struct arena *a, const struct xstate_layout *l, const void *area, size_t len, bool is_plain,
		     UserX86FpregsEntry *ret) must_check;
/* -ENOSPC with *ret_len set: the buffer is too small. */
int xstate_from_record(const struct xstate_layout *l, const UserX86FpregsEntry *rec, void *ret_area, size_t size,
		       size_t *ret_len) must_check;
/* Sizes of arrays, reserved bits; -EINVAL is reported. */
int xstate_check(const UserX86FpregsEntry *rec) must_check;
/* The components that are in use in the record and that this layout cannot take. */
uint64_t xstate_missing(const struct xstate_layout *l, const UserX86FpregsEntry *rec);
/* In use, but without contents in the record: another tool dumped it. */
uint64_t xstate_without_contents(const UserX86FpregsEntry *rec);
const char *xstate_name(unsigned int component);
