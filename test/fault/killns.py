#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Trees in namespaces: the tool is killed at random moments of dump and of restore, and broken in every stage. A dump leaves
the tree as it was; a restore leaves all of the tree (it was through) or nothing. What is compared before and after, besides
the processes: their namespaces and mounts, files in every root, packet filters, cgroups and what is frozen, and mounts,
files and cgroups outside.

    killns.py [--criu PATH] [--seed N] [--dumps N] [--restores N] [NAME:FLAVOR...]
"""
import argparse
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "test", "zdtm")]
import desc  # noqa: E402
import nsrun  # noqa: E402
import procs  # noqa: E402
import procsnap  # noqa: E402
import run  # noqa: E402

TREES = ("ns_pid_nested:h", "mnt_deleted:h", "ns_whole:h", "ns_whole:uns")
RUNS = {"h": run.Run, "ns": nsrun.NsRun, "uns": nsrun.UnsRun}
NOT_FILES = {"proc", "sys"}
SETTLING = 3        # seconds that whoever survives may take to put things back


def files_below(top):
    """Names of files, without those of the kernel's own file systems."""
    found = []
    for path, dirs, names in os.walk(top):
        dirs[:] = [name for name in dirs if name not in NOT_FILES]
        found += [os.path.join(path, name)[len(top):] for name in [*dirs, *names]]
    return sorted(found)


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return None


