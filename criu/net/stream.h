/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/stream.h: messages of the kernel, kept and given back */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "image/dir.h"
#include "kernel/netlink.h"

struct arena;
struct net_ns;
struct stream_dump;

enum net_stream {
#define STREAM(id, ...) NET_STREAM_##id,
#include "net/streams.def"
	NET_STREAMS
};

/* Messages, one behind the other, each aligned to NLMSG_ALIGNTO. */
struct net_stream_data {
	uint8_t *v;
	size_t n, room;
	bool is_there;			/* restore: the image exists */
};

struct stream_row {
	const char *name;
	enum image_type image;
	uint32_t magic;
	uint16_t get, add, del;
	uint8_t family;
	size_t head;			/* before the attributes */
	/*
	 * A copy of a message that the kernel told, with only what can be given back; false: it needs not be. to has
	 * room for the whole message.
	 */
	bool (*fix)(const struct nlmsghdr *h, struct nlmsghdr *to);
	/* Instead, where one message tells what several requests give back: stream_keep() for each. The image has those. */
	void (*split)(const struct nlmsghdr *h, struct stream_dump *s);
	unsigned int flags;
};
enum { STREAM_PLAIN = 1, STREAM_DELETE = 2, STREAM_LINKS = 4 };

/* A copy of the message behind those that are there. */
void stream_append(struct arena *a, struct net_stream_data *s, const struct nlmsghdr *h);

extern const struct stream_row stream_rows[NET_STREAMS];

int stream_scan(struct arena *a, struct net_ns *ns, enum net_stream id, struct netlink *nl) must_check;
/* Makes what there is like what was saved. */
int stream_make(struct arena *a, struct net_ns *ns, enum net_stream id, struct netlink *nl) must_check;
/* Is it a row of whole messages of the right kind? */
int stream_check(const struct net_ns *ns, enum net_stream id) must_check;

/* For fix(): header and attributes but those listed (ends with 0) to `to`. */
void stream_copy(const struct nlmsghdr *h, struct nlmsghdr *to, size_t head, const uint16_t *without);
struct nlattr *stream_add(struct nlmsghdr *to, int type, const void *data, size_t len);
void stream_keep(struct stream_dump *s, const struct nlmsghdr *request);

bool addr_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
bool nexthop_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
bool route_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
bool rule_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
bool neigh_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
bool fdb_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
bool label_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
bool qdisc_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
bool neightbl_fix(const struct nlmsghdr *h, struct nlmsghdr *to);
void mdb_split(const struct nlmsghdr *h, struct stream_dump *s);
