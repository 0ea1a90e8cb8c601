/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why nothing can be run inside a process: what the kernel's error number does not say. */
#include <errno.h>
#include <inttypes.h>
#include <linux/personality.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/log.h"
#include "base/parse.h"
#include "kernel/read.h"
#include "task/inside_why.h"

/* Limits as /proc/PID/limits names them; what counts against them, as /proc/PID/status does. */
static const struct {
	const char *label, *name, *used, *word;
} limits[] = {
	{ "Max address space", "RLIMIT_AS", "VmSize:", "as" },
	{ "Max data size", "RLIMIT_DATA", "VmData:", "data" },
};

/* The number behind a label; false: none, or unlimited. */
static bool number_behind(const char *text, const char *label, uint64_t *ret)
{
	const char *at = strstr(text, label);

	return at && sscanf(at + strlen(label), " %" SCNu64, ret) == 1;
}

char *inside_no_room(struct arena *a, const char *limits_text, const char *status_text, pid_t pid)
{
	enum { ROOM = 1 << 20 };	/* what the parasite of most processes takes is a tenth of it */

	for (size_t i = 0; i < array_size(limits); i++) {
		uint64_t limit, used_kib;

		if (!number_behind(limits_text, limits[i].label, &limit) ||
		    !number_behind(status_text, limits[i].used, &used_kib) || used_kib * 1024 + ROOM <= limit)
			continue;
		return arena_printf(a, "process %d has %" PRIu64 " KiB of the %" PRIu64 " that its soft limit %s allows, "
				    "and there is no room for the code that asks it; raise the limit for the moment: "
				    "prlimit --pid %d --%s=unlimited:", pid, used_kib, limit / 1024, limits[i].name, pid,
				    limits[i].word);
	}
	return NULL;
}

static char *no_room(struct arena *a, pid_t pid)
{
	auto_proc_text limit = { 0 }, status = { 0 };

	if (proc_text_read(&limit, "/proc/%d/limits", pid) || proc_text_read(&status, "/proc/%d/status", pid))
		return NULL;
	return inside_no_room(a, limit.s, status.s, pid);
}

static char *no_data(struct arena *a, pid_t pid)
{
	auto_proc_text text = { 0 };
	unsigned int persona;

	if (proc_text_read(&text, "/proc/%d/personality", pid) || sscanf(text.s, "%x", &persona) != 1 ||
	    !(persona & READ_IMPLIES_EXEC))
		return NULL;
	return arena_printf(a, "process %d has the personality READ_IMPLIES_EXEC and a ban on writable code (PR_SET_MDWE): "
			    "no memory of its can be written that was not before, so no code can be run inside", pid);
}

char *inside_why(struct arena *a, pid_t pid, int err)
{
	switch (err) {
	case -ENOMEM:
		return no_room(a, pid);
	case -EACCES:
		return no_data(a, pid);
	default:
		return NULL;
	}
}
