/* SPDX-License-Identifier: GPL-2.0-or-later */
/* criu swrk FD: serves the one client that has started it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/parse.h"
#include "cmd/cmd.h"
#include "options.h"
#include "rpc/requests.h"
#include "rpc/session.h"

int cmd_swrk(const struct options *opt)
{
	struct session s = { .is_swrk = true, .base = opt };
	int32_t fd;

	if (opt->n_args != 1 || parse_i32(opt->args[0], 10, &fd)) {
		fprintf(stderr, "Usage: criu swrk <fd>\n");
		return EXIT_FAILURE;
	}
	/* engines may have started us with it ignored, but our own children are waited for */
	signal(SIGCHLD, SIG_DFL);
	return session_open(&s, fd) ? EXIT_FAILURE : session_serve(&s);
}
