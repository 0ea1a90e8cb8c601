/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* text.h: instructions that are in the process already, for a thread to be sent to */

#include "proc.h"

/* Sets syscall_insn: in the vDSO, or else in any mapping. -ENOENT: nowhere; -ESRCH: there is no memory. */
int find_syscall(struct compel_proc *p);
/* Sets loop, to 0 if there is none. */
void find_loop(struct compel_proc *p);
