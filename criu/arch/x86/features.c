/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of a kernel in the terms of this architecture. */
#include <asm/prctl.h>
#include <errno.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>
#include "arch/features.h"

/* There is a vDSO already, so a kernel that knows the call says EEXIST. */
static int probe_map_vdso(int code)
{
	long r = syscall(SYS_arch_prctl, code, 0UL);

	return r < 0 && errno != EEXIST ? -errno : 0;
}

static int probe_vdso(void)
{
	return probe_map_vdso(ARCH_MAP_VDSO_64);
}

static int probe_compat(void)
{
	return probe_map_vdso(ARCH_MAP_VDSO_32);
}

static int ask_breakpoint(pid_t pid)
{
	static const int word = 0;	/* an address to stop at, as good as any */
	long enable_first = 1;

	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]), &word) < 0)
		return -errno;
	return feature_result(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), enable_first));
}

static int probe_breakpoints(void)
{
	return feature_of_tracee(ask_breakpoint);
}

const struct feature arch_features[] = {
	{ "can_map_vdso", FEATURE_EXTRA, "programs without a vDSO cannot be given one", probe_vdso },
	{ "breakpoints", FEATURE_NAMED, "stopping a task at an address takes single steps", probe_breakpoints },
	{ "compat_cr", FEATURE_NAMED, "32-bit tasks cannot be given their vDSO", probe_compat },
	{ 0 },
};
