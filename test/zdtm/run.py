# SPDX-License-Identifier: GPL-2.0-or-later
"""One test program through dump and restore, with everything that is looked at on the way."""
import fcntl
import os
import pty
import re
import signal
import subprocess
import tempfile
import termios
import time
from dataclasses import dataclass, field

import procs
import procsnap

EXIT_SKIPPED = 77
LOG_TAIL = 12
IPC_RMID = 0
PEER_IGNORES = ["ns time"]  # it restores everything into a time namespace of its own
MNT_ID = re.compile(r"mnt_id:\s*(\d+)")


class Failed(Exception):
    """The test failed; further arguments are lines of detail."""


class Skipped(Exception):
    pass


@dataclass
class Result:
    name: str
    status: str = "pass"
    reason: str = ""
    details: list = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Options:
    criu: str
    build: str
    iters: int = 1
    pre: int = 0
    fault: str = ""
    stay: bool = False
    keep: bool = False
    is_peer: bool = False


def is_peer(binary):
    """The established tool is before 5.0; then error texts are not ours to check."""
    text = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    return text.startswith("Version: ") and int(text.split()[1].split(".")[0]) < 5


class Run:
    def __init__(self, test, opts):
        self.test, self.opts = test, opts
        self.dir = tempfile.mkdtemp(prefix="zdtm-")
        self.work = os.path.join(self.dir, "work")
        os.chmod(self.dir, 0o755)
        os.mkdir(self.work)
        os.chmod(self.work, 0o777)
        with open(self.path("verdict"), "w", encoding="utf-8"):
            pass
        os.chmod(self.path("verdict"), 0o666)
        self.root = 0
        self.master = -1
        self.log = ""
        self.round = 0
        self.images = ""

    def path(self, name):
        return os.path.join(self.work, name)

    # --- the program ---------------------------------------------------------------------------------
    def start(self):
        command = self.command()
        if not os.path.exists(command[0]):
            raise Failed(f"{command[0]} is not there: run make zdtm")
        slave = -1
        if self.test.run in ("pty", "job"):
            self.master, slave = pty.openpty()
        if self.test.run == "job":
            self.root = self.start_job(command, slave)
        else:
            self.root = os.fork()
            if self.root == 0:
                self.become_program(command, slave)
        if slave >= 0:
            os.close(slave)
        ready = self.path(f"ready.{self.root}")
        procs.wait_until(lambda: os.path.exists(ready) or self.ended(), 30, "readiness of the program")
        if not os.path.exists(ready):
            self.judge_early_end()

    def command(self):
        """Path and arguments of the program."""
        return [os.path.join(self.opts.build, "zdtm", self.test.name)]

    def start_job(self, command, slave):
        """As an interactive shell does it: a session leader that stays, the program a foreground group of its own."""
        answer, tell = os.pipe()
        if os.fork() == 0:
            try:
                os.setsid()
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                for sig in (signal.SIGHUP, signal.SIGTTOU):
                    signal.signal(sig, signal.SIG_IGN)
                # a child of the runner, not of the shell: an orphan goes to the subreaper
                middle = os.fork()
                if middle == 0:
                    job = os.fork()
                    if job == 0:
                        os.setpgid(0, 0)
                        os.tcsetpgrp(slave, os.getpid())
                        self.become_program(command, slave)
                    os.write(tell, str(job).encode())
                    os._exit(0)
                os.close(tell)
                os.waitpid(middle, 0)
                while True:
                    signal.pause()
            finally:
                os._exit(127)
        os.close(tell)
        with os.fdopen(answer, "rb") as f:
            return int(f.read(16))

    def remove_semaphore(self):
        """Of a program that was killed, or not restored: nobody else knows of it."""
        number = procsnap.read(self.path("semaphore"))
        if number:
            procs.libc.semctl(int(number), 0, IPC_RMID)

    def become_user(self):
        """Who the program is run by."""

    def become_program(self, command, slave):
        try:
            os.chdir(self.work)
            self.become_user()
            if self.test.run not in ("no-session", "job"):
                os.setsid()
            out = os.open("out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            null = os.open("/dev/null", os.O_RDONLY)
            if self.test.run == "pty":
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for number, fd in ((0, slave if slave >= 0 else null), (1, slave if slave >= 0 else out), (2, out)):
                os.dup2(fd, number, inheritable=True)
            os.closerange(3, 1024)
            for sig in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU):
                signal.signal(sig, signal.SIG_DFL)
            env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C", "ZDTM_DIR": self.work}
            os.execve(command[0], [os.path.basename(command[0]), *command[1:]], env)
        finally:
            os._exit(127)

    def ended(self):
        stat = procsnap.read(f"/proc/{self.root}/stat")
        return stat is None or stat[stat.rindex(")") + 2] in "ZX"

    def judge_early_end(self):
        status = procs.wait_status(self.root, 5)
        lines = self.verdict()
        skips = [line[6:] for line in lines if line.startswith("SKIP: ")]
        if skips:
            raise Skipped(skips[0])
        raise Failed(f"the program ended before it was ready (wait status {status})", *lines, *self.output())

    def verdict(self):
        return (procsnap.read(self.path("verdict")) or "").splitlines()

    def output(self):
        return (procsnap.read(self.path("out")) or "").splitlines()[-5:]

    def snapshot(self):
        return procsnap.Snapshot(self.root, [*self.test.ignore, *(PEER_IGNORES if self.opts.is_peer else [])])

    def own_child(self):
        """Whose exit status is that of the program."""
        return self.root

    def check_program(self):
        """Tells the program to check, and judges its verdict."""
        child = self.own_child()
        try:
            os.kill(self.root, signal.SIGTERM)
            # A stopped root is to be continued now. Others may count the SIGCONT they get.
            if "\nState:\tT" in (procsnap.read(f"/proc/{self.root}/status") or ""):
                os.kill(self.root, signal.SIGCONT)
        except ProcessLookupError:
            pass
        try:
            status = procs.wait_status(child, self.test.timeout)
        except procs.Timeout:
            stack = procsnap.read(f"/proc/{self.root}/syscall")
            raise Failed("the program does not end after SIGTERM", f"syscall: {stack}", *self.verdict())
        lines = self.verdict()
        if status != 0 or lines != ["PASS"]:
            shown = "gone" if status is None else f"wait status {status:#x}"
            raise Failed(f"the program says no ({shown})", *(lines or ["no verdict"]), *self.output())

    # --- the tool ------------------------------------------------------------------------------------
    def tool(self):
        return [self.opts.criu]

    def words(self):
        """Options of all runs."""
        return []

    def criu(self, command, args, fault="", **kwargs):
        """Runs the tool; the exit code. A tool that hangs is killed and is a failure."""
        self.log = os.path.join(self.images, f"{command}.log")
        argv = [*self.tool(), command, "-D", self.images, "-o", f"{command}.log", "-v4", *self.words(), *args]
        env = dict(os.environ, **({"CRIU_FAULT_STAGE": fault} if fault else {}))
        with open(os.path.join(self.images, f"{command}.std"), "wb") as out:
            tool = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, **kwargs)
            try:
                return tool.wait(self.test.timeout)
            except subprocess.TimeoutExpired:
                stacks = hang_report(tool.pid)
                tool.kill()
                tool.wait()
                raise Failed(f"criu {command} hangs", *stacks, *self.log_tail()) from None

    def expand(self, words):
        """{mnt:FD} and {ino:FD} of the root's descriptors, {path:NAME} of a file of the test."""
        def number(match):
            if match[1] == "path":
                return self.path(match[2]).lstrip("/")
            fd = int(match[2])
            if match[1] == "ino":
                return f"{os.stat(f'/proc/{self.root}/fd/{fd}').st_ino:x}"
            info = procsnap.read(f"/proc/{self.root}/fdinfo/{fd}")
            return format(int(re.search(r"mnt_id:\s*(\d+)", info)[1]), "x")
        return [re.sub(r"\{(mnt|ino|path):(\w+)\}", number, word) for word in words]

    def log_tail(self):
        """The error lines of the log; without any, its last lines."""
        lines = (procsnap.read(self.log) or "").splitlines()
        lines += (procsnap.read(self.log.replace(".log", ".std")) or "").splitlines()
        errors = [line for line in lines if "Error" in line]
        return [f"log: {line}" for line in (errors or lines)[-LOG_TAIL:]]

    def error_matches(self, regex):
        return any("Error" in line and re.search(regex, line, re.I) for line in self.log_tail())

    def new_images(self):
        self.round += 1
        self.images = os.path.join(self.dir, f"img{self.round}")
        os.mkdir(self.images)
        self.restore_words = self.expand(self.test.restore)

    def pre_dump(self):
        parent = None
        for _ in range(self.opts.pre):
            self.new_images()
            args = ["-t", str(self.root), *self.expand(self.test.dump)]
            if parent:
                args += ["--prev-images-dir", f"../{parent}"]
            code = self.criu("pre-dump", args)
            if code:
                raise Failed(f"pre-dump exits with {code}", *self.log_tail())
            parent = os.path.basename(self.images)
        return ["--prev-images-dir", f"../{parent}", "--track-mem"] if parent else []

    def dump(self, fault=""):
        extra = self.pre_dump()
        self.new_images()
        if self.opts.stay:
            extra = [*extra, "-R"]
        return self.criu("dump", ["-t", str(self.root), *extra, *self.expand(self.test.dump)], fault)

    def restore(self, fault=""):
        pidfile = os.path.join(self.images, "pid")
        if os.path.exists(pidfile):
            os.unlink(pidfile)
        args = ["-d", "--pidfile", pidfile, *self.restore_words]
        fds = []
        for number, name in self.test.inherit:
            fd = os.open(self.path(name), os.O_RDWR | os.O_CREAT, 0o666)
            os.dup2(fd, int(number), inheritable=True)
            os.close(fd)
            fds.append(int(number))
        try:
            if self.test.run == "job":
                code = self.restore_on_pty(args, fault)
            else:
                code = self.criu("restore", args, fault, pass_fds=fds)
        finally:
            for fd in fds:
                os.close(fd)
        if code == 0:
            self.check_pidfile(procsnap.read(pidfile))
        return code

    def check_pidfile(self, text):
        if text != str(self.root):
            raise Failed(f"the pidfile says {text!r}, the root is {self.root}")

    def restore_on_pty(self, args, fault):
        """On a new terminal, from a session that lives on: the tree joins it (--shell-job)."""
        os.close(self.master)
        self.master, slave = pty.openpty()
        self.log = os.path.join(self.images, "restore.log")
        argv = [self.opts.criu, "restore", "-D", self.images, "-o", "restore.log", "-v4", *args]
        env = dict(os.environ, **({"CRIU_FAULT_STAGE": fault} if fault else {}))
        answer, tell = os.pipe()
        shell = os.fork()
        if shell == 0:
            self.become_shell(slave, argv, env, tell)
        os.close(slave)
        os.close(tell)
        with os.fdopen(answer, "rb") as f:
            text = f.read()
        return int(text) if text else 1

    @staticmethod
    def become_shell(slave, argv, env, tell):
        """A session leader that runs the tool, tells its exit code, and keeps the terminal until it is killed."""
        try:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            for number in (0, 1, 2):
                os.dup2(slave, number)
            tool = os.fork()
            if tool == 0:
                os.closerange(3, 1024)
                os.execve(argv[0], argv, env)
            code = os.waitstatus_to_exitcode(os.waitpid(tool, 0)[1])
            os.write(tell, str(code).encode())
            os.close(tell)
            while True:
                signal.pause()
        finally:
            os._exit(127)

    # --- the course of a test ------------------------------------------------------------------------
    def await_death(self, before):
        """After a dump that kills, the whole tree is gone, and its pids are free again."""
        def gone():
            procs.reap()
            return (self.test.run == "job" or not procs.descendants()) and not any(procs.exists(pid) for pid in before.pids)
        try:
            procs.wait_until(gone, 10, "end of the dumped tree")
        except procs.Timeout:
            left = sorted({pid for pid in before.pids if procs.exists(pid)} | set(procs.descendants()))
            raise Failed(f"after the dump these live on: {left}") from None

    def compare(self, before, what):
        """A task may still be on its way back into its system call: only a lasting difference counts."""
        for delay in (0, 0.02, 0.1, 0.5):
            time.sleep(delay)
            try:
                found = procsnap.differences(before, self.snapshot())
            except OSError as e:
                found = [f"the tree cannot be read: {e}"]
            if not found:
                return
        raise Failed(what, *found[:40], *([f"... and {len(found) - 40} more"] if len(found) > 40 else []))

    def expect_unharmed(self, before, why):
        left = [name for name in os.listdir(self.images) if not name.endswith((".log", ".std"))]
        if left and not self.opts.is_peer:
            raise Failed(f"{why}, but the image directory has {', '.join(left)}")
        self.compare(before, f"{why}, and the program was changed by it")
        self.check_program()

    def refused(self, code, regexes, before):
        if code != 1:
            raise Failed(f"the dump must be refused with exit code 1, not {code}", *self.log_tail())
        for regex in [] if self.opts.is_peer else regexes + [rf"\[{re.escape(code)}\]" for code in self.test.code]:
            if not self.error_matches(regex):
                raise Failed(f"no error line matches '{regex}'", *self.log_tail())
        self.expect_unharmed(before, "the dump was refused")

    def restore_refused(self, code):
        if code != 1:
            raise Failed(f"the restore must fail with exit code 1, not {code}", *self.log_tail())
        if not self.opts.is_peer and not self.error_matches(self.test.restore_fails):
            raise Failed(f"no error line matches '{self.test.restore_fails}'", *self.log_tail())
        self.expect_nothing_left()

    def expect_nothing_left(self):
        procs.reap()
        left = procs.descendants()
        if left:
            raise Failed(f"the failed restore left processes behind: {left}", *self.log_tail())

    def one_round(self, before):
        """Dump and restore once. True if the program has already been judged."""
        test = self.test
        where, _, stage = self.opts.fault.rpartition(":")
        fault = stage if where != "dump" else ""
        code = self.dump(stage if where != "restore" else "")
        if test.refuse or (test.may_refuse and code == 1 and self.error_matches(test.may_refuse)):
            self.refused(code, test.refuse or [test.may_refuse], before)
            return True
        if stage and where != "restore" and code == 1:
            self.expect_unharmed(before, f"the dump was broken in {stage}")
            return True
        if where == "dump":
            raise Failed(f"the dump does not fail in stage {stage}: exit code {code}")
        if code:
            raise Failed(f"the dump exits with {code}", *self.log_tail())
        if self.opts.stay:
            self.compare(before, "the program was changed by a dump that lets it run on")
            return False
        self.await_death(before)
        if test.between:
            subprocess.run(test.between, shell=True, cwd=self.work, check=True)
        if test.cgroups == "gone":
            procs.remove_cgroups(os.path.basename(self.dir))
        if fault:
            if self.restore(fault) == 0:
                raise Failed(f"neither dump nor restore fails in stage {fault}")
            self.expect_nothing_left()
        code = self.restore()
        if test.restore_fails:
            self.restore_refused(code)
            return True
        if code:
            raise Failed(f"the restore exits with {code}", *self.log_tail())
        self.compare(before, "the tree is not as it was")
        return False

    def settled(self):
        """What the tree is when it has come to rest: a child may be ready before libc is done with it."""
        before = self.snapshot()
        for _ in range(20 if before else 0):
            time.sleep(0.01)
            again = self.snapshot()
            if not procsnap.differences(before, again):
                break
            before = again
        return before

    def go(self):
        self.start()
        before = self.settled()
        for _ in range(self.opts.iters):
            if self.one_round(before):
                return
        self.check_program()

    def clean(self):
        procs.kill_descendants()
        self.remove_semaphore()
        procs.remove_cgroups(os.path.basename(self.dir))
        if self.master >= 0:
            os.close(self.master)
        if not self.opts.keep:
            procs.remove_tree(self.dir)


