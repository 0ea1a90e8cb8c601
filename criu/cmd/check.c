/* SPDX-License-Identifier: GPL-2.0-or-later */
/* criu check: what this machine can do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/parse.h"
#include "cmd/cmd.h"
#include "kernel/feature.h"
#include "options.h"

static int check_one(const char *name)
{
	if (streq(name, "list")) {
		for (size_t i = 0; i < n_features; i++)
			printf("%-26s without it: %s\n", features[i].name, features[i].loss);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < n_features; i++) {
		int err;

		if (!streq(features[i].name, name))
			continue;
		err = features[i].probe();
		if (!err) {
			printf("%s is supported\n", name);
			return EXIT_SUCCESS;
		}
		warn("%s is not supported (%s): %s", name, strerror(-err), features[i].loss);
		return EXIT_FAILURE;
	}
	(void)fail(EINVAL, "Unknown feature %s; `criu check --feature list` names them", name);
	return EXIT_FAILURE;
}

static bool has_all(enum feature_class class)
{
	bool good = true;

	for (size_t i = 0; i < n_features; i++) {
		int err = features[i].class == class ? features[i].probe() : 0;

		if (!err)
			continue;
		good = false;
		warn("%s is missing (%s): %s", features[i].name, strerror(-err), features[i].loss);
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
