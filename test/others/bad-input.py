#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Input that cannot work: each gives one error line that names what is wrong, exit code 1, and leaves nothing behind."""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "test", "zdtm"))

import desc  # noqa: E402
import procs  # noqa: E402
import procsnap  # noqa: E402
import run  # noqa: E402

CASES = []
SUMMARY_LINE = re.compile(r"(Dumping|Restoring) FAILED")


class Skipped(Exception):
    pass


def case(function):
    CASES.append(function)
    return function


class Bench:
    """A target, image directories, and the tool; everything goes away with it."""

    def __init__(self, criu, build):
        self.criu, self.build = criu, build
        self.dir = tempfile.mkdtemp(prefix="bad-input-")
        self.target = None
        self.mounts = []

    def images(self, name="images"):
        path = os.path.join(self.dir, name)
        os.makedirs(path, exist_ok=True)
        return path

    def start(self, name="static/regular_modes"):
        """A zdtm program that is ready to be dumped; its pid."""
        test = desc.parse(name, os.path.join(TOP, "test", "zdtm", f"{name}.c"))
        self.target = run.Run(test, run.Options(self.criu, self.build))
        self.target.start()
        self.before = self.target.snapshot()
        return str(self.target.root)

    def tool(self, *args, **kwargs):
        """Runs the tool: exit code and everything it printed."""
        done = subprocess.run([self.criu, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False, **kwargs)
        return done.returncode, done.stdout.decode(errors="replace")

    def fails(self, regex, *args, code=1, **kwargs):
        """The tool must fail like that: one error line, which matches."""
        before = set(procs.descendants())
        got, text = self.tool(*args, **kwargs)
        shown = f"criu {' '.join(args)}: "
        if got != code:
            raise run.Failed(f"{shown}exit code {got}, should be {code}", *text.splitlines()[-8:])
        lines = [line for line in text.splitlines() if "Error" in line and not SUMMARY_LINE.search(line)]
        if not lines:
            raise run.Failed(f"{shown}no error line", *text.splitlines()[-8:])
        if len(lines) > 1:
            raise run.Failed(f"{shown}{len(lines)} error lines for one mistake", *lines)
        if not re.search(regex, lines[0], re.I):
            raise run.Failed(f"{shown}the error line does not match '{regex}'", *lines)
        procs.reap()
        left = set(procs.descendants()) - before
        if left:
            raise run.Failed(f"{shown}processes are left behind: {left}")

    def empty(self, path):
        """No image is left behind (a log may be)."""
        left = [name for name in os.listdir(path) if not name.endswith(".log") and not name.startswith("stats-")]
        if left:
            raise run.Failed(f"{path}: left behind: {' '.join(sorted(left)[:10])}")

    def unharmed(self):
        self.target.compare(self.before, "the target was changed")
        self.target.check_program()

    def dump(self, *extra, name="static/regular_modes"):
        """A good dump of a target that is gone then; the image directory."""
        self.start(name)
        path = self.images()
        code, text = self.tool("dump", "-t", str(self.target.root), "-D", path, *extra)
        if code:
            raise run.Failed("the dump to start from fails", *text.splitlines()[-8:])
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
        procs.remove_tree(self.dir)


# --- command line ----------------------------------------------------------------------------------------
@case
def unknown_option(b):
    b.fails("no-such-option", "dump", "--no-such-option", "-t", "1")


@case
def unknown_short_option(b):
    b.fails(r"\bY\b|-Y", "dump", "-Y", "-t", "1")


@case
def unknown_command(b):
    b.fails("frobnicate", "frobnicate")


@case
def option_without_argument(b):
    b.fails("tree|-t", "dump", "-t")


@case
def pid_is_no_number(b):
    b.fails("abc", "dump", "-t", "abc", "-D", b.images())
    b.empty(b.images())


@case
def pid_is_negative(b):
    b.fails("-5", "dump", "-t", "-5", "-D", b.images())


@case
def size_is_no_number(b):
    b.fails("ghost-limit", "dump", "-t", "1", "--ghost-limit", "12Q", "-D", b.images())


@case
def excess_words(b):
    b.fails("excessive|leftover", "restore", "-D", b.images(), "leftover")


@case
def sibling_without_detached(b):
    b.fails("restore-sibling|-S", "restore", "-S", "-D", b.images())


@case
def exec_cmd_with_detached(b):
    b.fails("exec-cmd|excessive", "restore", "-d", "--exec-cmd", "-D", b.images(), "--", "true")


@case
def inherit_fd_on_dump(b):
    b.fails("inherit-fd", "dump", "-t", b.start(), "-D", b.images(), "--inherit-fd", "fd[1]:x")
    b.unharmed()


@case
def config_file_not_parseable(b):
    path = os.path.join(b.dir, "bad.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write('log-file "not terminated\n')
    b.fails("configuration file", "dump", "--config", path, "-t", b.start(), "-D", b.images())
    b.unharmed()


@case
def config_file_with_unknown_option(b):
    path = os.path.join(b.dir, "bad.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write("no-such-option\n")
    b.fails("no-such-option", "dump", "--config", path, "-t", b.start(), "-D", b.images())
    b.unharmed()


@case
def ordinary_user(b):
    target = b.start()
    os.chmod(b.images(), 0o777)
    os.chmod(b.dir, 0o755)

    def drop():
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    exe = os.path.join(b.dir, "criu")
    shutil.copy(b.criu, exe)
    os.chmod(exe, 0o755)
    done = subprocess.run([exe, "dump", "-t", target, "-D", b.images()], capture_output=True, check=False,
                          preexec_fn=drop)
    text = (done.stdout + done.stderr).decode()
    if done.returncode != 1 or not re.search("CAP_CHECKPOINT_RESTORE|unprivileged|non-root", text):
        raise run.Failed(f"exit code {done.returncode}", *text.splitlines())
    b.unharmed()


# --- what to dump ----------------------------------------------------------------------------------------
@case
def pid_missing(b):
    b.fails("pid|-t", "dump", "-D", b.images())
    b.empty(b.images())


@case
def pid_of_nobody(b):
    gone = subprocess.Popen(["true"])
    gone.wait()
    b.fails(str(gone.pid), "dump", "-t", str(gone.pid), "-D", b.images())
    b.empty(b.images())


@case
def pid_of_kernel_thread(b):
    threads = [pid for pid in sorted(filter(str.isdigit, os.listdir("/proc")), key=int)
               if re.search(r"^Kthread:\s*1", procsnap.read(f"/proc/{pid}/status") or "", re.M)]
    if not threads:
        raise Skipped("no kernel thread is visible here")
    b.fails("kernel", "dump", "-t", threads[0], "-D", b.images())
    b.empty(b.images())


@case
def pid_of_the_tool(b):
    script = f'exec "{b.criu}" dump -t $$ -D "{b.images()}"'
    done = subprocess.run(["setsid", "-w", "sh", "-c", script], capture_output=True, timeout=60, check=False)
    text = (done.stdout + done.stderr).decode()
    lines = [line for line in text.splitlines() if "Error" in line and not SUMMARY_LINE.search(line)]
    if done.returncode != 1 or len(lines) != 1 or not re.search("self|itself|own|tool|criu", lines[0]):
        raise run.Failed(f"exit code {done.returncode}", *text.splitlines()[-8:])
    b.empty(b.images())


@case
def tool_inside_the_tree(b):
    script = f'"{b.criu}" dump -t $$ -D "{b.images()}"; exit $?'
    done = subprocess.run(["setsid", "-w", "sh", "-c", script], capture_output=True, timeout=60, check=False)
    text = (done.stdout + done.stderr).decode()
    lines = [line for line in text.splitlines() if "Error" in line and not SUMMARY_LINE.search(line)]
    if done.returncode != 1 or len(lines) != 1 or not re.search("self|itself|own|tool|criu|within", lines[0]):
        raise run.Failed(f"exit code {done.returncode}", *text.splitlines()[-8:])
    b.empty(b.images())


@case
def tid_of_another_thread(b):
    root = b.start("static/threads")
    tid = [t for t in os.listdir(f"/proc/{root}/task") if t != root][0]
    b.fails("thread|leader", "dump", "-t", tid, "-D", b.images())
    b.empty(b.images())
    b.unharmed()


@case
def zombie_as_root(b):
    zombie = subprocess.Popen(["true"])
    procs.wait_until(lambda: "Z" in (procsnap.read(f"/proc/{zombie.pid}/stat") or "Z"), 5, "zombie")
    b.fails("zombie|dead", "dump", "-t", str(zombie.pid), "-D", b.images())
    zombie.wait()
    b.empty(b.images())


# --- where to -------------------------------------------------------------------------------------------
@case
def directory_missing(b):
    b.fails("nowhere", "dump", "-t", b.start(), "-D", os.path.join(b.dir, "nowhere"))
    b.unharmed()


@case
def directory_is_a_file(b):
    path = os.path.join(b.dir, "a-file")
    with open(path, "w", encoding="ascii"):
        pass
    b.fails("a-file", "dump", "-t", b.start(), "-D", path)
    b.unharmed()


@case
def directory_not_writable(b):
    path = b.mount_small(64)
    subprocess.run(["mount", "-o", "remount,ro", path], check=True)
    b.fails("read-only|EROFS|small", "dump", "-t", b.start(), "-D", path, "-W", b.dir)
    b.empty(path)
    b.unharmed()


@case
def directory_full(b):
    path = b.mount_small(64)
    b.fails("space|ENOSPC", "dump", "-t", b.start("static/mem_anon"), "-D", path, "-W", b.dir)
    b.empty(path)
    b.unharmed()


@case
def file_size_limit(b):
    """The other way for writes to fail: RLIMIT_FSIZE of the tool."""
    target = b.start("static/mem_anon")
    path = b.images()
    script = f'ulimit -f 1; trap "" XFSZ; exec "{b.criu}" dump -t {target} -D "{path}"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, timeout=60, check=False)
    text = (done.stdout + done.stderr).decode()
    if done.returncode != 1 or "Error" not in text:
        raise run.Failed(f"exit code {done.returncode}", *text.splitlines()[-8:])
    b.empty(path)
    b.unharmed()


@case
def log_file_in_missing_directory(b):
    b.fails("no-dir", "dump", "-t", b.start(), "-D", b.images(), "-o", "no-dir/dump.log")
    b.empty(b.images())
    b.unharmed()


@case
def action_script_missing(b):
    b.fails("no-script", "dump", "-t", b.start(), "-D", b.images(), "--action-script", f"{b.dir}/no-script")
    b.unharmed()


@case
def action_script_fails(b):
    script = os.path.join(b.dir, "hook")
    with open(script, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n[ $CRTOOLS_SCRIPT_ACTION != pre-dump ] || exit 5\n")
    os.chmod(script, 0o755)
    b.fails("hook|script", "dump", "-t", b.start(), "-D", b.images(), "--action-script", script)
    b.unharmed()


# --- images ---------------------------------------------------------------------------------------------
@case
def restore_from_missing_directory(b):
    b.fails("nowhere", "restore", "-D", os.path.join(b.dir, "nowhere"))


@case
def restore_from_empty_directory(b):
    b.fails("inventory", "restore", "-D", b.images())
    b.empty(b.images())


@case
def image_of_another_version(b):
    path = os.path.join(b.dump(), "inventory.img")
    with open(path, "r+b") as f:
        data = bytearray(f.read())
        # magic and length are four bytes each; field 1 (img_version) is a one byte varint
        if data[8] != 0x08:
            raise run.Failed("inventory.img does not begin with its version")
        data[9] = 99
        f.seek(0)
        f.write(data)
    b.fails("99|version", "restore", "-d", "-D", b.images())


def without_image(pattern, regex=None):
    def check(b):
        path = b.dump()
        names = [name for name in os.listdir(path) if re.fullmatch(pattern, name)]
        os.unlink(os.path.join(path, names[0]))
        b.fails(regex or names[0], "restore", "-d", "-D", path)
    check.__name__ = "image_missing_" + re.sub(r"[^a-z]", "", pattern.split("-")[0].split(".")[0])
    return case(check)


def with_changed_image(what, pattern, change):
    def check(b):
        path = b.dump()
        name = [name for name in os.listdir(path) if re.fullmatch(pattern, name)][0]
        with open(os.path.join(path, name), "rb") as f:
            data = change(f.read())
        with open(os.path.join(path, name), "wb") as f:
            f.write(data)
        b.fails(name, "restore", "-d", "-D", path)
    check.__name__ = f"image_{what}_" + re.sub(r"[^a-z]", "", pattern.split("-")[0].split(".")[0])
    return case(check)


IMAGES = (r"pstree\.img", r"core-\d+\.img", r"mm-\d+\.img", r"files\.img", r"fdinfo-\d+\.img", r"pagemap-\d+\.img")
for pattern in (r"pstree\.img", r"core-\d+\.img", r"mm-\d+\.img", r"files\.img", r"pages-\d+\.img"):
    without_image(pattern)
for pattern in (*IMAGES, r"inventory\.img"):
    with_changed_image("truncated", pattern, lambda data: data[:len(data) - 3])
    with_changed_image("with_huge_length", pattern, lambda data: data[:8] + b"\xff\xff\xff\x7f" + data[12:]
                       if data[:4] != b"\x16\x31\x31\x58" else data[:4] + b"\xff\xff\xff\x7f" + data[8:])
    with_changed_image("with_wrong_magic", pattern, lambda data: b"\0\0\0\0" + data[4:])
with_changed_image("truncated", r"pages-\d+\.img", lambda data: data[:len(data) // 2])


# --- the world at restore -------------------------------------------------------------------------------
@case
def pid_taken(b):
    path = b.dump("-R")
    b.fails(f"{b.target.root}", "restore", "-d", "-D", path)
    b.unharmed()


@case
def file_missing(b):
    path = b.dump()
    os.unlink(b.target.path("rd"))
    b.fails("rd", "restore", "-d", "-D", path)


@case
def file_of_another_size(b):
    path = b.dump()
    with open(b.target.path("rd"), "a", encoding="ascii") as f:
        f.write("more")
    b.fails("rd.*size|size.*rd", "restore", "-d", "-D", path)


@case
def file_is_a_directory(b):
    path = b.dump()
    os.unlink(b.target.path("rd"))
    os.mkdir(b.target.path("rd"))
    b.fails("rd", "restore", "-d", "-D", path)


@case
def file_of_another_mode(b):
    path = b.dump()
    os.chmod(b.target.path("rd"), 0o600)
    b.fails("rd.*mode|mode.*rd|permission", "restore", "-d", "-D", path)
    b.target.images, b.target.restore_words = path, ["--skip-file-rwx-check"]
    if b.target.restore():
        raise run.Failed("the restore with --skip-file-rwx-check fails", *b.target.log_tail())
    b.target.check_program()


@case
def cwd_missing(b):
    path = b.dump(name="static/fs_state")
    os.rmdir(b.target.path("deeper"))
    b.fails("deeper", "restore", "-d", "-D", path)


@case
def pidfile_exists(b):
    path = b.dump()
    pidfile = os.path.join(b.dir, "pidfile")
    with open(pidfile, "w", encoding="ascii") as f:
        f.write("1")
    b.fails("pidfile", "restore", "-d", "-D", path, "--pidfile", pidfile)
    if procsnap.read(pidfile) != "1":
        raise run.Failed("the existing pidfile was overwritten")


@case
def pidfile_in_missing_directory(b):
    path = b.dump()
    b.fails("no-dir", "restore", "-d", "-D", path, "--pidfile", os.path.join(b.dir, "no-dir", "pid"))


@case
def inherited_descriptor_not_open(b):
    path = b.dump()
    b.fails("77", "restore", "-d", "-D", path, "--inherit-fd", "fd[77]:x")


@case
def unknown_feature(b):
    b.fails("no_such_feature", "check", "--feature", "no_such_feature")


def run_case(function, args):
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
    bench = Bench(args.criu_bin, args.build)
    try:
        function(bench)
        code = 0
    except Skipped as e:
        code, note = run.EXIT_SKIPPED, str(e)
    except run.Failed as e:
        note, details = e.args[0], e.args[1:]
    except (procs.Timeout, run.Skipped, OSError, subprocess.SubprocessError, IndexError) as e:
        note = f"{type(e).__name__}: {e}"
    finally:
        bench.clean()
        word = {0: "pass", run.EXIT_SKIPPED: "skip"}.get(code, "FAIL")
        print(f"{word}  bad-input/{function.__name__} {time.monotonic() - started:.2f} s" + (f": {note}" if note else ""))
        for line in details:
            print(f"        {line}")
        sys.stdout.flush()
        os._exit(code)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("names", nargs="*", help="cases (default: all)")
    p.add_argument("--list", action="store_true")
    p.add_argument("--criu-bin", default=os.path.join(TOP, "build", "criu"))
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    args = p.parse_args()
    args.criu_bin, args.build = os.path.abspath(args.criu_bin), os.path.abspath(args.build)
    known = {function.__name__: function for function in CASES}
    missing = [name for name in args.names if name not in known]
    if missing:
        sys.exit(f"bad-input.py: no case named {', '.join(missing)}: see --list")
    if args.list:
        print("\n".join(known))
        return 0
    if not os.access(args.criu_bin, os.X_OK):
        sys.exit(f"bad-input.py: {args.criu_bin} cannot be run: build it, or name another with --criu-bin")
    codes = [run_case(known[name], args) for name in (args.names or known)]
    failed = sum(code not in (0, run.EXIT_SKIPPED) for code in codes)
    print(f"{codes.count(0)} passed, {failed} failed, {codes.count(run.EXIT_SKIPPED)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