def hang_report(pid):
    lines = []
    for task in procsnap.tree_of(pid):
        stat = procsnap.read(f"/proc/{task}/stat") or ""
        lines.append(f"hanging: {stat[:60]} wchan {procsnap.read(f'/proc/{task}/wchan')}")
    return lines


def out_of_time(*_):
    raise Failed("the whole test takes too long")


def judge(test, opts, make=Run):
    """Runs the test in this process, which must be a subreaper of its own. Never raises."""
    result = Result(test.name)
    started = time.monotonic()
    run = make(test, opts)
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(4 * test.timeout + 30 * opts.iters)
    try:
        run.go()
    except Skipped as e:
        result.status, result.reason = "skip", str(e)
    except Failed as e:
        result.status, result.reason, result.details = "fail", e.args[0], list(e.args[1:])
    except (procs.Timeout, OSError, subprocess.SubprocessError, KeyError, ValueError) as e:
        result.status, result.reason = "fail", f"{type(e).__name__}: {e}"
    finally:
        signal.alarm(0)
        run.clean()
    if result.status == "fail" and opts.is_peer and test.peer:
        result.status, result.reason, result.details = "skip", f"the peer {test.peer}", []
    if result.status == "fail" and opts.keep:
        result.details.append(f"kept: {run.dir}")
    result.seconds = time.monotonic() - started
    return result
