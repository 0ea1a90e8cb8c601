/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Not to be linked: a blob has no memory of its own to write to. */
#include <compel/pie.h>

long pie_main(void *arg)
{
	static long n_calls;

	n_calls += *(long *)arg;
	return n_calls;
}
