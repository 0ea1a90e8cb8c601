/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/look.h: looking at the mounts of another namespace from within */
#include "mount/tree.h"

/* Where the caller came from. It must be the only thread of its process that has this root and directory. */
struct mount_visit {
	int home, root, cwd;		/* of the caller */
};

/* ns: the namespace; proc: the caller's /proc. Between these two, absolute paths mean those of ns. */
int mount_visit_begin(struct mount_visit *v, int ns, int proc) must_check;
int mount_visit_end(struct mount_visit *v) must_check;

/* Which mount a descriptor (O_PATH will do) is in: statx(2) with STATX_MNT_ID. 0 or a negative errno, not reported. */
int mount_id_of(int fd, uint64_t *ret_id) must_check;
/* In a visit: the records of the namespace, as number id of m. */
int mounts_read(struct mounts *m, uint32_t id, int proc) must_check;
/* In a visit: what is mounted, covered or not; -ENOENT: what covers it cannot be taken off. Not reported. */
int mount_open_covered(const struct mnt *mnt, int proc) must_check;
/*
 * In a visit to one of its namespaces: a detached mount of the whole file system, with nothing mounted in it. -ENOENT,
 * not reported: no mount of it shows all, or what covers it cannot be taken off even in a copy of the namespace.
 */
int mount_view(const struct mnt_sb *sb, const struct mnt_ns *ns, int proc) must_check;
