/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities by name: linux/capability.h, in the order of the numbers. */
#include <stdio.h>
#include "base/compiler.h"
#include "task/capabilities.h"

static const char *const names[] = {
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
	"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
	"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
	"MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
	"CHECKPOINT_RESTORE",
};

const char *capability_names(uint64_t set, char *ret_text, size_t size)
{
	size_t len = 0;

	ret_text[0] = '\0';
	for (unsigned int i = 0; i < 64 && len < size; i++) {
		const char *comma = len ? ", " : "";

		if (!(set >> i & 1))
			continue;
		if (i < array_size(names))
			len += snprintf(ret_text + len, size - len, "%sCAP_%s", comma, names[i]);
		else
			len += snprintf(ret_text + len, size - len, "%sCAP_%u", comma, i);
	}
	return ret_text;
}
