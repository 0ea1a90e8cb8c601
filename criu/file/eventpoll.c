/* SPDX-License-Identifier: GPL-2.0-or-later */
/* epoll descriptors: targets by number and file, what is waited for, one-shots that have fired. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/kind.h"
#include "file/places.h"
#include "file/search.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

/* What the kernel leaves of the mask when a one-shot has fired (EP_PRIVATE_BITS in fs/eventpoll.c). */
#define PRIVATE_BITS ((uint32_t)(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE))

static void take_key(struct cursor *c, const char *key)
{
	take_spaces(c);
	while (*key && !c->bad)
		take_char(c, *key++);
	take_spaces(c);
}

/* "       5 events:       19 data:                5  pos:0 ino:2c29 sdev:f" */
static int parse_target(const char *val, EventpollTfdEntry *ret)
{
	struct cursor c = { .p = val };

	ret->tfd = take_u64(&c, 10);
	take_key(&c, "events:");
	ret->events = take_u64(&c, 16);
	take_key(&c, "data:");
	ret->data = take_u64(&c, 16);
	if (c.bad)
		return -EINVAL;
	/* Since 5.1 */
	take_key(&c, "pos:");
	ret->pos = take_i64(&c, 10);
	take_key(&c, "ino:");
	ret->inode = take_u64(&c, 16);
	take_key(&c, "sdev:");
	ret->dev = take_u64(&c, 16);
	ret->has_pos = ret->has_inode = ret->has_dev = !c.bad;
	return 0;
}

static int eventpoll_fdinfo(struct dump *d, void *rec, const char *key, const char *val)
{
	EventpollFileEntry *e = rec;
	EventpollTfdEntry *t;

	if (!streq(key, "tfd"))
		return FDINFO_NOT_MINE;
	t = arena_msg(&d->m.arena, EventpollTfdEntry, eventpoll_tfd_entry__init);
	pb_push(&d->m.arena, e->tfd, e->n_tfd, t);
	return parse_target(val, t);
}

static int eventpoll_scan(struct dump *d not_used, const struct file_facts *f, void *rec not_used)
{
	struct {
		uint32_t usecs;
		uint16_t budget;
		uint8_t prefer, pad;
	} params = { 0 };

	/* EPIOCGPARAMS, 6.9; not restored, since it changes when data is noticed but not what is. */
	if (ioctl(f->copy, _IOR(0x8a, 2, params), &params) == 0 && (params.usecs || params.budget || params.prefer))
		warn("busy-poll settings of an epoll descriptor are lost");
	return 0;
}

/* One registration: the nth (toff) with this number in descriptor efd of a process. */
struct registration {
	pid_t pid_real;
	struct kcmp_epoll_slot slot;
};

static int is_target(pid_t pid_real, int fd, void *arg)
{
	struct registration *r = arg;
	long order = syscall(SYS_kcmp, pid_real, r->pid_real, KCMP_EPOLL_TFD, fd, &r->slot);

	if (order >= 0)
		return !order;
	if (errno == EBADF)
		return 0;
	/* Kernels built without it: the number is all there is. */
	if (errno == EOPNOTSUPP || errno == EINVAL)
		return fd == (int)r->slot.tfd;
	return fail_errno("ask for the target with number %u", r->slot.tfd);
}

/* The number a file was registered under stays, also when it is closed and used again for another file. */
static int find_target(struct dump *d, const struct task *t, struct registration *r, EventpollTfdEntry *e)
{
	const FdinfoEntry *found = table_find(t->fds, e->tfd);
	int err, same = found ? is_target(r->pid_real, e->tfd, r) : 0;

	if (same)
		return min(same, 0);
	found = table_search(t->fds, is_target, r, &err);
	if (!found && !err && !d->opt->plain_images) {
		found = tables_search(&d->m, t->fds, is_target, r, &err);
		if (found) {
			e->has_file = true;
			e->file = found->id;
		}
	}
	if (err)
		return err;
	/* Tables have what kinds have claimed: a target that is refused itself is no second reason. */
	if (!found && d->refusals.list.n) {
		same = is_target(r->pid_real, e->tfd, r);
		if (same)
			return min(same, 0);
	}
	if (!found) {
		refuse(&d->refusals, REFUSE_FILE_EPOLL_TARGET, "the file registered as %u is not open any more",
		       e->tfd);
		return 0;
	}
	if (!d->opt->plain_images) {
		e->has_registered = true;
		e->registered = e->tfd;
	}
	e->tfd = found->fd;
	return 0;
}

static uint32_t registered_as(const EventpollTfdEntry *e)
{
	return e->has_registered ? e->registered : e->tfd;
}

static int eventpoll_scan_peers(struct dump *d, const struct task *t, int fd, void *rec)
{
	const EventpollFileEntry *e = rec;
	int err = 0;

	for (size_t i = 0; i < e->n_tfd && !err; i++) {
		struct registration r = { .pid_real = leader(t)->pid_real };

		r.slot.efd = fd;
		r.slot.tfd = e->tfd[i]->tfd;
		/* Several files can be registered under one number; kcmp counts them in the order of fdinfo. */
		for (size_t n = 0; n < i; n++)
			r.slot.toff += registered_as(e->tfd[n]) == r.slot.tfd;
		err = find_target(d, t, &r, e->tfd[i]);
	}
	return err;
}

