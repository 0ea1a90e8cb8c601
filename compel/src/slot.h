/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* slot.h: what one thread has in the mapping: its stack, and above it its saved context */

#define LEN_STACK	16384ul
#define AT_FRAME	LEN_STACK
#define LEN_SLOT	(LEN_STACK + ARCH_FRAME_SPACE)
