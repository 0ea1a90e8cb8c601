/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/plain.h: extension fields of core records, and --plain-images */
#include <stdbool.h>

/* Whether the table says what becomes of this field. */
bool plain_knows(const char *field);
