#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Images exchanged with the established tool: each zdtm program is dumped by one and restored by the other.

Programs whose dump must be refused have no image and take no part. Those whose state the peer does not keep are
skipped with the reason, which stands in the program (zdtm-peer) or in PEER_LACKS. Without a peer all are skipped.
"""
import argparse
import functools
import os
import re
import select
import signal
import subprocess
import sys
from dataclasses import dataclass, replace

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "test"), os.path.join(TOP, "test", "zdtm")]

import desc  # noqa: E402
import run  # noqa: E402
import zdtm  # noqa: E402

NO_PEER = 77
# direction -> who dumps, who restores; "self" tells what the peer makes of its own images
DIRECTIONS = {"ours-peer": ("ours", "peer"), "peer-ours": ("peer", "ours"), "self": ("peer", "peer")}

# what the peer changes in every tree that it restores, seen by dumping and restoring with it alone
PEER_CHANGES = [
    "ns time",          # a time namespace of its own, so that the clocks go on where they stopped
]

BOTH = ("ours-peer", "peer-ours", "self")
BY_DUMP, BY_RESTORE = ("peer-ours", "self"), ("ours-peer", "self")

# Program -> where the loss shows, and what it is ("" for the words of zdtm-peer in the program, which alone mean
# that it shows everywhere). Found out by running both ways with --no-table; nothing is here on a guess.
PEER_LACKS = {
    "creds_user": (BY_DUMP, ""),
    "cwd_deleted": (BY_RESTORE, ""),
    "directory": (BY_RESTORE, ""),
    "eventfd": (BY_RESTORE, ""),
    "groups_many": (BY_DUMP, ""),
    "ipc_msg": (BY_RESTORE, "the peer gives every queue the limit of a new one"),
    "mem_advice": (BY_DUMP, ""),
    "o_path": (BY_DUMP, ""),
    "sessions_dead": (BY_RESTORE, ""),
    "shm_anon": (BY_RESTORE, "the peer brings shared anonymous memory back as a memfd"),
    "signal_storm": (BY_RESTORE, "the peer mixes up the order of queued and new signals (about one run in nine)"),
    "stopped_root": (BY_RESTORE, ""),
    "timerfd_periodic": (BY_DUMP, ""),
}


@dataclass
class Options(run.Options):
    dumper: str = ""
    restorer: str = ""
    dump_words: tuple = ()


class Exchange(run.Run):
    """The course of a zdtm test, with another tool for each half."""

    def dump(self, fault=""):
        self.opts = replace(self.opts, criu=self.opts.dumper)
        return super().dump(fault)

    def criu(self, command, args, fault="", **kwargs):
        words = self.opts.dump_words if command == "dump" else ()
        return super().criu(command, [*words, *args], fault, **kwargs)

    def restore(self, fault=""):
        self.opts = replace(self.opts, criu=self.opts.restorer)
        code = super().restore(fault)
        self.check_who("dump", self.opts.dumper)
        self.check_who("restore", self.opts.restorer)
        return code

    def check_who(self, command, binary):
        """The logs must say that each half was done by the tool that it is about, or nothing was exchanged."""
        with open(os.path.join(self.images, f"{command}.log"), encoding="utf-8", errors="replace") as f:
            found = re.search(r"^\S+ Version: (\S+)", f.read(), re.M)
        wanted = version_of(binary)
        if not found or found[1] != wanted:
            raise run.Failed(f"{command} was to be done by version {wanted}, its log says {found and found[1]}")


def get_peer(path):
    """The peer's path; None and a reason where there is none."""
    if path:
        if not os.access(path, os.X_OK):
            sys.exit(f"interop: {path} cannot be run: name another with --peer, or leave it out to fetch one")
        return os.path.abspath(path), ""
    folder = os.path.join(TOP, "build", "peer")
    got = subprocess.run([os.path.join(TOP, "scripts", "get-peer"), folder], stderr=subprocess.PIPE, text=True,
                         check=False)
    if got.returncode == NO_PEER:
        return None, got.stderr.strip()
    if got.returncode:
        sys.exit(f"interop: scripts/get-peer: exit code {got.returncode}: {got.stderr.strip()}")
    return os.path.join(folder, "criu"), ""


@functools.cache
def version_of(binary):
    out = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    return out.split()[1]


def plain_words(binary):
    """Our own additions to the format are not for the peer."""
    out = subprocess.run([binary, "--help"], capture_output=True, text=True, check=False)
    return ("--plain-images",) if "--plain-images" in out.stdout + out.stderr else ()


