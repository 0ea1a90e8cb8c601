# SPDX-License-Identifier: GPL-2.0-or-later
"""podman: containers, archives of them, pods."""
import glob
import os
import shutil
import subprocess

from base import COUNTER, NEIGHBOURS, ROUNDS, Engine, Skipped, case, equal, make_rootfs, wait_until

LIMITS = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
"""


class Podman(Engine):
    def __init__(self, directory, path, prefix=(), image=None, run=None):
        super().__init__(directory, path)
        # root may lack the capability to raise limits, which the defaults do
        self.env["CONTAINERS_CONF"] = os.path.join(directory, "containers.conf")
        with open(self.env["CONTAINERS_CONF"], "w", encoding="ascii") as f:
            f.write(LIMITS)
        for program in ("podman", "runc"):
            if not shutil.which(program, path=self.env["PATH"]):
                raise Skipped(f"{program} is not installed")
        self.words = [*prefix, "podman", "--root", os.path.join(directory, "store"), "--runroot", run or os.path.join(directory, "run"),
                      "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc", "--events-backend", "none"]
        if image:
            self.podman("load", "-i", image)
            return
        root = os.path.join(directory, "rootfs")
        make_rootfs(root)
        self.run("tar", "-C", root, "-cf", os.path.join(directory, "image.tar"), ".")
        self.podman("import", os.path.join(directory, "image.tar"), "tiny")

    def podman(self, *words, **kwargs):
        return self.run(*self.words, *words, **kwargs)

    def start(self, name="p1", command=COUNTER, options=(), network="none"):
        self.podman("run", "-d", "--name", name, "--network", network, "--stop-timeout", "0", *options, "tiny", "/bin/sh", "-c", command)
        self.count_after(0, name)

    def count(self, name="p1"):
        return int(self.podman("exec", name, "/bin/cat", "/tmp/count").strip() or 0)

    def count_after(self, count, name="p1"):
        wait_until(lambda: self.count(name) > count, f"the container counts on from {count}")
        return self.count(name)

    def end(self):
        self.podman("rm", "-f", "-t", "0", "-a", check=False)


@case
def podman_round_trip(directory, path):
    p = Podman(directory, path)
    try:
        p.start()
        count = p.count()
        p.podman("container", "checkpoint", "p1")
        p.podman("container", "restore", "p1")
        p.count_after(count)
    finally:
        p.end()


@case
def podman_leave_running(directory, path):
    p = Podman(directory, path)
    try:
        p.start()
        count = p.count()
        p.podman("container", "checkpoint", "--leave-running", "p1")
        p.count_after(count)
    finally:
        p.end()


@case
def podman_export_import(directory, path):
    """To an empty store, as on a second host, under another name."""
    p = Podman(directory, path)
    archive = os.path.join(directory, "x.tar.gz")
    try:
        p.start()
        p.podman("exec", "p1", "/bin/sh", "-c", "echo kept > /root/file")
        count = p.count()
        p.podman("container", "checkpoint", "--export", archive, "p1")
        p.podman("save", "-o", os.path.join(directory, "saved.tar"), "tiny")
        p.end()
        for name in ("store", "run"):
            shutil.rmtree(os.path.join(directory, name))
        p = Podman(directory, path, image=os.path.join(directory, "saved.tar"))
        p.podman("container", "restore", "--import", archive, "--name", "p2")
        p.count_after(count, "p2")
        equal(p.podman("exec", "p2", "/bin/cat", "/root/file").strip(), "kept", "the container's own file")
    finally:
        p.end()


@case
def podman_terminal(directory, path):
    """Its terminal is there again, with its size and its session, and what is written to it reaches the engine's log."""
    p = Podman(directory, path)
    look = "cat /proc/1/stat | head -c 40; ls -l /proc/1/fd | head -4; stty -F /dev/console size"
    try:
        p.start(options=["-t"], command="i=0; while :; do i=$((i+1)); echo $i > /tmp/count; echo line $i; sleep 0.05; done")
        p.podman("exec", "p1", "/bin/sh", "-c", "stty -F /dev/console rows 41 cols 99")
        tty = p.podman("exec", "p1", "/bin/sh", "-c", "cat /proc/1/stat").split()[4:8]
        before = p.podman("exec", "p1", "/bin/sh", "-c", look).split()[-2:]
        count = p.count()
        p.podman("container", "checkpoint", "p1")
        p.podman("container", "restore", "p1")
        # The first may have been counted before the checkpoint, and its line have been on its way to the old engine's log.
        count = p.count_after(p.count_after(count))
        equal(p.podman("exec", "p1", "/bin/sh", "-c", "cat /proc/1/stat").split()[4:8], tty, "session and terminal")
        equal(p.podman("exec", "p1", "/bin/sh", "-c", look).split()[-2:], before, "size of the terminal")
        wait_until(lambda: f"line {count}" in p.podman("logs", "--tail", "200", "p1"), "output reaches the engine")
    finally:
        p.end()


