#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Trees in namespaces: how long dump and restore take, ours and a peer's in one run, as ratios of medians.

    namespaces.py --peer FILE [--rounds N] [mounts[:N]] [veths[:N]] [cgroups[:N]] [container] [runc]

mounts: N mounts in each of three mount namespaces (165); veths: N pairs in a network namespace (100); cgroups: N in each of
two hierarchies (200), gone before the restore, with a process in every tenth; container: a shell and a child in pid, mount, network, ipc and uts namespaces; runc: checkpoint and restore of a small container,
engine included. Needs busybox-static, and runc for that. Every second round is the
peer's; what is shown of a machine that others use are the ratios.
"""
import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TOP, "test/engines"), os.path.join(TOP, "test/zdtm")]
import base  # noqa: E402
import oci  # noqa: E402
import procs  # noqa: E402

MOUNTS = """#!/bin/sh
exec </dev/null >/dev/null 2>&1
cd /; N={0}
for i in $(seq 1 $N); do mkdir -p /m/$i; mount -t tmpfs t$i /m/$i; done
unshare -m sh -c 'for i in $(seq 1 $0); do mount --bind /tmp /m/$i; done; echo > /ready1; exec sleep 1000' $N &
unshare -m sh -c 'for i in $(seq 1 $0); do mount -t tmpfs x /m/$i; done; echo > /ready2; exec sleep 1000' $N &
while [ ! -e /ready1 ] || [ ! -e /ready2 ]; do sleep 0.1; done
echo $$ > /ready
exec sleep 1000
"""
CONTAINER = """#!/bin/sh
exec </dev/null >/dev/null 2>&1
cd /; mount -t tmpfs run /tmp; sleep 1000 &
echo $$ > /ready
wait
"""
PIVOT = ("mount --make-rprivate /; cd {0}; pivot_root . old; exec chroot . /bin/sh -c "
         "'mount -t proc proc /proc; umount -l /old; exec setsid /init.sh'")
VETHS = ("ip link set lo up; for i in $(seq 1 {1}); do ip link add a$i type veth peer name b$i; "
         "ip addr add 10.$((i/250)).$((i%250)).1/24 dev a$i; ip link set a$i up; ip link set b$i up; done; "
         "echo $$ > {0}/ready; exec sleep 1000")
CGROUPS = ("for h in pids unified; do mkdir /sys/fs/cgroup/$h/{2}; for i in $(seq 1 {1}); do mkdir /sys/fs/cgroup/$h/{2}/$i; done; "
           "echo $$ > /sys/fs/cgroup/$h/{2}/cgroup.procs; done; for i in $(seq 1 {1}); do echo $((1000+i)) > "
           "/sys/fs/cgroup/pids/{2}/$i/pids.max; done; for i in $(seq 1 10 {1}); do sleep 1000 & "
           "for h in pids unified; do echo $! > /sys/fs/cgroup/$h/{2}/$i/cgroup.procs; done; done; echo $$ > {0}/ready; wait")
APPLETS = ("sh", "mount", "umount", "sleep", "mkdir", "pivot_root", "unshare", "seq", "cat", "setsid", "chroot")


def milliseconds(words):
    begin = time.monotonic()
    # no timeout: with one, subprocess asks in steps of up to 50 ms whether it is over
    code = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode
    if code:
        sys.exit(f"{' '.join(words)} ends with {code}")
    return (time.monotonic() - begin) * 1000


def tree(criu, directory, start, extra, between=lambda: None):
    """One round: the times of dump and restore of what start() has started."""
    child = start()
    ready = os.path.join(directory, "ready")
    while not os.path.exists(ready) or not os.path.getsize(ready):
        time.sleep(0.05)
    time.sleep(0.3)
    with open(ready, encoding="ascii") as f:
        pid = int(f.read())
    if pid == 1:        # as it sees itself
        with open(f"/proc/{child.pid}/task/{child.pid}/children", encoding="ascii") as f:
            pid = int(f.read())
    images = tempfile.mkdtemp(dir=directory)
    pidfile = os.path.join(images, "restored.pid")
    try:
        dump = milliseconds([criu, "dump", "-t", str(pid), "-D", images, "-o", "dump.log"])
        child.wait(10)
        reap_all()
        between()
        restore = milliseconds([criu, "restore", "-d", "-D", images, "-o", "restore.log", "--pidfile", pidfile, *extra])
        with open(pidfile, encoding="ascii") as f:
            pid = int(f.read())
    finally:
        for name in [name for name in os.listdir("/proc") if name.isdigit() and is_below(name, pid)]:
            os.kill(int(name), signal.SIGKILL)
        child.wait(10)
        reap_all()
    return dump, restore


def reap_all():
    """Whoever is in the session of the tree, dead or alive, keeps its number taken."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break


