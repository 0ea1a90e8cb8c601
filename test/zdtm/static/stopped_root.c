// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The root of the tree is stopped itself, with signals waiting for it; it goes on when continued.
 * zdtm-peer: delivers signals to a stopped task
 * zdtm-flavor: h
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static volatile sig_atomic_t usr1, cont;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		usr1++;
	else
		cont++;
}

/* Stops the root, leaves it a signal, and says "ready" in its name. */
static void stop_it(void *arg)
{
	pid_t root = getppid();
	char path[64], text[512] = "", *state;

	(void)arg;
	zt_ready();
	snprintf(path, sizeof(path), "/proc/%d/stat", root);
	kill(root, SIGSTOP);
	do {
		zt_sleep_ms(1);
		SETUP(zt_read_file(path, text, sizeof(text)) > 0);
		state = strrchr(text, ')');
	} while (!state || state[2] != 'T');
	kill(root, SIGUSR1);
	snprintf(path, sizeof(path), "ready.%d", root);
	close(open(zt_path(path), O_CREAT | O_WRONLY, 0600));
	zt_wait();
}

int main(void)
{
	pid_t kid;

	zt_init();
	signal(SIGUSR1, on_signal);
	signal(SIGCONT, on_signal);
	kid = fork();
	SETUP(kid >= 0);
	if (!kid)
		zt_run_child(stop_it, NULL);
	zt_wait();

	for (int i = 0; i < 1000 && !(usr1 && cont); i++)
		zt_sleep_ms(1);
	CHECK_EQ(usr1, 1);
	CHECK(cont == 1, "SIGCONT came %d times", cont);
	zt_end_child(kid);
	return zt_result();
}
