/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/compel.h: stop tasks, run code inside them, leave. Everything in one include. */

#include <compel/thread.h>	/* one thread: seize, stop, registers, leave */
#include <compel/proc.h>	/* one process: system calls and freestanding code run in its threads */
