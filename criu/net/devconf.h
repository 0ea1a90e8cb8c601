/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/devconf.h: net/ipv4/conf/DEVICE and net/ipv6/conf/DEVICE */
#include <stdbool.h>
#include "base/compiler.h"
#include "base/vec.h"
#include "netdev.pb-c.h"

struct arena;
struct nlattr;
struct options;

/* From the IFLA_AF_SPEC of the device; without (NULL) there is nothing to save. */
void devconf_scan(struct arena *a, NetDeviceEntry *e, struct nlattr *spec);
/*
 * What is only in files: the secret, and settings that the arrays of RTM_NEWLINK have not. Of these, what differs from
 * the namespace's default, which devices are born with; lo is older than that. files: which settings these are, found
 * once for all devices.
 */
struct devconf_files {
	VEC(const NamedSysctl *) v4, v6;
};
void devconf_list_files(struct arena *a, const NetnsEntry *ns, struct devconf_files *ret);
void devconf_scan_device_files(struct arena *a, const struct devconf_files *files, NetDeviceEntry *e);
bool devconf_has_secret(const NetDeviceEntry *e);
/* "all" or "default", from their files; more: what has no place by position. */
void devconf_scan_files(struct arena *a, const char *device, size_t *n4, SysctlEntry ***conf4, size_t *n6,
			SysctlEntry ***conf6, size_t *n_more, NamedSysctl ***more);
/* What differs from now is written. now: the device as it is; NULL: ask each file. */
int devconf_make(const struct options *opt, const NetDeviceEntry *want, const NetDeviceEntry *now) must_check;
/* Are there too many values, or of the wrong type? */
int devconf_check(size_t n4, SysctlEntry *const *conf4, size_t n6, SysctlEntry *const *conf6) must_check;
