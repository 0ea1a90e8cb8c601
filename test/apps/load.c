// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A C program under load: 100 threads that fork children all the time; these exec or exit at once.
 * No child is lost, no
 * status is another's, whatever moment the tree is stopped in.
 * zdtm-ignore: .
 * zdtm-peer: loses a bit of the exit codes of zombies
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 100 };

static _Atomic uint64_t turns[N];

static void *work(void *arg)
{
	int index = (int)(intptr_t)arg;
	unsigned int random = (unsigned int)index;

	while (!zt_is_over()) {
		int how = rand_r(&random) % 3, code = rand_r(&random) % 200, status = 0;
		pid_t pid = fork(), got;

		if (!pid) {
			if (how == 0)
				execl("/bin/true", "true", NULL);
			if (how == 1)
				kill(getpid(), SIGKILL);
			_exit(code);
		}
		if (pid < 0) {
			CHECK(errno == EAGAIN, "thread %d: fork: errno %d", index, errno);
			continue;
		}
		do {
			got = waitpid(pid, &status, 0);
		} while (got < 0 && errno == EINTR);
		CHECK(got == pid, "thread %d: waitpid %d gives %d, errno %d", index, pid, got,
		      errno);
		if (how == 0)
			CHECK(status == 0, "thread %d: /bin/true ends with %#x", index, status);
		else if (how == 1)
			CHECK(status == SIGKILL, "thread %d: a killed child ends with %#x", index,
			      status);
		else
			CHECK(status == code << 8, "thread %d: exit(%d) gives %#x", index, code,
			      status);
		turns[index]++;
		zt_sleep_ms(20);
	}
	return NULL;
}

int main(void)
{
	static pthread_t threads[N];
	uint64_t before = 0, after = 0;

	zt_init();
	for (intptr_t i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	for (int i = 0; i < N; i++)
		while (!turns[i])
			zt_sleep_ms(1);
	for (int i = 0; i < N; i++)
		before += turns[i];
	zt_checkpoint();
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < N; i++)
		after += turns[i];
	CHECK(after > before, "nothing went on");
	CHECK(waitpid(-1, NULL, 0) < 0 && errno == ECHILD, "there are children nobody waited for");
	return zt_result();
}
