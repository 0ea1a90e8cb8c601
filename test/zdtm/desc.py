# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test program says about itself: lines "zdtm-KEY: VALUE" in the comments of its source.

  zdtm-dump: OPTIONS        for criu dump             zdtm-restore: OPTIONS   for criu restore
  zdtm-opts: OPTIONS        for both                  zdtm-flavor: h,ns       flavors it can run in (default: all)
  zdtm-refuse: REGEX        the dump must be refused: exit code 1, an error line that matches (several: one for each), the
                            program unharmed
  zdtm-code: CODE           the stable code that it is refused with (several: each of them)
  zdtm-may-refuse: REGEX    either the state is kept, or the dump is refused like that
  zdtm-restore-fails: REGEX the restore must fail: exit code 1, an error line that matches, nothing left behind
  zdtm-run: pty             a terminal as standard input and output, and as controlling terminal
  zdtm-run: job             the same as a job of an interactive shell; restore runs under another such shell
  zdtm-run: no-session      not a session leader, in the session of the runner
  zdtm-between: COMMAND     shell command in the directory of the test between dump and restore
  zdtm-cgroups: gone        the cgroups of the test are removed between dump and restore
  zdtm-inherit: FD FILE     restore gets this file (in the directory of the test) as that descriptor
  zdtm-ignore: REGEX        differences of /proc that match are not failures (one pattern a line)
  zdtm-peer: TEXT           the established tool is known not to do this: TEXT says what it loses or refuses

In OPTIONS, {mnt:FD} and {ino:FD} stand for the mount id and inode (both hexadecimal) of the root's descriptor FD,
{path:NAME} for the path of a file of the test, without the first slash.
"""
import os
import re
import shlex
from dataclasses import dataclass, field

LINE = re.compile(r"^\W*zdtm-([a-z-]+):\s*(.*?)\s*(?:\*/)?$")
FLAVORS = ("h", "ns", "uns", "user", "own")


@dataclass
class Test:
    name: str
    source: str
    dump: list = field(default_factory=list)
    restore: list = field(default_factory=list)
    flavors: tuple = FLAVORS
    refuse: list = field(default_factory=list)
    code: list = field(default_factory=list)
    may_refuse: str = ""
    restore_fails: str = ""
    run: str = ""
    between: str = ""
    cgroups: str = ""
    inherit: list = field(default_factory=list)
    ignore: list = field(default_factory=list)
    peer: str = ""
    timeout: int = 60


def parse(name, source):
    test = Test(name, source)
    with open(source, encoding="utf-8") as f:
        head = f.read(4096)
    for line in head.splitlines():
        found = LINE.match(line)
        if found:
            apply(test, *found.groups())
    return test


def apply(test, key, value):
    if key == "dump":
        test.dump += shlex.split(value)
    elif key == "restore":
        test.restore += shlex.split(value)
    elif key == "opts":
        test.dump += shlex.split(value)
        test.restore += shlex.split(value)
    elif key == "flavor":
        test.flavors = tuple(value.split(","))
    elif key == "inherit":
        test.inherit.append(value.split())
    elif key == "ignore":
        test.ignore.append(value)
    elif key == "timeout":
        test.timeout = int(value)
    elif key == "refuse":
        test.refuse.append(value)
    elif key == "code":
        test.code.append(value)
    elif key in ("may-refuse", "restore-fails", "run", "between", "cgroups", "peer"):
        setattr(test, key.replace("-", "_"), value)
    else:
        raise ValueError(f"{test.source}: unknown key zdtm-{key}")


def all_tests(top):
    """Every program, sorted by name: static/NAME."""
    tests = []
    for group in ("static",):
        folder = os.path.join(top, "test", "zdtm", group)
        for entry in sorted(os.listdir(folder)):
            if entry.endswith(".c"):
                tests.append(parse(f"{group}/{entry[:-2]}", os.path.join(folder, entry)))
    return tests
