/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The id of a run: a random UUID, RFC 9562 version 4. */
#include <stdio.h>
#include <sys/random.h>
#include "base/log.h"
#include "run/run_id.h"

void run_id_make(char ret_id[RUN_ID_SIZE])
{
	unsigned char b[16] = { 0 };

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		warn_errno("getrandom");
	b[6] = (b[6] & 0x0f) | 0x40;	/* version */
	b[8] = (b[8] & 0x3f) | 0x80;	/* variant */
	snprintf(ret_id, RUN_ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
