/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parse, pick a command, return. */
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/parse.h"
#include "cmd/cmd.h"
#include "options.h"

static const struct {
	const char *name;
	int (*run)(const struct options *opt);
} commands[] = {
	{ "dump", cmd_dump },
	{ "restore", cmd_restore },
	{ "check", cmd_check },
};

static int run_command(const struct options *opt)
{
	for (size_t i = 0; i < array_size(commands); i++)
		if (streq(commands[i].name, opt->command))
			return commands[i].run(opt);
	(void)fail(EINVAL, "unknown command: %s; see criu --help", opt->command);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options opt;
	int got;

	if (argc < 2) {
		(void)fail(EINVAL, "no command; one of dump, restore, check; see criu --help");
		return EXIT_FAILURE;
	}
	got = options_parse(argc, argv, &opt);
	if (got)
		return got > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (opt.n_args && !opt.exec_cmd) {
		(void)fail(EINVAL, "excessive parameter for command %s: %s", opt.command, opt.args[0]);
		return EXIT_FAILURE;
	}
	if (check_privilege(&opt))
		return EXIT_FAILURE;
	return run_command(&opt);
}
