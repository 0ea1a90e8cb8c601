#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the options do that concern namespaces and mounts, one case each; those of options.py that need more room."""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "zdtm"))

import cases  # noqa: E402
import procs  # noqa: E402
import procsnap  # noqa: E402
from cases import case, expect, good  # noqa: E402


class Tree:
    """A sleeping process in namespaces of its own, after a shell has run setup in a directory of its own."""

    def __init__(self, b, setup, *namespaces):
        self.b, self.dir = b, os.path.join(b.dir, "tree")
        for name in ("out", "in", "other"):
            os.makedirs(os.path.join(self.dir, name), exist_ok=True)
        script = f"cd {self.dir} && {setup} && cd / && exec sleep 100"
        self.outer = subprocess.Popen(["unshare", *namespaces, "sh", "-c", script], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.pid = str(self.outer.pid)
        procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{self.pid}/comm") or ""), 10, "the target")

    def path(self, name):
        return os.path.join(self.dir, name)

    def dump(self, *words):
        """Once it has been restored, it is ours to reap."""
        images = self.b.images()
        text = good(self.b, "dump", "-t", self.pid, "-D", images, *words)
        if self.outer.poll() is None:
            self.outer.wait(5)

        def is_gone():
            procs.reap()
            return not os.path.exists(f"/proc/{self.pid}")
        procs.wait_until(is_gone, 10, "end of the dumped tree")
        return images, text

    def mounts(self):
        text = procsnap.read(f"/proc/{self.pid}/mountinfo") or ""
        return {line.split()[4][len(self.dir) + 1:]: line for line in text.splitlines() if self.dir in line.split()[4]}

    def inode(self, kind):
        return os.stat(f"/proc/{self.pid}/ns/{kind}").st_ino

    def end(self):
        try:
            os.kill(int(self.pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
        if self.outer.poll() is None:
            self.outer.wait(5)
        procs.reap()


def sleeper(*words):
    """A process that has namespaces to join; which must be those that unshare(1) has made."""
    p = subprocess.Popen(["unshare", *words, "sleep", "100"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{p.pid}/comm") or ""), 10, "the pod")
    return p


def join(b, kind, *words):
    """Into a namespace of a pod: by its file, then the tree that was saved there by the pid of the pod."""
    pod, t = sleeper(*words), None
    try:
        t = Tree(b, "true", *words)
        wanted = os.stat(f"/proc/{pod.pid}/ns/{kind}").st_ino
        for what in (f"/proc/{pod.pid}/ns/{kind}", str(pod.pid)):
            images, _ = t.dump()
            good(b, "restore", "-d", "-D", images, "--join-ns", f"{kind}:{what}")
            expect(t.inode(kind) == wanted, f"{kind}:{what}: the tree is in another namespace")
    finally:
        if t:
            t.end()
        pod.kill()
        pod.wait()


@case
def join_net(b):
    join(b, "net", "--net")


@case
def join_time(b):
    # unshare(1) executes the program, and exec enters the namespace of children
    join(b, "time", "--time", "--monotonic", "1000")


@case
def join_uts(b):
    join(b, "uts", "--uts")


@case
def join_ipc(b):
    join(b, "ipc", "--ipc")


@case
def join_what_cannot_be(b):
    """User and mount namespaces: the reason is told. The way that the one of mounts names works."""
    t, pod = Tree(b, "true", "--uts"), sleeper("--mount", "--propagation", "private")
    try:
        images, _ = t.dump()
        b.fails("--join-ns user:1,0,0: in there nobody may choose the pids of the tree", "restore", "-D", images, "-J", "user:1,0,0")
        b.fails("--join-ns mnt:1: the mounts of the tree are in the images", "restore", "-D", images, "-J", "mnt:1")
        subprocess.run(["nsenter", f"--mount=/proc/{pod.pid}/ns/mnt", os.path.join(cases.TOP, "build/criu"), "restore", "-d", "-D",
                        images], check=True, capture_output=True)
        expect(t.inode("mnt") == os.stat(f"/proc/{pod.pid}/ns/mnt").st_ino, "it is in other mounts")
    finally:
        t.end()
        pod.kill()
        pod.wait()


@case
def external_sharing(b):
    """Mounts that share with the machine, and slaves of it, with the older flags and the older ways to say it."""
    host = os.path.join(b.dir, "host")
    os.makedirs(host)
    subprocess.run(["mount", "-t", "tmpfs", "zt", host], check=True)
    b.mounts.append(host)
    subprocess.run(["mount", "--make-shared", host], check=True)
    os.makedirs(f"{host}/late")
    setup = f"mount --make-rslave / && mount --bind {host} in && mount --make-slave in"
    ways = (["--enable-external-sharing", "--enable-external-masters"], ["--ext-mount-map", "auto"], ["--external", "mnt[]"],
            ["--external", "mnt[]:ms"], ["--external", "mnt[]:m"])
    for words in ways:
        t = Tree(b, setup, "--mount", "--propagation", "unchanged")
        try:
            images, text = t.dump(*words)
            for name in words if len(words) == 2 and words[0] == "--enable-external-sharing" else ():
                expect(f"{name} has no effect: " in text, f"{name}: nobody says why it is not needed", text)
            good(b, "restore", "-d", "-D", images, *words)
            expect("master:" in t.mounts()["in"], f"{words}: it is no slave: {t.mounts()}")
            subprocess.run(["mount", "-t", "tmpfs", "late", f"{host}/late"], check=True)
            seen = t.mounts()
            subprocess.run(["umount", f"{host}/late"], check=True)
            expect("in/late" in seen, f"{words}: a later mount does not reach the tree: {seen}")
        finally:
            t.end()


@case
def mount_map_of_one(b):
    """-M MOUNTPOINT:KEY at the dump, -M KEY:PATH at the restore."""
    with open(os.path.join(b.images("tree/other"), "file"), "w", encoding="ascii") as f:
        f.write("given\n")
    t = Tree(b, "mount --make-rprivate / && mount --bind out in", "--mount")
    try:
        images, _ = t.dump("-M", f"{t.path('in')}:volume")
        good(b, "restore", "-d", "-D", images, "--ext-mount-map", f"volume:{t.path('other')}")
        expect(procsnap.read(f"/proc/{t.pid}/root{t.path('in')}/file") == "given\n", "another directory is mounted")
    finally:
        t.end()


@case
def older_mount_engine(b):
    """--mntns-compat-mode is taken, and told why it changes nothing."""
    t = Tree(b, "mount --make-rprivate / && mount -t tmpfs kept in", "--mount")
    try:
        images, _ = t.dump()
        text = good(b, "restore", "-d", "-D", images, "--mntns-compat-mode")
        expect("--mntns-compat-mode has no effect: " in text, "nobody says why", text)
        expect(" kept " in t.mounts()["in"], f"mounts: {t.mounts()}")
    finally:
        t.end()


@case
def file_systems_that_need_no_permission(b):
    """--enable-fs as LXC gives it: of file systems that are made anew without it."""
    t = Tree(b, "mount --make-rprivate / && mount -t hugetlbfs -o mode=710 kept in && mount -t tracefs kept other", "--mount")
    try:
        for words in (["--enable-fs", "hugetlbfs", "--enable-fs", "tracefs"], ["--enable-fs", "a,b"], ["--enable-fs", "all"], []):
            images, _ = t.dump(*words)
            good(b, "restore", "-d", "-D", images, *words)
            expect(" hugetlbfs kept rw," in t.mounts()["in"] and " tracefs " in t.mounts()["other"], f"{words}: mounts: {t.mounts()}")
    finally:
        t.end()


if __name__ == "__main__":
    sys.exit(cases.main("mount-options", __doc__))
