/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a run, told to the client that asked for it and to action scripts, which are programs of the user's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "options.h"
#include "run/cancel.h"
#include "run/script.h"

static int no_return exec_script(const char *path, const char *action, pid_t root, const char *img_path)
{
	char *const argv[] = { (char *)path, NULL };
	char pid[16];

	cancel_reset();		/* a script gets its signals as we got them */
	setenv("CRTOOLS_SCRIPT_ACTION", action, 1);
	setenv("CRTOOLS_IMAGE_DIR", img_path, 1);
	if (root > 0) {
		snprintf(pid, sizeof(pid), "%d", root);
		setenv("CRTOOLS_INIT_PID", pid, 1);
	}
	close(STDIN_FILENO);
	dup2(log_fd(), STDOUT_FILENO);
	dup2(log_fd(), STDERR_FILENO);
	execvp(path, argv);
	(void)fail_errno("run action script %s", path);
	_exit(127);
}

static int run_one(const char *path, const char *action, pid_t root, const char *img_path)
{
	int status;
	pid_t pid;

	/* found out here, so that it is told once; without a slash the path is searched for */
	if (strchr(path, '/') && access(path, X_OK) < 0)
		return fail_errno("run action script %s", path);
	pid = fork();
	if (pid < 0)
		return fail_errno("fork for action script %s", path);
	if (!pid)
		exec_script(path, action, root, img_path);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno("wait for action script %s", path);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	(void)fail(ECANCELED, "action script %s failed at %s with %s %d", path, action,
		   WIFEXITED(status) ? "exit status" : "signal",
		   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static int tell_client(const struct options *opt, const char *action, pid_t root_real)
{
	const struct client *c = opt->client;

	return c && c->wants_steps ? c->notify(c, action, root_real, -1) : 0;
}

int script_ask_client(const struct options *opt, const char *action)
{
	return tell_client(opt, action, 0);
}

int script_give_fd(const struct options *opt, const char *action, int fd)
{
	const struct client *c = opt->client;

	if (!c || !c->wants_steps || !c->wants_pts_master)
		return fail(ENOTCONN, "%s: nobody wants this terminal; engines set orphan_pts_master", action);
	return c->notify(c, action, 0, fd);
}

int script_run(const struct options *opt, const char *action, pid_t root_real, const char *img_path)
{
	int first = tell_client(opt, action, root_real);

	if (first)
		return first;
	for (unsigned int i = opt->action_scripts.n; i--;) {
		int err = run_one(opt->action_scripts.v[i], action, root_real, img_path);

		if (!first)
			first = err;
	}
	return first;
}
