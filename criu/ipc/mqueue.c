/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POSIX message queues: the files of the namespace's mqueue file system. No call sets their times of change. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/mqueue.h"
#include "ipc/perm.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

/* HARD_MSGMAX, HARD_MSGSIZEMAX, MQ_PRIO_MAX */
enum { MAX_MESSAGES = 65536, MAX_SIZE = 16777216, MAX_PRIORITY = 32768 };

/* --- dump ------------------------------------------------------------------------------------------------------ */

/* The queues of the namespace that we are in, as a directory that is mounted nowhere. */
static int open_queues(void)
{
	auto_fd int fs = fsopen("mqueue", FSOPEN_CLOEXEC), mount = -1;
	int dir;

	if (fs < 0 && errno == ENODEV)
		return -ENODEV;		/* a kernel without POSIX message queues */
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail_errno("open the mqueue file system");
	mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	dir = mount < 0 ? -1 : openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? fail_errno("mount the mqueue file system") : dir;
}

/* "QSIZE:0 NOTIFY:0 SIGNO:0 NOTIFY_PID:0": who is not in our pid namespace has no number, but a signal. */
static int refuse_notify(struct dump *d, int fd)
{
	char text[128];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	unsigned long bytes;
	int notify, signo, pid;

	if (len < 0)
		return fail_errno("read its state");
	text[len] = 0;
	if (sscanf(text, "QSIZE:%lu NOTIFY:%d SIGNO:%d NOTIFY_PID:%d", &bytes, &notify, &signo, &pid) != 4)
		return fail(EIO, "its state cannot be understood: %s", text);
	if (notify || signo || pid)
		refuse(&d->refusals, REFUSE_IPC_MQUEUE, "process %d waits for a message with mq_notify(3)", pid);
	return 0;
}

static int scan_queue(struct dump *d, struct ipc_ns *ns, int dir, const char *name)
{
	IN_SCOPE(name, -1);
	IpcMqueueEntry *e = arena_msg(&d->m.arena, IpcMqueueEntry, ipc_mqueue_entry__init);
	auto_fd int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct mq_attr attr;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || mq_getattr(fd, &attr) < 0)
		return fail_errno("look at the queue");
	e->name = arena_strdup(&d->m.arena, name);
	e->mode = st.st_mode & ALLPERMS;
	e->uid = user_uid_in(ns->ns->owner, st.st_uid);
	e->gid = user_gid_in(ns->ns->owner, st.st_gid);
	e->max_messages = attr.mq_maxmsg;
	e->message_size = attr.mq_msgsize;
	vec_push(&d->m.arena, &ns->mqueues, e);
	d->m.inventory->img_version = IMG_VERSION_EXTENDED;
	if (d->opt->plain_images)
		refuse(&d->refusals, REFUSE_IPC_MQUEUE, "POSIX message queues have no place in --plain-images");
	return refuse_notify(d, fd);
}

static int ipc_mqueue_scan(struct dump *d, struct ipc_ns *ns)
{
	IN_SCOPE("mqueue", -1);
	auto_dir DIR *list = NULL;
	struct dirent *at;
	int fd = open_queues(), err = 0;

	if (fd < 0)
		return fd == -ENODEV ? 0 : fd;
	list = fdopendir(fd);
	if (!list)
		return fail_errno("list the queues");
	while (!err && (errno = 0, at = readdir(list)))
		if (strcmp(at->d_name, ".") && strcmp(at->d_name, ".."))
			err = scan_queue(d, ns, fd, at->d_name);
	return err ?: errno ? fail_errno("list the queues") : 0;
}

static int save_queue(struct dump *d, struct image_out *o, int dir, IpcMqueueEntry *e)
{
	IN_SCOPE(e->name, -1);
	auto_fd int fd = openat(dir, e->name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0)
		return fail_errno("open the queue");
	err = mqueue_messages_copy(&d->m.arena, fd, e);
	if (!err)
		image_put(o, &e->base);
	return err;
}

