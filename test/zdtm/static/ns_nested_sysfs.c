// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As `ip netns exec`: a child in a network namespace of its own that has mounted a sysfs, which shows its devices; so with
 * POSIX message queues of an ipc namespace. The mounts share, and a slave of them is elsewhere.
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: mounts those of the root task
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

/* Devices and queues, as text: "lo q". */
static const char *shown(void)
{
	static char text[200];
	const char *dirs[] = { zt_path("sys/class/net"), zt_path("mq"), zt_path("slave") };

	text[0] = 0;
	for (int i = 0; i < 3; i++) {
		DIR *dir = opendir(dirs[i]);

		for (struct dirent *e; dir && (e = readdir(dir));)
			if (e->d_name[0] != '.' && strlen(text) + strlen(e->d_name) < sizeof(text) - 2)
				strcat(strcat(text, e->d_name), " ");
		if (dir)
			closedir(dir);
	}
	return text;
}

static void child(void *arg)
{
	char was[200];
	mqd_t q = mq_open("/child", O_CREAT | O_RDWR | O_CLOEXEC, 0600, NULL);

	(void)arg;
	SETUP(q >= 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	SETUP(mkdir(zt_path("sys"), 0700) == 0 && mkdir(zt_path("mq"), 0700) == 0 && mkdir(zt_path("slave"), 0700) == 0);
	SETUP(mount("sysfs", zt_path("sys"), "sysfs", MS_NOSUID, NULL) == 0);
	SETUP(mount("mqueue", zt_path("mq"), "mqueue", MS_NOEXEC, NULL) == 0);
	SETUP(mount(NULL, zt_path("mq"), NULL, MS_SHARED, NULL) == 0);
	SETUP(mount(zt_path("mq"), zt_path("slave"), NULL, MS_BIND, NULL) == 0);
	SETUP(mount(NULL, zt_path("slave"), NULL, MS_SLAVE, NULL) == 0);
	strcpy(was, shown());
	SETUP(strstr(was, "lo ") && strstr(was, "child "));
	SETUP(close(q) == 0);
	zt_checkpoint();

	CHECK(!strcmp(shown(), was), "shown is \"%s\", was \"%s\"", shown(), was);
	CHECK(umount(zt_path("slave")) == 0 && umount(zt_path("mq")) == 0 && umount(zt_path("sys")) == 0, "unmount them");
	CHECK(mq_unlink("/child") == 0, "remove the queue");
}

int main(void)
{
	pid_t pid;

	zt_init();
	pid = zt_clone_child(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS, child, NULL);
	zt_checkpoint();
	zt_end_child(pid);
	return zt_result();
}
