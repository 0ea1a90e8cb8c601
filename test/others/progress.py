#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The progress line: on a terminal, when it takes longer than a second, and nowhere else."""
import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "zdtm"))

import cases  # noqa: E402
import procs  # noqa: E402
import procsnap  # noqa: E402
from cases import Failed, case  # noqa: E402

MIB = 128
HOG = f"import sys, time; kept = b'x' * ({MIB} << 20); open(sys.argv[1], 'w').close(); time.sleep(1000)"
BYTES = r"[\d.]+ [KM]iB of 1[23]\d\.\d MiB, \d+ [KMG]iB/s, \d+ s"


class Terminal:
    """The tool with standard error on a terminal."""

    def __init__(self, *words):
        self.ours, theirs = pty.openpty()
        self.words = " ".join(words)
        self.tool = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        os.set_blocking(self.ours, False)
        self.text = ""

    def read(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.ours], [], [], left)[0]:
                return
            try:
                self.text += os.read(self.ours, 65536).decode()
            except OSError:  # the last one has closed it
                return

    def end(self):
        while self.tool.poll() is None:
            self.read(0.05)
        self.read(0.05)
        os.close(self.ours)
        if self.tool.returncode:
            raise Failed(f"{self.words}: exit code {self.tool.returncode}", self.text)
        return self.text

    def lines(self):
        return [line.strip() for line in self.text.split("\r")]


def shown(text):
    """What a terminal shows at the end."""
    screen, at = [], 0
    for char in text:
        if char == "\r":
            at = 0
        elif char == "\n":
            screen, at = [], 0
        else:
            screen[at:at + 1] = char
            at += 1
    return "".join(screen).strip()


