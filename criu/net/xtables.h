/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/xtables.h: rules of iptables-legacy and ip6tables-legacy */
#include "base/compiler.h"

struct dump;
struct net_ns;
struct restore;

/* Inside the namespace; refuses what cannot be saved. */
int xtables_scan(struct dump *d, struct net_ns *ns) must_check;
int xtables_save(struct dump *d, const struct net_ns *ns) must_check;
/* Checked. */
int xtables_load(struct restore *r, struct net_ns *ns) must_check;
/* Inside the namespace. */
int xtables_make(const struct net_ns *ns) must_check;
