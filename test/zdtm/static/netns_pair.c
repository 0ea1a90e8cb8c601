// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two tasks in network namespaces of their own, connected by a pair of devices; a third shares one. Addresses,
 * routes, rules, packet filters and settings are what they were, and packets pass between the two.
 * zdtm-flavor: h
 * zdtm-peer: keeps packet filters as text
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zdtm.h"

static const char state[] = "ip addr | sed 's/@if[0-9]*//; s/ state [A-Z]*//'; ip route show table all; ip rule; "
			    "nft list ruleset; cat /proc/sys/net/ipv4/conf/*/proxy_arp";

static char *output(const char *command)
{
	char *text = calloc(1, 65536);
	FILE *f = popen(command, "r");

	SETUP(f && text);
	SETUP(fread(text, 1, 65535, f) > 0);
	SETUP(pclose(f) == 0);
	return text;
}

static void run(const char *command)
{
	SETUP(system(command) == 0);
}

/* IPv6 looks for duplicates of an address that it gives itself, first a random while later, for a second. */
static void await_addresses(void)
{
	run("for i in $(seq 80); do a=$(ip -6 addr show up scope link); case $a in *tentative* | '') sleep 0.1;; *) exit 0;; esac; done; exit 1");
}

static void check_same(const char *before)
{
	char *after = output(state);

	CHECK(strcmp(before, after) == 0, "before:\n%s\nafter:\n%s", before, after);
	free(after);
}

static void member(void *arg)
{
	char *before = output(state);

	(void)arg;
	zt_checkpoint();
	check_same(before);
}

static void left(void *arg)
{
	char command[256], *before;
	pid_t kid;

	(void)arg;
	SETUP(unshare(CLONE_NEWNET) == 0);
	snprintf(command, sizeof(command), "nsenter -t %d -n ip link set left0 netns %d", getppid(), getpid());
	run(command);
	run("ip link set lo up; ip link set left0 up; ip addr add 10.77.0.1/24 dev left0; "
	    "ip route add 10.78.0.0/16 via 10.77.0.2; ip rule add pref 77 from 10.77.0.0/24 table 77; echo 1 >/proc/sys/net/ipv4/conf/left0/proxy_arp; "
	    "nft add table inet mine; nft add chain inet mine in '{ type filter hook input priority 0; }'; "
	    "nft add rule inet mine in tcp dport 99 drop");
	await_addresses();
	before = output(state);
	kid = zt_child(member, NULL);
	zt_checkpoint();
	check_same(before);
	CHECK(system("ping -c1 -W2 10.77.0.2 >/dev/null") == 0, "no packet passes");
	zt_end_child(kid);
}

static void right(void *arg)
{
	char *before;
	pid_t kid;

	(void)arg;
	SETUP(unshare(CLONE_NEWNET) == 0);
	run("ip link set lo up; ip link add right0 type veth peer name left0; ip link set right0 up; "
	    "ip addr add 10.77.0.2/24 dev right0");
	kid = zt_child(left, NULL);
	await_addresses();
	before = output(state);
	zt_checkpoint();
	check_same(before);
	zt_end_child(kid);
}

int main(void)
{
	return zt_in_child(right);
}
