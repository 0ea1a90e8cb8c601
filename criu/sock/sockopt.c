/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that sockets of all families have. */
#include <errno.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "base/log.h"
#include "base/own.h"
#include "sock/sockopt.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72 /* 5.14 */
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* 6.5 */
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* 6.16 */
#endif

enum { OURS = 1 }; /* a field that the established format does not have */

/* Options that are one int. Booleans of protobuf-c are ints, too. */
static const struct number {
	int option;
	const char *name;
	size_t has, value;
	unsigned int flags;
} numbers[] = {
#define FIELD(field) offsetof(SkOptsEntry, has_##field), offsetof(SkOptsEntry, field)
#define NUMBER(option, field, flags) { option, #option, FIELD(field), flags }
	NUMBER(SO_REUSEADDR, reuseaddr, 0),
	NUMBER(SO_REUSEPORT, so_reuseport, 0),
	NUMBER(SO_BROADCAST, so_broadcast, 0),
	NUMBER(SO_KEEPALIVE, so_keepalive, 0),
	NUMBER(SO_PRIORITY, so_priority, 0),
	NUMBER(SO_RCVLOWAT, so_rcvlowat, 0),
	NUMBER(SO_MARK, so_mark, 0),
	NUMBER(SO_PASSCRED, so_passcred, 0),
	NUMBER(SO_PASSSEC, so_passsec, 0),
	NUMBER(SO_DONTROUTE, so_dontroute, 0),
	NUMBER(SO_NO_CHECK, so_no_check, 0),
	NUMBER(SO_OOBINLINE, so_oobinline, 0),
	NUMBER(SO_PEEK_OFF, so_peek_off, OURS),
	NUMBER(SO_PASSPIDFD, so_passpidfd, OURS),
	NUMBER(SO_PASSRIGHTS, so_passrights, OURS),
#undef NUMBER
#undef FIELD
};

static int get_int(int fd, int option, int *ret)
{
	socklen_t len = sizeof(*ret);

	return getsockopt(fd, SOL_SOCKET, option, ret, &len) < 0 ? -errno : 0;
}

static int *value_of(const SkOptsEntry *e, size_t offset)
{
	return (int *)((char *)e + offset);
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

/* An option that this kernel or this family does not know has its only value. */
static bool is_unknown(int err)
{
	return err == -ENOPROTOOPT || err == -EOPNOTSUPP || err == -EINVAL;
}

static int scan_numbers(int fd, bool is_plain, SkOptsEntry *e)
{
	for (size_t i = 0; i < array_size(numbers); i++) {
		const struct number *n = &numbers[i];
		int v, err = get_int(fd, n->option, &v);

		if (is_unknown(err) || (is_plain && n->flags & OURS))
			continue;
		if (err)
			return fail_with(err, "get %s", n->name);
		/* Absent means 0 to other readers. */
		*value_of(e, n->has) = n->option != SO_MARK || v;
		*value_of(e, n->value) = v;
	}
	return 0;
}

static int scan_timeout(int fd, int option, uint64_t *ret_sec, uint64_t *ret_usec)
{
	struct timeval t;
	socklen_t len = sizeof(t);

	if (getsockopt(fd, SOL_SOCKET, option, &t, &len) < 0)
		return fail_errno("get %s", option == SO_SNDTIMEO ? "SO_SNDTIMEO" : "SO_RCVTIMEO");
	*ret_sec = t.tv_sec;
	*ret_usec = t.tv_usec;
	return 0;
}

/* A classic filter; of an eBPF one the kernel tells nothing (EACCES). */
static int scan_filter(struct arena *a, int fd, bool is_plain, SkOptsEntry *e)
{
	socklen_t n = 0;
	struct sock_filter *code;
	int locked = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n) < 0) {
		if (errno == EACCES)
			return fail(EOPNOTSUPP, "an eBPF program filters the socket, which cannot be read");
		return is_unknown(-errno) ? 0 : fail_errno("get the filter");
	}
	if (!n)
		return 0;
	code = arena_array(a, struct sock_filter, n);
	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &n) < 0)
		return fail_errno("get the filter");
	e->so_filter = arena_array(a, uint64_t, n);
	e->n_so_filter = n;
	for (socklen_t i = 0; i < n; i++)
		e->so_filter[i] = (uint64_t)code[i].code << 48 | (uint64_t)code[i].jt << 40 |
				  (uint64_t)code[i].jf << 32 | code[i].k;
	if (!is_plain && !get_int(fd, SO_LOCK_FILTER, &locked))
		e->has_so_lock_filter = e->so_lock_filter = locked;
	return 0;
}

int sock_options_scan(struct arena *a, int fd, bool is_plain, SkOptsEntry *ret)
{
	struct linger linger;
	socklen_t len = sizeof(linger);
	int v, err = 0;

	if (get_int(fd, SO_SNDBUF, (int *)&ret->so_sndbuf) ||
	    get_int(fd, SO_RCVBUF, (int *)&ret->so_rcvbuf))
		return fail_errno("get the sizes of buffers");
	err = scan_timeout(fd, SO_SNDTIMEO, &ret->so_snd_tmo_sec, &ret->so_snd_tmo_usec);
	if (!err)
		err = scan_timeout(fd, SO_RCVTIMEO, &ret->so_rcv_tmo_sec, &ret->so_rcv_tmo_usec);
	if (!err)
		err = scan_numbers(fd, is_plain, ret);
	if (err)
		return err;
	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len) == 0 && linger.l_onoff) {
		ret->has_so_linger = true;
		ret->so_linger = linger.l_linger;
	}
	if (!get_int(fd, SO_BUF_LOCK, &v)) {
		ret->has_so_buf_lock = true;
		ret->so_buf_lock = v;
	}
	return scan_filter(a, fd, is_plain, ret);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

