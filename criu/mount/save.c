/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mounts into images: the records of each namespace, and what is in the file systems that nobody else has. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "mount/look.h"
#include "mount/set.h"
#include "mount/tar.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "run/dump.h"

/* In the reverse order of mountinfo. */
int mount_set_save(struct dump *d, uint32_t ns_id)
{
	const struct mounts *m = &d->m.mounts->m;
	struct image_out out;

	image_out_open(&out, d->img_dir, IMG_MNTS, ns_id);
	for (size_t i = 0; i < m->ns.n; i++)
		for (size_t k = m->ns.v[i]->id == ns_id ? m->ns.v[i]->mnts.n : 0; k--;)
			image_put(&out, &m->ns.v[i]->mnts.v[k]->e->base);
	return image_out_close(&out);
}

/* Who builds the mounts again could not give a file to somebody who has no name there. */
struct contents_ids {
	const struct ns *owner;
	bool has_nameless;
};

static int64_t uid_inside(void *arg, int64_t id)
{
	struct contents_ids *ids = arg;

	ids->has_nameless |= !user_has_uid(ids->owner, id);
	return user_uid_in(ids->owner, id);
}

static int64_t gid_inside(void *arg, int64_t id)
{
	struct contents_ids *ids = arg;

	ids->has_nameless |= !user_has_gid(ids->owner, id);
	return user_gid_in(ids->owner, id);
}

static int save_one(struct dump *d, const struct mnt_sb *sb, const struct mnt_ns *ns)
{
	struct contents_ids known = { .owner = ns_mounts_owner(&d->m) };
	const struct tar_ids ids = { &known, uid_inside, gid_inside };
	auto_fd int view = mount_view(sb, ns, d->m.mounts->proc), out = -1;
	char name[64];
	int err;

	if (view < 0)
		return fail_with(view, "look into %s", sb->mnts.v[0]->e->mountpoint);
	image_name(IMG_TMPFS_DEV, sb->dev, name, sizeof(name));
	out = openat(d->img_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		return fail_errno("create image %s", name);
	err = tar_save(view, out, &ids);
	if (!err && known.has_nameless)
		err = fail(EOVERFLOW, "%s: a file in it has an owner without a name in the user namespace of the mounts",
			   sb->mnts.v[0]->e->mountpoint);
	return err;
}

static bool has_contents(const struct mnt_sb *sb)
{
	return sb->is_made && sb->kind->traits & KIND_CONTENTS;
}

static int save_of_ns(struct dump *d, struct mnt_ns *ns)
{
	const struct mounts *m = &d->m.mounts->m;
	int err = 0;

	for (size_t i = 0; i < m->sbs.n && !err; i++)
		if (has_contents(m->sbs.v[i]) && m->sbs.v[i]->mnts.v[0]->ns == ns)
			err = save_one(d, m->sbs.v[i], ns);
	return err;
}

int mount_set_save_contents(struct dump *d)
{
	const struct mounts *m = &d->m.mounts->m;
	size_t n = 0;
	int err;

	for (size_t i = 0; i < m->sbs.n; i++)
		n += has_contents(m->sbs.v[i]);
	if (!n)
		return 0;
	err = tar_prepare();		/* while there is a path to the library */
	return err ?: mount_set_visit(d, save_of_ns);
}
