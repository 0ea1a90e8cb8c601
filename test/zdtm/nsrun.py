# SPDX-License-Identifier: GPL-2.0-or-later
"""The flavors ns and uns: the program is the init of a pid namespace, with UTS, IPC, time and mount namespaces of its
own; in uns with a user namespace, too, where only its root is mapped.

Its pids differ on the host after each restore, so here the program alone judges.
"""
import ctypes
import os

import procs
import run

CLONE_NEWNS, MNT_DETACH = 0x20000, 2
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
# where container engines mount something for each container, on whatever machine the tests run
ENGINES = tuple(f"/{top}/{name}/" for top, name in (("run", "netns"), ("run", "containers"), ("run", "containerd"), ("run", "docker"),
                                                    ("var/lib", "containers"), ("var/lib", "containerd"), ("var/lib", "docker")))


def leave_mounts_of_others(directory):
    """
    Into a mount namespace without what other tests have mounted by now below the directory that all of them work in, and what
    engines have for their containers: a tree takes copies of it along, and its restore would ask for it when it is gone.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "a mount namespace for the test")
    for line in reversed(run.procsnap.read("/proc/self/mountinfo").splitlines()):
        point = line.split()[4]
        if point.startswith((os.path.dirname(directory) + "/", *ENGINES)) and not point.startswith(directory + "/"):
            libc.umount2(point.encode(), MNT_DETACH)


class NsRun(run.Run):
    namespaces = ("--pid", "--uts", "--ipc", "--time", "--mount", "--mount-proc")

    def start(self):
        """unshare(1) forks the program, which is pid 1 inside; what it is on the host is asked of its parent."""
        if self.test.run in ("pty", "job", "no-session"):
            raise run.Skipped("needs the terminal or the session of the caller")
        self.outside = os.fork()
        if self.outside == 0:
            leave_mounts_of_others(self.dir)
            unshare = "/usr/bin/unshare"
            # what is open by now is on mounts that the tree does not have
            reopen = 'cd "$ZDTM_DIR" && exec </dev/null >>out 2>&1 && exec /usr/bin/setsid "$@"'
            self.become_program([unshare, *self.namespaces, "--fork", "--kill-child", "--", "/bin/sh", "-c", reopen, "sh",
                                 *self.command()], -1)
        procs.wait_until(lambda: os.path.exists(self.path("ready.1")) or self.unshare_ended(), 30, "readiness of the program")
        kids = run.procsnap.children_of(self.outside)
        self.root = kids[0] if kids else 0
        if not os.path.exists(self.path("ready.1")):
            self.root = self.outside
            self.judge_early_end()

    def unshare_ended(self):
        stat = run.procsnap.read(f"/proc/{self.outside}/stat")
        return stat is None or stat[stat.rindex(")") + 2] in "ZX"

    def own_child(self):
        return self.outside if self.root in run.procsnap.children_of(self.outside) else self.root

    def remove_semaphore(self):
        """It was in an IPC namespace of its own, and is gone."""

    def snapshot(self):
        return None

    def compare(self, before, what):
        pass

    def await_death(self, before):
        def gone():
            procs.reap()
            return not procs.descendants()
        procs.wait_until(gone, 10, "end of the dumped tree")

    def check_pidfile(self, text):
        self.root = int(text)
        status = run.procsnap.read(f"/proc/{self.root}/status") or ""
        if "\nNSpid:\t" + text + "\t1\n" not in status:
            raise run.Failed(f"process {text} of the pidfile is not the init of a pid namespace")


class UnsRun(NsRun):
    namespaces = (*NsRun.namespaces, "--user", "--map-root-user")