def hog(b):
    ready = os.path.join(b.dir, "ready")
    target = subprocess.Popen([sys.executable, "-c", HOG, ready], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    procs.wait_until(lambda: os.path.exists(ready), 20, "program with the memory")
    return target


def wait_for_line(path, regex):
    end = time.monotonic() + 20
    while not re.search(regex, procsnap.read(path) or ""):
        if time.monotonic() > end:
            raise Failed(f"no '{regex}' in {path}")
        time.sleep(0.001)


def stop_meanwhile(terminal, pid, seconds=1.8):
    """The process that works stands still: the one that draws does not."""
    os.kill(pid, signal.SIGSTOP)
    terminal.read(seconds)
    os.kill(pid, signal.SIGCONT)


def expect_lines(terminal, regex, at_least):
    found = [line for line in terminal.lines() if re.search(regex, line)]
    if len(found) < at_least:
        raise Failed(f"{len(found)} lines like '{regex}', at least {at_least} were to be drawn", *terminal.lines()[-8:])
    if shown(terminal.text):
        raise Failed("the line is left on the terminal", shown(terminal.text))
    if max(map(len, terminal.lines())) >= 80:
        raise Failed("a line is longer than a terminal is wide", max(terminal.lines(), key=len))


def dump_words(b, pid, *extra):
    return [b.criu, "dump", "-t", str(pid), "-D", b.images(), "-o", "dump.log", "-v4", *extra]


def caught_at(b, t, log, after, name, worker):
    """Stops the process that works at that moment; whether it was caught moving memory."""
    wait_for_line(os.path.join(b.images(), log), after)
    stop_meanwhile(t, worker())
    t.end()
    os.unlink(os.path.join(b.images(), log))
    is_caught = re.search(name + " .*iB/s", "\n".join(t.lines()), re.M) is not None
    if is_caught:
        expect_lines(t, f"{name} {BYTES}", 2)
    return is_caught


def caught_dumping(b, pid):
    t = Terminal(*dump_words(b, pid, "-R"))
    return caught_at(b, t, "dump.log", " images: took ", "^dump: pages", lambda: procsnap.children_of(t.tool.pid)[0])


def caught_filling(b, pid):
    t = Terminal(b.criu, "restore", "-d", "-D", b.images(), "-o", "restore.log", "-v4")
    is_caught = caught_at(b, t, "restore.log", " pages from outside", "^restore: fill", lambda: t.tool.pid)
    os.kill(pid, signal.SIGKILL)
    procs.wait_until(lambda: procs.reap() or not procs.exists(pid), 10, "end of the restored program")
    return is_caught


@case
def dump_and_restore_of_much_memory(b):
    target = hog(b)
    # Memory is moved in an instant: the tool is caught at it or is not.
    if not any(caught_dumping(b, target.pid) for _ in range(8)):
        raise Failed("the tool was never caught dumping memory")
    target.kill()
    target.wait()
    if not any(caught_filling(b, target.pid) for _ in range(8)):
        raise Failed("the tool was never caught filling memory")


@case
def slow_script(b):
    """A stage that counts nothing has its name and its time."""
    hook = os.path.join(b.dir, "hook")
    with open(hook, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n[ $CRTOOLS_SCRIPT_ACTION != post-dump ] || sleep 2\n")
    os.chmod(hook, 0o755)
    pid = b.start()
    t = Terminal(*dump_words(b, pid, "-R", "--action-script", hook))
    t.end()
    expect_lines(t, r"^dump: hook, \d+ s$", 2)
    b.unharmed()


def drawn(b, words, stderr):
    """What a run of 1.5 s leaves on standard error."""
    hook = os.path.join(b.dir, "hook")
    with open(hook, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nsleep 0.7\n")
    os.chmod(hook, 0o755)
    done = subprocess.run([*words, "--action-script", hook], stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                          timeout=30, check=False)
    if done.returncode:
        raise Failed(f"exit code {done.returncode}")


@case
def nothing_without_terminal(b):
    pid = b.start()
    path = os.path.join(b.dir, "stderr")
    with open(path, "w", encoding="ascii") as f:
        drawn(b, dump_words(b, pid, "-R"), f)
    text = procsnap.read(path)
    if text:
        raise Failed("a file as standard error is written to", text)
    b.unharmed()


@case
def nothing_when_the_log_is_there(b):
    pid = b.start()
    ours, theirs = pty.openpty()
    fcntl.fcntl(ours, fcntl.F_SETFL, os.O_NONBLOCK)
    for extra in ([], ["-o", "-"]):
        drawn(b, [b.criu, "dump", "-t", pid, "-D", b.images(), "-R", "-v4", *extra], theirs)
        text = ""
        while select.select([ours], [], [], 0.1)[0]:
            text += os.read(ours, 65536).decode()
        if "finished successfully" not in text or re.search(r"\r(?!\n)", text):
            raise Failed("a line was drawn between those of the log, or there is no log", *text.splitlines()[-5:])
    b.unharmed()


@case
def warnings_do_not_stand_behind_it(b):
    """Without -o the log has the same terminal: the line is drawn there, and makes room for an error."""
    hook = os.path.join(b.dir, "hook")
    with open(hook, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n[ $CRTOOLS_SCRIPT_ACTION != post-dump ] || { sleep 2; exit 3; }\n")
    os.chmod(hook, 0o755)
    t = Terminal(b.criu, "dump", "-t", b.start(), "-D", b.images(), "-R", "--action-script", hook)
    try:
        t.end()
    except Failed:
        pass
    if t.tool.returncode != 3 or len([line for line in t.lines() if line.startswith("dump: hook,")]) < 2:
        raise Failed(f"exit code {t.tool.returncode}, or no line was drawn", t.text)
    on_screen = [shown(line) for line in t.text.split("\n")]
    if len(on_screen) != 3 or not all(line.startswith("Error (") for line in on_screen[:2]) or on_screen[2]:
        raise Failed("the errors do not have lines of their own", *on_screen)
    b.unharmed()


@case
def nothing_when_it_is_quick(b):
    pid = b.start()
    t = Terminal(*dump_words(b, pid, "-R"))
    if t.end():
        raise Failed("a short run has drawn something", t.text)
    b.unharmed()


if __name__ == "__main__":
    sys.exit(cases.main("progress", __doc__))
