/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -D, -W and -o: where a run reads, writes and talks. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "cmd/cmd.h"
#include "options.h"

static int open_log(const struct options *opt)
{
	int fd;

	if (!opt->log_file || !strcmp(opt->log_file, "-")) {
		if (opt->log_pid)
			warn("--log-pid has no effect without --log-file FILE");
		log_to(opt->log_file ? STDOUT_FILENO : STDERR_FILENO, opt->verbosity);
		return 0;
	}
	fd = open(opt->log_file, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno("create log file %s", opt->log_file);
	log_to(fd, opt->verbosity);
	if (!opt->log_pid)
		return 0;
	/* Not by a path alone: a task may be in another root by the time it logs. */
	fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno("open the work directory");
	log_each_task(fd, opt->log_file);
	return 0;
}

static void log_banner(const char *run_id)
{
	struct utsname u;

	info("CRIU run id = %s", run_id);
	info("Version: %s (gitid 0)", VERSION);
	if (!uname(&u))
		info("Running on %s %s %s %s %s", u.nodename, u.sysname, u.release, u.version, u.machine);
}

/*
 * A path by which scripts and the other process of the tool reach the directory. Its own name may mean another
 * directory to us, when a client in another mount namespace has opened it; then it is that of a descriptor of ours.
 */
static int path_of(int fd, char ret[PATH_MAX])
{
	struct stat by_path, by_fd;
	char self[40];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (realpath(self, ret) && !stat(ret, &by_path) && !fstat(fd, &by_fd) && by_path.st_ino == by_fd.st_ino &&
	    by_path.st_dev == by_fd.st_dev)
		return 0;
	/* one that stays where it is as long as this process lives */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	snprintf(ret, PATH_MAX, "/proc/%d/fd/%d", getpid(), fd);
	return 0;
}

int work_dir_enter(const struct options *opt, const char *work, char ret_run_id[RUN_ID_SIZE])
{
	int err;

	if (chdir(work) < 0)
		return fail_errno("change to work directory %s", work);
	err = open_log(opt);
	if (err)
		return err;
	run_id_make(ret_run_id);
	log_banner(ret_run_id);
	return 0;
}

int dirs_open(const struct options *opt, struct dirs *ret)
{
	const char *img = opt->images_dir ?: ".", *work = opt->work_dir ?: img;
	auto_fd int fd = open(img, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0 && errno == ENOENT)
		return fail(ENOENT, "the images directory %s does not exist: make it, or name another one with -D", img);
	if (fd < 0)
		return fail_errno("open images directory %s", img);
	err = path_of(fd, ret->img_path);
	if (err)
		return fail_with(err, "find the path of %s", img);
	err = work_dir_enter(opt, work, ret->run_id);
	if (err)
		return err;
	ret->img = take_fd(&fd);
	return 0;
}
