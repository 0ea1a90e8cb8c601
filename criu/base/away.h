/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/away.h: work in another namespace, whatever may be done in one's own */
#include "base/compiler.h"

/*
 * Calls work(arg) in the namespace of that file (of a kind that a thread enters alone: not user, pid or time). home is
 * the caller's. Whoever is root of a container only may enter what is below it, and not come back to what is the
 * machine's: then a thread goes, which ends there. -EXDEV: it cannot be entered, nothing was called, errno says why.
 */
int work_away(int ns, int home, int (*work)(void *arg), void *arg) must_check;
