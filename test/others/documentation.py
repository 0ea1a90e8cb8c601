#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples of README.md and Documentation/, run as they stand there: whoever follows them must get what they say."""
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# A /tmp of its own for each, and an init that reaps; whatever an example leaves behind ends with that.
SHELL = ["unshare", "-m", "--propagation", "private", "-p", "-f", "--kill-child", "--mount-proc", "/usr/bin/python3",
         os.path.join(TOP, "scripts", "with-reaper"), "/bin/bash", "-c"]


def section(path, begin, end):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        text = f.read()
    return text[text.index(begin):text.index(end, text.index(begin)) if end else None]


def indented(text):
    """What is to be typed: the lines indented by four."""
    return "".join(line[4:] + "\n" for line in text.splitlines() if line.startswith("    "))


def run(script):
    """(what it printed, its exit status)"""
    script = 'mount -t tmpfs none /tmp && export PATH="$PWD/build:$PWD/crit:$PWD/scripts:$PATH"\n' + script
    done = subprocess.run([*SHELL, script], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120, check=False, close_fds=True)
    return done.stdout.decode(errors="replace"), done.returncode


def expect(condition, what, text):
    if not condition:
        raise AssertionError(f"{what}\n" + text)


def tour():
    """Of README.md. The count must go on where it was, and a file that has grown must be noticed."""
    text, _ = run(indented(section("README.md", "## A tour", "A program that belongs to your shell")))
    numbers = [int(n) for n in re.findall(r"^(\d+)$", text, re.M)]
    expect("Nothing stands in the way of a dump." in text, "the dry run does not say that all is well", text)
    expect("python3" in text and '"magic": "PSTREE"' in text, "crit does not show the snapshot", text)
    expect(len(numbers) >= 3 and numbers[0] <= numbers[1] < numbers[2], "the program does not count on", text)
    errors = re.findall(r"^Error \((?!main:0).*$", text, re.M)
    expect(len(errors) == 1 and "count.txt has" in errors[0], "not one error, of the file that has grown", text)


def numbers_of(text):
    """In the snapshot and now, as the example prints them; then what the file says after the restore."""
    before = re.search(r"^(\d+) in the snapshot, (\d+) now$", text, re.M)
    expect(before, "no numbers", text)
    then, now = int(before.group(1)), int(before.group(2))
    expect(then < now, "the program did not run on after the dump", text)
    after = re.findall(r"^(\d+)$", text[before.end():], re.M)
    expect(after and then < int(after[-1]) < now, "the program does not go on from the snapshot", text)
    return then, now


PROGRAM = ("## A program that finds out", "## Overlay")


def snapshot_overlay():
    """With the files as they are now the program finds out; with those of the dump it goes on."""
    text, status = run("set -e\n" + indented(section("Documentation/snapshots.md", *PROGRAM)) +
                       indented(section("Documentation/snapshots.md", "## Overlay", "## btrfs")))
    expect(status == 0, f"exit status {status}", text)
    then, _ = numbers_of(text)
    expect(text.count(f"memory says {then}") == 1, "the program did not find out, or found out twice", text)


def snapshot_btrfs():
    with open("/proc/filesystems", encoding="ascii") as f:
        if "btrfs" not in f.read().split():
            return "this kernel has no btrfs"
    if not shutil.which("mkfs.btrfs"):
        return "mkfs.btrfs is not installed"
    if not os.path.exists("/dev/loop-control"):
        return "there are no loop devices here"
    text, status = run("set -e\n" + indented(section("Documentation/snapshots.md", *PROGRAM)) +
                       indented(section("Documentation/snapshots.md", "## btrfs", "## What a restore notices")))
    expect(status == 0, f"exit status {status}", text)
    numbers_of(text)
    return expect("memory says" not in text, "memory and files are of different moments", text)


def fenced(language):
    return re.search(rf"```{language}\n(.*?)```", section("Documentation/rpc.md", "## Example in", None), re.S).group(1)


RPC = """set -e
mkdir -p /tmp/ckpt
setsid sh -c 'echo $$ >/tmp/pid; exec sleep 1000' </dev/null >/dev/null 2>&1 &
sleep 0.5
sed -i "s/1234/$(cat /tmp/pid)/; s,/var/tmp/ckpt,/tmp/ckpt," /tmp/example.*
"""


def example(language, name, command):
    text, status = run(f"cat >/tmp/{name} <<'THE_EXAMPLE'\n{fenced(language)}THE_EXAMPLE\n{RPC}{command}\ngrep sleep /proc/$(cat /tmp/pid)/comm\n")
    expect(status == 0 and re.search(r"^restored as \d+$", text, re.M) and text.rstrip().endswith("sleep"), f"exit status {status}", text)


def rpc_python():
    example("python", "example.py", "PYTHONPATH=$PWD/build /usr/bin/python3 /tmp/example.py")


def rpc_c():
    """Installed, as the compiler's line in its first comment wants it."""
    example("c", "example.c", """make -s install-libcriu DESTDIR=/tmp/installed PREFIX=/usr LIBDIR=/usr/lib
gcc -o /tmp/example /tmp/example.c -I/tmp/installed/usr/include -L/tmp/installed/usr/lib -lcriu
LD_LIBRARY_PATH=/tmp/installed/usr/lib /tmp/example""")


CASES = (tour, snapshot_overlay, snapshot_btrfs, rpc_python, rpc_c)


def main():
    counts = {"pass": 0, "FAIL": 0, "skip": 0}
    for case in CASES:
        if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
            continue
        try:
            why = case() or ""
            result = "skip" if why else "pass"
        except (AssertionError, subprocess.TimeoutExpired) as e:
            result, why = "FAIL", str(e)
        counts[result] += 1
        print(f"{result}  {case.__name__}" + (f": {why}" if why else ""), flush=True)
    print(f"{counts['pass']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] else 0


sys.exit(main())
