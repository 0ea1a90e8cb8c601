/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON strings; paths may hold any byte, so what is no printable ASCII is escaped as its code. */
#include <stdio.h>
#include "base/json.h"

void json_print_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}
