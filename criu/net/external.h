/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/external.h: --external and --veth-pair, as far as devices are meant */
#include <stdbool.h>
#include <stddef.h>

struct options;

/* --external netdev[NAME] */
bool external_is_netdev(const struct options *o, const char *name);
/* Where the outer end of a pair goes: "OUT" and the bridge that it becomes a port of, or "". False: not named. */
struct external_veth {
	char out[16], bridge[16];
};
bool external_veth(const struct options *o, const char *name, struct external_veth *ret);
