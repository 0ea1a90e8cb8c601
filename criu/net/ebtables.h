/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/ebtables.h: tables of ebtables-legacy, which are refused by name */
#include <stdbool.h>
#include "base/compiler.h"

struct dump;
struct ebt_replace;
struct netlink;
struct nlmsghdr;

enum { EBTABLES_FILTER = 1, EBTABLES_NAT = 2, EBTABLES_BROUTE = 4, EBTABLES_ALL = 7 };

/* Inside the namespace. */
int ebtables_refuse(struct dump *d, struct netlink *nf) must_check;

/* Which tables (bits) may have registered this hook of bridges, as nfnetlink_hook tells it. */
unsigned int ebtables_of_hook(const struct nlmsghdr *h);
/* Is a table, with so many bytes of entries as info says, as the kernel makes it: no rule, no more chains, all accepted? */
bool ebtables_is_default(const struct ebt_replace *info, const void *entries);
