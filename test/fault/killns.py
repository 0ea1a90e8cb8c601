#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree in pid namespaces, one in another and one beside them: the visible process of dump and of restore is killed at
random moments. A dump leaves the tree as it was; a restore leaves all of the tree (it was through) or nothing.

    killns.py [--criu PATH] [--seed N] [--dumps N] [--restores N]
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "test", "zdtm")]
import desc  # noqa: E402
import procs  # noqa: E402
import run  # noqa: E402

PROGRAM = "static/ns_pid_nested"
LONGEST = 0.02      # seconds that a dump or restore of it takes, about


def killed(words):
    """Starts the tool and kills it."""
    tool = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.uniform(0, LONGEST))
    tool.kill()
    tool.wait()


def settled_count(whole):
    """How many processes there are when it is all or nothing, or after a second."""
    for _ in range(100):
        procs.reap()
        n = len(procs.descendants())
        if n in (0, whole):
            break
        time.sleep(0.01)
    return n


def kill_dumps(target, words, n):
    harmed = 0
    before = target.settled()
    for _ in range(n):
        killed([*words, "-R"])
        try:
            target.compare(before, "the tree was changed")
        except run.Failed as e:
            harmed += 1
            print(*e.args, sep="\n  ")
    return harmed


def kill_restores(words, whole, n):
    partly = complete = 0
    for _ in range(n):
        killed(words)
        left = settled_count(whole)
        complete += left == whole
        if left not in (0, whole):
            partly += 1
            print(f"{left} of {whole} processes are left")
        procs.kill_descendants()
    return partly, complete


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--criu", default=os.path.join(TOP, "build", "criu"))
    p.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    p.add_argument("--dumps", type=int, default=40)
    p.add_argument("--restores", type=int, default=200)
    a = p.parse_args()
    procs.become_reaper()
    random.seed(a.seed)
    test = desc.parse(PROGRAM, os.path.join(TOP, "test", "zdtm", PROGRAM + ".c"))
    target = run.Run(test, run.Options(a.criu, os.path.join(TOP, "build")))
    try:
        target.start()
        whole = len(procs.descendants())
        images = tempfile.mkdtemp(dir=target.dir)
        dump = [a.criu, "dump", "-t", str(target.root), "-D", images, "-o", "dump.log"]
        harmed = kill_dumps(target, dump, a.dumps)
        subprocess.run(dump, stdin=subprocess.DEVNULL, check=True)
        partly, complete = kill_restores([a.criu, "restore", "-d", "-D", images, "-o", "restore.log"], whole, a.restores)
    finally:
        target.clean()
    print(f"seed {a.seed}: {a.dumps} dumps killed, {harmed} harmed; {a.restores} restores killed, {complete} were through, "
          f"{partly} left behind a part")
    failed = (harmed > 0) + (partly > 0)
    print(f"{2 - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
