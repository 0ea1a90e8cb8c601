#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree with the mounts that systemd-nspawn and LXC give a container, dumped and restored several times over.

    test/ns/containers.py [--rounds N] [-v]

What is mounted, with which flags and propagation, and what a process in there can do with it, is compared after every
restore with what it was in the beginning.
"""
import argparse
import ctypes
import os
import pty
import re
import signal
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CRIU = os.environ.get("CRIU") or os.path.join(TOP, "build/criu")
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_CHILD_SUBREAPER = 36

# In new namespaces, as root of the machine; $1 is a directory, $2 the terminal outside, $4 what the root is.
SETUP = r"""
set -eu
root=$1/root
mount --make-rslave /
mkdir -p $root
if [ $4 = tmpfs ]; then
	mount -t tmpfs -o mode=755,size=8m root $root
else
	mount --bind $root $root
fi
cd $root
mkdir -p usr etc proc sys dev run tmp old host
for d in bin sbin lib lib64; do
	[ -L /$d ] && cp -P /$d $d || [ ! -d /$d ] || { mkdir $d; mount --bind -o ro /$d $d; }
done
mount --bind /usr usr
mount -o remount,bind,ro usr
mount --bind /etc etc
mount -o remount,bind,ro,nosuid,nodev etc
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw,nosuid,nodev,noexec proc/sys/net
for f in sysrq-trigger sched_debug timer_list version; do
	[ -e proc/$f ] || continue
	mount --bind proc/$f proc/$f
	mount -o remount,bind,ro,nosuid,nodev,noexec proc/$f
done
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o mode=755,nosuid,noexec,size=64k dev dev
for n in null zero full random urandom tty; do
	: >dev/$n
	mount --bind /dev/$n dev/$n
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5,nosuid,noexec devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev,size=1m shm dev/shm
mount -t mqueue -o nosuid,nodev,noexec mqueue dev/mqueue
: >dev/console
mount --bind $2 dev/console
for f in kcore keys kallsyms; do
	[ ! -e proc/$f ] || mount --bind dev/null proc/$f
done
mount -t tmpfs -o ro,size=0 masked proc/scsi 2>/dev/null || mount -t tmpfs -o ro,size=4k masked proc/tty
mount -t tmpfs -o mode=755,nosuid,nodev,size=1m run run
mkdir run/host run/lock run/user
mount -t tmpfs -o mode=755,size=256k lock run/lock
mount --bind run/host run/host
mount --make-shared run/host
mount --bind $1/volume host
mount --make-slave host
mount --make-shared run/user 2>/dev/null || { mount --bind run/user run/user; mount --make-shared run/user; }
mount --bind run/user tmp
mkdir tmp/inner
mount -t tmpfs -o size=64k inner run/user/inner
[ ! -d /sys/fs/cgroup ] || {
	mount -t tmpfs -o mode=755,size=64k cgroup sys/fs/cgroup
	mkdir sys/fs/cgroup/unified
	mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup/unified
	mount -o remount,bind,ro sys/fs/cgroup/unified
	mount -o remount,ro sys/fs/cgroup
}
pivot_root . old
cd /
umount -l old
rmdir old
mount --make-rshared / || :
echo kept >/run/note
exec /usr/bin/python3 -c "$3"
"""

# Pid 1 of the container: says what it can do whenever a byte comes, for as long as it lives.
PAYLOAD = r"""
import os, signal, socket, sys, time
os.setsid()
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/socket")
listener.listen(4)
log = os.open("/dev/shm/log", os.O_RDWR | os.O_CREAT)
null = os.open("/dev/null", os.O_RDWR)
for fd in 0, 1, 2:
    os.dup2(null, fd)
os.close(null)
pid = os.fork()
if pid == 0:
    while True:
        time.sleep(1)
open("/run/ready", "w").close()

def attempt(what):
    try:
        return what() or "yes"
    except OSError as e:
        return os.strerror(e.errno)

def write(path, text="x"):
    with open(path, "w") as f:
        f.write(text)

while True:
    client, _ = listener.accept()
    report = {
        "hostname": os.uname().nodename,
        "ro sysctl": attempt(lambda: write("/proc/sys/kernel/domainname")),
        "rw sysctl": attempt(lambda: write("/proc/sys/net/ipv4/ip_forward", "0")),
        "kallsyms": attempt(lambda: str(len(open("/proc/kallsyms", "rb").read()))),
        "usr": attempt(lambda: write("/usr/x")),
        "note": attempt(lambda: open("/run/note").read()),
        "host": attempt(lambda: open("/host/file").read()),
        "zero": attempt(lambda: str(open("/dev/zero", "rb").read(4))),
        "console": attempt(lambda: write("/dev/console", "hello\n")),
        "shm": attempt(lambda: str(os.fstat(log).st_size)),
        "tmp": attempt(lambda: str(sorted(os.listdir("/tmp")))),
        "cgroup": attempt(lambda: write("/sys/fs/cgroup/x")),
        "child": attempt(lambda: str(os.kill(pid, 0))),
        "mounts": sorted(open("/proc/self/mountinfo").read().splitlines()),
    }
    client.sendall(repr(report).encode())
    client.close()