int sock_options_check(const SkOptsEntry *e)
{
	if (e->so_sndbuf > INT32_MAX || e->so_rcvbuf > INT32_MAX)
		return fail(EINVAL, "buffers of %u and %u bytes", e->so_sndbuf, e->so_rcvbuf);
	if (e->so_snd_tmo_usec >= 1000000 || e->so_rcv_tmo_usec >= 1000000)
		return fail(EINVAL, "timeouts with more than a million microseconds");
	if (e->n_so_filter > BPF_MAXINSNS)
		return fail(EINVAL, "a filter of %zu instructions", e->n_so_filter);
	return 0;
}

static int set_int(int fd, int option, const char *name, int v)
{
	if (setsockopt(fd, SOL_SOCKET, option, &v, sizeof(v)) < 0)
		return fail_errno("set %s to %d", name, v);
	return 0;
}

/* The kernel doubles what it is given. FORCE goes beyond net.core.wmem_max, and takes CAP_NET_ADMIN of the machine. */
static int set_buffer(int fd, int option, int force, const char *name, uint32_t wanted)
{
	int now, half = wanted / 2;

	if (get_int(fd, option, &now) == 0 && now == (int)wanted)
		return 0;
	if (setsockopt(fd, SOL_SOCKET, force, &half, sizeof(half)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, option, &half, sizeof(half)) < 0)
		return fail_errno("set %s to %u", name, wanted);
	if (get_int(fd, option, &now) == 0 && now < (int)wanted)
		warn("%s is %d, was %u: see net.core.wmem_max and rmem_max", name, now, wanted);
	return 0;
}

void sock_make_room(int fd, size_t len)
{
	int now, wanted = min(len, (size_t)INT32_MAX / 8);

	/* What the kernel counts is its own structures, too. */
	if (get_int(fd, SO_SNDBUF, &now) == 0 && now < wanted * 4 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ wanted * 2 }, sizeof(int)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ wanted * 2 }, sizeof(int));
}

static int set_timeout(int fd, int option, const char *name, uint64_t sec, uint64_t usec)
{
	struct timeval t = { .tv_sec = sec, .tv_usec = usec };

	if ((sec || usec) && setsockopt(fd, SOL_SOCKET, option, &t, sizeof(t)) < 0)
		return fail_errno("set %s", name);
	return 0;
}

static int set_filter(const SkOptsEntry *e, int fd)
{
	auto_free struct sock_filter *code = calloc(e->n_so_filter + 1, sizeof(*code));
	struct sock_fprog prog = { .len = e->n_so_filter, .filter = code };

	if (!code)
		return fail(ENOMEM, "no memory for a filter");
	for (size_t i = 0; i < e->n_so_filter; i++)
		code[i] = (struct sock_filter){ .code = e->so_filter[i] >> 48,
						.jt = e->so_filter[i] >> 40,
						.jf = e->so_filter[i] >> 32,
						.k = e->so_filter[i] };
	if (e->n_so_filter && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0)
		return fail_errno("attach the filter");
	return e->so_lock_filter ? set_int(fd, SO_LOCK_FILTER, "SO_LOCK_FILTER", 1) : 0;
}

static int set_numbers(const SkOptsEntry *e, int fd)
{
	for (size_t i = 0; i < array_size(numbers); i++) {
		const struct number *n = &numbers[i];
		int now, wanted = *value_of(e, n->value), err = 0;

		if (!*value_of(e, n->has))
			continue;
		if (get_int(fd, n->option, &now)) {
			/* An older kernel than that of the dump. */
			if (wanted != (n->option == SO_PASSRIGHTS))
				warn("%s is lost: this kernel does not know it", n->name);
			continue;
		}
		if (now != wanted)
			err = set_int(fd, n->option, n->name, wanted);
		if (err)
			return err;
	}
	return 0;
}

int sock_options_set(const SkOptsEntry *e, int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = e->so_linger };
	int err = set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, "SO_SNDBUF", e->so_sndbuf), now;

	if (!err)
		err = set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, "SO_RCVBUF", e->so_rcvbuf);
	if (!err && e->has_so_buf_lock && get_int(fd, SO_BUF_LOCK, &now) == 0 &&
	    now != (int)e->so_buf_lock)
		err = set_int(fd, SO_BUF_LOCK, "SO_BUF_LOCK", e->so_buf_lock);
	if (!err)
		err = set_timeout(fd, SO_SNDTIMEO, "SO_SNDTIMEO", e->so_snd_tmo_sec,
				  e->so_snd_tmo_usec);
	if (!err)
		err = set_timeout(fd, SO_RCVTIMEO, "SO_RCVTIMEO", e->so_rcv_tmo_sec,
				  e->so_rcv_tmo_usec);
	if (!err)
		err = set_numbers(e, fd);
	if (!err && e->has_so_linger &&
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0)
		err = fail_errno("set SO_LINGER");
	return err ? err : set_filter(e, fd);
}
