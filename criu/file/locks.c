/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks on files. The kernel shows a lock with the description that made it, where that is open in the process (POSIX) or
 * anywhere (flock, OFD). A POSIX lock belongs to a descriptor table, the others to the description.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/parse.h"
#include "file/kind.h"
#include "file/locks.h"
#include "image/dir.h"
#include "kernel/read.h"
#include "options.h"
#include "pie/kinds.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"

/* --- dump ------------------------------------------------------------------------------------------------------ */

static bool take_word(struct cursor *c, const char *word)
{
	if (!has_prefix(c->p, word))
		return false;
	c->p += strlen(word);
	take_spaces(c);
	return true;
}

/* "1: POSIX  ADVISORY  READ 28278 fe:00:1164353 10 EOF" */
int lock_parse(const char *line, FileLockEntry *ret)
{
	static const struct { const char *word; uint32_t flag; } kinds[] = {
		{ "POSIX ", LOCK_POSIX }, { "FLOCK ", LOCK_FLOCK }, { "OFDLCK ", LOCK_OFD }, { "LEASE ", LOCK_LEASE },
	};
	struct cursor c = { .p = line };
	uint64_t end = 0;

	take_u64(&c, 10);
	take_char(&c, ':');
	take_spaces(&c);
	ret->flag = 0;
	for (size_t i = 0; i < array_size(kinds) && !ret->flag; i++)
		if (take_word(&c, kinds[i].word))
			ret->flag = kinds[i].flag;
	if (c.bad)
		return -EINVAL;
	if (!ret->flag || ret->flag == LOCK_LEASE || !take_word(&c, "ADVISORY "))
		return -EOPNOTSUPP;
	if (take_word(&c, "READ "))
		ret->type = F_RDLCK;
	else if (take_word(&c, "WRITE "))
		ret->type = F_WRLCK;
	else
		return -EOPNOTSUPP;
	take_i64(&c, 10);		/* who made it, which may be nobody any more */
	take_spaces(&c);
	take_u64(&c, 16);
	take_char(&c, ':');
	take_u64(&c, 16);
	take_char(&c, ':');
	take_u64(&c, 10);
	ret->start = take_u64(&c, 10);
	take_spaces(&c);
	if (take_word(&c, "EOF")) {
		ret->len = 0;
	} else {
		end = take_u64(&c, 10);
		ret->len = end - ret->start + 1;
		c.bad |= end > INT64_MAX - 1 || (int64_t)end < ret->start;
	}
	return c.bad || ret->start < 0 ? -EINVAL : 0;
}

/* A duplicate of the descriptor shows the same lock; so does, but for POSIX, a description that others have. */
struct lock_seen {
	FileLockEntry *e;
	const void *owner;		/* a descriptor table, of POSIX locks */
	uint32_t file;			/* the description, of others */
	dev_t dev;
	ino_t ino;
};

struct locks_dump {
	VEC(struct lock_seen) v;
	VEC(const char *) inodes;	/* as the lines have them: "fe:00:1164353" */
};

static bool is_same(const struct lock_seen *a, const struct lock_seen *b)
{
	if (a->e->flag != b->e->flag || a->e->type != b->e->type || a->e->start != b->e->start || a->e->len != b->e->len)
		return false;
	return a->e->flag == LOCK_POSIX ? a->owner == b->owner && a->dev == b->dev && a->ino == b->ino : a->file == b->file;
}

/* Of a line of fdinfo or /proc/locks: who has made the lock, and the inode as it stands there. False: it has not these. */
static bool parse_owner(const char *line, pid_t *ret_pid, char ret_inode[64])
{
	return sscanf(line, "%*d: %*s %*s %*s %d %63s", ret_pid, ret_inode) == 2;
}

static struct locks_dump *locks_of(struct dump *d)
{
	if (!d->locks)
		d->locks = arena_new(&d->m.arena, struct locks_dump);
	return d->locks;
}

static void note_lock(struct dump *d, const struct lock_seen *s)
{
	struct locks_dump *l = locks_of(d);

	for (size_t i = 0; i < l->v.n; i++)
		if (is_same(&l->v.v[i], s))
			return;
	vec_push(&d->m.arena, &l->v, *s);
	vec_push(&d->m.arena, &d->m.locks, s->e);
}

static int scan_line(struct dump *d, const struct file_facts *f, const char *line)
{
	struct lock_seen s = {
		.e = arena_msg(&d->m.arena, FileLockEntry, file_lock_entry__init), .owner = f->task->fds, .file = f->id,
		.dev = f->st.st_dev, .ino = f->st.st_ino,
	};
	int err = lock_parse(line, s.e), len = strcspn(line, "\n");
	char inode[64];
	pid_t pid;

	if (parse_owner(line, &pid, inode))
		vec_push(&d->m.arena, &locks_of(d)->inodes, arena_strdup(&d->m.arena, inode));
	if (err == -EINVAL)
		return fail(err, "the lock \"%.*s\" cannot be understood", len, line);
	if (err)
		refuse(&d->refusals, REFUSE_FILE_LEASE, "%s has a lease or the like (%.*s)", f->link, len, line);
	else if (!d->opt->file_locks)
		refuse(&d->refusals, REFUSE_FILE_LOCK, "%s is locked (%.*s)", f->link, len, line);
	s.e->pid = leader(f->task)->pid;
	s.e->fd = f->fd;
	note_lock(d, &s);
	return 0;
}

