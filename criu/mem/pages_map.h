/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/pages_map.h: a pages file in the tool's memory */
#include <stdint.h>
#include "base/compiler.h"
#include "image/dir.h"

/*
 * pages-<pages_id>.img, of which a pagemap image (its type and id) accounts for `expected` bytes: mapped, not read, so a
 * page is touched when it is used. Nothing to map: *ret is NULL.
 */
int pages_map(int img_dir, uint32_t pages_id, uint64_t expected, enum image_type pagemap, unsigned long pagemap_id,
	      const void **ret) must_check;
