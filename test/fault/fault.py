#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Breaks every stage of a dump and of a restore once. After a broken dump the target lives on unmarked; after a broken
restore there is no process, no file, no pid taken, and the same images can still be restored.

    fault.py [--criu PATH] [--only NAME...]
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import victim  # noqa: E402


WIDE = 12       # so many children that each CPU has a thread that owns some of them


def stages(table):
    """The names in a stage table, from the source: a new stage is broken without anybody adding it here."""
    with open(os.path.join(victim.TOP, "criu", "run", f"{table}.c")) as f:
        body = re.search(rf"struct stage {table}_stages\[\] = {{(.*?)^}};", f.read(), re.S | re.M).group(1)
    return re.findall(r'^\t{ "(\w+)"', body, re.M)


class Bench:
    def __init__(self, criu, where):
        self.criu, self.where = criu, where
        self.program = victim.build(where)
        self.images = os.path.join(where, "img")
        self.target = None

    def run(self, *words, fault=None):
        env = dict(os.environ)
        if fault:
            env["CRIU_FAULT_STAGE"] = fault
        return subprocess.run([self.criu, *words, "-D", self.images, "-W", self.where, "-o", "log"], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def clear(self):
        shutil.rmtree(self.images, ignore_errors=True)
        os.mkdir(self.images)

    def log(self):
        with open(os.path.join(self.where, "log")) as f:
            return f.read()

    def break_dump(self, stage):
        self.clear()
        out = self.run("dump", "-t", str(self.target.pid), fault=stage)
        bad = self.target.complaints()
        if out.returncode != 1:
            bad.append(f"exit status {out.returncode}")
        if "fault injected" not in self.log():
            bad.append("the log does not say why")
        if os.listdir(self.images):
            bad.append(f"files are left: {os.listdir(self.images)[:4]}")
        return bad

    def dump_away(self):
        """A good dump that ends the target; its pids are free afterwards."""
        self.clear()
        pids = self.target.pids()
        out = self.run("dump", "-t", str(self.target.pid))
        if out.returncode:
            raise RuntimeError(f"dump failed: {self.log()}")
        self.target.proc.wait()
        victim.reap()
        return pids

    def left(self, pids):
        time.sleep(0.02)
        victim.reap()
        return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]

    def break_restore(self, stage, pids):
        before = set(os.listdir(self.where)) | set(os.listdir(self.images))
        out = self.run("restore", "-d", "--pidfile", os.path.join(self.where, "pid"), fault=stage)
        bad = []
        if out.returncode != 1:
            bad.append(f"exit status {out.returncode}")
        if "fault injected" not in self.log():
            bad.append("the log does not say why: " + self.log()[-300:])
        if self.left(pids):
            bad.append(f"processes are left: {self.left(pids)}")
        new = (set(os.listdir(self.where)) | set(os.listdir(self.images))) - before
        if new:
            bad.append(f"files are left: {sorted(new)}")
        return bad

    def restore_for_good(self, pids):
        counts = self.target.counts()
        out = self.run("restore", "-d")
        bad = [] if not out.returncode else [f"restore failed: {self.log()[-500:]}"]
        deadline = time.monotonic() + 5
        while not bad and not all(b > a for a, b in zip(counts, self.target.counts())):
            if time.monotonic() > deadline:
                bad.append(f"does not go on: {counts} {self.target.counts()}")
            time.sleep(0.01)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return bad


def break_all(bench, n_children, what, only):
    """Every stage of both, on a target with so many children."""
    results = []

    def wanted(name):
        return not only or name in only

    bench.target = victim.Victim(bench.program, bench.where, n_children)
    pids = bench.target.pids()
    try:
        for stage in stages("dump"):
            if wanted(f"dump.{stage}"):
                results.append(tell(f"dump.{stage}{what}", bench.break_dump(stage)))
        pids = bench.dump_away()
        for stage in stages("restore"):
            if wanted(f"restore.{stage}"):
                results.append(tell(f"restore.{stage}{what}", bench.break_restore(stage, pids)))
        results.append(tell(f"restore after all of them{what}", bench.restore_for_good(pids)))
    finally:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)
        victim.reap()
    return results


def tell(name, bad):
    print(f"{'PASS' if not bad else 'FAIL'} {name}" + "".join(f"\n     {b}" for b in bad), flush=True)
    return not bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--criu", default=os.path.join(victim.TOP, "build", "criu"))
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    victim.become_reaper()
    results = []
    with tempfile.TemporaryDirectory(prefix="criu-fault.") as where:
        bench = Bench(args.criu, where)
        for n_children, what in (1, ""), (WIDE, " of a wide tree"):
            results += break_all(bench, n_children, what, args.only)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
