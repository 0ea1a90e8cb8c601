/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits of an IPC namespace: /proc/sys/kernel/{sem,msg*,shm*} and /proc/sys/fs/mqueue. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/sysctl.h"
#include "kernel/read.h"
#include "ns/ns.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

enum { N_SEM_VALUES = 4, TEXT_ROOM = 64, PATH_ROOM = 96, IPC_MNI = 32768 };

/* A setting that is one number; wide: what it is while objects are made, 0: it stands in nobody's way. */
struct setting {
	const char *path;		/* below /proc/sys */
	size_t member;			/* in IpcVarEntry */
	size_t has;			/* of optional members, else 0 */
	bool is_long;
	uint64_t wide;
};

#define MEMBER(m) offsetof(IpcVarEntry, m)
static const struct setting settings[] = {
	{ "kernel/msgmax", MEMBER(msg_ctlmax), 0, false, INT_MAX },
	{ "kernel/msgmnb", MEMBER(msg_ctlmnb), 0, false, INT_MAX },
	{ "kernel/msgmni", MEMBER(msg_ctlmni), 0, false, IPC_MNI },
	{ "kernel/shmmax", MEMBER(shm_ctlmax), 0, true, ULONG_MAX },
	{ "kernel/shmall", MEMBER(shm_ctlall), 0, true, ULONG_MAX },
	{ "kernel/shmmni", MEMBER(shm_ctlmni), 0, false, IPC_MNI },
	{ "fs/mqueue/queues_max", MEMBER(mq_queues_max), 0, false, INT_MAX },
	{ "fs/mqueue/msg_max", MEMBER(mq_msg_max), 0, false, 65536 },		/* HARD_MSGMAX */
	{ "fs/mqueue/msgsize_max", MEMBER(mq_msgsize_max), 0, false, 16777216 },	/* HARD_MSGSIZEMAX */
	{ "fs/mqueue/msg_default", MEMBER(mq_msg_default), MEMBER(has_mq_msg_default), false, 0 },
	{ "fs/mqueue/msgsize_default", MEMBER(mq_msgsize_default), MEMBER(has_mq_msgsize_default), false, 0 },
	/* Last: it removes segments that nobody uses, as soon as it is set. */
	{ "kernel/shm_rmid_forced", MEMBER(shm_rmid_forced), 0, false, 0 },
};

static const struct {
	const char *kind;
	size_t member, has;
} next_ids[] = {
	{ "msg", MEMBER(msg_next_id), MEMBER(has_msg_next_id) },
	{ "sem", MEMBER(sem_next_id), MEMBER(has_sem_next_id) },
	{ "shm", MEMBER(shm_next_id), MEMBER(has_shm_next_id) },
};

static uint64_t value_of(const struct setting *s, const IpcVarEntry *e)
{
	const char *at = (const char *)e + s->member;

	return s->is_long ? *(const uint64_t *)at : *(const uint32_t *)at;
}

static protobuf_c_boolean *has_of(size_t has, const IpcVarEntry *e)
{
	return (protobuf_c_boolean *)((char *)e + has);
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

static int read_text(const char *path, struct proc_text *ret)
{
	int err = proc_text_read(ret, "/proc/sys/%s", path);

	return err ? fail_with(err, "read /proc/sys/%s", path) : 0;
}

static int scan_setting(const struct setting *s, IpcVarEntry *e)
{
	auto_proc_text text = { 0 };
	char *at = (char *)e + s->member;
	uint64_t value;
	int err = read_text(s->path, &text);

	if (err)
		return err;
	if (parse_u64(text.s, 10, &value) < 0 || (!s->is_long && value > UINT32_MAX))
		return fail(EIO, "/proc/sys/%s cannot be understood", s->path);
	if (s->is_long)
		*(uint64_t *)at = value;
	else
		*(uint32_t *)at = value;
	if (s->has)
		*has_of(s->has, e) = true;
	return 0;
}

static int scan_sem(struct arena *a, IpcVarEntry *e)
{
	auto_proc_text text = { 0 };
	int err = read_text("kernel/sem", &text);
	struct cursor c = { .p = text.s };

	if (err)
		return err;
	e->sem_ctls = arena_array(a, uint32_t, N_SEM_VALUES);
	for (e->n_sem_ctls = 0; e->n_sem_ctls < N_SEM_VALUES; e->n_sem_ctls++) {
		while (*c.p == '\t' || *c.p == ' ')
			c.p++;
		e->sem_ctls[e->n_sem_ctls] = take_u64(&c, 10);
	}
	return c.bad ? fail(EIO, "/proc/sys/kernel/sem cannot be understood") : 0;
}

/* -1, nearly always: somebody else's restore has been interrupted otherwise. */
static int scan_next_id(size_t i, IpcVarEntry *e)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/proc/sys/kernel/%s_next_id", next_ids[i].kind);
	int32_t value;

	if (err == -ENOENT)		/* a kernel without CONFIG_CHECKPOINT_RESTORE */
		return 0;
	if (err || parse_i32(text.s, 10, &value))
		return fail(EIO, "/proc/sys/kernel/%s_next_id cannot be read", next_ids[i].kind);
	if (value >= 0) {
		*has_of(next_ids[i].has, e) = true;
		*(uint32_t *)((char *)e + next_ids[i].member) = value;
	}
	return 0;
}

