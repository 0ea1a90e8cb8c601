/* SPDX-License-Identifier: GPL-2.0-or-later */
/* criu cpuinfo dump|check: what this CPU can do, into cpuinfo.img; and whether this CPU will do for the one in it. */
#include <stdlib.h>
#include "arch/cpuinfo.h"
#include "base/log.h"
#include "base/parse.h"
#include "cmd/cmd.h"
#include "image/dir.h"
#include "options.h"

enum { EXIT_DUMP_FAILED = 255 };	/* callers know this one from the established tool */

static int dump(struct arena *a, const struct dirs *dirs, const struct cpu_cap *cap not_used)
{
	return image_write_one(dirs->img, IMG_CPUINFO, 0, &cpuinfo_scan(a)->base);
}

static int check(struct arena *a, const struct dirs *dirs, const struct cpu_cap *cap)
{
	CpuinfoEntry *there;
	int err = image_read_one(a, dirs->img, IMG_CPUINFO, 0, &there);

	return err ? err : cpuinfo_check(there, cpuinfo_scan(a), cap);
}

static const struct {
	const char *word;
	int (*run)(struct arena *a, const struct dirs *dirs, const struct cpu_cap *cap);
	int status;			/* when it fails */
} actions[] = {
	{ "dump", dump, EXIT_DUMP_FAILED },
	{ "check", check, EXIT_FAILURE },
};

int cmd_cpuinfo(const struct options *opt)
{
	struct arena a = { 0 };		/* as long as the process */
	struct cpu_cap cap;
	struct dirs dirs;

	for (size_t i = 0; opt->n_args && i < array_size(actions); i++) {
		if (!streq(opt->args[0], actions[i].word))
			continue;
		if (cpu_cap_parse(opt->cpu_cap, &cap) || dirs_open(opt, &dirs))
			return EXIT_FAILURE;
		return actions[i].run(&a, &dirs, &cap) ? actions[i].status : EXIT_SUCCESS;
	}
	(void)fail(EINVAL, "cpuinfo needs one of the words dump and check behind it");
	return EXIT_FAILURE;
}
