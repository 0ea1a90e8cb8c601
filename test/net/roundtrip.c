// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Network namespaces through the tool's code and back, without a checkpoint around it:
 *	roundtrip DIR OPTION... -- SETUP...
 * Each SETUP is a shell script that fills a namespace of its own; $NS_1, $NS_2, ... and $NS_TOOL are their files. They are
 * scanned, saved to DIR, loaded and built into fresh ones. Then every line of standard input is run as a command
 * in each pair, and its output must be the same. Options are criu's.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "base/log.h"
#include "net/lock.h"
#include "net/net.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

enum { MAX_NS = 8, FIRST_ID = 10 };

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int own_ns(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/ns/net");
	return fd;
}

static int new_ns(int back)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		die("unshare");
	fd = own_ns();
	if (setns(back, CLONE_NEWNET))
		die("setns");
	return fd;
}

/* Runs the text in the namespace; its output, or NULL when it fails. */
static char *run_in(int ns, const char *script)
{
	static const char limit[] = "timeout 20 sh -c \"$0\" 2>&1";
	size_t n = 0, room = 1 << 22;
	char *out = malloc(room);
	int p[2], status;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (!pid) {
		if (setns(ns, CLONE_NEWNET) || dup2(p[1], 1) < 0)
			_exit(125);
		execl("/bin/sh", "sh", "-c", limit, script, NULL);
		_exit(126);
	}
	close(p[1]);
	for (ssize_t got; n < room - 1 && (got = read(p[0], out + n, room - 1 - n)) > 0;)
		n += got;
	close(p[0]);
	out[n] = 0;
	waitpid(pid, &status, 0);
	if (!status)
		return out;
	fprintf(stderr, "%s\nfailed (%x): %s\n", script, status, out);
	free(out);
	return NULL;
}

static void name_ns(const char *name, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	setenv(name, path, 1);
}

static struct net_ns *add(struct arena *a, struct net_set *set, int fd)
{
	struct net_ns *ns = arena_new(a, struct net_ns);

	ns->id = FIRST_ID + set->v.n;
	ns->fd = fd;
	vec_push(a, &set->v, ns);
	return ns;
}

static int compare(char *commands, const int *before, const int *after, int n)
{
	int bad = 0;

	for (char *at = strtok(commands, "\n"); at; at = strtok(NULL, "\n"))
		for (int i = 0; i < n; i++) {
			char *a = run_in(before[i], at), *b = run_in(after[i], at);

			if (!a || !b || strcmp(a, b)) {
				printf("namespace %d: %s\n--- before\n%s--- after\n%s", i + 1, at, a ?: "failed\n", b ?: "failed\n");
				bad++;
			}
			free(a);
			free(b);
		}
	return bad;
}

/* A packet does not get out while the lock is held, and does afterwards; the dump in between does not see the lock. */
static int try_lock(int ns, struct netlink *lock)
{
	static const char *const send = "ping -c1 -W1 127.0.0.1 >/dev/null";
	struct arena a = { 0 };
	char *out;

	out = run_in(ns, send);
	if (!out)
		return fail(EIO, "ping does not work without the lock");
	free(out);
	if (setns(ns, CLONE_NEWNET) || net_lock(&a, "test", lock))
		return -EIO;
	out = run_in(ns, "! ping -c1 -W1 127.0.0.1 >/dev/null && nft list tables | grep -q CRIU-test");
	arena_free(&a);
	if (!out)
		return fail(EIO, "the lock does not hold");
	free(out);
	return 0;
}

static int try_unlock(int ns, struct netlink *lock)
{
	char *out;

	netlink_close(lock);
	out = run_in(ns, "ping -c1 -W1 127.0.0.1 >/dev/null && ! nft list tables | grep -q CRIU-test");
	if (!out)
		return fail(EIO, "the lock is still there");
	free(out);
	return 0;
}

struct times {
	struct timespec wall, cpu;
};

static struct times times_now(void)
{
	struct times t;

	clock_gettime(CLOCK_MONOTONIC, &t.wall);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t.cpu);
	return t;
}

static long us_between(const struct timespec *a, const struct timespec *b)
{
	return (b->tv_sec - a->tv_sec) * 1000000 + (b->tv_nsec - a->tv_nsec) / 1000;
}

/* On a machine that others use, CPU time is what can be compared. */
static void tell_time(const char *what, const struct times *begin)
{
	struct times now = times_now();

	fprintf(stderr, "%s took %ld us, %ld of them on the CPU\n", what, us_between(&begin->wall, &now.wall),
		us_between(&begin->cpu, &now.cpu));
}

static int dump(const struct options *opt, const char *dir, int own, int n, const int *fds)
{
	struct dump d = { .opt = opt, .img_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	struct net_set set = { .own_fd = own };
	struct netlink lock = NETLINK_CLOSED;
	struct times begin;
	int err;

	if (getenv("NET_LOCK") && (try_lock(fds[0], &lock) || setns(own, CLONE_NEWNET)))
		return -EIO;
	begin = times_now();
	d.refusals.arena = &d.m.arena;
	d.m.inventory = arena_msg(&d.m.arena, InventoryEntry, inventory_entry__init);
	for (int i = 0; i < n; i++)
		add(&d.m.arena, &set, fds[i]);
	err = net_scan(&d, &set);
	if (!err)
		err = refusals_report(&d.refusals, false);
	if (!err)
		err = net_save(&d, &set);
	if (!err && lock.fd >= 0)
		err = try_unlock(fds[0], &lock);
	tell_time("dump", &begin);
	return err;
}

static int restore(const struct options *opt, const char *dir, int own, int n, int *ret_fds)
{
	struct restore r = { .opt = opt, .img_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	struct net_set set = { .own_fd = own };
	struct times begin;
	int err = 0;

	for (int i = 0; i < n; i++)
		ret_fds[i] = new_ns(own);
	begin = times_now();
	for (int i = 0; i < n && !err; i++)
		err = net_load(&r, add(&r.m.arena, &set, ret_fds[i]));
	if (!err)
		err = net_build(&r, &set);
	tell_time("restore", &begin);
	return err;
}

int main(int argc, char **argv)
{
	int before[MAX_NS], after[MAX_NS], n = 0, first = 2, own;
	static char commands[1 << 16];
	struct options opt;

	while (first < argc && strcmp(argv[first], "--"))
		first++;
	if (argc < 3 || argc - first - 1 > MAX_NS || options_parse(first - 1, argv + 1, &opt))
		return fprintf(stderr, "roundtrip DIR OPTION... -- SETUP...\n"), 2;
	log_to(2, opt.verbosity);
	/*
	 * Nothing of this shall meet the machine's own devices; nor does ip(8) meet the names that others give to namespaces
	 * in /run/netns: it says an error of each that is just being made.
	 */
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, NULL))
		die("namespaces of the test's own");
	own = own_ns();
	name_ns("NS_TOOL", own);
	n = argc - first - 1;
	for (int i = 0; i < n; i++) {
		char name[16];

		before[i] = new_ns(own);
		snprintf(name, sizeof(name), "NS_%d", i + 1);
		name_ns(name, before[i]);
	}
	for (int i = 0; i < n; i++)
		if (!run_in(before[i], argv[first + 1 + i]))
			return 77;	/* this kernel cannot make it: a skip */
	if (dump(&opt, argv[1], own, n, before))
		return 3;
	if (restore(&opt, argv[1], own, n, after))
		return 4;
	if (!fread(commands, 1, sizeof(commands) - 1, stdin))
		return 2;
	return compare(commands, before, after, n) ? 1 : 0;
}
