/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zdtm/lib/userns.h: user namespaces for test programs, and what a process can see of its own. */
#pragma once

#include <linux/capability.h>
#include <stdbool.h>
#include <sys/types.h>

enum { ZT_NS_KINDS = 8 };

/* What a process sees of its user namespace, and whose its namespaces are: levels above its own, 9 beyond sight. */
struct zt_userns {
	char uid_map[256], gid_map[256], setgroups[16];
	int owner[ZT_NS_KINDS];
	uid_t maker, uid[3];
	gid_t gid[3], groups[4];
	int n_groups;
	struct __user_cap_data_struct caps[2];
	char host[65];
	bool may_rename;
};

void zt_userns_look(struct zt_userns *v);
void zt_userns_compare(const char *who, const struct zt_userns *is, const struct zt_userns *was);
/* Into a new one, whose maps ("0 0 1", "": none) a child writes that stays behind; or ends the setup as failed. */
void zt_userns_enter_new(const char *uid_map, const char *gid_map);
