#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random trees of processes in nested namespaces: made, dumped, restored and compared as seen from outside.

    test/ns/nestings.py [--seed N] [--count N] [-p N] [-v]       what CI runs: 300 trees of seed 1
    test/ns/nestings.py --spec '[PSu[Um]]'                       one tree (the language is that of nest.c)

Each tree has a seed of its own, which is printed with a failure.
"""
import argparse
import concurrent.futures
import ctypes
import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NEST = os.path.join(TOP, "build/ns/nest")
CRIU = os.path.join(TOP, "build/criu")
KINDS = ("user", "pid", "uts", "ipc", "net", "mnt", "time", "cgroup", "pid_for_children", "time_for_children")
NS_GET_USERNS, NS_GET_OWNER_UID, PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE = 0xb701, 0xb704, 0xff06
STATUS = ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")
# Trees that something was found by.
KEPT = (
    "[S[pu[][]]]",		# a dump waited for an init, that for a process to be reaped, and its reaper for the dump
    "[PS[Num[u][n]]V]",		# nobody has a name
    "[PSun[PSt[PUm[c]]]]",
    "[ST[Tu[t]][PT[]p]]",		# time namespaces for children alone
    "[SU[PUm[Pt][P]]Up[VPn[]]]",	# pid namespaces of user namespaces below
)
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_CHILD_SUBREAPER, CLONE_NEWNS = 36, 0x20000


# --- making -----------------------------------------------------------------------------------------------------------

class Maker:
    """A random specification, and the codes that a dump of it must be refused with (none: it must not)."""

    def __init__(self, seed):
        self.rnd = random.Random(seed)
        self.left = self.rnd.randint(2, 9)
        self.refused = set()
        own_pid = self.rnd.random() < 0.5
        self.spec = "[" + ("P" if own_pid else "") + "S" + self.inside(user="", depth=0) + "]"

    def inside(self, user, depth):
        """Actions, then children. user: the chain of user namespaces that the process is in."""
        rnd, text = self.rnd, ""
        self.left -= 1
        for _ in range(rnd.choice((0, 1, 1, 2, 3))):
            action = rnd.choice("uinmtcUUVN" if len(user) < 3 else "uinmtc")
            if action in "UVN":
                # the parent must have the ids that are mapped
                if user.endswith("N") or (action == "V" and user) or (action == "N" and (not depth or rnd.random() < 0.5)):
                    continue
                user += action
            if action == "i" and user.endswith("N"):
                self.refused.add("cred.unsupported")	# its semaphore belongs to a user without a name in there
            text += action
        # Who is alone in a time namespace, and has another one for children, hides its offsets.
        if "t" not in text and rnd.random() < 0.1 and (not user or rnd.random() < 0.2):
            text += "T"
            if user:
                self.refused.add("ns.children-only")	# owned by a user namespace below
        is_left = rnd.random() < 0.15
        text += "p" if is_left else ""
        while self.left > 0 and depth < 4 and rnd.random() < 0.8:
            text += "[" + self.birth(is_left) + self.inside(user, depth + 1) + "]"
        return text

    def birth(self, is_left):
        if self.rnd.random() < 0.3 and not is_left:
            return "P"
        return self.rnd.choice("SG") if self.rnd.random() < 0.2 else ""


class Failed(Exception):
    pass


# --- seeing -----------------------------------------------------------------------------------------------------------

def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def children(pid):
    return sorted(map(int, read(f"/proc/{pid}/task/{pid}/children").split()))


def tree_of(root):
    pids = [root]
    for pid in pids:
        pids += children(pid)
    return pids


def levels(status, key):
    return [int(n) for n in re.search(rf"^{key}:(.*)$", status, re.M).group(1).split()]


class View:
    """What the tree looks like; the numbers of inodes become those of the first that was met."""

    def __init__(self, root):
        self.known, self.lines, self.clocks = {}, [], {}
        self.own = {kind: os.stat(f"/proc/self/ns/{kind}").st_ino for kind in KINDS}
        self.level = len(levels(read(f"/proc/{root}/status"), "NSpid")) - 1
        pids = tree_of(root)
        pids.sort(key=lambda pid: self.numbers(read(f"/proc/{pid}/status"), "NSpid"))
        self.names = {pid: f"process {self.numbers(read(f'/proc/{pid}/status'), 'NSpid')[0]}" for pid in pids}
        for pid in pids:
            self.look(pid)

    def numbers(self, status, key):
        return levels(status, key)[self.level:]

    def say(self, *words):
        self.lines.append(" ".join(map(str, words)))

    def name_of(self, fd, kind):
        ino = os.fstat(fd).st_ino
        if ino == self.own[kind]:
            return "the machine's"
        key = f"{kind} {len(self.known)}"
        if ino in self.known:
            return self.known[ino]
        self.known[ino] = key
        if kind != "user" and kind not in ("pid_for_children", "time_for_children"):
            self.say("   ", key, "is owned by", self.owner_of(fd))
        elif kind == "user":
            uid = ctypes.c_uint32()
            libc.ioctl(fd, NS_GET_OWNER_UID, ctypes.byref(uid))
            self.say("   ", key, "is below", self.owner_of(fd), "and belongs to user", uid.value)
        return key

    def owner_of(self, fd):
        owner = fcntl.ioctl(fd, NS_GET_USERNS)
        try:
            return self.name_of(owner, "user")
        finally:
            os.close(owner)

    def owner_of_unborn(self, pid):
        """Of a pid namespace without an init (Linux 6.11)."""
        pidfd = os.pidfd_open(pid)
        fd = fcntl.ioctl(pidfd, PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE)
        os.close(pidfd)
        try:
            return self.owner_of(fd)
        finally:
            os.close(fd)

    def look(self, pid):
        status, name = read(f"/proc/{pid}/status"), self.names[pid]
        parent = int(re.search(r"^PPid:\s*(\d+)", status, re.M).group(1))
        self.say(name, "numbers", self.numbers(status, "NSpid"), "group", self.numbers(status, "NSpgid"), "session",
                 self.numbers(status, "NSsid"), "child of", self.names.get(parent, "the tool"))
        for kind in KINDS:
            try:
                fd = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
            except FileNotFoundError:
                self.say(name, kind, "leads nowhere: it is owned by", self.owner_of_unborn(pid))
                continue
            self.say(name, "is in", kind, self.name_of(fd, kind.split("_")[0]))
            os.close(fd)
        for key in STATUS:
            self.say(name, key, *re.search(rf"^{key}:(.*)$", status, re.M).group(1).split())
        for file in ("uid_map", "gid_map", "setgroups"):
            self.say(name, file, *read(f"/proc/{pid}/{file}").split())
        # Others change what the machine has.
        if os.stat(f"/proc/{pid}/ns/mnt").st_ino != self.own["mnt"]:
            self.say(name, "mounts", *sorted(map(mount_line, read(f"/proc/{pid}/mountinfo").splitlines())))
        kinds = [kind for kind in SEEN if os.stat(f"/proc/{pid}/ns/{kind}").st_ino != self.own[kind]]
        seen = seen_inside(pid, kinds)
        self.clocks[name] = seen.pop("time", [])
        self.say(name, "sees", seen)


def mount_line(line):
    before, after = line.split(" - ")
    size = re.search(r"size=\w+", after) if " nest " in after else None
    return " ".join(before.split()[3:6] + after.split()[:1] + ([size.group(0)] if size else []))


SEEN = {
    "uts": lambda: os.uname().nodename,
    "ipc": lambda: [line.split()[:2] for line in read("/proc/sysvipc/sem").splitlines()[1:]],
    "net": lambda: sorted(line.split(":")[0].strip() for line in read("/proc/self/net/dev").splitlines()[2:]),
    "time": lambda: [time.clock_gettime(time.CLOCK_MONOTONIC), time.clock_gettime(time.CLOCK_BOOTTIME)],
}


def seen_inside(pid, kinds):
    """What only a process in these namespaces can see."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for kind in kinds:
                if libc.setns(os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY), 0):
                    raise OSError(ctypes.get_errno(), f"setns {kind}")
            os.write(into, json.dumps({kind: SEEN[kind]() for kind in kinds}).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as f:
        text = f.read()
    os.waitpid(child, 0)
    if not text:
        raise Failed(f"nobody can look into the namespaces of {pid}")
    return json.loads(text)


# --- one tree ---------------------------------------------------------------------------------------------------------

def die_together(root):
    for pid in tree_of(root)[::-1] if os.path.exists(f"/proc/{root}") else []:
        os.kill(pid, signal.SIGKILL)


def reap_all():
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.002)
        except ChildProcessError:
            return
    raise Failed("processes stay behind")


