/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once		/* sock/unix_diag.h: what sock_diag(7) tells of unix sockets */
#include <stdbool.h>
#include <stdint.h>
#include "base/compiler.h"
#include "base/map.h"
#include "base/vec.h"

struct unix_info {
	uint32_t ino;
	bool has_peer;
	uint32_t peer;			/* 0: none, one that is gone, or one that nobody has a descriptor of yet */
	uint8_t type, state;		/* SOCK_*; TCP_ESTABLISHED, TCP_CLOSE, TCP_LISTEN */
	uint8_t shutdown;		/* 1: receives no more, 2: sends no more */
	uint32_t n_queued;		/* bytes to be read; of a listener: connections to be accepted */
	uint32_t room;			/* bytes sent and not read; of a listener: its backlog */
	uint32_t file_dev, file_ino;	/* of the file it is bound to; 0: none */
	const uint32_t *waiting;	/* of a listener: inodes of those to be accepted, first come first */
	size_t n_waiting;
	const uint8_t *name;		/* as sockaddr_un.sun_path */
	size_t len_name;
};

struct unix_infos {
	VEC(struct unix_info) list;
	struct map by_ino;		/* to number + 1 */
	struct map by_waiting;		/* inode of a connection to be accepted, to number of its listener + 1 */
};

/* All of the network namespace that the calling thread is in. Reports. */
int unix_infos_read(struct arena *a, struct unix_infos *ret) must_check;
const struct unix_info *unix_info_find(const struct unix_infos *all, uint32_t ino);
/* The listener that has not accepted this connection yet; NULL: none. */
const struct unix_info *unix_info_listener(const struct unix_infos *all, uint32_t ino);
