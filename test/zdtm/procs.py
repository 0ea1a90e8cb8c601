# SPDX-License-Identifier: GPL-2.0-or-later
"""Starting, waiting for and ending processes, so that a test leaves none behind."""
import ctypes
import glob
import os
import shutil
import signal
import subprocess
import time

from procsnap import read, tree_of

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG = 36, 1


class Timeout(Exception):
    pass


def become_reaper():
    """Restored trees are orphans: they become children of this process, which can then wait for them."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def wait_until(condition, seconds, what):
    """Polls; the answer of the condition is given back once it is true."""
    deadline = time.monotonic() + seconds
    delay = 0.001
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Timeout(f"no {what} within {seconds} s")
        time.sleep(delay)
        delay = min(delay * 1.5, 0.05)


def wait_status(pid, seconds):
    """The wait status of a child, or Timeout."""
    def try_wait():
        try:
            got, status = os.waitpid(pid, os.WNOHANG | 0x40000000)
        except ChildProcessError:
            return (None,)
        return (status,) if got else None
    return wait_until(try_wait, seconds, f"end of process {pid}")[0]


def reap():
    """Takes every child that has ended; only when no child of our own is waited for elsewhere."""
    try:
        while os.waitpid(-1, os.WNOHANG | 0x40000000)[0]:
            pass
    except ChildProcessError:
        pass


def exists(pid):
    return os.path.exists(f"/proc/{pid}")


def descendants():
    """All processes below this one; it is a subreaper, so nothing that a test started can be elsewhere."""
    return tree_of(os.getpid())[1:]


def kill_descendants():
    for _ in range(200):
        pids = descendants()
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
            thaw(pid)
        reap()
        time.sleep(0.005)


def thaw(pid):
    """A freezer cgroup of a test must not keep its tasks alive (killing does not end a frozen v1 task)."""
    for line in (read(f"/proc/{pid}/cgroup") or "").splitlines():
        number, names, path = line.split(":", 2)
        if names == "freezer" and path != "/":
            try:
                with open(f"/sys/fs/cgroup/freezer{path}/freezer.state", "w", encoding="ascii") as f:
                    f.write("THAWED")
            except OSError:
                pass


def remove_cgroups(name):
    """Those of this name at the top of a hierarchy, with all below them. The last of its processes may be on its way out."""
    for _ in range(100):
        tops = glob.glob(f"/sys/fs/cgroup/{name}") + glob.glob(f"/sys/fs/cgroup/*/{name}")
        for top in tops:
            for path, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(path)
                except OSError:
                    pass
        if not tops:
            break
        time.sleep(0.01)


def unmount_below(path):
    """What a test has mounted in its directory and not taken away."""
    for line in reversed((read("/proc/self/mounts") or "").splitlines()):
        point = line.split()[1]
        if point.startswith(path + "/"):
            subprocess.run(["umount", "-l", point], check=False)


def remove_tree(path):
    unmount_below(path)
    shutil.rmtree(path, ignore_errors=True)
    if os.path.exists(path):
        os.system(f"chattr -R -i '{path}' 2>/dev/null; chmod -R u+rwx '{path}' 2>/dev/null")
        shutil.rmtree(path, ignore_errors=True)
