/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sockets, links and the firewall need of a kernel. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/inet_diag.h>
#include <linux/net_namespace.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <linux/un.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/own.h"
#include "kernel/feature.h"
#include "net/features.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72			/* asm-generic/socket.h of 5.15 */
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS _IO('T', 227)	/* linux/if_tun.h of 5.2 */
#endif
#undef IFLA_NEW_IFINDEX
#define IFLA_NEW_IFINDEX 49		/* linux/if_link.h of 4.15 */

static int probe_sk_ns(void)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ns = -1;

	if (fd < 0)
		return -errno;
	ns = ioctl(fd, SIOCGSKNS);
	return feature_result(ns);
}

/* A socket without a path has no file: ENOENT. */
static int probe_sk_unix_file(void)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), file = -1;

	if (fd < 0)
		return -errno;
	file = ioctl(fd, SIOCUNIXFILE);
	return file < 0 && errno != ENOENT ? -errno : 0;
}

static int probe_buf_lock(void)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int val;
	socklen_t len = sizeof(val);

	return fd < 0 ? -errno : feature_result(getsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &val, &len));
}

static int probe_ipv6_freebind(void)
{
	auto_fd int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	return fd < 0 ? -errno : feature_result(setsockopt(fd, SOL_IPV6, IPV6_FREEBIND, &on, sizeof(on)));
}

static int probe_tun(void)
{
	auto_fd int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	unsigned int bits;

	return fd < 0 ? -errno : feature_result(ioctl(fd, TUNGETFEATURES, &bits));
}

static int ask_tun_ns(void)
{
	auto_fd int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), ns = -1;
	struct ifreq req = { .ifr_flags = IFF_TUN };

	if (fd < 0 || ioctl(fd, TUNSETIFF, &req) < 0)
		return -errno;
	ns = ioctl(fd, TUNGETDEVNETNS);
	return feature_result(ns);
}

static int probe_tun_ns(void)
{
	return feature_in_child(CLONE_NEWNET, ask_tun_ns);
}

static int raise_loopback(void)
{
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	return fd < 0 ? -errno : feature_result(ioctl(fd, SIOCSIFFLAGS, &req));
}

/* In a child with a network of its own: a connection of which one half is closed, taken apart. */
static int repair_half_closed(void)
{
	auto_fd int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), peer = -1;
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int on = 1, err = raise_loopback();

	if (err)
		return err;
	if (listener < 0 || fd < 0 || bind(listener, (void *)&addr, len) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (void *)&addr, &len) < 0 || connect(fd, (void *)&addr, len) < 0)
		return -errno;
	peer = accept(listener, NULL, NULL);
	if (peer < 0 || shutdown(fd, SHUT_WR) < 0)
		return -errno;
	return feature_result(setsockopt(fd, SOL_TCP, TCP_REPAIR, &on, sizeof(on)));
}

static int probe_tcp_half_closed(void)
{
	return feature_in_child(CLONE_NEWNET, repair_half_closed);
}

/* --- netlink: a message, and the errno of its answer ------------------------------------------------------------ */

struct question {
	struct nlmsghdr head;
	char body[128];
};

