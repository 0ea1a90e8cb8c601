#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the zdtm programs: each sets up some state, is dumped and restored, and checks what it finds."""
import argparse
import json
import os
import select
import signal
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "test", "zdtm"))

import desc  # noqa: E402
import nsrun  # noqa: E402
import procs  # noqa: E402
import run  # noqa: E402
import userrun  # noqa: E402


RUNS = {"h": run.Run, "ns": nsrun.NsRun, "uns": nsrun.UnsRun, "user": userrun.UserRun,
        "own": userrun.OwnRun}


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, result, flavor):
        word = {"pass": "pass", "fail": "FAIL", "skip": "skip"}[result.status]
        line = f"{word}  {result.name} [{flavor}]"
        if result.status != "skip":
            line += f" {result.seconds:.2f} s"
        if result.reason:
            line += f": {result.reason}"
        print(line, *(f"        {detail}" for detail in result.details), sep="\n", flush=True)
        self.passed += result.status == "pass"
        self.failed += result.status == "fail"
        self.skipped += result.status == "skip"

    def show(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)


class Worker:
    """One test in a process of its own: a subreaper, so that whatever the test starts stays below it."""

    def __init__(self, test, flavor, opts):
        self.test, self.flavor = test, flavor
        self.fd, out = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.fd)
            self.work(test, RUNS[flavor], opts, out)
        os.close(out)
        self.text = b""

    @staticmethod
    def work(test, make, opts, out):
        code = 1
        try:
            procs.become_reaper()
            procs.die_with_parent()
            # an exception, so that the cleaning up is done
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
            result = run.judge(test, opts, make)
            os.write(out, json.dumps(vars(result)).encode())
            code = 0
        finally:
            os._exit(code)

    def read(self):
        """True once the worker is through."""
        data = os.read(self.fd, 1 << 16)
        self.text += data
        return not data

    def result(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)
        if not self.text:
            return run.Result(self.test.name, "fail", "the worker of the runner died")
        return run.Result(**json.loads(self.text))


def has_pre_dump(binary):
    out = subprocess.run([binary, "--help"], capture_output=True, text=True, check=False)
    return "pre-dump" in out.stdout + out.stderr


def of_other_flavors(tests, args):
    """With --all, a program that names its flavors is simply not one of this run: nothing is missing for it."""
    for flavor in args.flavor.split(","):
        others = [t.name.removeprefix("static/") for t in tests if flavor not in t.flavors]
        if args.all and others:
            print(f"not of the flavor {flavor}: {' '.join(others)}", flush=True)


def run_all(tests, args, opts):
    tally, running, todo = Tally(), {}, []
    of_other_flavors(tests, args)
    for test in tests:
        for flavor in args.flavor.split(","):
            skip = None
            if flavor not in desc.FLAVORS:
                sys.exit(f"zdtm.py: unknown flavor '{flavor}': use {', '.join(desc.FLAVORS)}")
            if flavor not in test.flavors:
                if args.all:
                    continue
                skip = f"the program is for {', '.join(test.flavors)} only"
            elif (opts.stay or opts.fault.startswith("dump:")) and test.inherit:
                skip = "is about the restore only"
            elif opts.pre and not has_pre_dump(opts.criu):
                skip = "the tool has no pre-dump yet"
            if skip:
                tally.add(run.Result(test.name, "skip", skip), flavor)
            else:
                todo.append((test, flavor))
    stop = False
    while running or (todo and not stop):
        while todo and not stop and len(running) < args.parallel:
            worker = Worker(*todo.pop(0), opts)
            running[worker.fd] = worker
        for fd in select.select(list(running), [], [])[0]:
            if running[fd].read():
                worker = running.pop(fd)
                result = worker.result()
                tally.add(result, worker.flavor)
                stop = stop or (result.status == "fail" and not args.keep_going)
    if todo:
        print(f"stopped at the first failure, {len(todo)} not run (see --keep-going)")
    tally.show()
    return 1 if tally.failed else 0


def parse_args():
    top = argparse.ArgumentParser(description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print the name of every test, and what it expects")
    p = commands.add_parser("run", help="run tests")
    which = p.add_mutually_exclusive_group(required=True)
    which.add_argument("-t", "--test", action="append", metavar="NAME", help="this test (static/ may be left out)")
    which.add_argument("-a", "--all", action="store_true")
    p.add_argument("-x", "--exclude", action="append", default=[], metavar="NAME")
    p.add_argument("-f", "--flavor", default="h", help="h, ns, uns, user, separated by commas, or own")
    p.add_argument("-p", "--parallel", type=int, default=1, metavar="N")
    p.add_argument("-k", "--keep-going", action="store_true")
    p.add_argument("--iters", type=int, default=1, metavar="N", help="dump and restore so often before the check")
    p.add_argument("--pre", type=int, default=0, metavar="N", help="pre-dumps before each dump")
    p.add_argument("--fault", default="", metavar="STAGE",
                   help="this stage of the tool fails (dump:STAGE or restore:STAGE where both have it); nothing may be harmed")
    p.add_argument("--criu-bin", default=os.path.join(TOP, "build", "criu"), metavar="PATH")
    p.add_argument("--build", default=os.path.join(TOP, "build"), help="where the programs are")
    p.add_argument("--no-excuse", action="store_true", help="what the peer is known not to do counts as failure, too")
    p.add_argument("--ignore", action="append", default=[], metavar="REGEX", help="what of /proc is not compared")
    p.add_argument("--stay", action="store_true", help="dump with -R and restore nothing: the program must not notice")
    p.add_argument("--keep", action="store_true", help="leave the directory of each test")
    return top.parse_args()


def chosen(args, tests):
    full = lambda name: name if "/" in name else f"static/{name}"  # noqa: E731
    if args.test:
        known = {test.name: test for test in tests}
        missing = [name for name in args.test if full(name) not in known]
        if missing:
            sys.exit(f"zdtm.py: no test named {', '.join(missing)}: see zdtm.py list")
        tests = [known[full(name)] for name in args.test]
    return [test for test in tests if test.name not in map(full, args.exclude)]


def main():
    args = parse_args()
    tests = desc.all_tests(TOP)
    if args.command == "list":
        for test in tests:
            expects = f"refused: {' and '.join(test.refuse)}" if test.refuse else ""
            print(f"{test.name:32} {expects}".rstrip())
        return 0
    if os.geteuid() != 0:
        sys.exit("zdtm.py: must be run as root")
    if "own" in args.flavor.split(",") and not userrun.is_in_own_namespace():
        if args.flavor != "own":
            sys.exit("zdtm.py: the flavor own is run by itself")
        userrun.enter_own_namespaces()
    if not os.access(args.criu_bin, os.X_OK):
        sys.exit(f"zdtm.py: {args.criu_bin} cannot be run: build it, or name another with --criu-bin")
    for test in tests:
        test.peer = "" if args.no_excuse else test.peer
        test.ignore += args.ignore
    opts = run.Options(criu=os.path.abspath(args.criu_bin), build=os.path.abspath(args.build), iters=args.iters,
                       pre=args.pre, fault=args.fault, stay=args.stay, keep=args.keep, is_peer=run.is_peer(args.criu_bin))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return run_all(chosen(args, tests), args, opts)


if __name__ == "__main__":
    sys.exit(main())
