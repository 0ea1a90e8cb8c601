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

const char *lsm_name(Lsmtype type)
{
	return type == LSMTYPE__APPARMOR ? "AppArmor" : type == LSMTYPE__SELINUX ? "SELinux" : "no security module";
}

const char *lsm_attr_file(Lsmtype type, enum lsm_attr attr)
{
	/* AppArmor's own directory (Linux 5.8), since another module may have taken the files beside it */
	static const char *const apparmor[LSM_ATTRS] = {
		[LSM_CURRENT] = "attr/apparmor/current",
		[LSM_EXEC] = "attr/apparmor/exec",
	};
	static const char *const selinux[LSM_ATTRS] = {
		[LSM_CURRENT] = "attr/current",	      [LSM_SOCKCREATE] = "attr/sockcreate",
		[LSM_EXEC] = "attr/exec",	      [LSM_FSCREATE] = "attr/fscreate",
		[LSM_KEYCREATE] = "attr/keycreate",
	};

	return type == LSMTYPE__APPARMOR ? apparmor[attr] : type == LSMTYPE__SELINUX ? selinux[attr] : NULL;
}

int lsm_attr_read(Lsmtype type, enum lsm_attr attr, pid_t pid_real, pid_t tid_real, struct arena *a, const char **ret)
{
	const char *file = lsm_attr_file(type, attr), *label;
	auto_proc_text text = { 0 };
	int err;

	*ret = NULL;
	if (!file)
		return 0;
	err = proc_text_read(&text, "/proc/%d/task/%d/%s", pid_real, tid_real, file);
	if (err)
		return err;
	label = lsm_label_parse(type, text.s);
	*ret = label ? arena_strdup(a, label) : NULL;
	return 0;
}
