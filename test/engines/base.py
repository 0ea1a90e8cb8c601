# SPDX-License-Identifier: GPL-2.0-or-later
"""What every engine needs: a small root, commands with their output, and what the machine must look like afterwards."""
import os
import shutil
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUSYBOX = "/bin/busybox"
APPLETS = ("sh", "sleep", "cat", "ls", "mount", "stty", "id", "hostname", "head", "kill", "dd", "mkfifo")
COUNTER = "i=0; while :; do i=$((i+1)); echo $i > /tmp/count; sleep 0.05; done"
NEIGHBOURS = "i=0; while [ $i -lt 50 ]; do i=$((i+1)); sleep 30 & done; wait"
ROUNDS = 20
CASES = []


class Skipped(Exception):
    pass


def case(function):
    CASES.append(function)
    return function


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")


def wait_until(question, what, seconds=10):
    end = time.monotonic() + seconds
    while not question():
        if time.monotonic() > end:
            raise AssertionError(f"in vain: {what}")
        time.sleep(0.02)


def make_rootfs(path):
    for name in ("bin", "proc", "sys", "dev", "tmp", "etc", "root", "data"):
        os.makedirs(os.path.join(path, name))
    shutil.copy2(BUSYBOX, os.path.join(path, "bin/busybox"))
    for name in APPLETS:
        os.symlink("busybox", os.path.join(path, "bin", name))
    with open(os.path.join(path, "bin/pause"), "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nwhile :; do sleep 1; done\n")  # an init that reaps
    os.chmod(os.path.join(path, "bin/pause"), 0o755)
    with open(os.path.join(path, "etc/passwd"), "w", encoding="ascii") as f:
        f.write("root:x:0:0::/root:/bin/sh\n")


class Machine:
    """What must be the same before and after."""

    def __init__(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            self.mounts = sorted(line.split()[4] for line in f)
        self.cgroups = sorted(d for top in ("/sys/fs/cgroup/freezer", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory",
                                            "/sys/fs/cgroup")
                              if os.path.isdir(top) for d, _, _ in os.walk(top) if "/tst-" in d or "/libpod-" in d)

    def compare(self, before):
        equal(self.mounts, before.mounts, "mounts of the machine")
        equal(self.cgroups, before.cgroups, "cgroups")


class Engine:
    def __init__(self, directory, path):
        self.dir = directory
        self.env = dict(os.environ, PATH=f"{path}:/usr/sbin:/usr/bin:/sbin:/bin")

    def run(self, *words, check=True, **kwargs):
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        # a file, not a pipe: containers inherit it and would keep a pipe open; timeout(1), since Python asks in steps of 50 ms
        with tempfile.TemporaryFile("w+", dir=self.dir) as out:
            code = subprocess.run(["timeout", "-k", "2", "60", *words], env=self.env, stdout=out, stderr=subprocess.STDOUT,
                                  check=False, **kwargs).returncode
            out.seek(0)
            text = out.read()
        if check and code:
            raise AssertionError(f"{' '.join(words)} ends with {code}", *text.splitlines()[-8:], *self.log_lines())
        return text if check else (code, text)

    def log_lines(self):
        """What the tool says in the newest of its logs."""
        logs = [os.path.join(d, f) for d, _, files in os.walk(self.dir) for f in files if f in ("dump.log", "restore.log")]
        if not logs:
            return []
        with open(max(logs, key=os.path.getmtime), encoding="utf-8", errors="replace") as f:
            return [line.rstrip() for line in f if "Error" in line][-6:]
