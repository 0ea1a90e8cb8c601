// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks of a process (POSIX), of a description (OFD), and flock: several of one file, which is mapped too, of a duplicate, of a
 * description that parent and child have in common, and of a child of its own.
 * zdtm-peer: loses POSIX locks of a file that is mapped
 * zdtm-dump: --file-locks
 * zdtm-restore: --file-locks
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static const struct {
	short type;
	off_t start, len;
} ranges[] = { { F_WRLCK, 0, 10 }, { F_RDLCK, 20, 10 }, { F_WRLCK, 100, 0 } };
enum { N_RANGES = sizeof(ranges) / sizeof(ranges[0]) };

static int posix, ofd, whole;

static int open_file(const char *name)
{
	int fd = open(zt_path(name), O_RDWR | O_CREAT, 0600);

	SETUP(fd >= 0);
	return fd;
}

static int lock(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock l = { .l_type = type, .l_start = start, .l_len = len };

	return fcntl(fd, cmd, &l);
}

/* In somebody else: who would stand in the way of a write lock there? */
static struct flock holder(const char *name, off_t start, off_t len)
{
	struct flock l = { .l_type = F_WRLCK, .l_start = start, .l_len = len };
	int fd = open(zt_path(name), O_RDWR);

	CHECK(fd >= 0 && fcntl(fd, F_OFD_GETLK, &l) == 0, "ask for a lock: %s", strerror(errno));
	close(fd);
	return l;
}

static void check_holder(const char *name, off_t start, off_t len, short type, pid_t pid)
{
	struct flock l = holder(name, start, len);

	CHECK(l.l_type == type, "%s at %ld: lock type %d", name, (long)start, l.l_type);
	if (type != F_UNLCK)
		CHECK(l.l_start == start && l.l_len == len && l.l_pid == pid, "%s: %ld+%ld of %d", name, (long)l.l_start,
		      (long)l.l_len, l.l_pid);
}

static void asker(pid_t parent, pid_t kid)
{
	int fd = open(zt_path("whole"), O_RDWR);

	for (int i = 0; i < N_RANGES; i++)
		check_holder("ranges", ranges[i].start, ranges[i].len, ranges[i].type, parent);
	check_holder("ranges", 10, 2, F_UNLCK, 0);
	check_holder("ranges", 12, 3, F_RDLCK, -1);
	check_holder("kids", 5, 1, F_WRLCK, kid);
	CHECK(flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK, "flock is lost");
	_exit(zt_has_failed());
}

static void child(void *arg)
{
	int fd = open_file("kids");

	(void)arg;
	SETUP(lock(fd, F_SETLK, F_WRLCK, 5, 1) == 0);
	zt_checkpoint();
	CHECK(flock(whole, LOCK_EX | LOCK_NB) == 0, "the description has another flock than its own");
}

int main(void)
{
	int status, copy, again;
	pid_t kid, pid;
	char *map;

	zt_init();
	posix = open_file("ranges");
	SETUP(ftruncate(posix, 4096) == 0);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, posix, 0);
	SETUP(map != MAP_FAILED);
	for (int i = 0; i < N_RANGES; i++)
		SETUP(lock(posix, F_SETLK, ranges[i].type, ranges[i].start, ranges[i].len) == 0);
	ofd = open_file("ranges");
	SETUP(lock(ofd, F_OFD_SETLK, F_RDLCK, 12, 3) == 0);
	whole = open_file("whole");
	copy = dup(whole);
	SETUP(copy >= 0 && flock(whole, LOCK_EX) == 0);
	kid = zt_child(child, NULL);
	zt_checkpoint();

	pid = fork();
	if (!pid)
		asker(getppid(), kid);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "somebody else sees other locks");
	again = open_file("whole");
	CHECK(flock(copy, LOCK_UN) == 0 && flock(again, LOCK_EX | LOCK_NB) == 0, "a duplicate does not let go");
	CHECK(flock(again, LOCK_UN) == 0, "unlock: %s", strerror(errno));
	map[0] = 'x';
	zt_end_child(kid);
	return zt_result();
}
