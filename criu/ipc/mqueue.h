/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/mqueue.h: the messages in a POSIX queue */
#include "base/compiler.h"
#include "image/records.h"

struct arena;

/*
 * All messages of an open queue into e. The kernel shows none without taking it out, so each is taken and put back, by a
 * process that outlives the tool. Whoever uses the queue must be stopped.
 */
int mqueue_messages_copy(struct arena *a, int fd, IpcMqueueEntry *e) must_check;