def own_children():
    return children(os.getpid())


def run_criu(where, *words):
    done = subprocess.run([CRIU, *words, "-D", where, "-v4", "-o", f"{words[0]}.log"], capture_output=True, text=True)
    try:
        log = read(f"{where}/{words[0]}.log")
    except FileNotFoundError:
        log = done.stderr
    return done.returncode, "\n".join(line for line in log.splitlines() if "Error" in line)


def compare(before, after, took):
    differences = [line for line in before.lines if line not in after.lines]
    differences += ["now: " + line for line in after.lines if line not in before.lines]
    for name, clocks in before.clocks.items():
        for was, now in zip(clocks, after.clocks.get(name, [0, 0])):
            if not was <= now <= was + took + 1:
                differences.append(f"{name}: a clock was {was:.1f}, is {now:.1f} after {took:.1f} s")
    if differences:
        raise Failed("\n    ".join(["what changed:", *differences[:20]]))


def try_tree(spec, refused, where, verbose):
    for i in range(len(spec) + 1):
        os.makedirs(f"{where}/mnt/{i}")
    started = subprocess.run([NEST, spec, f"{where}/mnt"], capture_output=True, text=True, timeout=30)
    if started.returncode or started.stdout != "ready":
        raise Failed(f"the tree cannot be made: {started.stderr}")
    root, = own_children()
    before, begin = View(root), time.monotonic()
    if verbose:
        print(*before.lines, sep="\n")
    code, log = run_criu(where, "dump", "-t", str(root))
    if refused:
        if not code or set(re.findall(r"\[([a-z.-]+)\]", log)) != refused:
            raise Failed(f"the dump was to be refused as {', '.join(refused)}: it ends with {code}\n    {log}")
        compare(before, View(root), 10)
        return
    if code:
        raise Failed(f"the dump ends with {code}\n    {log}")
    reap_all()
    code, log = run_criu(where, "restore", "-d")
    if code:
        raise Failed(f"the restore ends with {code}\n    {log}")
    root, = own_children()
    compare(before, View(root), time.monotonic() - begin)


