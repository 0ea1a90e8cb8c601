/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/compel.h: stop tasks, run code inside, leave: all in one include */

#include <compel/thread.h>	/* one thread: seize, stop, registers, leave */
#include <compel/proc.h>	/* one process: run calls and code in its threads */
#include <compel/record.h>	/* one process: put back when its tracer is killed */
