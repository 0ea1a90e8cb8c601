/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/mountinfo.h: /proc/PID/mountinfo, as it is printed */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/compiler.h"

/* One mount. Strings point into the text that was parsed. */
struct mountinfo {
	uint32_t id, parent;
	uint32_t dev;			/* kernel device number: major << 20 | minor */
	char *root;			/* what of the filesystem is mounted, without "//deleted" */
	bool is_deleted;		/* root had that */
	char *point;			/* from the root of the reader */
	char *options;			/* of the mount: ro, nosuid ... */
	uint32_t shared, master;	/* peer groups, 0 for none */
	bool is_unbindable;
	char *fstype, *source;
	char *sb_options;		/* of the superblock; octal escapes stay, since a value may hold a comma */
};

struct mountinfo_list {
	struct mountinfo *v;
	size_t n;
};

/* Cuts the text of a whole file in place. -EINVAL if a line is none of mountinfo's. */
int mountinfo_parse(struct arena *a, char *text, struct mountinfo_list *ret) must_check;
/* Reads path below dir (a descriptor of /proc, or AT_FDCWD). */
int mountinfo_read(struct arena *a, int dir, const char *path, struct mountinfo_list *ret) must_check;
/* Octal escapes to bytes, in place. */
void mount_unescape(char *s);
