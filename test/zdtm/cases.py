# SPDX-License-Identifier: GPL-2.0-or-later
"""For test scripts that are lists of cases: a bench for each, in a process of its own, and the summary at the end."""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import desc
import procs
import procsnap
import run

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CRIT = os.path.join(TOP, "crit", "crit")
CASES = []
SUMMARY_LINE = re.compile(r"(Dumping|Restoring) FAILED")
Failed, Skipped = run.Failed, run.Skipped


def case(function):
    CASES.append(function)
    return function


def expect(condition, text, *details):
    if not condition:
        raise Failed(text, *details)


def good(b, *args, **kwargs):
    """The tool must succeed; what it printed."""
    code, text = b.tool(*args, **kwargs)
    expect(code == 0, f"criu {' '.join(args)}: exit code {code}", *text.splitlines()[-8:])
    return text


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def read_image(path):
    words = [sys.executable, CRIT, "decode", "-i", path]
    return json.loads(subprocess.run(words, check=True, capture_output=True).stdout)


def write_image(path, image):
    with open(path + ".json", "w", encoding="ascii") as f:
        json.dump(image, f)
    subprocess.run([sys.executable, CRIT, "encode", "-i", path + ".json", "-o", path], check=True)
    os.unlink(path + ".json")


def edit_image(path, edit):
    """Through crit: decoded, changed, encoded again."""
    image = read_image(path)
    edit(image["entries"][0])
    write_image(path, image)


class Bench:
    """A target, image directories, and the tool; everything goes away with it."""

    def __init__(self, criu, build):
        self.criu, self.build = criu, build
        self.dir = tempfile.mkdtemp(prefix="bad-input-")
        self.target = None
        self.mounts, self.cgroups = [], []
        self.note = ""  # what a case wants to say although it passes

    def images(self, name="images"):
        path = os.path.join(self.dir, name)
        os.makedirs(path, exist_ok=True)
        return path

    def start(self, name="static/regular_modes"):
        """A zdtm program that is ready to be dumped; its pid."""
        test = desc.parse(name, os.path.join(TOP, "test", "zdtm", f"{name}.c"))
        opts = run.Options(self.criu, self.build, is_peer=run.is_peer(self.criu))
        self.target = run.Run(test, opts)
        self.target.start()
        self.before = self.target.snapshot()
        return str(self.target.root)

    def tool(self, *args, **kwargs):
        """Runs the tool: exit code and everything it printed."""
        done = subprocess.run([self.criu, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False, **kwargs)
        return done.returncode, done.stdout.decode(errors="replace")

    def fails(self, regex, *args, code=1, at_most=1, **kwargs):
        """The tool must fail like that: one error line (or so many), which matches."""
        before = set(procs.descendants())
        got, text = self.tool(*args, **kwargs)
        shown = f"criu {' '.join(args)}: "
        if got != code:
            raise Failed(f"{shown}exit code {got}, should be {code}", *text.splitlines()[-8:])
        lines = [line for line in text.splitlines() if "Error" in line and not SUMMARY_LINE.search(line)]
        if not lines:
            raise Failed(f"{shown}no error line", *text.splitlines()[-8:])
        if len(lines) > at_most:
            raise Failed(f"{shown}{len(lines)} error lines for one mistake", *lines)
        if not re.search(regex, lines[0], re.I):
            raise Failed(f"{shown}the error line does not match '{regex}'", *lines)
        procs.reap()
        left = set(procs.descendants()) - before
        if left:
            raise Failed(f"{shown}processes are left behind: {left}")

    def empty(self, path):
        """No image is left behind (a log may be)."""
        left = [name for name in os.listdir(path) if not name.endswith(".log") and not name.startswith("stats-")]
        if left:
            raise Failed(f"{path}: left behind: {' '.join(sorted(left)[:10])}")

    def target_differs(self):
        return procsnap.differences(self.before, self.target.snapshot())

    def unharmed(self):
        self.target.compare(self.before, "the target was changed")
        self.target.check_program()

    def dump(self, *extra, name="static/regular_modes"):
        """A good dump of a target that is gone then; the image directory."""
        self.start(name)
        path = self.images()
        code, text = self.tool("dump", "-t", str(self.target.root), "-D", path, *extra)
        if code:
            raise Failed("the dump to start from fails", *text.splitlines()[-8:])
        if "-R" not in extra:
            self.target.images = path
            self.target.await_death(self.before)
        return path

    def mount_small(self, kib):
        path = self.images("small")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", path], check=False,
                              stderr=subprocess.DEVNULL)
        if done.returncode:
            raise Skipped("no tmpfs can be mounted here")
        self.mounts.append(path)
        return path

    def clean(self):
        procs.kill_descendants()
        if self.target:
            self.target.clean()
        for path in self.mounts:
            subprocess.run(["umount", "-l", path], check=False)
        for path in self.cgroups:
            os.rmdir(path)
        procs.remove_tree(self.dir)


def out_of_time(*_):
    raise Failed("not done after 100 s")


def run_case(suite, function, args):
    """In a process of its own, which is a subreaper: prints its line and exits with 0, 1 or 77."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code, note, details = 1, "", []
    started = time.monotonic()
    procs.become_reaper()
    procs.die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(100)
    bench = Bench(args.criu_bin, args.build)
    try:
        function(bench)
        code, note = 0, bench.note
    except Skipped as e:
        code, note = run.EXIT_SKIPPED, str(e)
    except Failed as e:
        note, details = e.args[0], e.args[1:]
    except Exception as e:  # a mistake of the case itself is a failure of it
        note = f"{type(e).__name__}: {e}"
    finally:
        signal.alarm(0)
        bench.clean()
        word = {0: "pass", run.EXIT_SKIPPED: "skip"}.get(code, "FAIL")
        print(f"{word}  {suite}/{function.__name__} {time.monotonic() - started:.2f} s" + (f": {note}" if note else ""))
        for line in details:
            print(f"        {line}")
        sys.stdout.flush()
        os._exit(code)


def main(suite, text):
    p = argparse.ArgumentParser(description=text)
    p.add_argument("names", nargs="*", help="cases (default: all)")
    p.add_argument("--list", action="store_true")
    p.add_argument("--criu-bin", default=os.path.join(TOP, "build", "criu"))
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    args = p.parse_args()
    args.criu_bin, args.build = os.path.abspath(args.criu_bin), os.path.abspath(args.build)
    known = {function.__name__: function for function in CASES}
    missing = [name for name in args.names if name not in known]
    if missing:
        sys.exit(f"{suite}.py: no case named {', '.join(missing)}: see --list")
    if args.list:
        print("\n".join(known))
        return 0
    if not os.access(args.criu_bin, os.X_OK):
        sys.exit(f"{suite}.py: {args.criu_bin} cannot be run: build it, or name another with --criu-bin")
    codes = [run_case(suite, known[name], args) for name in (args.names or known)]
    failed = sum(code not in (0, run.EXIT_SKIPPED) for code in codes)
    print(f"{codes.count(0)} passed, {failed} failed, {codes.count(run.EXIT_SKIPPED)} skipped")
    return 1 if failed else 0
