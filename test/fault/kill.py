#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills the tool at random moments of a dump. The target must live, unmarked.

    kill.py [--criu PATH] [--rounds N] [--any N] [--seed N]

--rounds: SIGKILL to the process that the user started: none may be harmed, none marked.
--any: SIGKILL to the process that owns ptrace, a figure of its own: what that was doing in the target at that very
moment, the other one ends. None may be harmed or marked either.
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import victim  # noqa: E402


WIDE = 12       # so many children that each CPU has a thread that owns some of them


class Run:
    def __init__(self, args, where):
        self.args, self.where = args, where
        self.program = victim.build(where)
        self.images = os.path.join(where, "img")
        self.target = None

    def command(self):
        return [self.args.criu, "dump", "-t", str(self.target.pid), "-D", self.images, "-R", "-o",
                os.path.join(self.where, "log")]

    def fresh(self, n_children):
        if self.target:
            self.target.end()
        self.target = victim.Victim(self.program, self.where, n_children)

    def clear_images(self):
        shutil.rmtree(self.images, ignore_errors=True)
        os.mkdir(self.images)

    def measure(self):
        """How long an undisturbed dump takes: the moments are spread over it."""
        times = []
        for _ in range(5):
            self.clear_images()
            begin = time.monotonic()
            subprocess.run(self.command(), check=True)
            times.append(time.monotonic() - begin)
        return sorted(times)[2]

    def tool_children(self, pid):
        try:
            with open(f"/proc/{pid}/task/{pid}/children") as f:
                return [int(word) for word in f.read().split()]
        except (FileNotFoundError, ProcessLookupError):
            return []

    def wait_gone(self, pids):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            victim.reap()
            if not any(os.path.exists(f"/proc/{pid}") for pid in pids):
                return True
            time.sleep(0.001)
        return False

    def once(self, moment, is_any):
        """Complaints about the target, and whether the tool was hit at all."""
        self.clear_images()
        ours = self.tool_children(os.getpid())
        tool = subprocess.Popen(self.command(), stderr=subprocess.DEVNULL)
        time.sleep(moment)
        helpers = self.tool_children(tool.pid)
        whom = helpers[:1] if is_any else [tool.pid]
        for pid in whom:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                whom = []
        hit = tool.wait() != 0 and bool(whom)
        # one that the tool forked after it was asked for its children is an orphan now, and ours
        helpers += [pid for pid in self.tool_children(os.getpid()) if pid not in ours]
        bad = [] if self.wait_gone(helpers) else ["a process of the tool is left"]
        bad += self.target.complaints()
        left = os.listdir(self.images)
        if hit and left and "inventory.img" not in left:
            bad.append(f"half an image directory is left: {left[:3]}")
        return bad, hit

    def series(self, what, rounds, is_any, n_children):
        self.fresh(n_children)
        harmed = marked = hits = 0
        took = self.measure()
        for i in range(rounds):
            moment = random.random() * took * 1.1
            bad, hit = self.once(moment, is_any)
            hits += hit
            if bad:
                dead = any(b.startswith("dead") or "go on" in b for b in bad)
                harmed += dead
                marked += not dead
                print(f"FAIL {what}: round {i}, {moment * 1e3:.2f} ms: {'; '.join(bad)}", flush=True)
                self.fresh(n_children)
        print(f"{what}: {rounds} random moments of {took * 1e3:.1f} ms, {hits} hit the tool at work: "
              f"{harmed} harmed, {marked} marked", flush=True)
        return harmed + marked


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--criu", default=os.path.join(victim.TOP, "build", "criu"))
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--any", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    random.seed(args.seed)
    victim.become_reaper()
    with tempfile.TemporaryDirectory(prefix="criu-kill.") as where:
        run = Run(args, where)
        bad = 0
        try:
            for what, n_children in ("", 1), (" of a wide tree", WIDE):
                bad += run.series("visible process" + what, args.rounds // 2, False, n_children)
                bad += run.series("working process" + what, args.any // 2, True, n_children)
        finally:
            if run.target:
                run.target.end()
    print(f"{args.rounds + args.any - bad} passed, {bad} failed, 0 skipped")
    return 1 if bad else 0


sys.exit(main())
