/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether this process may do what it is asked to. */
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "cmd/cmd.h"
#include "options.h"

static bool has_capability(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return false;
	return data[cap / 32].effective >> cap % 32 & 1;
}

bool has_privilege(void)
{
	return has_capability(CAP_SYS_ADMIN) || has_capability(CAP_CHECKPOINT_RESTORE);
}

int check_privilege(const struct options *opt)
{
	if (!has_privilege())
		return fail(EPERM, "CRIU needs to have the CAP_SYS_ADMIN or the CAP_CHECKPOINT_RESTORE capability: "
			    "run it as root, or setcap cap_checkpoint_restore+eip FILE");
	if (geteuid() && !opt->unprivileged)
		return fail(EPERM, "Running as non-root requires '--unprivileged'");
	return 0;
}
