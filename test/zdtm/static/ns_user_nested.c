// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * User namespaces below the root's: one in another, one beside them, one that nobody is in; their maps, who owns them, the
 * capabilities of those in them, ids that have no name in there, and the namespaces of the other kinds that they own.
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses nested user namespaces
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#include "userns.h"
#include "zdtm.h"

static int own_file;

/* Of this process; a child begins with none. */
static pid_t kids[4];
static int n_kids;

static void join(void (*fn)(void *arg))
{
	int n = n_kids;

	n_kids = 0;
	kids[n] = zt_child(fn, NULL);
	n_kids = n + 1;
}

static void stays(const char *who)
{
	struct zt_userns was, is;
	char c;

	zt_userns_look(&was);
	zt_checkpoint();
	zt_userns_look(&is);
	zt_userns_compare(who, &is, &was);
	CHECK(pwrite(own_file, "x", 1, 0) == 1 && pread(own_file, &c, 1, 0) == 1, "%s: its file", who);
	while (n_kids)
		zt_end_child(kids[--n_kids]);
}

/* Its parent is two steps up: nobody is in the one between. */
static void in_grandchild(void *arg)
{
	(void)arg;
	zt_userns_enter_new("0 0 1", "0 0 1");
	zt_userns_enter_new("0 0 1", "0 0 1");
	SETUP(unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) == 0 && sethostname("grandchild", 10) == 0);
	stays("grandchild");
}

static void without_names(void *arg)
{
	(void)arg;
	/* unshare --map-root-user has denied it */
	SETUP(setgroups(2, (gid_t[]){ 0, 0 }) == 0 || errno == EPERM);
	zt_userns_enter_new("", "");
	stays("nameless");
}

static void plain(void *arg)
{
	(void)arg;
	stays("plain child");
}

static void in_child(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_NEWCGROUP) == 0);
	zt_userns_enter_new("0 0 1", "0 0 1");
	SETUP(unshare(CLONE_NEWNS | CLONE_NEWUTS) == 0 && sethostname("child", 5) == 0);
	join(in_grandchild);
	join(plain);
	stays("child");
}

/* In the network of another user namespace than its own. */
static void beside(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_NEWNET) == 0);
	zt_userns_enter_new("0 0 1", "0 0 1");
	stays("beside");
}

int main(void)
{
	zt_init();
	own_file = open(zt_path("file"), O_CREAT | O_RDWR, 0600);
	SETUP(own_file >= 0);
	join(in_child);
	join(beside);
	join(without_names);
	stays("root");
	return zt_result();
}
