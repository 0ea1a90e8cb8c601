/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Not to be linked: there is no libc inside. */
#include <compel/pie.h>

int getpid(void);

long pie_main(void *arg)
{
	return arg ? getpid() : 0;
}