def one(seed, spec, verbose):
    """In a process of its own, which reaps whatever the tree leaves: the text of a failure, or nothing."""
    made = Maker(seed) if not spec else None
    where = tempfile.mkdtemp(prefix="nestings-")
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    failure = ""
    try:
        try_tree(spec or made.spec, made.refused if made else set(), where, verbose)
    except (Failed, OSError, subprocess.SubprocessError) as e:
        failure = str(e)
    for pid in own_children():
        die_together(pid)
    try:
        reap_all()
    except Failed as e:
        failure = failure or str(e)
    shutil.rmtree(where)
    return seed, spec or made.spec, failure


def hide_mounts_of_others():
    """Tests that run beside this one mount things, and take them away between a dump and its restore."""
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare the mounts")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for point in [line.split()[4] for line in read("/proc/self/mountinfo").splitlines()][::-1]:
        if point.startswith(tempfile.gettempdir() + "/"):
            subprocess.run(["umount", "-l", point], check=False, stderr=subprocess.DEVNULL)


def main():
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--seed", type=int, default=1)
    top.add_argument("--count", type=int, default=300)
    top.add_argument("--spec")
    top.add_argument("-p", "--parallel", type=int, default=2)
    top.add_argument("-v", "--verbose", action="store_true")
    args = top.parse_args()
    subprocess.run(["make", "-s", "-C", TOP, "build/ns/nest", "build/criu"], check=True)
    seeds = [args.seed] if args.spec else [args.seed * 1000 + i for i in range(args.count)]
    specs = [args.spec] * len(seeds)
    if not args.spec:
        seeds, specs = [0] * len(KEPT) + seeds, list(KEPT) + specs
    failed = 0
    hide_mounts_of_others()
    with concurrent.futures.ProcessPoolExecutor(1 if args.spec else args.parallel) as pool:
        for seed, spec, failure in pool.map(one, seeds, specs, [args.verbose] * len(seeds)):
            failed += bool(failure)
            if failure or args.verbose:
                print(f"{'FAIL' if failure else 'pass'}  seed {seed} {spec}{': ' + failure if failure else ''}", flush=True)
    print(f"{len(seeds) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