def is_below(name, root):
    while name not in ("0", "1"):
        if int(name) == root:
            return True
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
                name = f.read().rpartition(")")[2].split()[1]
        except OSError:
            return False
    return False


def spawn(words):
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def rootfs(init):
    """A directory with busybox and /init.sh, mounted on itself."""
    directory = tempfile.mkdtemp(prefix="bench-")
    for name in ("bin", "proc", "dev", "tmp", "old", "m"):
        os.mkdir(os.path.join(directory, name))
    shutil.copy2(base.BUSYBOX, os.path.join(directory, "bin/busybox"))
    for name in APPLETS:
        os.symlink("busybox", os.path.join(directory, "bin", name))
    subprocess.run(["mknod", "-m", "666", os.path.join(directory, "dev/null"), "c", "1", "3"], check=True)
    with open(os.path.join(directory, "init.sh"), "w", encoding="ascii") as f:
        f.write(init)
    os.chmod(os.path.join(directory, "init.sh"), 0o755)
    subprocess.run(["mount", "--bind", directory, directory], check=True)
    subprocess.run(["mount", "--make-private", directory], check=True)
    return directory


def remove_rootfs(directory):
    subprocess.run(["umount", "-l", directory], check=True)
    shutil.rmtree(directory)


def mounts(criu, n):
    directory = rootfs(MOUNTS.format(n))
    try:
        return tree(criu, directory, lambda: spawn(["unshare", "-m", "sh", "-c", PIVOT.format(directory)]),
                    ["--root", directory])
    finally:
        remove_rootfs(directory)


def container(criu, _):
    directory = rootfs(CONTAINER)
    try:
        return tree(criu, directory, lambda: spawn(["unshare", "-mpniu", "--fork", "sh", "-c",
                                                    PIVOT.format(directory)]), ["--root", directory])
    finally:
        remove_rootfs(directory)


def veths(criu, n):
    directory = tempfile.mkdtemp(prefix="bench-")
    try:
        return tree(criu, directory, lambda: spawn(["setsid", "unshare", "-n", "-u", "sh", "-c",
                                                    VETHS.format(directory, n)]), [])
    finally:
        shutil.rmtree(directory)


def remove_cgroups(name):
    for hierarchy in ("pids", "unified"):
        top = f"/sys/fs/cgroup/{hierarchy}/{name}"
        for path, _, _ in os.walk(top, topdown=False):
            for _ in range(100):        # the last of its processes may be on its way out
                try:
                    os.rmdir(path)
                    break
                except OSError:
                    time.sleep(0.01)


def cgroups(criu, n):
    directory = tempfile.mkdtemp(prefix="bench-")
    name = os.path.basename(directory)
    try:
        return tree(criu, directory, lambda: spawn(["setsid", "sh", "-c", CGROUPS.format(directory, n, name)]), [],
                    lambda: remove_cgroups(name))
    finally:
        remove_cgroups(name)
        shutil.rmtree(directory)


def runc(criu, _):
    directory = tempfile.mkdtemp(prefix="engines-")
    c = oci.Runc(directory, os.path.dirname(os.path.abspath(criu)))
    c.make_bundle()
    try:
        c.start()
        begin = time.monotonic()
        c.checkpoint()
        middle = time.monotonic()
        c.restore()
        end = time.monotonic()
        return (middle - begin) * 1000, (end - middle) * 1000
    finally:
        c.end()
        shutil.rmtree(directory)


LOADS = {"mounts": (mounts, 165), "veths": (veths, 100), "cgroups": (cgroups, 200),
         "container": (container, 0), "runc": (runc, 0)}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--peer", required=True)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("loads", nargs="*")
    a = p.parse_args()
    procs.become_reaper()
    for load in a.loads or LOADS:
        name, _, n = load.partition(":")
        function, usual = LOADS[name]
        times = {"ours": [], "peer": []}
        for _ in range(a.rounds):
            for who, criu in (("ours", os.path.join(TOP, "build/criu")), ("peer", a.peer)):
                times[who].append(function(criu, int(n or usual)))
        for i, what in enumerate(("dump", "restore")):
            ours, theirs = (statistics.median(t[i] for t in times[who]) for who in ("ours", "peer"))
            print(f"{load:12} {what:8} {ours:7.0f} ms {theirs:7.0f} ms  {ours / theirs:.2f}", flush=True)


if __name__ == "__main__":
    main()