static int ask(int protocol, struct question *q, struct question *ret_answer)
{
	auto_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	char buf[8192] __attribute__((aligned(8)));
	const struct nlmsghdr *h = (void *)buf;
	ssize_t n;

	if (fd < 0 || send(fd, q, q->head.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < (ssize_t)sizeof(*h))
		return n < 0 ? -errno : -EPROTO;
	if (ret_answer)
		memcpy(ret_answer, buf, min((size_t)n, sizeof(*ret_answer)));
	return h->nlmsg_type == NLMSG_ERROR ? ((const struct nlmsgerr *)NLMSG_DATA(h))->error : 0;
}

static void begin(struct question *q, uint16_t type, uint16_t flags, const void *body, size_t len)
{
	*q = (struct question){ .head = { .nlmsg_len = NLMSG_LENGTH(len), .nlmsg_type = type,
					  .nlmsg_flags = NLM_F_REQUEST | flags } };
	memcpy(q->body, body, len);
}

static void add(struct question *q, uint16_t type, uint32_t value)
{
	struct nlattr *a = (void *)((char *)q + NLMSG_ALIGN(q->head.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + sizeof(value);
	memcpy((char *)a + NLA_HDRLEN, &value, sizeof(value));
	q->head.nlmsg_len = NLMSG_ALIGN(q->head.nlmsg_len) + a->nla_len;
}

static int probe_diag_raw(void)
{
	struct inet_diag_req_v2 body = { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_RAW, .idiag_states = ~0U };
	struct question q;

	begin(&q, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &body, sizeof(body));
	return ask(NETLINK_SOCK_DIAG, &q, NULL);
}

static int ask_nsid(uint16_t type)
{
	auto_fd int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct rtgenmsg body = { .rtgen_family = AF_UNSPEC };
	struct question q;

	if (ns < 0)
		return -errno;
	begin(&q, type, type == RTM_NEWNSID ? NLM_F_ACK : 0, &body, sizeof(body));
	add(&q, NETNSA_FD, ns);
	if (type == RTM_NEWNSID)
		add(&q, NETNSA_NSID, 7);
	return ask(NETLINK_ROUTE, &q, NULL);
}

static int probe_nsid(void)
{
	return ask_nsid(RTM_GETNSID);
}

/* In a child with a network of its own: links of a namespace that is named by its number. */
static int get_link_by_nsid(void)
{
	struct ifinfomsg body = { .ifi_index = 1 };
	struct question q, answer = { .body = "" };
	int err = ask_nsid(RTM_NEWNSID);

	if (err)
		return err;
	begin(&q, RTM_GETLINK, 0, &body, sizeof(body));
	add(&q, IFLA_TARGET_NETNSID, 7);
	err = ask(NETLINK_ROUTE, &q, &answer);
	return err ? err : answer.head.nlmsg_type == RTM_NEWLINK ? 0 : -EOPNOTSUPP;
}

static int probe_link_nsid(void)
{
	return feature_in_child(CLONE_NEWNET, get_link_by_nsid);
}

/* In a child with a network of its own. An index of 0 is out of range for a kernel that looks at it. */
static int set_bad_ifindex(void)
{
	auto_fd int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct ifinfomsg body = { .ifi_index = 1 };
	struct question q;
	int err;

	if (ns < 0)
		return -errno;
	begin(&q, RTM_SETLINK, NLM_F_ACK, &body, sizeof(body));
	add(&q, IFLA_NET_NS_FD, ns);
	add(&q, IFLA_NEW_IFINDEX, 0);
	err = ask(NETLINK_ROUTE, &q, NULL);
	return err == -ERANGE || err == -EINVAL ? 0 : err ? err : -EOPNOTSUPP;
}

static int probe_newifindex(void)
{
	return feature_in_child(CLONE_NEWNET, set_bad_ifindex);
}

static int ask_nftables(void)
{
	struct nfgenmsg body = { .version = NFNETLINK_V0 };
	struct question q;

	begin(&q, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0, &body, sizeof(body));
	return ask(NETLINK_NETFILTER, &q, NULL);
}

static int probe_nftables(void)
{
	return feature_in_child(CLONE_NEWNET, ask_nftables);
}

static int probe_iptables(void)
{
	auto_fd int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct ipt_getinfo info = { .name = "filter" };
	socklen_t len = sizeof(info);

	return fd < 0 ? -errno : feature_result(getsockopt(fd, SOL_IP, IPT_SO_GET_INFO, &info, &len));
}

const struct feature net_features[] = {
	{ "tun", FEATURE_NAMED, "TUN and TAP devices cannot be made", probe_tun },
	{ "tun_ns", FEATURE_NAMED, "the network of a TUN device cannot be asked for", probe_tun_ns },
	{ "tcp_half_closed", FEATURE_NAMED, "half-closed TCP connections cannot be taken apart", probe_tcp_half_closed },
	{ "sk_ns", FEATURE_NAMED, "whose network a socket belongs to cannot be asked", probe_sk_ns },
	{ "sk_unix_file", FEATURE_NAMED, "the file of a bound unix socket cannot be opened", probe_sk_unix_file },
	{ "net_diag_raw", FEATURE_NAMED, "raw sockets cannot be listed", probe_diag_raw },
	{ "nsid", FEATURE_NAMED, "network namespaces have no numbers", probe_nsid },
	{ "link_nsid", FEATURE_NAMED, "links of other namespaces cannot be asked for", probe_link_nsid },
	{ "newifindex", FEATURE_NAMED, "a link that changes its namespace gets another number", probe_newifindex },
	{ "nftables", FEATURE_NAMED, "firewall rules cannot be read", probe_nftables },
	{ "network_lock_nftables", FEATURE_NAMED, "the network cannot be locked by nftables", probe_nftables },
	{ "has_ipt_legacy", FEATURE_NAMED, "there are no old iptables to save", probe_iptables },
	{ "sockopt_buf_lock", FEATURE_NAMED, "fixed socket buffers begin to grow again", probe_buf_lock },
	{ "ipv6_freebind", FEATURE_NAMED, "IPv6 sockets cannot be bound to absent addresses", probe_ipv6_freebind },
	{ 0 },
};
