/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The extended state of a thread: NT_X86_XSTATE. */
#include <compel/thread.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE 0x202
#endif
#define MAX_XSTATE 32768 /* AMX, the largest component so far, makes it 11008 */

static int get(pid_t tid, void *buf, size_t size, size_t *ret_len)
{
	struct iovec iov = { buf, size };

	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &iov) < 0)
		return -errno;
	*ret_len = iov.iov_len;
	return 0;
}

int compel_xsave_get(pid_t tid, void *ret_buf, size_t size, size_t *ret_len)
{
	char all[MAX_XSTATE];
	int err;

	err = size ? get(tid, ret_buf, size, ret_len) : 0;
	if (err || (size && *ret_len < size))
		return err;
	/* It fits exactly, or was cut: the kernel does not say which. */
	err = get(tid, all, sizeof(all), ret_len);
	if (err)
		return err;
	return *ret_len > size ? -ENOSPC : 0;
}

int compel_xsave_set(pid_t tid, const void *buf, size_t len)
{
	struct iovec iov = { (void *)buf, len };

	return ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &iov) < 0 ? -errno : 0;
}
