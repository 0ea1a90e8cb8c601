/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/blob.h: freestanding code, packed at build time as `<stem>_blob` */

#include <stddef.h>

struct compel_blob {
	const void *data;	/* flat, position independent; its first byte is the entry */
	size_t len;		/* bytes */
};
