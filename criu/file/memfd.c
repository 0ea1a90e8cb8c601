/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of memfd_create(2), and shared anonymous memory, which is such a file that only mappings have: the kernel calls it
 * "/dev/zero". An inode is made by the tool, once, before there are tasks; whoever has it open or mapped opens it through
 * the tool's descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/kind.h"
#include "file/places.h"
#include "file/state.h"
#include "image/dir.h"
#include "mem/shmem.h"
#include "ns/user.h"
#include "run/dump.h"
#include "run/restore.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10	/* 5.1 */
#endif

/* shmid of the records, which names their images: apart from the ids of System V segments, which are below. */
#define FIRST_SHMID 0x80000000U
#define ANON_NAME "/dev/zero"
static const char memfd_prefix[] = "/memfd:", deleted[] = " (deleted)";
enum { MAX_NAME = 249, KNOWN_SEALS = 0x3f };

struct inode {
	MemfdInodeEntry *entry;
	struct shmem memory;
	ino_t ino;			/* while dumping */
	int fd;				/* dump: to read it; restore: the tool's, that all others are opened through */
};

struct inodes {
	VEC(struct inode) v;		/* inode_id is the number + 1 while dumping */
};

static const struct file_kind *self(void)
{
	return file_kind_by_type(FD_TYPES__MEMFD);
}

static struct inodes *inodes_of(struct model *m)
{
	void **data = file_kind_data(m, self());

	if (!*data)
		*data = arena_new(&m->arena, struct inodes);
	return *data;
}

static struct inode *inode_by_id(struct model *m, uint64_t id)
{
	struct inodes *all = inodes_of(m);

