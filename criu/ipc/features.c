/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What IPC namespaces need of a kernel. */
#include <sys/mount.h>
#include <unistd.h>
#include "base/own.h"
#include "ipc/features.h"
#include "ipc/undo_list.h"

/* The same switch, CONFIG_CHECKPOINT_RESTORE, also gives MSG_COPY. */
static int probe_sysvipc(void)
{
	return feature_readable("/proc/sys/kernel/sem_next_id") ?: feature_readable("/proc/sys/kernel/msg_next_id") ?:
	       feature_readable("/proc/sys/kernel/shm_next_id");
}

static int probe_mqueue(void)
{
	auto_fd int fd = fsopen("mqueue", FSOPEN_CLOEXEC);

	return feature_result(fd);
}

static int probe_undo(void)
{
	struct undo_reader r = { 0 };
	int err = undo_reader_probe(&r);

	undo_reader_close(&r);
	return err;
}

const struct feature ipc_features[] = {
	{ "sysvipc", FEATURE_BASIC, "objects of IPC namespaces cannot get their ids, nor messages be read", probe_sysvipc },
	{ "posix_mqueue", FEATURE_EXTRA, "POSIX message queues of IPC namespaces cannot be seen", probe_mqueue },
	{ "sem_undo", FEATURE_EXTRA, "who has changed a semaphore with SEM_UNDO is refused", probe_undo },
	{ 0 },
};
