/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* slot.h: a thread's part of the mapping: stack, and saved context above */

#define LEN_STACK	16384ul
#define AT_FRAME	LEN_STACK
#define LEN_SLOT	(LEN_STACK + ARCH_FRAME_SPACE)