"""


class Failed(Exception):
    pass


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def children(pid):
    return sorted(map(int, read(f"/proc/{pid}/task/{pid}/children").split()))


def mounts_named(lines):
    """Numbers of mounts, groups and devices differ: they become those of the first line that has them."""
    known, out = {}, []
    rows = [line.split() for line in lines]
    by_id = {row[0]: row for row in rows}
    for row in sorted(rows, key=lambda row: (row[4], int(row[0]))):
        end = row.index("-")
        parent = by_id[row[1]][4] if row[1] in by_id else "outside"
        device = known.setdefault(("dev", row[2]), f"device {len(known)}")
        groups = [re.sub(r"\d+", lambda m: known.setdefault(("group", m.group(0)), f"{len(known)}"), word) for word in row[6:end]]
        out.append(" ".join([row[4], "on", parent, device, row[3], row[5], *groups, *row[end + 1:]]))
    return out


class Container:
    def __init__(self, root, verbose):
        self.root = root
        self.dir = tempfile.mkdtemp(prefix="containers-")
        self.verbose, self.pid, self.engine = verbose, 0, None
        os.makedirs(f"{self.dir}/volume")
        with open(f"{self.dir}/volume/file", "w", encoding="ascii") as f:
            f.write("of the host")
        self.master, self.slave = pty.openpty()
        self.tty = os.ttyname(self.slave)

    def start(self):
        command = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork", "sh", "-c", SETUP, "sh", self.dir,
                   self.tty, PAYLOAD, self.root]
        with open(f"{self.dir}/out", "wb") as out:
            self.engine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.engine.poll() is None:
            kids = children(self.engine.pid)
            if kids and os.path.exists(f"/proc/{kids[0]}/root/run/ready"):
                self.pid = kids[0]
                return
            time.sleep(0.02)
        raise Failed("the container does not come up: " + read(f"{self.dir}/out"))

    def ask(self):
        """By the path of its socket below its root; only a process in its network namespace reaches that."""
        code = ("import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect('/run/socket')\n"
                "t = b''\nwhile True:\n    p = s.recv(65536)\n    t += p\n    if not p: break\nsys.stdout.write(t.decode())")
        asked = subprocess.run(["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-u", "-i", "--", "/usr/bin/python3", "-c", code],
                               capture_output=True, text=True, timeout=30)
        if asked.returncode:
            raise Failed("the container does not answer: " + asked.stderr)
        seen = eval(asked.stdout)
        seen["mounts"] = mounts_named(seen["mounts"])
        seen["heard"] = os.read(self.master, 100) if seen["console"] == "yes" else b""
        return seen

    def criu(self, *words, **more):
        done = subprocess.run([CRIU, *words, "-D", f"{self.dir}/img", "-v4", "-o", f"{words[0]}.log"], capture_output=True, text=True, **more)
        if done.returncode:
            log = read(f"{self.dir}/img/{words[0]}.log")
            raise Failed(f"{words[0]} ends with {done.returncode}\n" + "\n".join(line for line in log.splitlines() if "Error" in line))

    def round(self):
        os.makedirs(f"{self.dir}/img", exist_ok=True)
        console = f"{os.stat(self.tty).st_rdev:x}:{os.stat(self.tty).st_dev:x}"
        self.criu("dump", "-t", str(self.pid), "--external", "mnt[/dev/console]:console", "--external", "mnt[/host]:volume",
                  "--external", f"tty[{console}]")
        if self.engine:
            self.engine.wait()
            self.engine = None
        root = ["--root", f"{self.dir}/root"] if self.root == "directory" else []
        self.criu("restore", "-d", "--pidfile", f"{self.dir}/pid", *root, "--external", f"mnt[console]:{self.tty}",
                  "--external", f"mnt[volume]:{self.dir}/volume")
        self.pid = int(read(f"{self.dir}/pid"))
        os.unlink(f"{self.dir}/pid")

    def end(self):
        if self.engine and self.engine.poll() is None:
            for pid in children(self.engine.pid):
                os.kill(pid, signal.SIGKILL)
            self.engine.wait()
        elif os.path.exists(f"/proc/{self.pid}"):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)
        shutil.rmtree(self.dir)


def compare(first, now):
    wrong = [f"{key}: {now[key]!r}, was {first[key]!r}" for key in first if key != "mounts" and now[key] != first[key]]
    wrong += ["gone: " + line for line in first["mounts"] if line not in now["mounts"]]
    wrong += ["new:  " + line for line in now["mounts"] if line not in first["mounts"]]
    if wrong:
        raise Failed("\n    ".join(["what changed:", *wrong]))


def run(root, args):
    c = Container(root, args.verbose)
    done, failure = 0, ""
    try:
        c.start()
        first = c.ask()
        if args.verbose:
            print(*[f"{k}: {v}" for k, v in first.items() if k != "mounts"], *first["mounts"], sep="\n")
        while done < args.rounds:
            c.round()
            compare(first, c.ask())
            done += 1
    except (Failed, OSError, subprocess.SubprocessError) as e:
        failure = str(e)
    c.end()
    return done, failure


def main():
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--rounds", type=int, default=5)
    top.add_argument("-v", "--verbose", action="store_true")
    args = top.parse_args()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    passed = failed = 0
    for root in "tmpfs", "directory":
        done, failure = run(root, args)
        passed, failed = passed + done, failed + bool(failure)
        if failure:
            print(f"FAIL  {root}: round {done + 1}: {failure}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
