/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Working directory, root directory and umask. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/files.h"
#include "kernel/proc_status.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/fs.h"
#include "task/kind.h"

static int scan_dir(struct dump *d, const struct task *t, const char *name, uint32_t *ret_id)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", leader(t)->pid_real, name);
	return files_scan_link(d, t, path, O_RDONLY | O_DIRECTORY, ret_id);
}

/* The directories are files, and these are shared. */
static int fs_join(struct dump *d, struct task *t)
{
	const struct proc_status *status = leader(t)->dump->status;
	int err;

	t->fs = arena_msg(&d->m.arena, FsEntry, fs_entry__init);
	if (!status->has_umask)
		return fail(EIO, "/proc/%d/status shows no umask", leader(t)->pid_real);
	t->fs->has_umask = true;
	t->fs->umask = status->umask;
	err = scan_dir(d, t, "cwd", &t->fs->cwd_id);
	if (!err)
		err = scan_dir(d, t, "root", &t->fs->root_id);
	return err;
}

static int fs_check(const struct task *t)
{
	if (is_alive(t) && !t->fs)
		return fail(EINVAL, "task %d has no fs image", leader(t)->pid);
	if (t->fs && t->fs->umask & ~0777U)
		return fail(EINVAL, "umask %o is no umask", t->fs->umask);
	return 0;
}

/* The root first: entering it needs a path that is still reachable, and cwd may lie outside of it. */
int fs_enter(struct restore *r)
{
	const struct task *t = r->self;
	auto_fd int root = -1, cwd = -1;
	struct stat st, own;
	int err;

	err = files_open(r, t->fs->root_id, &root);
	if (!err)
		err = files_open(r, t->fs->cwd_id, &cwd);
	if (err)
		return err;
	if (fstat(root, &st) < 0 || stat("/", &own) < 0)
		return fail_errno("stat root directory");
	if ((st.st_dev != own.st_dev || st.st_ino != own.st_ino) && (fchdir(root) < 0 || chroot(".") < 0))
		return fail_errno("chroot");
	if (fchdir(cwd) < 0)
		return fail_errno("change to the working directory");
	if (t->fs->has_umask)
		umask(t->fs->umask);
	return 0;
}

const struct task_kind fs_kind = {
	.name = "fs",
	.join = fs_join,
	.check = fs_check,
};