def remove_cgroups(pods):
    """Those of pods: where both versions of cgroups are mounted, the engine leaves them in some hierarchies."""
    for pod in pods:
        for top in glob.glob(f"/sys/fs/cgroup/*/libpod_parent/{pod}") + glob.glob(f"/sys/fs/cgroup/libpod_parent/{pod}"):
            for where, _, _ in os.walk(top, topdown=False):
                os.rmdir(where)


@case
def podman_pod(directory, path):
    """Containers of a pod share a pid namespace, whose init is another container's; others take the pids next to it."""
    p = Podman(directory, path)
    pods = []
    try:
        code, text = p.podman("pod", "create", "--name", "pod1", "--share", "pid", "--infra-image", "tiny", "--infra-command",
                              "/bin/pause", "--network", "none", check=False)
        if code:
            raise Skipped("no pod here: " + (text.strip().splitlines() or ["no reason given"])[-1][:90])
        pods = [text.split()[-1]]
        p.podman("run", "-d", "--pod", "pod1", "--network", "none", "--name", "p1", "tiny", "/bin/sh", "-c", COUNTER)
        count = p.count_after(0)
        p.podman("container", "checkpoint", "--export", os.path.join(directory, "x.tar.gz"), "p1")
        p.podman("run", "-d", "--pod", "pod1", "--network", "none", "--name", "p2", "tiny", "/bin/sh", "-c", NEIGHBOURS)
        p.podman("container", "restore", "p1")
        p.count_after(count)
    finally:
        p.podman("pod", "rm", "-f", "-a", "-t", "0", check=False)
        p.end()
        remove_cgroups(pods)


def address(p, name):
    words = p.podman("exec", name, "/bin/busybox", "ip", "-o", "-4", "addr").split()
    return [words[i + 1].split("/")[0] for i, word in enumerate(words) if word == "inet"][-1]


@case
def podman_bridge(directory, path):
    """On the engine's network: the same address again, or another one where the archive goes to another container."""
    p = Podman(directory, path)
    archive = os.path.join(directory, "x.tar.gz")
    try:
        p.start(network="bridge", options=["--ip", "10.88.0.77"])
        count = p.count()
        equal(address(p, "p1"), "10.88.0.77", "address")
        p.podman("container", "checkpoint", "p1")
        p.podman("container", "restore", "p1")
        count = p.count_after(count)
        equal(address(p, "p1"), "10.88.0.77", "address after the restore")
        p.podman("container", "checkpoint", "--leave-running", "--export", archive, "p1")
        p.podman("container", "restore", "--import", archive, "--name", "p2", "--ignore-static-ip", "--ignore-static-mac")
        p.count_after(count, "p2")
        equal(address(p, "p2") != "10.88.0.77", True, "the second one has an address of its own")
        p.count_after(count)
    finally:
        p.end()


@case
def podman_second_host(directory, path):
    """
    An archive goes to a store at another path, in another network namespace, and comes up with its address there. The
    directory for what lives as long as the machine has the same path on both, as it has by default: the archive names it.
    """
    p = Podman(directory, path)
    other, archive, saved = (os.path.join(directory, name) for name in ("host2", "x.tar.gz", "saved.tar"))
    os.mkdir(other)
    with subprocess.Popen(["unshare", "-n", "sleep", "100"]) as host:
        try:
            p.start(network="bridge", options=["--ip", "10.88.0.77"])
            count = p.count_after(5)
            p.podman("container", "checkpoint", "--export", archive, "p1")
            p.podman("save", "-o", saved, "tiny")
            p.end()
            wait_until(lambda: os.readlink(f"/proc/{host.pid}/ns/net") != os.readlink("/proc/self/ns/net"), "the other network")
            shutil.rmtree(os.path.join(directory, "run"))
            p = Podman(other, path, ["nsenter", "-t", str(host.pid), "-n"], saved, os.path.join(directory, "run"))
            p.podman("container", "restore", "--import", archive)
            first = p.count()
            equal(first >= count, True, f"{first} comes after {count}")
            p.count_after(first)
            equal(address(p, "p1"), "10.88.0.77", "address")
            equal("10.88.0.1" in p.run(*p.words[:4], "ip", "-o", "addr"), True, "the other network has a bridge of its own")
        finally:
            p.end()
            host.kill()


@case
def podman_refused(directory, path):
    """What this version does not do is told, and the container goes on."""
    p = Podman(directory, path)
    try:
        p.start()
        code, said = p.podman("container", "checkpoint", "--pre-checkpoint", "p1", check=False)
        equal(bool(code), True, "a pre-checkpoint")
        equal("CRIU is missing features" in said, True, f"the reason is told: {said}")
        p.count_after(p.count())
    finally:
        p.end()


@case
def podman_rounds(directory, path):
    p = Podman(directory, path)
    try:
        p.start()
        count = 0
        for _ in range(ROUNDS // 4):
            count = p.count_after(count)
            p.podman("container", "checkpoint", "p1")
            p.podman("container", "restore", "p1")
        p.count_after(count)
    finally:
        p.end()
