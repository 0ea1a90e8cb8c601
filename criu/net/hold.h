/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/hold.h: the networks of a tree stand still during a dump */
#include <stdbool.h>
#include "base/compiler.h"

struct dump;
struct options;

/* --network-lock: iptables and nftables are one to us; 0 or a negative errno, reported. */
int net_hold_check(const struct options *opt) must_check;
/* Whether the tree has a network namespace that is not the tool's. Asks /proc: needs no scan before. */
int net_find(struct dump *d, bool *ret_any) must_check;
/* Locks each of those. */
int net_hold(struct dump *d) must_check;
/* Also after a failure half-way, or without any lock. */
void net_release(struct dump *d);
