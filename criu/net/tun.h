/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/tun.h: tun and tap devices, which are made through /dev/net/tun */
#include "base/compiler.h"
#include "netdev.pb-c.h"

struct arena;
struct nlattr;

void tun_scan(struct arena *a, NetDeviceEntry *e, struct nlattr *data);
/* In the namespace that we are in. It stays when the descriptor goes: who has a descriptor of it attaches later. */
int tun_make(const NetDeviceEntry *e) must_check;