int locks_scan(struct dump *d, const struct file_facts *f)
{
	static const char key[] = "lock:";
	int err = 0;

	for (const char *at = f->fdinfo; at && *at && !err; at = strchr(at, '\n'), at += at != NULL)
		if (has_prefix(at, key))
			err = scan_line(d, f, at + strlen(key) + strspn(at + strlen(key), "\t "));
	return err;
}

static bool is_known(const struct locks_dump *l, const char *inode)
{
	for (size_t i = 0; i < l->inodes.n; i++)
		if (streq(l->inodes.v[i], inode))
			return true;
	return false;
}

/*
 * A description without a descriptor lives on in a mapping or in a queue, and its flock with it: no fdinfo tells of that.
 * Only flock: a process loses POSIX locks with its descriptor, and of OFD locks /proc/locks does not say whose they are.
 */
int locks_refuse_hidden(struct dump *d)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/proc/locks");
	char *lines = text.s;

	if (err)
		return err == -ENOENT ? 0 : fail_with(err, "read /proc/locks");
	for (char *line; (line = next_line(&lines));) {
		char inode[64];
		pid_t pid;

		if (!strstr(line, ": FLOCK ") || !parse_owner(line, &pid, inode) || !model_task_by_real(&d->m, pid) ||
		    is_known(locks_of(d), inode))
			continue;
		IN_SCOPE("task", pid);
		refuse(&d->refusals, REFUSE_FILE_LEASE, "has a flock on inode %s by a file that no descriptor leads to",
		       inode);
	}
	return 0;
}

int locks_save(struct dump *d)
{
	struct image_out o;

	if (!d->m.locks.n)
		return 0;
	image_out_open(&o, d->img_dir, IMG_FILE_LOCKS, 0);
	for (size_t i = 0; i < d->m.locks.n; i++)
		image_put(&o, &d->m.locks.v[i]->base);
	return image_out_close(&o);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static bool has_fd(const struct fd_table *t, int fd)
{
	for (size_t i = 0; t && i < t->fds.n; i++)
		if (t->fds.v[i]->fd == (uint32_t)fd)
			return true;
	return false;
}

static int check_lock(const struct image_in *in, const struct model *m, const FileLockEntry *e)
{
	const struct task *t = model_task_by_pid(m, e->pid);

	if (e->flag == LOCK_LEASE)
		return image_bad(in, "descriptor %d of task %d has a lease: not supported yet", e->fd, e->pid);
	if (e->flag != LOCK_POSIX && e->flag != LOCK_FLOCK && e->flag != LOCK_OFD)
		return image_bad(in, "kind %u of lock", e->flag);
	if (e->type != F_RDLCK && e->type != F_WRLCK)
		return image_bad(in, "type %u of lock", e->type);
	if (e->start < 0 || e->len < 0 || e->len > INT64_MAX - e->start)
		return image_bad(in, "a lock of %" PRId64 " bytes at %" PRId64, e->len, e->start);
	if (!t || !has_fd(t->fds, e->fd))
		return image_bad(in, "a lock of descriptor %d of task %d, which is not there", e->fd, e->pid);
	return 0;
}

int locks_load(struct model *m, int img_dir)
{
	struct image_in in;
	FileLockEntry *e;
	int got = image_in_open(&in, &m->arena, img_dir, IMG_FILE_LOCKS, 0);

	if (got)
		return got;
	while ((got = image_next(&in, &e)) > 0) {
		int err = check_lock(&in, m, e);

		if (err)
			return err;
		vec_push(&m->arena, &m->locks, e);
	}
	return got;
}

static int fail_locked(const FileLockEntry *e, pid_t who)
{
	if (who > 0)
		return fail(EAGAIN, "process %d has locked the file meanwhile; end it, or let it unlock", who);
	return fail(EAGAIN, "somebody has locked the file meanwhile (%s)", e->flag == LOCK_FLOCK ? "flock" : "OFD");
}

static int make_flock(const FileLockEntry *e)
{
	if (flock(e->fd, (e->type == F_RDLCK ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? fail_locked(e, 0) : fail_errno("flock");
}

static int make_range(struct restore *r, const FileLockEntry *e)
{
	struct flock lock = { .l_type = e->type, .l_start = e->start, .l_len = e->len };
	struct filelock_arm row = { e->fd, e->type, e->start, e->len };
	bool is_posix = e->flag == LOCK_POSIX;

	if (fcntl(e->fd, is_posix ? F_GETLK : F_OFD_GETLK, &lock) < 0)
		return fail_errno("ask for locks");
	if (lock.l_type != F_UNLCK)
		return fail_locked(e, lock.l_pid);
	if (is_posix) {
		late_add(r, LATE_filelock, leader(r->self), &row, sizeof(row));
		return 0;
	}
	lock = (struct flock){ .l_type = e->type, .l_start = e->start, .l_len = e->len };
	return fcntl(e->fd, F_OFD_SETLK, &lock) < 0 ? fail_errno("F_OFD_SETLK") : 0;
}

int locks_make(struct restore *r)
{
	int err = 0;

	for (size_t i = 0; i < r->m.locks.n && !err; i++) {
		const FileLockEntry *e = r->m.locks.v[i];
		const struct task *t = model_task_by_pid(&r->m, e->pid);

		if (t->fds->owner != r->self)
			continue;
		IN_SCOPE("fd", e->fd);
		err = e->flag == LOCK_FLOCK ? make_flock(e) : make_range(r, e);
	}
	return err;
}
