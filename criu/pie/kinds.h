/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* pie/kinds.h: the freestanding halves of all kinds */
/* Each is task/stem.pie.h or the like: flat structs and prototypes, includable with and without libc. */
