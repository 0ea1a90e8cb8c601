#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Trees in namespaces, in cgroups, and with names in the file system: the tool is killed at random moments of dump and of
restore, and broken in every stage. A dump leaves the tree as it was; a restore leaves all of the tree, which runs (it was
through), or nothing. What is compared before and after, besides the processes: their namespaces and mounts, files in every
root, packet filters, cgroups and what is frozen, and mounts, files and cgroups outside.

    killns.py [--criu PATH] [--seed N] [--dumps N] [--restores N] [--calls N] [NAME:FLAVOR...]

--calls: of restores, so many are killed at a system call each, spread over all that the visible process makes (0: at every one).
"""
import argparse
import glob
import os
import random
import re
import shutil
import stat
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "test", "zdtm"), os.path.dirname(os.path.abspath(__file__))]
import desc  # noqa: E402
import nsrun  # noqa: E402
import procs  # noqa: E402
import procsnap  # noqa: E402
import run  # noqa: E402
import syscalls  # noqa: E402

TREES = ("ns_pid_nested:h", "ns_user_proc:uns", "mnt_deleted:h", "ns_whole:h", "ns_whole:uns", "unix_names:h", "unix_names:ns",
         "cgroup_v1:h", "ns_cgroup:h")
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


def change(old, new):
    """Of two lists what is in one of them alone."""
    if not isinstance(old, list) or not isinstance(new, list):
        return f"{old} -> {new}"
    return f"gone {[x for x in old if x not in new]}, new {[x for x in new if x not in old]}"


class Tree:
    def __init__(self, criu, name, flavor):
        self.criu = os.path.realpath(criu)
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

    def own_mounts(self, pid):
        """Without those of other tests, whose directories stand beside ours: they come and go."""
        lines = (procsnap.read(f"/proc/{pid}/mountinfo") or "").splitlines()
        beside = os.path.dirname(self.target.dir) + "/"
        return [line for line in lines if self.target.dir in line or beside not in line]

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
            found[f"mounts of {pid}"] = self.own_mounts(pid)
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
                differ = [f"{what}: {change(before.get(what), after.get(what))}" for what in {*before, *after}
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
    def clear_outside(self):
        """What the tree has there, and ended without: a restore that is undone must not leave it."""
        procs.kill_descendants()
        procs.remove_cgroups(self.name)
        for path, _, names in os.walk(self.target.work):
            for name in names:
                if stat.S_ISSOCK(os.lstat(os.path.join(path, name)).st_mode):
                    os.unlink(os.path.join(path, name))

    def restored_root(self):
        """Of the tree that is there; None if somebody of it is still traced."""
        pids = procs.descendants()
        for pid in pids:
            status = procsnap.read(f"/proc/{pid}/status") or ""
            if "\nTracerPid:\t0\n" not in status:
                return None
        return pids[0]

    def runs_on(self):
        """A restore that was through left all of the tree: the program itself says whether that is at work, and as it was."""
        try:
            self.target.root = procs.wait_until(self.restored_root, SETTLING, "end of tracing")
            self.target.check_program()
            procs.wait_until(lambda: procs.reap() or not procs.descendants(), SETTLING, "end of the tree")
        except (run.Failed, procs.Timeout) as e:
            self.fail("a restore was through, but the tree does not go on", *e.args)
        with open(self.target.path("verdict"), "w", encoding="utf-8"):
            pass

    def judge_killed_restore(self, before):
        """1 if it was through."""
        left = self.settled_count()
        if left == self.size:
            self.runs_on()
        elif left:
            self.fail(f"{left} of {self.size} processes are left")
        else:
            self.is_same(before, self.outside)
        self.clear_outside()
        return left == self.size

    def kill_at_calls(self, before, n):
        """At n of all system calls, at all of them for 0."""
        calls, status = syscalls.run_until(self.words("restore"))
        if status:
            self.fail(f"a restore that is traced ends with {status:#x}")
        self.clear_outside()
        step = max(calls // n, 1) if n else 1
        whole = tried = 0
        for call in range(random.randint(1, step), calls, step):
            syscalls.run_until(self.words("restore"), call)
            bad = self.failures
            whole += self.judge_killed_restore(before)
            tried += 1
            if self.failures > bad:
                print(f"  killed at system call {call} of {calls}", flush=True)
            if self.failures > 3:
                break
        return tried, whole

    def settled_count(self):
        """How many processes there are when it is all or nothing and nobody of the tool is there any more, or after a while."""
        def is_settled():
            procs.reap()
            found = procs.descendants()
            return len(found) in (0, self.size) and all(map(self.is_of_the_tree, found))
        try:
            procs.wait_until(is_settled, SETTLING, "all or nothing")
        except procs.Timeout:
            pass
        return len(procs.descendants())

    def is_of_the_tree(self, pid):
        """Neither the tool nor somebody who is about to end; a zombie may be, but not one that is ours to reap."""
        state, parent = (procsnap.read(f"/proc/{pid}/stat") or ") X 0").rpartition(") ")[2].split()[:2]
        if state == "Z":
            return int(parent) != os.getpid()
        return link(f"/proc/{pid}/exe") not in (None, self.criu)

    def break_restores(self, before):
        for stage in ("load", "plan", "hook", "watch", "cgroups", "fork", "make", "fill", "arm", "commit"):
            code = subprocess.run(self.words("restore"), env=dict(os.environ, CRIU_FAULT_STAGE=stage), check=False,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
            if code != 1:
                self.fail(f"a restore broken in {stage} exits with {code}")
            if self.settled_count():
                self.fail(f"broken in {stage}: {procs.descendants()} are left")
            self.is_same(before, self.outside)

    def kill_restores(self, n, n_calls):
        self.target.await_death(self.snapshot)
        self.clear_outside()
        before = self.outside()
        self.break_restores(before)
        longest = self.took(self.words("restore"))
        self.clear_outside()
        whole = 0
        for _ in range(n):
            self.killed(self.words("restore"), longest, False)
            whole += self.judge_killed_restore(before)
            if self.failures > 3:
                return n, whole
        tried, through = self.kill_at_calls(before, n_calls)
        return n + tried, whole + through

    def go(self, dumps, restores, calls):
        try:
            self.start()
            self.kill_dumps(dumps)
            if self.failures:
                return 0, 0
            self.clear_images()
            subprocess.run(self.words("dump"), stdin=subprocess.DEVNULL, check=True)
            return self.kill_restores(restores, calls)
        finally:
            self.target.clean()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--criu", default=os.path.join(TOP, "build", "criu"))
    p.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    p.add_argument("--dumps", type=int, default=30)
    p.add_argument("--restores", type=int, default=60)
    p.add_argument("--calls", type=int, default=40)
    p.add_argument("trees", nargs="*", default=TREES)
    a = p.parse_args()
    procs.become_reaper()
    failed = 0
    for tree in a.trees:
        name, flavor = re.fullmatch(r"(\w+):(\w+)", tree).groups()
        random.seed(a.seed)
        case = Tree(a.criu, name, flavor)
        tried, whole = case.go(a.dumps, a.restores, a.calls)
        print(f"{tree}: seed {a.seed}: {a.dumps} dumps and {tried} restores killed, {whole} were through, "
              f"{case.failures} left something behind", flush=True)
        failed += case.failures > 0
    print(f"{len(a.trees) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
