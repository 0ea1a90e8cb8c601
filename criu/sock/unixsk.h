/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* sock/unixsk.h: what the parts of the unix sockets' kind share */
#include <netinet/tcp.h>
#include "file/kind.h"
#include "base/vec.h"
#include "image/records.h"
#include "sock/unix_diag.h"

struct dump;
struct restore;

/* uflags: connected with the service that it has asked for this dump. */
enum { UNIX_SERVICE = 2 };

/* What waits to be read, with the bytes. */
struct unix_message {
	SkPacketEntry *entry;
	const void *data;
};

struct unix_sock {
	UnixSkEntry *entry;
	const struct unix_info *info;	/* while dumping */
	VEC(struct unix_message) queue;
	int spare;			/* in the task that makes it: what no descriptor has taken yet, or -1 */
	int name_entry;			/* while restoring: of its name in the journal, or -1 */
};

/* Network namespaces that have been asked, by inode of the namespace. */
struct unix_net {
	ino_t ino;
	struct unix_infos infos;
};

struct unix_socks {
	VEC(struct unix_sock *) list;
	struct map by_ino;		/* to number + 1 */
	struct map by_id;
	VEC(struct unix_net *) nets;
};

const struct file_kind *unixsk_self(void);
struct unix_socks *unix_socks_of(struct model *m);
struct unix_sock *unix_sock_add(struct model *m, UnixSkEntry *e);
/* NULL: there is none. */
struct unix_sock *unix_sock_by_ino(struct model *m, uint32_t ino);
struct unix_sock *unix_sock_by_id(struct model *m, uint32_t id);

static inline bool unix_is_stream_like(const UnixSkEntry *e)
{
	return e->type != SOCK_DGRAM;
}

/* The other end of a pair; NULL: it has none, or one that knows nothing of it. */
struct unix_sock *unix_sock_pair(struct model *m, const UnixSkEntry *e);

/* --- names: unixsk_name.c ---------------------------------------------------------------------------------------- */
/* From what diag says; the file it is bound to, its owner and mode. Refuses what cannot be bound again. */
int unix_name_scan(struct dump *d, const struct file_facts *f, struct unix_sock *s) must_check;
int unix_name_check(const UnixSkEntry *e) must_check;
/* In the tool: removes what a dead socket has left there, enters the name in the journal. */
int unix_name_prepare(struct restore *r, struct unix_sock *s) must_check;
void unix_name_release(struct restore *r, struct unix_sock *s, bool is_committed);
/* In the task. */
int unix_name_bind(struct restore *r, const UnixSkEntry *e, int fd) must_check;
int unix_name_connect(struct restore *r, const UnixSkEntry *to, int fd) must_check;
/* For messages. */
const char *unix_name_text(struct arena *a, const UnixSkEntry *e);

/* --- queues: unixsk_queue.c -------------------------------------------------------------------------------------- */
int unix_queue_scan(struct dump *d, const struct file_facts *f, const struct unix_infos *infos,
		    struct unix_sock *s) must_check;
int unix_queues_save(struct dump *d) must_check;
int unix_queues_load(struct model *m, int img_dir) must_check;
/* Through the socket that is connected with it. */
int unix_queue_send(const struct unix_sock *s, int through) must_check;

/* --- restore: unixsk_make.c -------------------------------------------------------------------------------------- */
int unixsk_make(struct restore *r, const void *rec, int *ret_fd) must_check;
int unixsk_fill(struct restore *r, const struct task *t, const void *rec, int fd) must_check;
