/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/fdinfo.h: /proc/PID/fdinfo/N */
#include <stdbool.h>
#include <stdint.h>
#include "base/compiler.h"
#include "file/kind.h"

/* The lines that every file has. */
struct fdinfo_common {
	uint64_t pos;
	uint32_t flags;			/* O_CLOEXEC is that of the descriptor */
	int mnt_id;
};

/* Reports nothing; -EINVAL: not the text of such a file. The text is not changed. */
int fdinfo_parse(const char *text, struct fdinfo_common *ret) must_check;
/* Every other line to the kind. A line it does not know is named in a warning. */
int fdinfo_offer(struct dump *d, const struct file_kind *kind, void *rec, const char *text) must_check;
/* dir/name whole into *text (malloc'ed, room bytes, grows). A question. */
int fdinfo_read(int dir, const char *name, char **text, size_t *room) must_check;
