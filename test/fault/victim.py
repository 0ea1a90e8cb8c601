# SPDX-License-Identifier: GPL-2.0-or-later
"""A target process for the fault tests: started, looked at, compared with what it was."""
import mmap
import os
import re
import signal
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "test", "zdtm"))
from procs import become_reaper, reap  # noqa: E402,F401

# Lines of /proc/PID/status that must not change.
STATUS = re.compile(r"^(TracerPid|SigBlk|SigIgn|SigCgt|SigPnd|ShdPnd|CapEff|Seccomp|NoNewPrivs|Umask|Uid):.*$", re.M)


def build(where):
    program = os.path.join(where, "target")
    subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program,
                    os.path.join(HERE, "target.c")], check=True)
    return program


class Victim:
    """One running target."""

    N_OWN = 6           # what the process counts itself; then a word for each child

    def __init__(self, program, where, n_children=1):
        self.n_parts = self.N_OWN + n_children
        self.file = os.path.join(where, "counters")
        with open(self.file, "wb") as out:
            out.write(bytes(4096))
        self.proc = subprocess.Popen([program, self.file, str(n_children)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, start_new_session=True)
        self.pid = self.proc.pid
        with open(self.file, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 4096)
        deadline = time.monotonic() + 10
        while not all(self.counts()):
            if time.monotonic() > deadline:
                raise RuntimeError("the target does not start")
            time.sleep(0.01)
        self.before = self.look()

    def counts(self):
        return struct.unpack_from(f"{self.n_parts}Q", self.map)

    def pids(self):
        """The process and its child, from the outside."""
        found = [self.pid]
        for tid in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{tid}/children") as f:
                    found += map(int, f.read().split())
            except (FileNotFoundError, ProcessLookupError):
                pass        # a thread that ends meanwhile is found missing by look()
        return found

    def look(self):
        """What must be the same before and after."""
        seen = {}
        for pid in self.pids():
            with open(f"/proc/{pid}/maps") as f:
                seen[pid, "maps"] = f.read()
            for tid in sorted(os.listdir(f"/proc/{pid}/task")):
                with open(f"/proc/{pid}/task/{tid}/status") as f:
                    seen[pid, tid] = "\n".join(m.group() for m in STATUS.finditer(f.read()))
            seen[pid, "fds"] = sorted((fd, os.readlink(f"/proc/{pid}/fd/{fd}")) for fd in os.listdir(f"/proc/{pid}/fd"))
            # Not dumpable any more: root would own the files of a process of root too, so ask for the mode of mem.
            seen[pid, "owner"] = os.stat(f"/proc/{pid}/mem").st_uid
        return seen

    def wait_untraced(self, seconds=5):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            traced = 0
            for pid in self.pids():
                for tid in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{tid}/status") as f:
                        traced += "TracerPid:\t0\n" not in f.read()
            if not traced:
                return True
            time.sleep(0.002)
        return False

    def complaints(self):
        """What is wrong with it now, as a list of sentences."""
        try:
            return self.look_for_complaints()
        except (FileNotFoundError, ProcessLookupError) as gone:
            return [f"dead: a part went away while it was looked at: {gone}"]

    def look_for_complaints(self):
        if self.proc.poll() is not None:
            return [f"dead: {self.proc.returncode}"]
        bad = []
        if not self.wait_untraced():
            bad.append("still traced")
        before = self.counts()
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and not all(b > a for a, b in zip(before, self.counts())):
            time.sleep(0.003)
        stuck = [i for i, (a, b) in enumerate(zip(before, self.counts())) if b <= a]
        if stuck:
            bad.append(f"parts {stuck} do not go on")
        now = self.look()
        for key in sorted(set(self.before) | set(now), key=str):
            if self.before.get(key) != now.get(key):
                bad.append(f"marked: {key}: {self.before.get(key)!r} became {now.get(key)!r}"[:600])
        return bad

    def end(self):
        try:
            for pid in self.pids() if self.proc.poll() is None else []:
                os.kill(pid, signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass
        self.proc.wait()
        self.map.close()
        time.sleep(0.01)
        reap()
