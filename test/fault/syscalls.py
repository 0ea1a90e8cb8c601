# SPDX-License-Identifier: GPL-2.0-or-later
"""A process that is killed at one of its system calls, by number: moments that no clock hits."""
import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_TRACEME, PTRACE_SYSCALL, PTRACE_SETOPTIONS = 0, 24, 0x4200
PTRACE_O_TRACESYSGOOD, PTRACE_O_EXITKILL = 1, 1 << 20
SYSCALL_STOP = signal.SIGTRAP | 0x80
WALL = 0x40000000


def ptrace(request, pid, data=0):
    if libc.ptrace(request, pid, None, ctypes.c_void_p(data)) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def start(words):
    """A child that stands behind its exec, traced by us; what it forks is not."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, WALL)
        ptrace(PTRACE_SETOPTIONS, pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)
        return pid
    try:
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.closerange(3, 1024)
        libc.ptrace(PTRACE_TRACEME, 0, None, None)
        os.execv(words[0], words)
    finally:
        os._exit(127)


def run_until(words, last=0):
    """
    (number of system calls, wait status): runs the words and kills them when they enter the system call of that number,
    before it does anything. 0: lets them end.
    """
    pid = start(words)
    calls, is_inside, signo = 0, False, 0
    while True:
        ptrace(PTRACE_SYSCALL, pid, signo)
        status = os.waitpid(pid, WALL)[1]
        if not os.WIFSTOPPED(status):
            return calls, status
        signo = os.WSTOPSIG(status)
        if signo == SYSCALL_STOP:
            is_inside, signo = not is_inside, 0
            calls += is_inside
            if is_inside and calls == last:
                os.kill(pid, signal.SIGKILL)
                return calls, os.waitpid(pid, WALL)[1]
