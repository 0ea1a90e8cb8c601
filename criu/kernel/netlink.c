/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink: libnl builds and walks messages; sending and receiving is done here, since its socket layer hides what the
 * kernel says about a refusal.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "base/log.h"
#include "base/own.h"
#include "kernel/netlink.h"

enum {
	BUF_SIZE = 256 << 10,		/* the kernel sends pieces of 32 KiB, longer ones only if one message is longer */
	FEW = 2048,			/* bytes of a few attributes */
};

int netlink_open(struct netlink *n, int protocol)
{
	int on = 1;

	*n = (struct netlink)NETLINK_CLOSED;
	n->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (n->fd < 0)
		return fail_errno("netlink socket, protocol %d", protocol);
	/* Both are comfort: without them errors are bare numbers, and dumps are filtered here. */
	setsockopt(n->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(n->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(n->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	n->buf = malloc(BUF_SIZE);
	if (!n->buf) {
		netlink_close(n);
		return fail(ENOMEM, "netlink buffer");
	}
	return 0;
}

void netlink_close(struct netlink *n)
{
	if (n->fd >= 0)
		close(n->fd);
	free(n->buf);
	*n = (struct netlink)NETLINK_CLOSED;
}

static void *no_memory(void)
{
	log_at(LOG_ERROR, 0, "no memory for a netlink message");
	abort();
}

struct nl_msg *netlink_request_room(int type, int flags, const void *head, size_t len, size_t room)
{
	struct nl_msg *m = nlmsg_alloc_size(NLMSG_SPACE(len) + room);

	if (!m || !nlmsg_put(m, 0, 0, type, 0, NLM_F_REQUEST | flags) ||
	    nlmsg_append(m, (void *)head, len, NLMSG_ALIGNTO))
		return no_memory();
	return m;
}

struct nl_msg *netlink_request(int type, int flags, const void *head, size_t len)
{
	return netlink_request_room(type, flags, head, len, FEW);
}

void netlink_free(struct nl_msg **m)
{
	if (*m)
		nlmsg_free(*m);
	*m = NULL;
}

void netlink_put(struct nl_msg *m, int type, const void *data, size_t len)
{
	if (nla_put(m, type, (int)len, data))
		no_memory();
}

void netlink_put_u32(struct nl_msg *m, int type, uint32_t v)
{
	netlink_put(m, type, &v, sizeof(v));
}

void netlink_put_str(struct nl_msg *m, int type, const char *s)
{
	netlink_put(m, type, s, strlen(s) + 1);
}

struct nlattr *netlink_nest(struct nl_msg *m, int type)
{
	struct nlattr *nest = nla_nest_start(m, type | NLA_F_NESTED);

	return nest ?: no_memory();
}

void netlink_nest_end(struct nl_msg *m, struct nlattr *nest)
{
	/* libnl takes empty nests out again, some of which mean something to the kernel. */
	nest->nla_len = (char *)nlmsg_tail(nlmsg_hdr(m)) - (char *)nest;
}

int netlink_send(struct netlink *n, const void *data, size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	n->told[0] = 0;
	if (sendto(n->fd, data, len, 0, (void *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

/* One datagram, whole. */
static ssize_t receive(struct netlink *n)
{
	ssize_t got;

	do
		got = recv(n->fd, n->buf, BUF_SIZE, MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return got > BUF_SIZE ? -EMSGSIZE : got;
}

static void keep_words(struct netlink *n, const struct nlmsghdr *h)
{
	struct nlattr *text, *offset;
	size_t skip = sizeof(struct nlmsgerr);
	const struct nlmsgerr *e = NLMSG_DATA(h);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(struct nlmsghdr);
	text = netlink_find(h, skip, NLMSGERR_ATTR_MSG);
	offset = netlink_find(h, skip, NLMSGERR_ATTR_OFFS);
	if (text)
		snprintf(n->told, sizeof(n->told), "%.*s", nla_len(text), (char *)nla_data(text));
	if (offset)
		debug("the kernel means the attribute at byte %u", nla_get_u32(offset));
}

/* What ends an answer: 1 and the errno in *ret, else 0. */
static int is_end(struct netlink *n, const struct nlmsghdr *h, int *ret)
{
	if (h->nlmsg_type == NLMSG_DONE) {
		*ret = h->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) ? *(int *)NLMSG_DATA(h) : 0;
		if (*ret > 0)
			*ret = 0;
		return 1;
	}
	if (h->nlmsg_type != NLMSG_ERROR)
		return 0;
	*ret = h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)) ? ((struct nlmsgerr *)NLMSG_DATA(h))->error : -EBADMSG;
	if (*ret)
		keep_words(n, h);
	return 1;
}

/* Messages until the end of the answer to the request seq. each() is not called any more after it has failed. */
static int listen_to(struct netlink *n, uint32_t seq, netlink_each each, void *arg)
{
	bool is_interrupted = false;
	int first = 0;

	for (;;) {
		ssize_t len = receive(n);
		int left, end;

		if (len < 0)
			return len;
		left = len;
		for (struct nlmsghdr *h = (void *)n->buf; NLMSG_OK(h, (unsigned int)left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_seq != seq)
				continue;
			is_interrupted |= h->nlmsg_flags & NLM_F_DUMP_INTR;
			if (is_end(n, h, &end))
				return first ?: end ?: is_interrupted ? -EINTR : 0;
			if (!first && each)
				first = each(h, arg);
		}
	}
}

static int exchange(struct netlink *n, struct nlmsghdr *h, netlink_each each, void *arg)
{
	int err;

	h->nlmsg_seq = ++n->seq;
	h->nlmsg_pid = 0;
	err = netlink_send(n, h, h->nlmsg_len);
	return err ?: listen_to(n, n->seq, each, arg);
}

int netlink_dump(struct netlink *n, struct nl_msg *m, netlink_each each, void *arg)
{
	nlmsg_hdr(m)->nlmsg_flags |= NLM_F_DUMP;
	return exchange(n, nlmsg_hdr(m), each, arg);
}

int netlink_talk(struct netlink *n, struct nl_msg *m)
{
	nlmsg_hdr(m)->nlmsg_flags |= NLM_F_ACK;
	return exchange(n, nlmsg_hdr(m), NULL, NULL);
}

int netlink_talk_raw(struct netlink *n, struct nlmsghdr *h, int flags)
{
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return exchange(n, h, NULL, NULL);
}

int netlink_ask(struct netlink *n, struct nl_msg *m, const struct nlmsghdr **ret)
{
	struct nlmsghdr *h = nlmsg_hdr(m);
	int err, end;
	ssize_t len;

	h->nlmsg_seq = ++n->seq;
	err = netlink_send(n, h, h->nlmsg_len);
	if (err)
		return err;
	len = receive(n);
	if (len < 0)
		return len;
	h = (void *)n->buf;
	if (!NLMSG_OK(h, (unsigned int)len))
		return -EBADMSG;
	if (is_end(n, h, &end))
		return end ?: -ENODATA;
	*ret = h;
	return 0;
}

struct nlattr *netlink_find(const struct nlmsghdr *h, size_t head, int type)
{
	int len = netlink_attrs_len(h, head);

	return len > 0 ? nla_find(netlink_attrs(h, head), len, type) : NULL;
}

int netlink_batch(struct netlink *n, const void *data, size_t len, uint32_t last)
{
	int first = netlink_send(n, data, len);

	if (first)
		return first;
	n->seq = last + 1;
	for (;;) {
		ssize_t got = receive(n);
		int left = got, end;

		if (got < 0)
			return got;
		for (struct nlmsghdr *h = (void *)n->buf; NLMSG_OK(h, (unsigned int)left); h = NLMSG_NEXT(h, left)) {
			if (!is_end(n, h, &end))
				continue;
			first = first ?: end;
			/* The whole of an aborted transaction is answered for by the number of its beginning. */
			if (h->nlmsg_seq == last ||
			    (end && ((struct nlmsgerr *)NLMSG_DATA(h))->msg.nlmsg_type == NLMSG_MIN_TYPE))
				return first;
		}
	}
}