static int ipc_mqueue_save(struct dump *d, struct ipc_ns *ns)
{
	IN_SCOPE("mqueue", -1);
	auto_fd int dir = ns->mqueues.n ? open_queues() : -1;
	struct image_out o;
	int err = ns->mqueues.n ? min(dir, 0) : 0;

	image_out_open(&o, d->img_dir, IMG_IPCNS_MQUEUE, ns->ns->id);
	for (size_t i = 0; i < ns->mqueues.n && !err; i++)
		err = save_queue(d, &o, dir, ns->mqueues.v[i]);
	if (!err)
		return image_out_close(&o);
	free(o.buf);
	return err;
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int check_messages(const struct image_in *in, const IpcMqueueEntry *e)
{
	if (e->n_messages > e->max_messages)
		return image_bad(in, "%s: %zu messages where %u fit", e->name, e->n_messages, e->max_messages);
	for (size_t i = 0; i < e->n_messages; i++) {
		const IpcMqueueMessage *m = e->messages[i];

		if (m->priority >= MAX_PRIORITY || m->text.len > e->message_size)
			return image_bad(in, "%s: message %zu: priority %u, %zu bytes", e->name, i, m->priority,
					 m->text.len);
	}
	return 0;
}

static int check_queue(const struct image_in *in, const IpcMqueueEntry *e)
{
	if (!*e->name || strlen(e->name) > NAME_MAX || strchr(e->name, '/') || !strcmp(e->name, ".") ||
	    !strcmp(e->name, ".."))
		return image_bad(in, "no queue can be called \"%.32s\"", e->name);
	if (e->mode & ~ALLPERMS)
		return image_bad(in, "%s: impossible mode %o", e->name, e->mode);
	if (!e->max_messages || e->max_messages > MAX_MESSAGES || !e->message_size || e->message_size > MAX_SIZE)
		return image_bad(in, "%s: %u messages of %u bytes", e->name, e->max_messages, e->message_size);
	return check_messages(in, e);
}

static int ipc_mqueue_load(struct restore *r, struct ipc_ns *ns)
{
	struct image_in in;
	IpcMqueueEntry *e;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_IPCNS_MQUEUE, ns->ns->id);

	if (got)
		return got;
	while ((got = image_next(&in, &e)) > 0) {
		int err = check_queue(&in, e);

		if (err)
			return err;
		vec_push(&r->m.arena, &ns->mqueues, e);
	}
	return got;
}

/* Made by its owner, whose limit it counts against. */
static int create(const IpcMqueueEntry *e)
{
	struct mq_attr attr = { .mq_maxmsg = e->max_messages, .mq_msgsize = e->message_size };
	struct ipc_identity old;
	int fd, err = ipc_identity_take(e->uid, e->gid, &old);

	if (err)
		return err;
	/* Not mq_open(3): the name goes to the kernel as it is, without a slash. */
	fd = syscall(SYS_mq_open, e->name, O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK | O_CLOEXEC, 0600, &attr);
	if (fd < 0)
		err = errno == EMFILE ? fail_errno("make a queue of %u messages of %u bytes: user %u may not have that "
						   "much (RLIMIT_MSGQUEUE)", e->max_messages, e->message_size, e->uid) :
					fail_errno("make a queue of %u messages of %u bytes", e->max_messages,
						   e->message_size);
	return ipc_identity_back(&old) ?: err ?: fd;
}

static int make_queue(const IpcMqueueEntry *e)
{
	IN_SCOPE(e->name, -1);
	auto_fd int fd = create(e);

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < e->n_messages; i++)
		if (mq_send(fd, (const char *)e->messages[i]->text.data, e->messages[i]->text.len,
			    e->messages[i]->priority) < 0)
			return fail_errno("put message %zu of %zu bytes", i, e->messages[i]->text.len);
	if (fchown(fd, e->uid, e->gid) < 0 || fchmod(fd, e->mode) < 0)
		return fail_errno("set owner %u:%u and mode %o", e->uid, e->gid, e->mode);
	return 0;
}

static int ipc_mqueue_make(struct restore *r not_used, const struct ipc_ns *ns)
{
	IN_SCOPE("mqueue", -1);
	struct rlimit old, most;
	int err = 0;

	if (!ns->mqueues.n)
		return 0;
	if (getrlimit(RLIMIT_MSGQUEUE, &old) < 0)
		return fail_errno("getrlimit");
	most = (struct rlimit){ old.rlim_max, old.rlim_max };
	setrlimit(RLIMIT_MSGQUEUE, &most);
	for (size_t i = 0; i < ns->mqueues.n && !err; i++)
		err = make_queue(ns->mqueues.v[i]);
	setrlimit(RLIMIT_MSGQUEUE, &old);
	return err;
}

const struct ipc_kind ipc_mqueue_kind = {
	.name = "POSIX message queues",
	.scan = ipc_mqueue_scan,
	.save = ipc_mqueue_save,
	.load = ipc_mqueue_load,
	.make = ipc_mqueue_make,
};
