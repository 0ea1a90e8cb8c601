// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child, and its child, in a UTS namespace of their own; the root stays outside.
 * zdtm-peer: refuses UTS namespaces below the root's
 */
#include <sched.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "zdtm.h"

static void check_names(const char *nodename)
{
	struct utsname u;

	CHECK(uname(&u) == 0, "uname");
	CHECK(strcmp(u.nodename, nodename) == 0, "host name %s, not %s", u.nodename, nodename);
	CHECK(strcmp(u.domainname, "ns.uts.example") == 0, "domain name %s", u.domainname);
}

static void grandchild(void *arg)
{
	zt_checkpoint();
	check_names(arg);
}

static void child(void *arg)
{
	pid_t kid;

	SETUP(unshare(CLONE_NEWUTS) == 0);
	SETUP(sethostname(arg, strlen(arg)) == 0);
	SETUP(setdomainname("ns.uts.example", 14) == 0);
	kid = zt_child(grandchild, arg);
	zt_checkpoint();
	check_names(arg);
	zt_end_child(kid);
}

int main(void)
{
	struct utsname before, after;
	pid_t one, two;

	zt_init();
	SETUP(uname(&before) == 0);
	one = zt_child(child, "first-name");
	two = zt_child(child, "second-name");
	zt_checkpoint();

	CHECK(uname(&after) == 0 && strcmp(before.nodename, after.nodename) == 0, "the root is renamed to %s",
	      after.nodename);
	zt_end_child(one);
	zt_end_child(two);
	return zt_result();
}
