// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nest SPEC DIR: a tree of processes in namespaces, as the specification says; every one then sleeps for ever.
 *
 *	node = "[" ACTION... node... "]"
 *
 * An action is a letter. P, before all others, is taken by the one that forks the node: it is the init of a new pid namespace.
 *	S G	setsid(2), setpgid(0, 0)
 *	u i n c	a new UTS (with a host name), IPC (with a semaphore), network or cgroup namespace
 *	m t	mounts (with a tmpfs below DIR), time (with an offset)
 *	T	as t, but only for children
 *	U V N	a new user namespace: one id, three ranges of ids, none is mapped
 *	p	children are born in a new pid namespace
 * When the tree is there, "ready" is written to standard output, which is then closed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(x)                                                                          \
	do {                                                                             \
		if (!(x)) {                                                              \
			fprintf(stderr, "nest: %s:%d: %s: %m\n", spec_left, __LINE__, #x); \
			exit(1);                                                         \
		}                                                                        \
	} while (0)

static const char *spec_left = "";
static const char *dir;

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

/* A child that stays outside writes the maps. */
static void enter_user(const char *map)
{
	char path[64] = "", c;
	int go[2], status, self;
	pid_t pid;

	/* /proc is that of the machine, in whatever pid namespace this is. */
	MUST(pipe(go) == 0 && readlink("/proc/self", path, sizeof(path) - 1) > 0);
	self = atoi(path);
	pid = fork();
	MUST(pid >= 0);
	if (!pid) {
		MUST(read(go[0], &c, 1) == 1);
		snprintf(path, sizeof(path), "/proc/%d/uid_map", self);
		if (*map)
			write_text(path, map);
		snprintf(path, sizeof(path), "/proc/%d/gid_map", self);
		if (*map)
			write_text(path, map);
		_exit(0);
	}
	MUST(unshare(CLONE_NEWUSER) == 0 && write(go[1], "x", 1) == 1);
	MUST(waitpid(pid, &status, 0) == pid && !status && close(go[0]) == 0 && close(go[1]) == 0);
}

static void new_uts(void)
{
	char name[32];

	MUST(unshare(CLONE_NEWUTS) == 0);
	snprintf(name, sizeof(name), "nest-%zu", strlen(spec_left));
	MUST(sethostname(name, strlen(name)) == 0);
}

static void new_ipc(void)
{
	MUST(unshare(CLONE_NEWIPC) == 0);
	MUST(semget((key_t)strlen(spec_left), 1, IPC_CREAT | 0600) >= 0);
}

static void new_mounts(void)
{
	char options[32], at[256];

	MUST(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	snprintf(options, sizeof(options), "size=%zuk", 64 + 4 * strlen(spec_left));
	snprintf(at, sizeof(at), "%s/%zu", dir, strlen(spec_left));
	MUST(mount("nest", at, "tmpfs", 0, options) == 0);
}

static void new_time_for_children(void)
{
	char offsets[64];

	MUST(unshare(CLONE_NEWTIME) == 0);
	snprintf(offsets, sizeof(offsets), "monotonic %zu 0\nboottime %zu 5\n", 1000 * strlen(spec_left), 70 * strlen(spec_left));
	write_text("/proc/self/timens_offsets", offsets);
}

static void new_time(void)
{
	int fd;

	new_time_for_children();
	fd = open("/proc/self/ns/time_for_children", O_RDONLY);
	MUST(fd >= 0 && setns(fd, CLONE_NEWTIME) == 0 && close(fd) == 0);
}

static void act(char action)
{
	switch (action) {
	case 'P':	/* has been done */
		break;
	case 'S':
		MUST(setsid() >= 0);
		break;
	case 'G':
		MUST(setpgid(0, 0) == 0);
		break;
	case 'u':
		new_uts();
		break;
	case 'i':
		new_ipc();
		break;
	case 'n':
		MUST(unshare(CLONE_NEWNET) == 0);
		break;
	case 'c':
		MUST(unshare(CLONE_NEWCGROUP) == 0);
		break;
	case 'm':
		new_mounts();
		break;
	case 't':
		new_time();
		break;
	case 'T':
		new_time_for_children();
		break;
	case 'U':
		enter_user("0 0 1\n");
		break;
	case 'V':
		enter_user("0 0 1\n1 500 99\n200 1000 5000\n");
		break;
	case 'N':
		enter_user("");
		break;
	case 'p':
		MUST(unshare(CLONE_NEWPID) == 0);
		break;
	default:
		MUST(!"an action");
	}
}

static const char *end_of_node(const char *at)
{
	int depth = 0;

	do {
		depth += *at == '[' ? 1 : *at == ']' ? -1 : 0;
		at++;
	} while (depth);
	return at;
}

static pid_t fork_with(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	return syscall(SYS_clone3, &args, sizeof(args));
}

static void live(const char *spec, int told);

static void fork_node(const char *spec, int told)
{
	int ready[2];
	char c;
	pid_t pid;

	MUST(pipe(ready) == 0);
	pid = fork_with(spec[1] == 'P' ? CLONE_NEWPID : 0);
	MUST(pid >= 0);
	if (!pid) {
		close(ready[0]);
		if (told >= 0)
			close(told);
		live(spec, ready[1]);
	}
	close(ready[1]);
	MUST(read(ready[0], &c, 1) == 1);
	close(ready[0]);
}

static void live(const char *spec, int told)
{
	const char *at = spec + 1;

	for (; *at != '[' && *at != ']'; at++) {
		spec_left = at;
		act(*at);
	}
	for (; *at == '['; at = end_of_node(at))
		fork_node(at, told);
	/* No descriptor stays open: those that were inherited are the machine's. */
	MUST(write(told, "x", 1) == 1 && close_range(0, ~0U, 0) == 0);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	MUST(argc == 3 && argv[1][0] == '[');
	dir = argv[2];
	MUST(chdir("/") == 0);
	fork_node(argv[1], -1);
	MUST(write(STDOUT_FILENO, "ready", 5) == 5);
	return 0;		/* the tree is the reaper's */
}
