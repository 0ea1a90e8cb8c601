/* SPDX-License-Identifier: GPL-2.0-or-later */
/* criu service: listens; each client gets a worker of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "cmd/cmd.h"
#include "options.h"
#include "rpc/requests.h"
#include "rpc/session.h"
#include "run/cancel.h"
#include "run/script.h"

static const char *address_of(const struct options *opt)
{
	return opt->address ? opt->address : "./criu_service.socket";
}

static int listen_at(const char *path, int *ret)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_fd int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return fail_errno("make a socket");
	if (snprintf(a.sun_path, sizeof(a.sun_path), "%s", path) >= (int)sizeof(a.sun_path))
		return fail(ENAMETOOLONG, "--address %s: at most %zu bytes", path, sizeof(a.sun_path) - 1);
	if (unlink(path) < 0 && errno != ENOENT)
		return fail_errno("remove %s, which is in the way of the socket", path);
	if (bind(sock, (struct sockaddr *)&a, sizeof(a)) < 0)
		return fail_errno("bind the socket to %s", path);
	/* Who may ask for what is decided by who it is, not by reaching the socket. */
	if (chmod(path, 0666) < 0)
		return fail_errno("chmod %s", path);
	if (listen(sock, 16) < 0)
		return fail_errno("listen at %s", path);
	*ret = take_fd(&sock);
	return 0;
}

static int write_pidfile(const char *path)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail_errno("create pidfile %s", path);
	return dprintf(fd, "%d", getpid()) < 0 ? fail_errno("write pidfile %s", path) : 0;
}

static int tell_ready(const struct options *opt)
{
	if (script_run(opt, "status-ready", 0, "."))
		return -ECANCELED;
	if (opt->status_fd < 0)
		return 0;
	if (write(opt->status_fd, "", 1) != 1)
		return fail_errno("write to --status-fd %d", opt->status_fd);
	close(opt->status_fd);
	return 0;
}

static int no_return run_worker(const struct options *service, int sock)
{
	struct session s = { 0 };
	struct options base;

	signal(SIGCHLD, SIG_DFL);
	/* the options of the service itself are not those of its clients */
	if (options_from_configs(service, &base) || session_open(&s, sock))
		exit(EXIT_FAILURE);
	s.base = &base;
	exit(session_serve(&s));
}

static int serve_clients(const struct options *opt, int sock)
{
	while (!is_cancelled()) {
		auto_fd int client = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
		pid_t pid;

		if (client < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (client < 0)
			return fail_errno("accept a client");
		pid = fork();
		if (!pid) {
			close(sock);
			run_worker(opt, client);
		}
		if (pid < 0)
			warn_errno("fork a worker; this client is sent away");
	}
	return 0;
}

static int run_service(const struct options *opt, int sock)
{
	int err = 0;

	if (opt->detach && daemon(1, 0) < 0)
		return fail_errno("go into the background");
	/* ended workers need nobody to wait for them */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || cancel_on_signals())
		return -EIO;
	if (opt->pidfile)
		err = write_pidfile(opt->pidfile);
	if (err)
		return err;
	err = tell_ready(opt);
	signal(SIGCHLD, SIG_IGN);
	if (!err)
		err = serve_clients(opt, sock);
	if (opt->pidfile)
		unlink(opt->pidfile);
	return err;
}

int cmd_service(const struct options *opt)
{
	char run_id[RUN_ID_SIZE];
	auto_fd int sock = -1;
	int err;

	if (work_dir_enter(opt, opt->work_dir ? opt->work_dir : ".", run_id))
		return EXIT_FAILURE;
	if (!opt->address)
		warn("no --address: listening at %s", address_of(opt));
	if (listen_at(address_of(opt), &sock))
		return EXIT_FAILURE;
	err = run_service(opt, sock);
	unlink(address_of(opt));
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
