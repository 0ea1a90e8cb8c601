/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Image files made ahead. A task has seven, and what a file system takes to make one is a good part of the dump of a wide
 * tree: 13 us on a fresh ext4, some hundreds on one that remembers many removed ones. A named one is made under the lock
 * of its directory, one after the other; unnamed ones are not, and a link is quick.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/compiler.h"
#include "base/log.h"
#include "base/parallel.h"
#include "image/ahead.h"

enum { FEW_FILES = 24, MAX_WAITING = 256, LOWEST = 19, IMAGE_MODE = 0644 };

/*
 * Writable because images are written from a dozen places, which know of a directory and a name, and of nobody who makes
 * files.
 */
static struct {
	bool is_on, must_end;
	pthread_t maker;
	pthread_mutex_t lock;
	pthread_cond_t has_room;
	int dir;
	size_t n_wanted;		/* still to be made, by whomever */
	unsigned int n_waiting;
	int waiting[MAX_WAITING];
	struct rlimit limit;		/* as it was */
} ahead = { .lock = PTHREAD_MUTEX_INITIALIZER, .has_room = PTHREAD_COND_INITIALIZER };

static int make_unnamed(int dir)
{
	return openat(dir, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, IMAGE_MODE);
}

/* False: it is one too many. */
static bool hand_over(int fd)
{
	bool is_wanted;

	pthread_mutex_lock(&ahead.lock);
	while (ahead.n_waiting == MAX_WAITING && !ahead.must_end)
		pthread_cond_wait(&ahead.has_room, &ahead.lock);
	is_wanted = !ahead.must_end && ahead.n_wanted;
	if (is_wanted) {
		ahead.waiting[ahead.n_waiting++] = fd;
		ahead.n_wanted--;
	}
	pthread_mutex_unlock(&ahead.lock);
	return is_wanted;
}

static void *make_files(void *arg not_used)
{
	int fd;

	setpriority(PRIO_PROCESS, gettid(), LOWEST);
	do {
		fd = make_unnamed(ahead.dir);
		if (fd < 0)
			return NULL;	/* who needs a file makes it, and learns why it cannot be made */
	} while (hand_over(fd));
	close(fd);
	return NULL;
}

static bool has_second_cpu(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

/* Files that wait must not be what makes the dump of many descriptors fail. */
static bool make_room_for_descriptors(void)
{
	struct rlimit more;

	if (getrlimit(RLIMIT_NOFILE, &ahead.limit) < 0)
		return false;
	if (ahead.limit.rlim_cur >= 16 * MAX_WAITING)
		return true;
	more = ahead.limit;
	more.rlim_cur += MAX_WAITING;
	return more.rlim_cur <= more.rlim_max && setrlimit(RLIMIT_NOFILE, &more) == 0;
}

void images_make_ahead(int dir, size_t n_files)
{
	if (ahead.is_on || n_files < FEW_FILES || !has_second_cpu() || !make_room_for_descriptors())
		return;
	ahead.dir = dir;
	ahead.n_wanted = n_files;
	ahead.must_end = false;
	ahead.is_on = parallel_start(&ahead.maker, make_files, NULL) == 0;
	if (!ahead.is_on)
		setrlimit(RLIMIT_NOFILE, &ahead.limit);
}

void images_end_ahead(void)
{
	if (!ahead.is_on)
		return;
	pthread_mutex_lock(&ahead.lock);
	ahead.must_end = true;
	pthread_cond_signal(&ahead.has_room);
	pthread_mutex_unlock(&ahead.lock);
	pthread_join(ahead.maker, NULL);
	while (ahead.n_waiting)
		close(ahead.waiting[--ahead.n_waiting]);
	setrlimit(RLIMIT_NOFILE, &ahead.limit);
	ahead.is_on = false;
}

static int take_unnamed(void)
{
	int fd = -1;

	if (!ahead.is_on)
		return -1;
	pthread_mutex_lock(&ahead.lock);
	if (ahead.n_waiting)
		fd = ahead.waiting[--ahead.n_waiting];
	else if (ahead.n_wanted)
		ahead.n_wanted--;	/* the caller makes it */
	pthread_cond_signal(&ahead.has_room);
	pthread_mutex_unlock(&ahead.lock);
	return fd;
}

static int give_name(int fd, int dir, const char *name)
{
	char link[32];

	if (linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT)		/* which means: not without CAP_DAC_READ_SEARCH */
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, link, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int image_create(int dir, const char *name)
{
	int fd = take_unnamed();

	if (fd >= 0) {
		if (!give_name(fd, dir, name))
			return fd;
		close(fd);		/* the name is in use, or something else that a second try tells of */
	}
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, IMAGE_MODE);
	return fd < 0 ? fail_errno("create image %s", name) : fd;
}