def exchangeable(test):
    return not (test.refuse or test.may_refuse or test.restore_fails) and "h" in test.flavors


def lack_of(test, direction):
    """Why this program cannot be exchanged with the peer, or nothing."""
    words = f"the peer {test.peer}" if test.peer else ""
    where, reason = PEER_LACKS.get(test.name.removeprefix("static/"), (BOTH, ""))
    return (reason or words) if direction in where else ""


def as_restored_by(name, test):
    """The test with what must be let pass when this one restores; but a failure is no skip any more."""
    return replace(test, ignore=test.ignore + (PEER_CHANGES if name == "peer" else []), peer="")


def make_options(args, direction, peer):
    who = {"ours": os.path.abspath(args.criu_bin), "peer": peer}
    dumper, restorer = (who[name] for name in DIRECTIONS[direction])
    words = plain_words(dumper) if DIRECTIONS[direction][0] == "ours" else ()
    # is_peer: neither side's error texts are looked at, only what becomes of the program
    return Options(criu=dumper, build=os.path.abspath(args.build), keep=args.keep, is_peer=True,
                   dumper=dumper, restorer=restorer, dump_words=words)


def run_all(jobs, parallel, tally):
    """jobs: (test, direction, options). A worker is a process of its own, so that nothing is left behind."""
    running = {}
    while running or jobs:
        while jobs and len(running) < parallel:
            test, direction, opts = jobs.pop(0)
            worker = zdtm.Worker(test, "h", opts)
            running[worker.fd] = worker, direction
        for fd in select.select(list(running), [], [])[0]:
            worker, direction = running[fd]
            if worker.read():
                del running[fd]
                tally.add(worker.result(), direction)


def parse_args():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-t", "--test", action="append", metavar="NAME", help="this program only; may be repeated")
    p.add_argument("-d", "--direction", action="append", choices=list(DIRECTIONS),
                   help="default: ours-peer and peer-ours")
    p.add_argument("-p", "--parallel", type=int, default=1, metavar="N")
    p.add_argument("--criu-bin", default=os.path.join(TOP, "build", "criu"), metavar="PATH")
    p.add_argument("--peer", metavar="PATH", help="default: fetched into build/peer by scripts/get-peer")
    p.add_argument("--build", default=os.path.join(TOP, "build"), help="where the programs are")
    p.add_argument("--no-table", action="store_true", help="also run what is known not to work, to check the table")
    p.add_argument("--keep", action="store_true", help="leave the directory of each test")
    return p.parse_args()


def chosen(args):
    tests = desc.all_tests(TOP)
    names = {test.name.removeprefix("static/"): test for test in tests}
    unknown = sorted(set(PEER_LACKS) - set(names))
    if unknown:
        sys.exit(f"interop: PEER_LACKS names programs that do not exist: {', '.join(unknown)}")
    if args.test:
        wanted = [name.removeprefix("static/") for name in args.test]
        missing = [name for name in wanted if name not in names]
        if missing:
            sys.exit(f"interop: no program named {', '.join(missing)}: see test/zdtm.py list")
        tests = [names[name] for name in wanted]
    return [test for test in tests if exchangeable(test)], len(tests)


def main():
    args = parse_args()
    directions = args.direction or ["ours-peer", "peer-ours"]
    tests, total = chosen(args)
    if os.geteuid() != 0:
        sys.exit("interop: must be run as root")
    needs_ours = directions != ["self"]
    if needs_ours and not os.access(args.criu_bin, os.X_OK):
        sys.exit(f"interop: {args.criu_bin} cannot be run: build it, or name another with --criu-bin")
    peer, why_not = get_peer(args.peer)
    tally = zdtm.Tally()
    if not peer:
        print(f"interop: no peer here, nothing is exchanged: {why_not}")
        tally.skipped = len(tests) * len(directions)
        tally.show()
        return 0

    if total > len(tests):
        print(f"{total - len(tests)} programs have no image to exchange: their dump or restore must fail")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    zdtm.RUNS["h"] = Exchange     # what a worker makes
    jobs = []
    for direction in directions:
        opts = make_options(args, direction, peer)
        for test in tests:
            reason = "" if args.no_table else lack_of(test, direction)
            if reason:
                tally.add(run.Result(test.name, "skip", reason), direction)
            else:
                test = as_restored_by(DIRECTIONS[direction][1], test)
                jobs.append((test, direction, opts))
    run_all(jobs, args.parallel, tally)
    tally.show()
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
