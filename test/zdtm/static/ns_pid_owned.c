// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pid namespaces that user namespaces below the root's own, as of `unshare -Urpf`, bubblewrap, or rootless containers: two
 * of one user namespace, in one of them a third of a user namespace further below, and a fourth that has no init yet.
 * Whoever is in there may kill what is in there, and nothing else.
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses nested pid namespaces
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "userns.h"
#include "zdtm.h"

enum { PIDS = 5 };			/* in zt_userns.owner */

static void look(const char *who, struct zt_userns *v, pid_t *numbers)
{
	zt_userns_look(v);
	numbers[0] = getpid();
	numbers[1] = getppid();
	numbers[2] = getsid(0);
	numbers[3] = zt_proc_value("/proc/self/status", "Pid", 10);
	CHECK(v->owner[PIDS] >= 0, "%s: no owner", who);
}

static void stays(const char *who, int owner, pid_t *kids)
{
	struct zt_userns was, is;
	pid_t then[4], now[4];

	look(who, &was, then);
	SETUP(was.owner[PIDS] == owner);
	zt_checkpoint();
	look(who, &is, now);
	zt_userns_compare(who, &is, &was);
	for (int i = 0; i < 4; i++)
		CHECK(now[i] == then[i], "%s: number %d is %d, was %d", who, i, now[i], then[i]);
	for (; kids && *kids; kids++)
		zt_end_child(*kids);
}

static void innermost(void *arg)
{
	(void)arg;
	SETUP(getpid() == 1);
	stays("innermost", 0, NULL);
}

static void with_another(void *arg)
{
	pid_t kids[2] = { 0 };

	(void)arg;
	zt_userns_enter_new("0 0 1", "0 0 1");
	kids[0] = zt_clone_child(CLONE_NEWPID, innermost, NULL);
	stays("second", 9, kids);	/* its pid namespace belongs to who forked it */
}

/* The first child is the init of a namespace that its user namespace owns. */
static void has_none_yet(void *arg)
{
	int status;
	pid_t pid;

	(void)arg;
	zt_userns_enter_new("0 0 1", "0 0 1");
	SETUP(unshare(CLONE_NEWPID) == 0);
	zt_checkpoint();

	pid = fork();
	if (!pid) {
		struct zt_userns v;

		zt_userns_look(&v);
		_exit(getpid() == 1 && v.owner[PIDS] == 0 ? 0 : 10 + v.owner[PIDS]);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status, "its child says %d", WEXITSTATUS(status));
}

static void first(void *arg)
{
	pid_t kids[3] = { 0 };

	(void)arg;
	SETUP(getpid() == 1);
	kids[0] = zt_clone_child(CLONE_NEWPID | CLONE_NEWUTS, with_another, NULL);
	kids[1] = zt_clone_child(0, has_none_yet, NULL);
	stays("first", 0, kids);
}

static void unshared(void *arg)
{
	pid_t kids[3] = { 0 };

	(void)arg;
	zt_userns_enter_new("0 0 1", "0 0 1");
	kids[0] = zt_clone_child(CLONE_NEWPID, first, NULL);
	kids[1] = zt_clone_child(CLONE_NEWPID | CLONE_NEWNET, innermost, NULL);
	zt_checkpoint();
	zt_end_child(kids[0]);
	zt_end_child(kids[1]);
}

/* unshare(1) waits for its child in a pid namespace that it is not in. */
static void waits(void *arg)
{
	pid_t pid;

	(void)arg;
	zt_userns_enter_new("0 0 1", "0 0 1");
	SETUP(unshare(CLONE_NEWPID) == 0);
	pid = zt_clone_child(0, innermost, NULL);
	zt_checkpoint();
	zt_end_child(pid);
	CHECK(fork() < 0 && errno == ENOMEM, "a child is born into a namespace without an init");
}

int main(void)
{
	pid_t pid, other;

	zt_init();
	pid = zt_child(unshared, NULL);
	other = zt_child(waits, NULL);
	zt_checkpoint();
	zt_end_child(other);
	zt_end_child(pid);
	return zt_result();
}
