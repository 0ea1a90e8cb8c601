// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts of /proc and configuration files: byte 0 chooses the parser, the rest is the text. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/log.h"
#include "file/fdinfo.h"
#include "kernel/proc_stat.h"
#include "kernel/proc_status.h"
#include "kernel/proc_timers.h"
#include "mem/vmas.h"
#include "options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int parse(unsigned int which, char *text, struct arena *a)
{
	struct options opt = { 0 };
	struct proc_status status;
	struct proc_timers timers;
	struct fdinfo_common fdinfo;
	struct vma_list vmas = { 0 };
	struct proc_stat st;

	switch (which % 6) {
	case 0: return proc_stat_parse(text, &st);
	case 1: return proc_status_parse(text, a, &status);
	case 2: return proc_timers_parse(text, a, &timers);
	case 3: return vmas_parse(text, a, &vmas);
	case 4: return fdinfo_parse(text, &fdinfo);
	/* Without the options that act at once (--close), whose effects would outlive the input. */
	default: return strstr(text, "close") ? 0 : options_apply_config(&opt, "fuzz", text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	char *text;

	if (log_verbosity)
		log_to(open("/dev/null", O_WRONLY | O_CLOEXEC), 0);
	if (!size)
		return 0;
	text = calloc(1, size);
	memcpy(text, data + 1, size - 1);
	if (parse(data[0], text, &a) < 0)
		text[0] = 0;		/* refused: the usual end */
	free(text);
	arena_free(&a);
	return 0;
}
