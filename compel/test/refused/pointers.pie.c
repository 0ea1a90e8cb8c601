/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Not to be linked: a table of pointers wants relocations, which nobody would do. */
#include <compel/pie.h>

long pie_main(void *arg)
{
	static const char *const names[] = { "one", "two", "three" };

	return names[*(volatile long *)arg % 3][0];
}
