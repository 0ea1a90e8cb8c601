#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random mount trees as whole dumps and restores: up to three processes in mount namespaces that are copies of each other
mount, bind, move, unmount, share and cover at random; then they are dumped and restored, and mountinfo must be what it was,
but for numbers, which must relate mounts as before, and the files in every file system must be there.

    mounts.py [--criu PATH] [--seed N] [--trees N] [--seconds N]
"""
import argparse
import collections
import ctypes
import os
import random
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "test", "zdtm")]
import procs  # noqa: E402
import procsnap  # noqa: E402

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME = 1, 2, 4, 8, 1024, 2048
MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC = 32, 4096, 8192, 16384
MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED = 1 << 17, 1 << 18, 1 << 19, 1 << 20
MNT_DETACH = 2
FLAGS = (0, MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME, MS_NOSUID | MS_NOEXEC)
NAMES = ("a", "b", "odd name", "new\nline", "back\\slash", "h#sh")
# What may stand in the way of such a tree: a process that has unmounted the proc that another is mounted in, for one.
MAY_REFUSE = {"mount.contents", "mount.group", "mount.source"}


def mount(source, target, fs, flags, data=None):
    def text(value):
        return value.encode() if value is not None else None
    return libc.mount(text(source), text(target), text(fs), flags, text(data)) == 0


def umount(target, flags):
    return libc.umount2(target.encode(), flags) == 0


class Maker:
    """In one of the processes: takes random steps below a directory; those that the kernel refuses do not matter."""
    def __init__(self, top, rnd):
        self.top, self.rnd, self.n = top, rnd, 0

    def places(self):
        """Directories that can be reached, a few levels deep."""
        found = [self.top]
        for path, dirs, _ in os.walk(self.top):
            # of processes only itself, which is there again afterwards
            dirs[:] = [name for name in dirs if not name.isdigit() or name == str(os.getpid())]
            if path.count("/") - self.top.count("/") >= 4 or os.path.basename(path).isdigit():
                dirs[:] = []
            found += [os.path.join(path, name) for name in dirs if not os.path.islink(os.path.join(path, name))]
            if len(found) > 60:
                break
        return found

    def place(self):
        return self.rnd.choice(self.places())

    def tmpfs(self):
        point = self.place()
        self.n += 1
        mount(f"t{os.getpid()}.{self.n}", point, "tmpfs", self.rnd.choice(FLAGS) & ~MS_RDONLY,
              self.rnd.choice((None, "size=64k", "mode=711")))
        self.fill(point)

    def fill(self, top):
        for name in self.rnd.sample(NAMES, 3):
            try:
                os.mkdir(os.path.join(top, name))
                with open(os.path.join(top, f"f{os.getpid()}.{self.n}"), "w", encoding="ascii") as f:
                    f.write(top[-8:].encode().hex())
            except OSError:
                pass

    def make_directory(self):
        self.fill(self.place())

    def bind(self):
        source = self.place()
        # a recursive bind doubles what is there, and so does a shared mount
        if not os.path.basename(source).isdigit() and len(procsnap.read("/proc/self/mountinfo").splitlines()) < 150:
            mount(source, self.place(), None, MS_BIND | self.rnd.choice((0, MS_REC)))

    def bind_file(self):
        found = [os.path.join(p, n) for p in self.places() for n in os.listdir(p) if OWN_FILE.fullmatch(n)]
        if len(found) > 1:
            mount(self.rnd.choice(found), self.rnd.choice(found), None, MS_BIND)

    def delete(self):
        """A name; what is mounted elsewhere lives on."""
        place = self.place()
        own = [name for name in os.listdir(place) if OWN_FILE.fullmatch(name)]
        if own and self.rnd.random() < 0.7:
            os.unlink(os.path.join(place, self.rnd.choice(own)))
        else:
            os.rmdir(place)

    def share(self):
        kind = self.rnd.choice((MS_SHARED, MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE))
        mount(None, self.place(), None, kind | self.rnd.choice((0, MS_REC)))

    def change_flags(self):
        mount(None, self.place(), None, MS_REMOUNT | MS_BIND | self.rnd.choice(FLAGS))

    def move(self):
        mount(self.place(), self.place(), None, MS_MOVE)

    def unmount(self):
        place = self.place()
        if place != self.top:
            umount(place, self.rnd.choice((0, MNT_DETACH)))

    def other_fs(self):
        fs = self.rnd.choice(("proc", "mqueue", "devpts", "ramfs"))
        mount(fs, self.place(), fs, 0, "newinstance,ptmxmode=0666" if fs == "devpts" else None)

    def go(self, n):
        steps = (self.tmpfs, self.tmpfs, self.make_directory, self.bind, self.bind, self.bind_file, self.bind_file, self.delete, self.delete, self.share, self.share,
                 self.change_flags, self.move, self.unmount, self.other_fs)
        for _ in range(n):
            try:
                self.rnd.choice(steps)()
            except OSError:
                pass


def be_process(top, seed, depth, ready):
    """One of the processes: steps, perhaps a child in a copy of the namespace, more steps; then it waits."""
    rnd = random.Random(seed)
    if libc.unshare(CLONE_NEWNS):
        os._exit(1)
    if not depth:
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        mount("top", top, "tmpfs", 0, "size=4m")
        if rnd.random() < 0.5:
            mount(None, top, None, MS_SHARED)
    maker = Maker(top, rnd)
    maker.fill(top)
    maker.go(rnd.randrange(3, 16))
    if depth < 2 and rnd.random() < 0.6:
        done, tell = os.pipe()
        if os.fork() == 0:
            be_process(top, seed + 1, depth + 1, tell)
        os.close(tell)
        os.read(done, 1)
        os.close(done)
        maker.go(rnd.randrange(8))
    os.chdir("/")
    os.write(ready, b"x")
    os.close(ready)
    while True:
        signal.pause()


def start(top, seed):
    done, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            null = os.open("/dev/null", os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            os.dup2(tell, 3)
            os.closerange(4, 1024)
            be_process(top, seed, 0, 3)
        finally:
            os._exit(1)
    os.close(tell)
    got = select.select([done], [], [], 20)[0] and os.read(done, 1)
    os.close(done)
    return pid if got else 0


# --- what is compared -----------------------------------------------------------------------------------------------
LINE = re.compile(r"(\d+) (\d+) (\d+:\d+) (\S+) (\S+) (\S+)((?: \S+)*) - (\S+) (\S+) (\S+)")


OWN_FILE = re.compile(r"f\d+\.\d+")


def read_mounts(pid):
    """What mountinfo says of each mount, by the way to it: a parent has one mount at a place."""
    by_id, found = {}, {}
    for line in procsnap.read(f"/proc/{pid}/mountinfo").splitlines():
        m = LINE.fullmatch(line)
        by_id[m[1]] = m
    for m in by_id.values():
        way, at = [], m
        while at is not None:
            way.append(at[5])
            at = by_id.get(at[2]) if at[2] != at[1] else None
        found[tuple(way)] = m
    return found


def describe(pids, top):
    """Text of each mount, and the numbers that relate them."""
    text, numbers = {}, collections.defaultdict(dict)
    for i, pid in enumerate(pids):
        for way, m in read_mounts(pid).items():
            if not way[0].startswith(top):
                continue        # the machine's
            words = m[7].split()
            # the name that something deleted has had may be that of another by now
            text[i, way] = (re.sub(".*//deleted$", "deleted", m[4]), m[6], m[8], m[9], m[10], [w.split(":")[0] for w in words if not w.startswith("propagate_from")])
            numbers["file system"][i, way] = m[3]
            # one space for both: a master is the peer group of somebody
            for what in ("shared", "master"):
                numbers["peer groups"][i, way, what] = (re.search(what + r":(\d+)", m[7]) or (0, None))[1]
    return text, numbers


def is_renaming(before, after):
    to, back = {}, {}
    for key, old in before.items():
        new = after.get(key)
        if (old is None) != (new is None) or to.setdefault(old, new) != new or back.setdefault(new, old) != old:
            return False
    return True


def differences(before, after):
    (text, numbers), (text2, numbers2) = before, after
    found = [f"{key}: {text.get(key)} -> {text2.get(key)}" for key in {*text, *text2} if text.get(key) != text2.get(key)]
    return found + [f"{what}: others now" for what in numbers if not found and not is_renaming(numbers[what], numbers2[what])]


def files(pids, top):
    """What was written into the files that the processes have made, and the modes of directories that have such."""
    found = {}
    for pid in pids:
        for path, dirs, names in os.walk(f"/proc/{pid}/root{top}"):
            dirs[:] = [name for name in dirs if not name.isdigit()]
            for name in names:
                if OWN_FILE.fullmatch(name):
                    file = os.path.join(path, name)
                    found[file] = procsnap.read(file)
                    found[path] = oct(os.stat(path).st_mode)
    return found


class Failed(Exception):
    pass


def run(words, where):
    done = subprocess.run(words, cwd=where, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=60, check=False)
    return done.returncode, [line for line in done.stdout.splitlines() if "Error" in line]


def one_tree(criu, top, seed, is_shown):
    """The codes that it is refused for; an empty set: it came back."""
    images = os.path.join(top, "img")
    os.makedirs(images)
    os.mkdir(os.path.join(top, "m"))
    pid = start(os.path.join(top, "m"), seed)
    if not pid:
        raise Failed("the tree cannot be set up")
    pids = procsnap.tree_of(pid)
    before, had = describe(pids, top), files(pids, os.path.join(top, "m"))
    code, errors = run([criu, "dump", "-t", str(pid), "-D", images], top)
    refused = set(re.findall(r"\[([a-z.-]+)\]", " ".join(errors)))
    if code and refused and refused <= MAY_REFUSE:
        if is_shown:
            print(*errors, *describe(pids, top)[0].items(), sep="\n")
        return refused
    if code:
        raise Failed("dump", *errors)
    procs.wait_until(lambda: procs.reap() or not procs.exists(pid), 10, "end of the tree")
    code, errors = run([criu, "restore", "-d", "-D", images], top)
    if code:
        raise Failed("restore", *errors)
    wrong = differences(before, describe(pids, top))
    has = files(pids, os.path.join(top, "m"))
    wrong += [f"{name}: {had.get(name)} -> {has.get(name)}" for name in {*had, *has} if had.get(name) != has.get(name)]
    if wrong:
        raise Failed("the mounts are others", *sorted(wrong)[:12])
    return set()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--criu", default=os.path.join(TOP, "build", "criu"))
    p.add_argument("--seed", type=int, default=None)
    p.add_argument("--trees", type=int, default=300)
    p.add_argument("--seconds", type=int, default=60)
    a = p.parse_args()
    procs.become_reaper()
    first = time.time_ns() % 10**9 if a.seed is None else a.seed
    print(f"first seed {first}", flush=True)
    begin, passed, failed, refused = time.monotonic(), 0, 0, collections.Counter()
    for seed in range(first, first + (1 if a.seed is not None else a.trees)):
        if time.monotonic() - begin > a.seconds:
            break
        top = tempfile.mkdtemp(prefix="mounts-")
        try:
            codes = one_tree(a.criu, top, seed, a.seed is not None)
            refused.update(codes)
            passed += not codes
        except (Failed, procs.Timeout, subprocess.SubprocessError, OSError) as e:
            failed += 1
            print(f"FAIL  seed {seed}: ", *e.args, sep="\n        ", flush=True)
        finally:
            procs.kill_descendants()
            procs.remove_tree(top)
        if failed > 5:
            break
    if refused:
        print("refused:", ", ".join(f"{n} by {code}" for code, n in refused.items()))
    if sum(refused.values()) > 2 + (passed + failed) // 20:     # of 300 random ones 10 have been seen
        print("too many are refused")
        failed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
