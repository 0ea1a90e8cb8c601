// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of threads, odd ones too. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>

#include "zdtm.h"

static _Atomic int running;
static const char *const names[] = { "plain",		") R 1 (",	"tab\tand\nline",
				     "fifteen letters", "\xc3\xa4\xff", "" };

enum { N = sizeof(names) / sizeof(names[0]) };

static void *work(void *arg)
{
	const char *name = arg;
	char now[17] = "";

	prctl(PR_SET_NAME, name);
	running++;
	zt_wait();
	prctl(PR_GET_NAME, now);
	CHECK(!strcmp(now, name), "the name is '%s', should be '%s'", now, name);
	return NULL;
}

int main(void)
{
	pthread_t threads[N];
	char now[17];

	zt_init();
	SETUP(prctl(PR_SET_NAME, "the (root) name") == 0);
	for (int i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)names[i]) == 0);
	while (running < N)
		zt_sleep_ms(1);
	zt_checkpoint();
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	prctl(PR_GET_NAME, now);
	CHECK(!strcmp(now, "the (root) name"), "the name is '%s'", now);
	return zt_result();
}
