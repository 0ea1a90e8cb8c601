// SPDX-License-Identifier: GPL-2.0-or-later
/* zdtm/lib/userns.c: user namespaces for test programs, and what a process can see of its own. */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "userns.h"
#include "zdtm.h"

static const char *const kinds[ZT_NS_KINDS] = { "user", "uts", "ipc", "net", "mnt", "pid", "cgroup", "time" };

static ino_t ino_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* How many steps up from the user namespace of the process the owner of a namespace is. */
static int steps_to_owner(int ns, bool is_user)
{
	int at = open("/proc/self/ns/user", O_RDONLY), owner = is_user ? dup(ns) : ioctl(ns, NS_GET_USERNS), n = 0, up;
	ino_t wanted = ino_of(owner);

	while (at >= 0 && wanted && ino_of(at) != wanted && n < 9) {
		up = ioctl(at, NS_GET_PARENT);
		close(at);
		at = up;
		n++;
	}
	close(owner);
	if (at < 0 || !wanted)
		n = 9;
	close(at);
	return n;
}

static void look_at_owners(struct zt_userns *v)
{
	for (int i = 0; i < ZT_NS_KINDS; i++) {
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		fd = open(path, O_RDONLY);
		v->owner[i] = fd < 0 ? -1 : steps_to_owner(fd, i == 0);
		if (!i && ioctl(fd, NS_GET_OWNER_UID, &v->maker) < 0)
			v->maker = -1;
		close(fd);
	}
}

void zt_userns_look(struct zt_userns *v)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	memset(v, 0, sizeof(*v));
	zt_read_file("/proc/self/uid_map", v->uid_map, sizeof(v->uid_map));
	zt_read_file("/proc/self/gid_map", v->gid_map, sizeof(v->gid_map));
	zt_read_file("/proc/self/setgroups", v->setgroups, sizeof(v->setgroups));
	look_at_owners(v);
	getresuid(&v->uid[0], &v->uid[1], &v->uid[2]);
	getresgid(&v->gid[0], &v->gid[1], &v->gid[2]);
	v->n_groups = getgroups(4, v->groups);
	syscall(SYS_capget, &head, v->caps);
	gethostname(v->host, sizeof(v->host));
	v->may_rename = sethostname(v->host, strlen(v->host)) == 0;
}

void zt_userns_compare(const char *who, const struct zt_userns *is, const struct zt_userns *was)
{
	CHECK(!strcmp(is->uid_map, was->uid_map), "%s: uid_map is '%s', was '%s'", who, is->uid_map, was->uid_map);
	CHECK(!strcmp(is->gid_map, was->gid_map), "%s: gid_map is '%s', was '%s'", who, is->gid_map, was->gid_map);
	CHECK(!strcmp(is->setgroups, was->setgroups), "%s: setgroups is '%s', was '%s'", who, is->setgroups, was->setgroups);
	for (int i = 0; i < ZT_NS_KINDS; i++)
		CHECK(is->owner[i] == was->owner[i], "%s: the owner of its %s namespace is %d steps up, was %d", who, kinds[i],
		      is->owner[i], was->owner[i]);
	CHECK(is->maker == was->maker, "%s: its user namespace is owned by %d, was %d", who, is->maker, was->maker);
	for (int i = 0; i < 3; i++)
		CHECK(is->uid[i] == was->uid[i] && is->gid[i] == was->gid[i], "%s: id %d is %d/%d, was %d/%d", who, i,
		      is->uid[i], is->gid[i], was->uid[i], was->gid[i]);
	CHECK(is->n_groups == was->n_groups && !memcmp(is->groups, was->groups, sizeof(is->groups)),
	      "%s: %d groups (%d), were %d (%d)", who, is->n_groups, is->groups[0], was->n_groups, was->groups[0]);
	CHECK(!memcmp(is->caps, was->caps, sizeof(is->caps)), "%s: capabilities %x, were %x", who, is->caps[0].effective,
	      was->caps[0].effective);
	CHECK(!strcmp(is->host, was->host), "%s: host name %s, was %s", who, is->host, was->host);
	CHECK(is->may_rename == was->may_rename, "%s: %s change the host name", who, is->may_rename ? "may" : "may not");
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	SETUP(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

void zt_userns_enter_new(const char *uid_map, const char *gid_map)
{
	char path[64] = "";
	int go[2], status, self;
	pid_t pid;

	/* /proc may be that of an outer pid namespace. */
	SETUP(pipe(go) == 0 && readlink("/proc/self", path, sizeof(path) - 1) > 0);
	self = atoi(path);
	pid = fork();
	SETUP(pid >= 0);
	if (!pid) {
		char c;

		SETUP(read(go[0], &c, 1) == 1);
		snprintf(path, sizeof(path), "/proc/%d/uid_map", self);
		if (*uid_map)
			write_text(path, uid_map);
		snprintf(path, sizeof(path), "/proc/%d/gid_map", self);
		if (*gid_map)
			write_text(path, gid_map);
		_exit(0);
	}
	SETUP(unshare(CLONE_NEWUSER) == 0 && write(go[1], "x", 1) == 1);
	SETUP(waitpid(pid, &status, 0) == pid && !status && close(go[0]) == 0 && close(go[1]) == 0);
}

