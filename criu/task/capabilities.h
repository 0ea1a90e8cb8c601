/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/capabilities.h: sets of capabilities, and their names */
#include <stddef.h>
#include <stdint.h>

/* "CAP_SYS_RESOURCE, CAP_42": into a buffer, cut off where it is full. */
const char *capability_names(uint64_t set, char *ret_text, size_t size);