int ipc_sysctls_scan(struct dump *d, struct ipc_ns *ns)
{
	IpcVarEntry *e = arena_msg(&d->m.arena, IpcVarEntry, ipc_var_entry__init);
	int err = scan_sem(&d->m.arena, e);

	ns->var = e;
	for (size_t i = 0; i < array_size(settings) && !err; i++)
		err = scan_setting(&settings[i], e);
	for (size_t i = 0; i < array_size(next_ids) && !err; i++)
		err = scan_next_id(i, e);
	return err;		/* auto_msgmni is always 0 and can be nothing else since Linux 3.19 */
}

/* --- restore --------------------------------------------------------------------------------------------------- */

int ipc_sysctls_load(struct restore *r, struct ipc_ns *ns)
{
	int err = image_read_one(&r->m.arena, r->img_dir, IMG_IPC_VAR, ns->ns->id, &ns->var);

	if (err)
		return err;
	if (ns->var->n_sem_ctls != N_SEM_VALUES)
		return fail(EINVAL, "ipcns-var-%u.img: kernel.sem has %zu values instead of %d", ns->ns->id,
			    ns->var->n_sem_ctls, N_SEM_VALUES);
	for (size_t i = 0; i < array_size(next_ids); i++) {
		uint32_t id = *(uint32_t *)((char *)ns->var + next_ids[i].member);

		if (*has_of(next_ids[i].has, ns->var) && id > INT32_MAX)
			return fail(EINVAL, "ipcns-var-%u.img: %u is no id for kernel.%s_next_id", ns->ns->id, id,
				    next_ids[i].kind);
	}
	return 0;
}

static int open_setting(const char *path, int flags)
{
	char full[PATH_ROOM + 16];

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	return proc_open(full, flags);
}

static void widen(const char *path, const char *text)
{
	auto_fd int fd = open_setting(path, O_WRONLY);

	/* If the limit is indeed too low, the object that it forbids says so. */
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		debug("%s stays: %s", path, strerror(errno));
}

void ipc_sysctls_widen(const struct ipc_ns *ns)
{
	bool is_empty = !ns->segments.n && !ns->queues.n && !ns->sets.n && !ns->mqueues.n;
	char text[TEXT_ROOM];

	if (is_empty)
		return;
	for (size_t i = 0; i < array_size(settings); i++) {
		snprintf(text, sizeof(text), "%" PRIu64, settings[i].wide);
		if (settings[i].wide)
			widen(settings[i].path, text);
	}
	snprintf(text, sizeof(text), "%d %d 500 %d", INT_MAX, INT_MAX, IPC_MNI);
	widen("kernel/sem", text);
}

/* Only if it has another value now: in a user namespace of an older kernel these can be read but not written. */
static int set(struct restore *r, const char *path, const char *text)
{
	auto_fd int in = open_setting(path, O_RDONLY), out = -1;
	char now[TEXT_ROOM];
	ssize_t got;

	if (in < 0 && errno == ENOENT && r->opt->weak_sysctls) {
		warn("/proc/sys/%s does not exist here, it was %s", path, text);
		return 0;
	}
	if (in < 0)
		return fail_errno("open /proc/sys/%s (--weak-sysctls goes on without it if it does not exist)", path);
	got = read(in, now, sizeof(now) - 1);
	if (got < 0)
		return fail_errno("read /proc/sys/%s", path);
	now[got] = 0;
	now[strcspn(now, "\n")] = 0;
	if (streq(now, text))
		return 0;
	out = open_setting(path, O_WRONLY);
	if (out < 0 || write(out, text, strlen(text)) < 0)
		return fail_errno("set /proc/sys/%s to %s, it is %s", path, text, now);
	return 0;
}

static int set_next_id(struct restore *r, size_t i, const IpcVarEntry *e)
{
	char path[PATH_ROOM], text[TEXT_ROOM];

	if (!*has_of(next_ids[i].has, e))
		return 0;
	snprintf(path, sizeof(path), "kernel/%s_next_id", next_ids[i].kind);
	snprintf(text, sizeof(text), "%" PRIu32, *(const uint32_t *)((const char *)e + next_ids[i].member));
	return set(r, path, text);
}

int ipc_sysctls_make(struct restore *r, const struct ipc_ns *ns)
{
	const IpcVarEntry *e = ns->var;
	char text[TEXT_ROOM];
	int err;

	snprintf(text, sizeof(text), "%u\t%u\t%u\t%u", e->sem_ctls[0], e->sem_ctls[1], e->sem_ctls[2], e->sem_ctls[3]);
	err = set(r, "kernel/sem", text);
	for (size_t i = 0; i < array_size(settings) && !err; i++) {
		snprintf(text, sizeof(text), "%" PRIu64, value_of(&settings[i], e));
		if (!settings[i].has || *has_of(settings[i].has, e))
			err = set(r, settings[i].path, text);
	}
	for (size_t i = 0; i < array_size(next_ids) && !err; i++)
		err = set_next_id(r, i, e);
	if (e->auto_msgmni)
		warn("kernel.auto_msgmni was %u; since Linux 3.19 it means nothing and cannot be set", e->auto_msgmni);
	return err;
}

int ipc_next_id_open(const char *kind)
{
	char path[PATH_ROOM];
	int fd;

	snprintf(path, sizeof(path), "kernel/%s_next_id", kind);
	fd = open_setting(path, O_WRONLY);
	return fd < 0 ? fail_errno("open /proc/sys/%s (CONFIG_CHECKPOINT_RESTORE)", path) : fd;
}

int ipc_next_id(int fd, uint32_t id)
{
	char text[TEXT_ROOM];
	int len = snprintf(text, sizeof(text), "%" PRIu32, id);

	if (pwrite(fd, text, len, 0) != len)
		return fail_errno("ask for id %s", text);
	return 0;
}
