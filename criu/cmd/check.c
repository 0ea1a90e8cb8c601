/* SPDX-License-Identifier: GPL-2.0-or-later */
/* criu check: what this machine can do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/parse.h"
#include "cmd/cmd.h"
#include "cmd/features.h"
#include "options.h"

static void print_names(void)
{
	const struct feature *f = NULL;

	while ((f = feature_next(f)))
		printf("%-26s without it: %s\n", f->name, f->loss);
}

static int check_one(const char *name)
{
	const struct feature *f = feature_by_name(name);
	int err;

	if (streq(name, "list")) {
		print_names();
		return EXIT_SUCCESS;
	}
	if (!f) {
		(void)fail(EINVAL, "Unknown feature %s; `criu check --feature list` names them", name);
		return EXIT_FAILURE;
	}
	err = f->probe();
	if (!err) {
		printf("%s is supported\n", name);
		return EXIT_SUCCESS;
	}
	warn("%s is not supported (%s): %s", name, strerror(-err), f->loss);
	return EXIT_FAILURE;
}

static bool has_all(enum feature_class class)
{
	const struct feature *f = NULL;
	bool good = true;

	while ((f = feature_next(f))) {
		int err = f->class == class ? f->probe() : 0;

		if (!err)
			continue;
		good = false;
		warn("%s is missing (%s): %s", f->name, strerror(-err), f->loss);
	}
	return good;
}

int cmd_check(const struct options *opt)
{
	bool extra = opt->check_extra || opt->check_all, experimental = opt->check_experimental || opt->check_all;
	bool good = true;

	if (opt->check_feature)
		return check_one(opt->check_feature);
	if (!has_all(FEATURE_BASIC)) {
		warn("Does not look good.");
		return EXIT_FAILURE;
	}
	if (extra)
		good &= has_all(FEATURE_EXTRA);
	if (experimental)
		good &= has_all(FEATURE_EXPERIMENTAL);
	if (!good) {
		printf("Looks good but some kernel features are missing\n"
		       "which, depending on your process tree, may cause\n"
		       "dump or restore failure.\n");
		return EXIT_FAILURE;
	}
	printf("Looks good.\n");
	return EXIT_SUCCESS;
}
