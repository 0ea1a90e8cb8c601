/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AppArmor and SELinux show the label of a thread in /proc/PID/task/TID/attr/current; others have none. */
#include <fcntl.h>
#include <string.h>
#include "base/own.h"
#include "base/parse.h"
#include "kernel/lsm.h"
#include "kernel/read.h"

Lsmtype lsm_active(void)
{
	auto_fd int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	char c;

	if (fd >= 0 && read(fd, &c, 1) == 1 && c == 'Y')
		return LSMTYPE__APPARMOR;
	return access("/sys/fs/selinux/enforce", F_OK) ? LSMTYPE__NO_LSM : LSMTYPE__SELINUX;
}

const char *lsm_label_parse(Lsmtype type, char *text)
{
	size_t len = strlen(text);
	char *mode;

	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (type == LSMTYPE__APPARMOR) {
		mode = strrchr(text, ' ');
		if (mode && mode[1] == '(')
			*mode = '\0';
		if (streq(text, "unconfined"))
			return NULL;
	}
	/* SELinux: user:role:type:level */
	if (type == LSMTYPE__SELINUX && strstr(text, ":unconfined_t:"))
		return NULL;
	return *text ? text : NULL;
}

int lsm_label_read(Lsmtype type, pid_t pid_real, pid_t tid_real, struct arena *a, const char **ret)
{
	auto_proc_text text;
	const char *label;
	int err = proc_text_read(&text, "/proc/%d/task/%d/attr/current", pid_real, tid_real);

	if (err)
		return err;
	label = lsm_label_parse(type, text.s);
	*ret = label ? arena_strdup(a, label) : NULL;
	return 0;
}
