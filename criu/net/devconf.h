/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/devconf.h: net/ipv4/conf/DEVICE and net/ipv6/conf/DEVICE */
#include "base/compiler.h"
#include "netdev.pb-c.h"

struct arena;
struct nlattr;
struct options;

/* From the IFLA_AF_SPEC of the device; without (NULL) there is nothing to save. */
void devconf_scan(struct arena *a, NetDeviceEntry *e, struct nlattr *spec);
/* "all" or "default", from their files. */
void devconf_scan_files(struct arena *a, const char *device, size_t *n4, SysctlEntry ***conf4, size_t *n6,
			SysctlEntry ***conf6, size_t *n_more, NamedSysctl ***more);
/* What differs from now is written. now: the device as it is; NULL: ask each file. */
int devconf_make(const struct options *opt, const NetDeviceEntry *want, const NetDeviceEntry *now) must_check;
/* Are there too many values, or of the wrong type? */
int devconf_check(size_t n4, SysctlEntry *const *conf4, size_t n6, SysctlEntry *const *conf6) must_check;
