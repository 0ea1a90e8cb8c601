/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From before the scan until the tasks run again or are gone, no packet passes the network namespaces of a tree: else
 * one that arrives in between is acknowledged by a connection that the images do not have it in. The locks are
 * sockets (net/lock.h), so they need no journal: the kernel takes them back, however this process ends. A namespace
 * without a socket that packets reach is let alone: all tasks are stopped, so none is made, and to take a lock away
 * lasts as long as the rest of a small dump.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/away.h"
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "net/hold.h"
#include "net/lock.h"
#include "net/protocols.h"
#include "options.h"
#include "run/dump.h"

struct held {
	ino_t ino;
	struct netlink lock;
};

struct net_holds {
	VEC(struct held) v;
};

static bool is_skipped(const struct options *opt)
{
	return opt->network_lock && (streq(opt->network_lock, "skip") || streq(opt->network_lock, "none"));
}

int net_hold_check(const struct options *opt)
{
	const char *m = opt->network_lock;

	if (!m || is_skipped(opt) || streq(m, "nftables") || streq(m, "iptables"))
		return 0;
	return fail(EINVAL, "invalid argument for --network-lock: %s (nftables, iptables, skip or none)", m);
}

static bool is_held(const struct net_holds *h, ino_t ino)
{
	for (size_t i = 0; i < h->v.n; i++)
		if (h->v.v[i].ino == ino)
			return true;
	return false;
}

/* What the kernel lacks the user cannot give it: nobody asked for a method by name, so the dump goes on. */
static int lock_inside(struct dump *d, struct held *h)
{
	int err;

	if (!d->opt->network_lock && !protocols_hear())
		return 0;
	err = net_lock(&d->m.arena, arena_printf(&d->m.arena, "%d", getpid()), &h->lock);

	if (!err || d->opt->network_lock || (err != -EPROTONOSUPPORT && err != -EOPNOTSUPP))
		return err;
	warn("this kernel has no nftables: the network is not kept still");
	h->lock.fd = -1;
	return 0;
}

struct locking {
	struct dump *d;
	struct held held;
};

static int lock_away(void *arg)
{
	struct locking *l = arg;

	return lock_inside(l->d, &l->held);
}

static int hold_one(struct dump *d, pid_t pid_real, ino_t ino, int own)
{
	struct locking l = { d, { .ino = ino, .lock = NETLINK_CLOSED } };
	char path[48];
	auto_fd int fd = -1;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid_real);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno("open %s", path);
	err = work_away(fd, own, lock_away, &l);
	if (err == -EXDEV)
		return fail_errno("enter the network namespace of process %d", pid_real);
	if (err)
		netlink_close(&l.held.lock);
	else
		vec_push(&d->m.arena, &d->holds->v, l.held);
	return err;
}

static int inode_of(const char *path, ino_t *ret)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail_errno("look at %s", path);
	*ret = st.st_ino;
	return 0;
}

/* Calls work() for each process that is not in the network namespace of the tool. */
static int each_foreign(struct dump *d, int (*work)(struct dump *d, pid_t pid_real, ino_t ino, void *arg), void *arg)
{
	char path[48];
	ino_t ours, its;
	int err = inode_of("/proc/thread-self/ns/net", &ours);

	for (size_t i = 0; i < d->m.tasks.n && !err; i++) {
		pid_t pid = leader(d->m.tasks.v[i])->pid_real;

		if (!d->m.tasks.v[i]->dump->proc)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
		err = inode_of(path, &its);
		if (!err && its != ours)
			err = work(d, pid, its, arg);
	}
	return err;
}

static int note(struct dump *d not_used, pid_t pid_real not_used, ino_t ino not_used, void *arg)
{
	*(bool *)arg = true;
	return 0;
}

int net_find(struct dump *d, bool *ret_any)
{
	*ret_any = false;
	return each_foreign(d, note, ret_any);
}

static int hold_new(struct dump *d, pid_t pid_real, ino_t ino, void *own)
{
	return is_held(d->holds, ino) ? 0 : hold_one(d, pid_real, ino, *(int *)own);
}

int net_hold(struct dump *d)
{
	auto_fd int own = -1;

	if (is_skipped(d->opt))
		return 0;
	d->holds = arena_new(&d->m.arena, struct net_holds);
	own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return own < 0 ? fail_errno("open /proc/thread-self/ns/net") : each_foreign(d, hold_new, &own);
}

void net_release(struct dump *d)
{
	for (size_t i = 0; d->holds && i < d->holds->v.n; i++)
		if (d->holds->v.v[i].lock.fd >= 0)
			netlink_close(&d->holds->v.v[i].lock);
	d->holds = NULL;
}