class Tree:
    def __init__(self, criu, name, flavor):
        self.criu = criu
        test = desc.parse(f"static/{name}", os.path.join(TOP, "test", "zdtm", "static", f"{name}.c"))
        self.target = RUNS[flavor](test, run.Options(criu, os.path.join(TOP, "build")))
        self.name = os.path.basename(self.target.dir)
        self.images = os.path.join(self.target.dir, "img")
        self.size = 0
        self.snapshot = None
        self.failures = 0

    def start(self):
        os.mkdir(self.images)
        self.target.start()
        self.size = len(procsnap.tree_of(self.target.root))

    def words(self, command, *more):
        args = ["-t", str(self.target.root), *self.target.test.dump] if command == "dump" else ["-d"]
        return [self.criu, command, "-D", self.images, "-o", f"{command}.log", *args, *more]

    # --- what there is -----------------------------------------------------------------------------------------
    def cgroups(self):
        found = {}
        for top in glob.glob(f"/sys/fs/cgroup/*/{self.name}") + glob.glob(f"/sys/fs/cgroup/{self.name}"):
            for path, _, _ in os.walk(top):
                found[path] = procsnap.read(f"{path}/cgroup.freeze") or procsnap.read(f"{path}/freezer.state")
        return found

    def outside(self):
        mounts = procsnap.read("/proc/self/mountinfo") or ""
        work = [name for name in files_below(self.target.work) if not name.startswith("/out")]
        return {"mounts of the machine": [line for line in mounts.splitlines() if self.target.dir in line],
                "cgroups": self.cgroups(), "files of the machine": work}

    def inside(self):
        seen = set()
        found = self.outside()
        for pid in procsnap.tree_of(self.target.root):
            names = ("mnt", "net", "pid", "ipc", "uts", "cgroup", "user")
            spaces = [link(f"/proc/{pid}/ns/{name}") for name in names]
            found[f"namespaces of {pid}"] = spaces
            found[f"mounts of {pid}"] = procsnap.read(f"/proc/{pid}/mountinfo")
            if not found[f"mounts of {pid}"]:
                continue        # a zombie
            root = os.stat(f"/proc/{pid}/root")
            if spaces[0] != link("/proc/self/ns/mnt") and (spaces[0], root.st_ino) not in seen:
                seen.add((spaces[0], root.st_ino))
                found[f"files of {pid}"] = files_below(f"/proc/{pid}/root{self.target.work}/t") + \
                    sorted(os.listdir(f"/proc/{pid}/root"))
            if spaces[1] not in (link("/proc/self/ns/net"), *seen):
                seen.add(spaces[1])
                found[f"packet filters of {pid}"] = subprocess.run(
                    ["nsenter", "-t", str(pid), "-n", "nft", "list", "tables"], capture_output=True, text=True, check=False).stdout
        return found

    def is_same(self, before, look):
        """Waits until everything is as before; what is not is reported."""
        deadline = time.monotonic() + SETTLING
        while True:
            procs.reap()
            try:
                after = look()
                differ = [f"{what}: {before.get(what)} -> {after.get(what)}" for what in {*before, *after}
                          if before.get(what) != after.get(what)]
            except OSError as e:
                differ = [f"the tree cannot be read: {e}"]
            if not differ:
                return True
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        self.fail(*differ)
        return False

    def fail(self, *details):
        self.failures += 1
        print(f"FAIL {self.name}:", *details, sep="\n  ", flush=True)

    # --- dumps -------------------------------------------------------------------------------------------------
    def clear_images(self):
        shutil.rmtree(self.images)
        os.mkdir(self.images)

    def killed(self, words, longest, is_guardian):
        """Starts the tool and kills it, or the process that works for it."""
        tool = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, longest))
        for pid in procsnap.children_of(tool.pid)[:1] if is_guardian else [tool.pid]:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        tool.wait()

    def took(self, words):
        begin = time.monotonic()
        subprocess.run(words, stdin=subprocess.DEVNULL, check=True)
        return time.monotonic() - begin

    def dump_is_harmless(self, before, snapshot, what):
        if not self.is_same(before, self.inside):
            return
        try:
            if snapshot:
                self.target.compare(snapshot, what)
        except run.Failed as e:
            self.fail(*e.args)
        left = [name for name in os.listdir(self.images) if not name.endswith(".log")]
        if left and "inventory.img" not in left:
            self.fail(f"{what}: half an image directory is left: {left[:3]}")

    def kill_a_dump(self, longest, is_guardian):
        """Whoever of the tool survives is waited for: it comes to this process, the next reaper, when the other one ends."""
        def is_alone():
            procs.reap()
            return set(procsnap.children_of(os.getpid())) <= before
        before = set(procsnap.children_of(os.getpid()))
        self.killed(self.words("dump", "-R"), longest, is_guardian)
        procs.wait_until(is_alone, SETTLING, "end of the tool")

    def kill_dumps(self, n):
        self.snapshot = snapshot = self.target.settled()
        before = self.inside()
        longest = self.took(self.words("dump", "-R"))
        for stage in ("freeze", "scan", "refuse", "images", "pages", "save", "commit", "hook"):
            self.clear_images()
            subprocess.run(self.words("dump", "-R"), env=dict(os.environ, CRIU_FAULT_STAGE=stage), check=False,
                           stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.dump_is_harmless(before, snapshot, f"broken in {stage}")
        for i in range(n):
            self.clear_images()
            is_guardian = i % 4 == 3
            self.kill_a_dump(longest, is_guardian)
            self.dump_is_harmless(before, None if is_guardian else snapshot, "killed")
            if is_guardian:     # nobody is left to take out what it had put into a task: kill.py has figures
                snapshot = self.target.settled()
            if self.failures > 3:
                break

    # --- restores ----------------------------------------------------------------------------------------------
    def settled_count(self):
        """How many processes there are when it is all or nothing, or after a while."""
        deadline = time.monotonic() + SETTLING
        while time.monotonic() < deadline:
            procs.reap()
            n = len(procs.descendants())
            if n in (0, self.size):
                break
            time.sleep(0.01)
        return n

    def break_restores(self, before):
        for stage in ("load", "plan", "hook", "watch", "cgroups", "fork", "make", "fill", "arm", "commit"):
            code = subprocess.run(self.words("restore"), env=dict(os.environ, CRIU_FAULT_STAGE=stage), check=False,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
            if code != 1:
                self.fail(f"a restore broken in {stage} exits with {code}")
            if self.settled_count():
                self.fail(f"broken in {stage}: {procs.descendants()} are left")
            self.is_same(before, self.outside)

    def kill_restores(self, n):
        self.target.await_death(self.snapshot)
        procs.remove_cgroups(self.name)
        before = self.outside()
        self.break_restores(before)
        longest = self.took(self.words("restore"))
        whole = 0
        for _ in range(n):
            procs.kill_descendants()
            procs.remove_cgroups(self.name)
            self.killed(self.words("restore"), longest, False)
            left = self.settled_count()
            whole += left == self.size
            if left not in (0, self.size):
                self.fail(f"{left} of {self.size} processes are left")
            elif not left:
                self.is_same(before, self.outside)
            if self.failures > 3:
                break
        procs.kill_descendants()
        return whole

    def go(self, dumps, restores):
        try:
            self.start()
            self.kill_dumps(dumps)
            if self.failures:
                return 0
            self.clear_images()
            subprocess.run(self.words("dump"), stdin=subprocess.DEVNULL, check=True)
            return self.kill_restores(restores)
        finally:
            self.target.clean()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--criu", default=os.path.join(TOP, "build", "criu"))
    p.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    p.add_argument("--dumps", type=int, default=30)
    p.add_argument("--restores", type=int, default=60)
    p.add_argument("trees", nargs="*", default=TREES)
    a = p.parse_args()
    procs.become_reaper()
    failed = 0
    for tree in a.trees:
        name, flavor = re.fullmatch(r"(\w+):(\w+)", tree).groups()
        random.seed(a.seed)
        case = Tree(a.criu, name, flavor)
        whole = case.go(a.dumps, a.restores)
        print(f"{tree}: seed {a.seed}: {a.dumps} dumps and {a.restores} restores killed, {whole} were through, "
              f"{case.failures} left something behind", flush=True)
        failed += case.failures > 0
    print(f"{len(a.trees) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
