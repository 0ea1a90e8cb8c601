/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of file systems. */
#include <string.h>
#include "base/compiler.h"
#include "base/parse.h"
#include "mount/kind.h"

static const struct mount_kind kinds[] = {
#define MOUNT_KIND(fsname, fstype, bits) { .name = fsname, .type = FSTYPE__##fstype, .traits = bits },
#include "mount/kinds.def"
#undef MOUNT_KIND
};

const struct mount_kind mount_kind_generic = { "", FSTYPE__AUTO, KIND_MAKE };

/* "fuse.sshfs" is a fuse: what follows the dot is decoration. */
static bool is_name(const struct mount_kind *k, const char *fstype)
{
	size_t len = strlen(k->name);

	return !strncmp(k->name, fstype, len) && (!fstype[len] || fstype[len] == '.');
}

const struct mount_kind *mount_kind_by_name(const char *fstype)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		if (is_name(&kinds[i], fstype))
			return &kinds[i];
	return NULL;
}

const struct mount_kind *mount_kind_of(const MntEntry *e)
{
	if (e->fstype == FSTYPE__AUTO)
		return e->fsname ? mount_kind_by_name(e->fsname) : NULL;
	for (size_t i = 0; i < array_size(kinds); i++)
		if (kinds[i].type == e->fstype)
			return &kinds[i];
	return NULL;
}

const char *mount_fs_name(const MntEntry *e)
{
	const struct mount_kind *k;

	if (e->fsname)
		return e->fsname;
	k = mount_kind_of(e);
	return k ? k->name : "";
}
