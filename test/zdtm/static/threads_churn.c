// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that start and end all the time: the tree is stopped whatever it does at the moment, and
 * goes on.
 * zdtm-ignore: [Tt]hreads?
 * zdtm-ignore: maps
 */
#include <pthread.h>
#include <stdatomic.h>

#include "zdtm.h"

enum { MAKERS = 4, SHORT = 8 };

static _Atomic uint64_t made, ran;

static void *short_life(void *arg)
{
	volatile char stack[2048];

	for (size_t i = 0; i < sizeof(stack); i++)
		stack[i] = (char)i;
	ran++;
	return arg;
}

static void *make(void *arg)
{
	pthread_t threads[SHORT];
	char marks[SHORT];

	while (!zt_is_over()) {
		for (int i = 0; i < SHORT; i++)
			CHECK_EQ(pthread_create(&threads[i], NULL, short_life, &marks[i]), 0);
		for (int i = 0; i < SHORT; i++) {
			void *value = NULL;

			CHECK(pthread_join(threads[i], &value) == 0 && value == &marks[i], "join");
			made++;
		}
		zt_sleep_ms(1);
	}
	return arg;
}

int main(void)
{
	pthread_t makers[MAKERS];
	uint64_t before;

	zt_init();
	for (int i = 0; i < MAKERS; i++)
		SETUP(pthread_create(&makers[i], NULL, make, NULL) == 0);
	while (made < 50)
		zt_sleep_ms(1);
	zt_ready();
	before = made;
	zt_wait();

	for (int i = 0; i < MAKERS; i++)
		pthread_join(makers[i], NULL);
	CHECK_EQ(made, ran);
	CHECK(made > before, "no thread was made any more");
	return zt_result();
}
