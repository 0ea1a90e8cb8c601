/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are no descriptors: what a magic link of /proc leads to. */
#include <fcntl.h>
#include <sys/sysmacros.h>
#include "base/log.h"
#include "base/own.h"
#include "file/describe.h"
#include "file/files.h"
#include "file/scan.h"
#include "file/state.h"
#include "file/where.h"
#include "run/dump.h"

/* A static that changes, because tasks are scanned by several threads and this is where they meet. */
static pthread_mutex_t links_lock = PTHREAD_MUTEX_INITIALIZER;

static struct known_link *find(struct files_dump *s, struct arena *a, const struct known_link *like,
			       uint64_t **ret_head)
{
	uint64_t hash = hash_add(hash_add(hash_add(hash_add(1, like->dev), like->ino), like->mnt_id), like->flags);

	*ret_head = map_at(a, &s->links_by_hash, hash);
	for (uint32_t n = **ret_head; n; n = s->links.v[n - 1].next) {
		struct known_link *l = &s->links.v[n - 1];

		if (l->dev == like->dev && l->ino == like->ino && l->mnt_id == like->mnt_id && l->flags == like->flags)
			return l;
	}
	return NULL;
}

static int add(struct dump *d, const struct task *t, const char *path, struct known_link *l)
{
	auto_fd int copy = open(path, O_PATH | O_CLOEXEC);
	struct file_facts f = { .task = t, .fd = -1, .copy = copy, .flags = l->flags, .mnt_id = l->mnt_id };
	const struct file_kind *kind;
	char link[PATH_MAX + 16];
	ssize_t len;

	if (copy < 0 || fstat(copy, &f.st) < 0)
		return fail_errno("open %s", path);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return fail_errno("read link %s", path);
	link[len] = 0;
	f.link = link;
	where_find(d, &f);
	kind = file_kind_of(&f);
	if (kind)
		return file_add(d, kind, &f, &l->id);
	refuse_unclaimed(d, &f);
	return 0;
}

static int scan_link(struct dump *d, const struct task *t, const char *path, uint32_t flags, uint32_t *ret_id)
{
	struct files_dump *s = files_dump_state(d);
	struct known_link like = { .flags = flags }, *known;
	struct statx st;
	uint64_t *head;
	int err;

	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0)
		return fail_errno("stat %s", path);
	like.dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	like.ino = st.stx_ino;
	like.mnt_id = st.stx_mask & STATX_MNT_ID ? (int)st.stx_mnt_id : -1;
	known = find(s, &d->m.arena, &like, &head);
	if (known) {
		*ret_id = known->id;
		return 0;
	}
	err = add(d, t, path, &like);
	if (err)
		return err;
	like.next = *head;
	vec_push(&d->m.arena, &s->links, like);
	*head = s->links.n;
	*ret_id = like.id;
	return 0;
}

int files_scan_link(struct dump *d, const struct task *t, const char *path, uint32_t flags, uint32_t *ret_id)
{
	int err;

	pthread_mutex_lock(&links_lock);
	err = scan_link(d, t, path, flags, ret_id);
	pthread_mutex_unlock(&links_lock);
	return err;
}