static int eventpoll_check(const void *rec)
{
	const EventpollFileEntry *e = rec;

	for (size_t i = 0; i < e->n_tfd; i++)
		if (e->tfd[i]->tfd > INT32_MAX || e->tfd[i]->registered > INT32_MAX)
			return fail(EINVAL, "target %u is no descriptor number", e->tfd[i]->tfd);
	return 0;
}

static int eventpoll_make(struct restore *r not_used, const void *rec not_used, int *ret_fd)
{
	auto_fd int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return fail_errno("epoll_create");
	*ret_fd = take_fd(&fd);
	return 0;
}

static bool has_fired(const EventpollTfdEntry *e)
{
	return e->events & EPOLLONESHOT && !(e->events & ~PRIVATE_BITS);
}

/*
 * Every mask that is set gets EPOLLERR and EPOLLHUP from the kernel; only a one-shot that fires has none. So let it
 * fire, while it is the only one: the data that made it fire is there again in nearly all cases.
 */
static int add_fired(int efd, int number, const EventpollTfdEntry *e)
{
	struct epoll_event ev = { .events = e->events | EPOLLIN | EPOLLOUT | EPOLLPRI, .data.u64 = e->data }, got;

	if (epoll_ctl(efd, EPOLL_CTL_ADD, number, &ev) < 0)
		return -errno;
	if (epoll_wait(efd, &got, 1, 0) == 1)
		return 0;
	warn("one-shot target %d has fired, but is not ready now: it can report errors and hang-ups", number);
	ev.events = e->events;
	return epoll_ctl(efd, EPOLL_CTL_MOD, number, &ev) < 0 ? -errno : 0;
}

static int add(int efd, int number, const EventpollTfdEntry *e)
{
	struct epoll_event ev = { .events = e->events, .data.u64 = e->data };
	int err = has_fired(e) ? add_fired(efd, number, e) :
		  epoll_ctl(efd, EPOLL_CTL_ADD, number, &ev) < 0 ? -errno : 0;

	return err ? fail_with(err, "add target %d", number) : 0;
}

/* Lends the number to the file: what has it now goes aside, and comes back. */
static int add_under(struct restore *r, int efd, int fd, int number, const EventpollTfdEntry *e)
{
	int flags = fcntl(number, F_GETFD), err;
	auto_fd int aside = -1;

	if (flags >= 0) {
		aside = fcntl(number, F_DUPFD_CLOEXEC, r->service_fd_min);
		if (aside < 0)
			return fail_errno("put descriptor %d aside", number);
	}
	if (dup3(fd, number, O_CLOEXEC) < 0)
		return fail_errno("put descriptor %d to %d", fd, number);
	/* The epoll descriptor itself may be what went aside. */
	err = add(efd == number ? aside : efd, number, e);
	if (aside < 0)
		close(number);
	else if (dup3(aside, number, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
		return fail_errno("put descriptor %d back", number);
	return err;
}

static int add_target(struct restore *r, int efd, const EventpollTfdEntry *e)
{
	int number = registered_as(e), err;
	auto_fd int fetched = -1;

	if (e->has_file) {
		err = file_fetch(r, e->file, &fetched);
		if (err)
			return err;
	}
	/* The task's own numbers end below; a registration up there would collide with the tool's. */
	if (number >= r->service_fd_min && number != (int)e->tfd) {
		warn("target registered as %d, which is closed, is now registered as %u", number, e->tfd);
		number = e->tfd;
	}
	if (!e->has_file && number == (int)e->tfd)
		return add(efd, number, e);
	/* A fetched descriptor took the lowest free number, which may be this one. */
	if (fetched == number)
		return add(efd, number, e);
	return add_under(r, efd, e->has_file ? fetched : (int)e->tfd, number, e);
}

static int eventpoll_fill(struct restore *r, const struct task *t not_used, const void *rec, int fd)
{
	const EventpollFileEntry *e = rec;
	int err = 0;

	/* Fired one-shots first: they must be alone to fire. */
	for (size_t i = 0; i < e->n_tfd && !err; i++)
		if (has_fired(e->tfd[i]))
			err = add_target(r, fd, e->tfd[i]);
	for (size_t i = 0; i < e->n_tfd && !err; i++)
		if (!has_fired(e->tfd[i]))
			err = add_target(r, fd, e->tfd[i]);
	return err;
}

const struct file_kind eventpoll_kind = {
	.name = "eventpoll",
	.type = FD_TYPES__EVENTPOLL,
	.record = &eventpoll_file_entry__descriptor,
	.sign = { .anon = "[eventpoll]" },
	.fdinfo = eventpoll_fdinfo,
	.scan = eventpoll_scan,
	.scan_peers = eventpoll_scan_peers,
	.check = eventpoll_check,
	.make = eventpoll_make,
	.fill = eventpoll_fill,
};