	for (size_t i = 0; i < all->v.n; i++)
		if (all->v.v[i].entry->inode_id == id)
			return &all->v.v[i];
	return NULL;
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

/* The file system that the kernel keeps for itself; anybody may call a file of another one "memfd:". */
static dev_t internal_tmpfs(void)
{
	auto_fd int fd = memfd_create("", MFD_CLOEXEC);
	struct stat st;

	return fd < 0 || fstat(fd, &st) < 0 ? 0 : st.st_dev;
}

static bool memfd_claims(const struct file_facts *f)
{
	if (!has_prefix(f->link, memfd_prefix) && !streq(f->link, ANON_NAME " (deleted)"))
		return false;
	return f->st.st_dev == internal_tmpfs();
}

static char *name_of(struct arena *a, const char *link)
{
	size_t skip = has_prefix(link, memfd_prefix) ? strlen(memfd_prefix) : 0, len = strlen(link);
	size_t tail = strlen(deleted);

	if (len >= skip + tail && streq(link + len - tail, deleted))
		len -= tail;
	return arena_printf(a, "%.*s", (int)(len - skip), link + skip);
}

static int open_inode(struct dump *d, const struct file_facts *f, struct inode *ret)
{
	MemfdInodeEntry *e = arena_msg(&d->m.arena, MemfdInodeEntry, memfd_inode_entry__init);
	int err = file_reopen(f->copy, O_RDONLY, &ret->fd), seals;

	if (err)
		return fail_with(err, "open %s for reading", f->link);
	seals = fcntl(ret->fd, F_GET_SEALS);
	if (seals < 0)
		return fail_errno("get the seals of %s", f->link);
	e->name = name_of(&d->m.arena, f->link);
	e->uid = user_uid_inside(&d->m, NULL, f->st.st_uid);
	e->gid = user_gid_inside(&d->m, NULL, f->st.st_gid);
	e->size = f->st.st_size;
	e->seals = seals;
	e->has_mode = true;
	e->mode = f->st.st_mode;
	ret->entry = e;
	ret->ino = f->st.st_ino;
	return 0;
}

static int memfd_scan(struct dump *d, const struct file_facts *f, void *rec)
{
	struct inodes *all = inodes_of(&d->m);
	struct inode inode = { .fd = -1 };
	MemfdFileEntry *e = rec;
	int err;

	for (size_t i = 0; i < all->v.n; i++) {
		if (all->v.v[i].ino == f->st.st_ino) {
			e->inode_id = i + 1;
			return 0;
		}
	}
	err = open_inode(d, f, &inode);
	if (err) {
		own_close_fd(&inode.fd);
		return err;
	}
	e->inode_id = inode.entry->inode_id = all->v.n + 1;
	inode.entry->shmid = FIRST_SHMID + e->inode_id;
	vec_push(&d->m.arena, &all->v, inode);
	return 0;
}

static void describe(struct inode *i)
{
	i->memory.image_id = i->entry->shmid;
	i->memory.size = i->entry->size;
	i->memory.unit = PAGE_SIZE;
}

static int memfd_save(struct dump *d)
{
	struct inodes *all = inodes_of(&d->m);
	struct image_out o;
	int err = 0;

	for (size_t i = 0; i < all->v.n && !err; i++) {
		IN_SCOPE("shared memory", i + 1);
		describe(&all->v.v[i]);
		err = shmem_save(d, &all->v.v[i].memory, all->v.v[i].fd);
	}
	if (err)
		return err;
	image_out_open(&o, d->img_dir, IMG_MEMFD_INODE, 0);
	for (size_t i = 0; i < all->v.n; i++)
		image_put(&o, &all->v.v[i].entry->base);
	return image_out_close(&o);
}

static void close_all(struct inodes *all)
{
	for (size_t i = 0; i < all->v.n; i++) {
		own_close_fd(&all->v.v[i].fd);
		all->v.v[i].fd = -1;
	}
}

static void memfd_release_dump(struct dump *d)
{
	close_all(inodes_of(&d->m));
}

/* --- load ------------------------------------------------------------------------------------------------------ */

static int check_inode(const struct image_in *in, struct model *m, const MemfdInodeEntry *e)
{
	if (inode_by_id(m, e->inode_id))
		return image_bad(in, "id %" PRIu64 " occurs twice", e->inode_id);
	if (e->hugetlb_flag)
		return image_bad(in, "\"%s\" has huge pages, which is not supported yet", e->name);
	if (strlen(e->name) > MAX_NAME)
		return image_bad(in, "has a name of %zu bytes", strlen(e->name));
	if (e->size > INT64_MAX - PAGE_SIZE)
		return image_bad(in, "\"%s\" has %" PRIu64 " bytes", e->name, e->size);
	if (e->seals & ~KNOWN_SEALS)
		return image_bad(in, "\"%s\" has unknown seals 0x%x", e->name, e->seals);
	if (streq(e->name, ANON_NAME) && !e->size)
		return image_bad(in, "is anonymous memory of no bytes");
	return 0;
}

static int memfd_load(struct model *m, int img_dir)
{
	struct image_in in;
	struct inode i = { .fd = -1 };
	int got = 0, err = image_in_open(&in, &m->arena, img_dir, IMG_MEMFD_INODE, 0);

	while (!err && (got = image_next(&in, &i.entry)) > 0) {
		err = check_inode(&in, m, i.entry);
		if (err)
			return err;
		i.memory = (struct shmem){ 0 };
		describe(&i);
		err = shmem_load(&m->arena, img_dir, &i.memory);
		vec_push(&m->arena, &inodes_of(m)->v, i);
	}
	for (size_t n = 0; n < m->files.n && !err && got >= 0; n++) {
		const MemfdFileEntry *e = m->files.v[n].rec;

		if (m->files.v[n].kind == self() && !inode_by_id(m, e->inode_id))
			err = fail(EINVAL, "file %u has memory %u, which is not in memfd.img", e->id, e->inode_id);
	}
	return err ? err : got;
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int make_memfd(const MemfdInodeEntry *e, int *ret_fd)
{
	unsigned int flags = MFD_CLOEXEC | (e->seals == F_SEAL_SEAL ? 0 : MFD_ALLOW_SEALING);

	*ret_fd = memfd_create(e->name, flags);
	if (*ret_fd < 0)
		return fail_errno("memfd_create \"%s\"", e->name);
	return ftruncate(*ret_fd, e->size) < 0 ? fail_errno("make it %" PRIu64 " bytes long", e->size) : 0;
}

/*
 * Only a mapping has such a file, and what it maps can be opened; not by a container's own user, who gets a memfd of that
 * name: its mappings are called "/memfd:/dev/zero" then, and differ in nothing else.
 */
static int make_anon(const MemfdInodeEntry *e, int *ret_fd)
{
	size_t len = align_up(e->size, (uint64_t)PAGE_SIZE);
	char *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char path[80];
	int err;

	if (at == MAP_FAILED)
		return fail_errno("map %zu bytes of shared memory", len);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)at, (unsigned long)(at + len));
	*ret_fd = open(path, O_RDWR | O_CLOEXEC);
	err = *ret_fd < 0 ? -errno : 0;
	munmap(at, len);
	if (err == -EPERM)
		return make_memfd(e, ret_fd);
	return err ? fail_with(err, "open shared memory by %s", path) : 0;
}

