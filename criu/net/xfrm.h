/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/xfrm.h: policies of IPsec, as the kernel's own messages */
#include <stdbool.h>
#include "base/compiler.h"

struct arena;
struct dump;
struct net_ns;
struct nlmsghdr;

/* Inside the namespace. States are refused by name. */
int xfrm_scan(struct dump *d, struct net_ns *ns) must_check;
int xfrm_check(const struct net_ns *ns) must_check;
/* Inside the namespace. */
int xfrm_make(struct arena *a, const struct net_ns *ns) must_check;

/* A policy as it is told into one to be given back (of the same length). NULL, or why there is none. */
const char *xfrm_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
