/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/sysctl.h: files under /proc/sys/net of the namespace that we are in */
#include <sys/types.h>
#include "base/compiler.h"
#include "netdev.pb-c.h"

struct arena;
struct options;
struct net_ns;
struct dump;

enum { SYSCTL_ROOM = 4096 };
/* The value without its line end, cut to the room. A question: the length or a negative errno. */
ssize_t sysctl_read(const char *path, char *ret, size_t room) must_check;
/* A directory of which many are read: to look up all of its path for each takes half of the time. A question. */
int sysctl_open_dir(const char *path) must_check;
ssize_t sysctl_read_at(int dir, const char *name, char *ret, size_t room) must_check;
ssize_t sysctl_read_fd(int fd, char *ret, size_t room) must_check;
/* Writes it if it is another one now. -ENOENT is forgiven with --weak-sysctls; reports. */
int sysctl_set(const struct options *opt, const char *path, const char *value) must_check;

/* Everything of the namespace that belongs to no device. */
int sysctl_scan(struct dump *d, struct net_ns *ns) must_check;
int sysctl_make(const struct options *opt, const struct net_ns *ns) must_check;