static int set_owner(const struct restore *r, const MemfdInodeEntry *e, int fd)
{
	uid_t uid = user_uid_outside(&r->m, e->uid);
	gid_t gid = user_gid_outside(&r->m, e->gid);
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno("look at shared memory");
	if ((st.st_uid != uid || st.st_gid != gid) && fchown(fd, uid, gid) < 0)
		return fail_errno("give \"%s\" to %u:%u", e->name, uid, gid);
	if (e->has_mode && (st.st_mode ^ e->mode) & 07777 && fchmod(fd, e->mode & 07777) < 0)
		return fail_errno("set the mode of \"%s\" to %o", e->name, e->mode & 07777);
	return 0;
}

static int add_seals(const MemfdInodeEntry *e, int fd, uint32_t seals)
{
	/* F_SEAL_SEAL alone: it was made without. */
	if (!seals || e->seals == F_SEAL_SEAL)
		return 0;
	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? fail_errno("seal \"%s\" with 0x%x", e->name, seals) : 0;
}

/* No writable mapping could be made any more behind this one, and the seal of seals comes last. */
static uint32_t late_seals(const MemfdInodeEntry *e)
{
	return e->seals & F_SEAL_FUTURE_WRITE ? e->seals & (F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) : 0;
}

static int make_inode(struct restore *r, struct inode *i)
{
	const MemfdInodeEntry *e = i->entry;
	auto_fd int fd = -1;
	int err = streq(e->name, ANON_NAME) ? make_anon(e, &fd) : make_memfd(e, &fd);

	if (!err)
		err = shmem_write(&i->memory, fd);
	if (!err)
		err = set_owner(r, e, fd);
	if (!err)
		err = add_seals(e, fd, e->seals & ~late_seals(e));
	return err ? err : fd_keep(r, &fd, &i->fd);
}

static int memfd_prepare(struct restore *r)
{
	struct inodes *all = inodes_of(&r->m);
	int err = 0;

	for (size_t i = 0; i < all->v.n && !err; i++) {
		IN_SCOPE("shared memory", all->v.v[i].entry->inode_id);
		err = make_inode(r, &all->v.v[i]);
	}
	return err;
}

static void memfd_release(struct restore *r)
{
	struct inodes *all = inodes_of(&r->m);

	for (size_t i = 0; i < all->v.n && r->files->is_committed; i++) {
		const struct inode *in = &all->v.v[i];

		if (in->fd >= 0 && add_seals(in->entry, in->fd, late_seals(in->entry)))
			warn("\"%s\" can be written to", in->entry->name);
	}
	close_all(all);
}

static int memfd_make(struct restore *r, const void *rec, int *ret_fd)
{
	const MemfdFileEntry *e = rec;
	const struct inode *i = inode_by_id(&r->m, e->inode_id);
	auto_fd int fd = -1;
	int err = file_reopen(i->fd, e->flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_PATH), &fd);

	if (err)
		return fail_with(err, "open \"%s\"", i->entry->name);
	if (e->pos && !(e->flags & O_PATH) && lseek(fd, e->pos, SEEK_SET) < 0)
		return fail_errno("set the position to %" PRIu64, e->pos);
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct file_kind memfd_kind = {
	.name = "memfd",
	.type = FD_TYPES__MEMFD,
	.record = &memfd_file_entry__descriptor,
	.sign = { .format = S_IFREG },
	.claims = memfd_claims,
	.scan = memfd_scan,
	.save = memfd_save,
	.release_dump = memfd_release_dump,
	.load = memfd_load,
	.prepare = memfd_prepare,
	.release = memfd_release,
	.make = memfd_make,
};
