// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Queued signals between two processes all the time: each value arrives once and in order, also
 * those under way.
 * zdtm-ignore: ShdPnd|SigPnd|SigBlk
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "zdtm.h"

static volatile sig_atomic_t expected, broken;

static void on_number(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_value.sival_int != expected)
		broken = info->si_value.sival_int + 1;
	expected++;
}

static void sender(void *arg)
{
	pid_t parent = getppid();
	int sig = SIGRTMIN + 2;

	(void)arg;
	zt_ready();
	for (int i = 0; !zt_is_over();) {
		if (sigqueue(parent, sig, (union sigval){ .sival_int = i }) == 0)
			i++;
		else
			CHECK(errno == EAGAIN, "sigqueue: errno %d", errno);
		if (i % 8 == 0)
			zt_sleep_ms(1);
	}
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_number, .sa_flags = SA_SIGINFO | SA_RESTART };
	int before;
	pid_t kid;

	zt_init();
	sigaction(SIGRTMIN + 2, &sa, NULL);
	kid = zt_child(sender, NULL);
	while (expected < 10)
		zt_sleep_ms(1);
	zt_ready();
	before = expected;
	zt_wait();

	zt_sleep_ms(20);
	zt_end_child(kid);
	zt_sleep_ms(5);
	CHECK(!broken, "number %d came as number %d or earlier", broken - 1, expected);
	CHECK(expected > before, "nothing more came");
	return zt_result();
}
