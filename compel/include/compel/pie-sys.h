/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/pie-sys.h: system calls by name; -errno for an error */

/* Structures are the kernel's own (linux/ headers), so they are passed as void pointers. */
#include <compel/sys/files.h>
#include <compel/sys/memory.h>
#include <compel/sys/signals.h>
#include <compel/sys/tasks.h>
