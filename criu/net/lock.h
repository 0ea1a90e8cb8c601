/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/lock.h: no packet passes a network namespace */
#include "kernel/netlink.h"

struct arena;
enum { NET_LOCK_MARK = 0xC114 };	/* packets with this mark (SO_MARK) pass */

/*
 * Inside the namespace: from now on packets are dropped, in and out. The lock is the socket: it is gone when that is
 * closed or its holder dies, whatever the manner. name: a word that is nobody else's.
 */
int net_lock(struct arena *a, const char *name, struct netlink *ret) must_check;
