/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/rules.h: packet filters that cannot be saved, refused by name */
#include "base/compiler.h"

struct dump;

/* Inside the namespace: IPsec policies and states */
int xfrm_refuse(struct dump *d) must_check;
