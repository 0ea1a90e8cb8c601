// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A parent and two children in a ring of pipes, with bytes going round all the time: none is lost
 * or doubled.
 */
#include <stdint.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 3 };

static int ring[N][2];

static void pass_on(void *arg)
{
	int me = (int)(intptr_t)arg;
	uint32_t token;

	for (int i = 0; i < N; i++) {
		if (i != me)
			close(ring[i][0]);
		if (i != (me + 1) % N)
			close(ring[i][1]);
	}
	zt_ready();
	while (read(ring[me][0], &token, sizeof(token)) == sizeof(token)) {
		token++;
		if (write(ring[(me + 1) % N][1], &token, sizeof(token)) != sizeof(token))
			break;
	}
}

int main(void)
{
	pid_t kids[N];
	uint32_t token = 0, last = 0;

	zt_init();
	for (int i = 0; i < N; i++)
		SETUP(pipe(ring[i]) == 0);
	for (int i = 1; i < N; i++)
		kids[i] = zt_child(pass_on, (void *)(intptr_t)i);
	zt_ready();
	do {
		token++;
		if (write(ring[1][1], &token, sizeof(token)) != sizeof(token))
			break;
		CHECK_EQ(read(ring[0][0], &token, sizeof(token)), sizeof(token));
		CHECK_EQ(token, last + N);
		last = token;
		zt_sleep_ms(1);
	} while (!zt_is_over() && !zt_has_failed());
	CHECK(last > 0, "nothing went round");
	/* the children end by end of file, one after the other */
	close(ring[1][1]);
	for (int i = 1; i < N; i++) {
		close(ring[i][1]);
		zt_end_child(kids[i]);
	}
	return zt_result();
}
