/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/netlink.h: questions and requests to the kernel's network, one at a time */
#include <stdint.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include "base/compiler.h"

/* Belongs to the network namespace in which it was opened, wherever its owner goes later. */
struct netlink {
	int fd;
	uint32_t seq;
	uint8_t *buf;			/* for answers */
	char told[160];			/* the kernel's own words about the last refusal, or "" */
};
#define NETLINK_CLOSED { .fd = -1 }
#define auto_netlink __attribute__((cleanup(netlink_close)))
#define auto_msg __attribute__((cleanup(netlink_free)))

int netlink_open(struct netlink *n, int protocol) must_check;	/* reports */
void netlink_close(struct netlink *n);

/*
 * A request with its fixed header (struct ifinfomsg, ...) and room for so many bytes of attributes, which are written
 * first (10 us for 256 KiB). Out of memory ends the process.
 */
struct nl_msg *netlink_request_room(int type, int flags, const void *head, size_t len, size_t room)
	__attribute__((returns_nonnull));
/* For a few attributes. */
struct nl_msg *netlink_request(int type, int flags, const void *head, size_t len) __attribute__((returns_nonnull));
void netlink_free(struct nl_msg **m);
/* As nla_put(), which needs not be asked whether it worked. */
void netlink_put(struct nl_msg *m, int type, const void *data, size_t len);
void netlink_put_u32(struct nl_msg *m, int type, uint32_t v);
void netlink_put_str(struct nl_msg *m, int type, const char *s);
struct nlattr *netlink_nest(struct nl_msg *m, int type);
void netlink_nest_end(struct nl_msg *m, struct nlattr *nest);

typedef int (*netlink_each)(const struct nlmsghdr *h, void *arg);
/* Every message of the answer; an error of each() ends it. A question: reports nothing. */
int netlink_dump(struct netlink *n, struct nl_msg *m, netlink_each each, void *arg) must_check;
/* Waits for the acknowledgement. A question, too: 0 or a negative errno, told has the kernel's words. */
int netlink_talk(struct netlink *n, struct nl_msg *m) must_check;
/* The same for a message that is there already; its header is changed (flags, sequence number). */
int netlink_talk_raw(struct netlink *n, struct nlmsghdr *h, int flags) must_check;
/* The one message that answers; good until the next call. */
int netlink_ask(struct netlink *n, struct nl_msg *m, const struct nlmsghdr **ret) must_check;
/* Without waiting for an answer. */
int netlink_send(struct netlink *n, const void *data, size_t len) must_check;

/* Attributes behind a fixed header of this size. */
static inline struct nlattr *netlink_attrs(const struct nlmsghdr *h, size_t head)
{
	return (struct nlattr *)((char *)NLMSG_DATA(h) + NLMSG_ALIGN(head));
}

static inline int netlink_attrs_len(const struct nlmsghdr *h, size_t head)
{
	return (int)h->nlmsg_len - (int)NLMSG_SPACE(head);
}

/* The attribute of this type, or NULL. */
struct nlattr *netlink_find(const struct nlmsghdr *h, size_t head, int type);

/* Requests in one piece, of which the one numbered last asks for an acknowledgement. The first error counts. */
int netlink_batch(struct netlink *n, const void *data, size_t len, uint32_t last) must_check;
