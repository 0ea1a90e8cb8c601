#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real programs through dump and restore: interpreters and runtimes at work, which check themselves afterwards."""
import argparse
import glob
import os
import shutil
import signal
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(TOP, "test", "apps")
sys.path.insert(0, os.path.join(TOP, "test", "zdtm"))

import desc  # noqa: E402
import procs  # noqa: E402
import run  # noqa: E402

# name: source, what it needs, and either the interpreter or the command that builds {out}
APPS = {
    "python": ("python.py", ["/usr/bin/python3", "python3"], None),
    "sqlite": ("sqlite.py", ["/usr/bin/python3", "python3"], None),
    "bash": ("bash.sh", ["bash"], None),
    "perl": ("perl.pl", ["perl"], None),
    "node": ("node.js", ["node", "nodejs"], None),
    "go": ("goapp.go", ["go"], ["{tool}", "build", "-o", "{out}", "{source}"]),
    "rust": ("rustapp.rs", ["rustc"], ["{tool}", "-O", "--edition", "2021", "-o", "{out}", "{source}"]),
    "load": ("load.c", ["cc"], ["{tool}", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O2", "-pthread",
                                f"-I{TOP}/test/zdtm/lib", "-o", "{out}", "{source}",
                                *sorted(glob.glob(f"{TOP}/test/zdtm/lib/*.c"))]),
}


class App(run.Run):
    def command(self):
        return self.test.argv


def find(names):
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    return None


def prepare(name, build):
    """The test with its command line; raises Skipped if its language is not installed."""
    source, tools, builder = APPS[name]
    source = os.path.join(HERE, source)
    test = desc.parse(f"apps/{name}", source)
    test.timeout = 120
    tool = find(tools)
    if not tool:
        raise run.Skipped(f"{tools[-1]} is not installed")
    if not builder:
        test.argv = [os.path.realpath(tool), source]
        return test
    out = os.path.join(build, "apps", name)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
        words = [word.format(tool=tool, out=out, source=source) for word in builder]
        env = dict(os.environ, GO111MODULE="off", GOCACHE=os.path.join(build, "apps", "go-cache"))
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, check=False)
        if done.returncode:
            raise run.Failed(f"{tool} cannot build it", *done.stdout.decode().splitlines()[-10:])
    test.argv = [out]
    return test


def judge(name, opts):
    try:
        return run.judge(prepare(name, opts.build), opts, App)
    except run.Skipped as e:
        return run.Result(f"apps/{name}", "skip", str(e))
    except run.Failed as e:
        return run.Result(f"apps/{name}", "fail", e.args[0], list(e.args[1:]))


def run_one(name, opts):
    """In a process of its own, which is a subreaper; the exit code says how it went."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        procs.become_reaper()
        procs.die_with_parent()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        result = judge(name, opts)
        word = {"pass": "pass", "fail": "FAIL", "skip": "skip"}[result.status]
        reason = f": {result.reason}" if result.reason else ""
        print(f"{word}  {result.name} {result.seconds:.2f} s{reason}", *(f"        {line}" for line in result.details), sep="\n",
              flush=True)
        code = {"pass": 0, "skip": run.EXIT_SKIPPED}.get(result.status, 1)
    finally:
        os._exit(code)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("names", nargs="*", metavar="APP", help=f"{' '.join(APPS)} (default: all)")
    p.add_argument("--iters", type=int, default=2, metavar="N", help="dump and restore so often (default 2)")
    p.add_argument("--criu-bin", default=os.path.join(TOP, "build", "criu"))
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--keep", action="store_true", help="leave the directory of each app")
    args = p.parse_args()
    missing = [name for name in args.names if name not in APPS]
    if missing:
        sys.exit(f"apps.py: no app named {', '.join(missing)}: there are {', '.join(APPS)}")
    if not os.access(args.criu_bin, os.X_OK):
        sys.exit(f"apps.py: {args.criu_bin} cannot be run: build it, or name another with --criu-bin")
    opts = run.Options(criu=os.path.abspath(args.criu_bin), build=os.path.abspath(args.build), iters=args.iters,
                       keep=args.keep)
    opts.is_peer = run.is_peer(opts.criu)
    codes = [run_one(name, opts) for name in (args.names or APPS)]
    failed = sum(code not in (0, run.EXIT_SKIPPED) for code in codes)
    print(f"{codes.count(0)} passed, {failed} failed, {codes.count(run.EXIT_SKIPPED)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
