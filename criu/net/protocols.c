/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/net/protocols: a line for each protocol, the third word is how many sockets of it the namespace has. It counts all
 * protocols that the kernel has, also those that no other list shows, and closed sockets that still talk to their peers.
 */
#include <stdio.h>
#include <string.h>
#include "base/parse.h"
#include "kernel/read.h"
#include "net/protocols.h"

/* These talk to processes of this machine or to the kernel: nothing that arrives by a device reaches them. */
static const char *const silent[] = { "UNIX", "UNIX-STREAM", "NETLINK", "AF_VSOCK" };

static bool is_silent(const char *name)
{
	for (size_t i = 0; i < array_size(silent); i++)
		if (streq(name, silent[i]))
			return true;
	return false;
}

bool protocols_text_hears(char *text)
{
	char *line = next_line(&text), name[32];	/* the first is the heading */
	unsigned int size, sockets;

	if (!line || !has_prefix(line, "protocol"))
		return true;
	while ((line = next_line(&text)))
		if (sscanf(line, "%31s %u %u", name, &size, &sockets) != 3 || (sockets && !is_silent(name)))
			return true;
	return false;
}

bool protocols_hear(void)
{
	auto_proc_text text;

	/* Of the thread: /proc/net is that of the process's first one. */
	return proc_text_read(&text, "/proc/thread-self/net/protocols") || protocols_text_hears(text.s);
}
