/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parse, pick a command, return. */
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/parse.h"
#include "cmd/cmd.h"
#include "help.h"
#include "options.h"

struct command {
	const char *name;
	int (*run)(const struct options *opt);	/* NULL: there was one once */
	int n_words;				/* of its own, behind its name */
	bool is_later;			/* the interface knows it, this version does not */
	bool is_free;			/* whether it may do what it is asked to shows later */
};

static const struct command commands[] = {
	{ "dump", cmd_dump },
	{ "restore", cmd_restore },
	{ "check", cmd_check },
	{ "cpuinfo", cmd_cpuinfo, 1 },
	{ "service", cmd_service },
	{ "swrk", cmd_swrk, 1, .is_free = true },
	{ "pre-dump", .is_later = true },
	{ "page-server", .is_later = true },
	{ "lazy-pages", .is_later = true },
	{ "dedup", .is_later = true },
	{ "exec", NULL },
	{ "show", NULL },
};
enum { EXIT_GONE = 255 };

static const struct command *command_by_name(const char *name)
{
	const char *near;

	for (size_t i = 0; i < array_size(commands); i++)
		if (streq(commands[i].name, name))
			return &commands[i];
	near = help_nearest_command(name);
	if (near)
		(void)fail(EINVAL, "unknown command: %s; did you mean %s?", name, near);
	else
		(void)fail(EINVAL, "unknown command: %s; see criu --help", name);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct options opt;
	int got;

	if (argc < 2) {
		help_usage(stderr);
		return EXIT_FAILURE;
	}
	got = options_parse(argc, argv, &opt);
	if (got)
		return got > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	command = command_by_name(opt.command);
	if (!command)
		return EXIT_FAILURE;
	if (command->is_later) {
		(void)fail(EOPNOTSUPP, "the command %s is not supported by this version", command->name);
		return EXIT_FAILURE;
	}
	if (!command->run) {
		(void)fail(EINVAL, "the command %s is deprecated and does nothing; crit show prints images", command->name);
		return EXIT_GONE;
	}
	if (opt.n_args > command->n_words && !(opt.exec_cmd && command->run == cmd_restore)) {
		(void)fail(EINVAL, "excessive parameter for command %s: %s; see criu %s --help", opt.command,
			   opt.args[command->n_words], opt.command);
		return EXIT_FAILURE;
	}
	if (!command->is_free && !has_privilege()) {
		/* callers look for it there */
		printf("CRIU needs to have the CAP_SYS_ADMIN or the CAP_CHECKPOINT_RESTORE capability:\n"
		       "setcap cap_checkpoint_restore+eip FILE\n");
		return EXIT_FAILURE;
	}
	if (!command->is_free && check_privilege(&opt))
		return EXIT_FAILURE;
	return command->run(&opt);
}
