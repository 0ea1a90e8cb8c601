# SPDX-License-Identifier: GPL-2.0-or-later
"""What every engine needs: a small root, commands with their output, and what the machine must look like afterwards."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "test", "zdtm"))
from procs import reap  # noqa: E402

BUSYBOX = "/bin/busybox"
APPLETS = ("sh", "sleep", "cat", "ls", "mount", "stty", "id", "hostname", "head", "kill", "dd", "mkfifo")
COUNTER = "i=0; while :; do i=$((i+1)); echo $i > /tmp/count; sleep 0.05; done"
NEIGHBOURS = "i=0; while [ $i -lt 50 ]; do i=$((i+1)); sleep 30 & done; wait"
ROUNDS = 20
CASES = []
OURS = f"tst-{os.getpid()}-"    # what containers are called, and by that their cgroups


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


def output_of(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True).stdout


class Machine:
    """What must be the same before and after. Others use this machine, too: engines.py has mounts and a network of its own."""

    def __init__(self):
        reap()
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            # podman's first network on a machine mounts that directory once and for all
            self.mounts = sorted(where for where in (line.split()[4] for line in f) if where != "/run/netns")
        self.cgroups = sorted(d for top in ("/sys/fs/cgroup/freezer", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory",
                                            "/sys/fs/cgroup")
                              if os.path.isdir(top) for d, _, _ in os.walk(top) if "/" + OURS in d)
        # the bridge of podman's network, and its tables, stay when it was used once
        self.links = [line for line in output_of("ip", "-br", "link").splitlines() if not line.startswith("cni-")]
        self.rules = [t for t in output_of("nft", "list", "tables").splitlines() if t not in ("table ip nat", "table ip filter")]
        self.processes = children()

    def difference(self, before):
        """Each sort of thing that differs, with what was and what is."""
        return [(what, now, getattr(before, what)) for what, now in vars(self).items() if now != getattr(before, what)]


def children():
    """What runs below us, at any depth: whoever loses its parent becomes our child."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as f:
        found = f.read().split()
    names = []
    for pid in found:
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as f:
                names.append(f"{pid} {f.read()[:60]!r}")
        except (FileNotFoundError, ProcessLookupError):
            pass
    return names


def compare(before):
    """What engines end by themselves takes them a moment."""
    end = time.monotonic() + 10
    while (different := Machine().difference(before)) and time.monotonic() < end:
        time.sleep(0.1)
    if different:
        raise AssertionError("the machine is not as before", *(f"{what} {sign}{thing}" for what, now, then in different
                             for sign, some, others in (("-", then, now), ("+", now, then)) for thing in some if thing not in others))


class Engine:
    def __init__(self, directory, path):
        self.dir = directory
        self.ends = []
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

    def run_piped(self, *words, check=True):
        """For containers that get the streams of their engine: no file of the machine's, which would be in the way of a checkpoint."""
        rd, wr = os.pipe()
        self.ends.append(rd)
        os.set_blocking(rd, False)
        code = subprocess.run(["timeout", "-k", "2", "60", *words], env=self.env, stdin=subprocess.DEVNULL, stdout=wr, stderr=wr,
                              check=False).returncode
        os.close(wr)
        try:
            text = os.read(rd, 65536).decode(errors="replace")
        except BlockingIOError:     # the container has it, and nothing was said
            text = ""
        if check and code:
            raise AssertionError(f"{' '.join(words)} ends with {code}", *text.splitlines()[-8:], *self.log_lines())
        return text if check else (code, text)

    def close(self):
        while self.ends:
            os.close(self.ends.pop())

    def log_lines(self):
        """What the tool says in the newest of its logs."""
        logs = [os.path.join(d, f) for d, _, files in os.walk(self.dir) for f in files if f in ("dump.log", "restore.log")]
        if not logs:
            return []
        with open(max(logs, key=os.path.getmtime), encoding="utf-8", errors="replace") as f:
            return [line.rstrip() for line in f if "Error" in line][-6:]
