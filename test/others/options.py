#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the options of dump, restore and check do, one case each."""
import contextlib
import ctypes
import json
import os
import pty
import re
import resource
import signal
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "zdtm"))

import cases  # noqa: E402
import procs  # noqa: E402
import procsnap  # noqa: E402
from cases import Failed, Skipped, case, edit_image, expect, good, read_image, write, write_image  # noqa: E402


def state_of(pid):
    stat = procsnap.read(f"/proc/{pid}/stat")
    return stat[stat.rindex(")") + 2] if stat else ""


def end_target(b):
    """Kills the dumped tree, so that its pids are free."""
    for pid in procsnap.tree_of(b.target.root):
        os.kill(pid, signal.SIGKILL)
    b.target.await_death(b.before)


# --- security labels --------------------------------------------------------------------------------------
LABEL = "system_u:system_r:container_t:s0:c57,c831"
MODULES = ("/sys/fs/selinux/enforce", "/sys/module/apparmor/parameters/enabled")


@case
def labels_of_another_machine(b):
    """They mean nothing here: refused, or left out when the user says so."""
    if any(map(os.path.exists, MODULES)):
        raise Skipped("this machine has labels of its own")
    path = b.dump(name="static/thread_names")
    edit_image(os.path.join(path, "inventory.img"), lambda e: e.update(lsmtype="SELINUX"))
    for name in os.listdir(path):
        if name.startswith("core-"):
            edit_image(os.path.join(path, name), lambda e: e["thread_core"]["creds"].update(lsm_profile=LABEL))
    restore = ("restore", "-d", "-D", path)
    b.fails(f"confined by SELinux as '{LABEL}', and this machine has no security module; --lsm-profile none", *restore)
    b.fails("--lsm-profile apparmor:x: this machine has no security module, and not AppArmor", *restore, "--lsm-profile", "apparmor:x")
    b.fails("invalid argument for --lsm-profile: container_t", *restore, "--lsm-profile", "container_t")
    b.target.restore_words = ["--lsm-profile", "none"]
    expect(b.target.restore() == 0, "images with labels cannot be restored without them", *b.target.log_tail())
    b.unharmed()


@case
def mount_contexts_of_another_machine(b):
    """The same for the contexts of file systems that are made anew."""
    if any(map(os.path.exists, MODULES)):
        raise Skipped("this machine has labels of its own")
    mount = "mount -t tmpfs -o size=4m none /tmp && exec sleep 1000"
    with subprocess.Popen(["setsid", "unshare", "-m", "sh", "-c", mount], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as proc:
        while "sleep" not in procsnap.read(f"/proc/{proc.pid}/comm"):
            time.sleep(0.01)
        path = b.images()
        good(b, "dump", "-t", str(proc.pid), "-D", path)
    name = next(n for n in os.listdir(path) if n.startswith("mountpoints-"))
    image = read_image(os.path.join(path, name))
    context = f'context="{LABEL}"'
    for entry in image["entries"]:
        if entry["mountpoint"] == "/tmp":
            entry["options"] += "," + context
    write_image(os.path.join(path, name), image)
    restore = ("restore", "-d", "-D", path)
    b.fails(f"/tmp \\(tmpfs\\) was mounted with {re.escape(context)}, and SELinux is not active", *restore)
    good(b, *restore, "--lsm-profile", "none", "--pidfile", os.path.join(b.dir, "pid"))
    pid = int(procsnap.read(os.path.join(b.dir, "pid")))
    mounts = [line for line in procsnap.read(f"/proc/{pid}/mountinfo").splitlines() if line.split()[4] == "/tmp"]
    os.kill(pid, signal.SIGKILL)
    expect("size=4096k" in mounts[-1], "the file system has its other options", mounts[-1])


def peak_mib(b, *args):
    """Peak memory of the tool, which must succeed; what it leaves behind does not count."""
    pid = os.posix_spawn(b.criu, [b.criu, *args], os.environ)
    _, status, usage = os.wait4(pid, 0)
    expect(status == 0, f"criu {' '.join(args)}: status {status}")
    return usage.ru_maxrss >> 10


@case
def memory_of_the_tool_is_small(b):
    pid = b.start("static/mem_large")
    for what, args in ("dump", ["-t", pid]), ("restore", ["-d"]):
        peak = peak_mib(b, what, *args, "-D", b.images())
        expect(peak < 80, f"{what} of 128 MiB needs {peak} MiB itself")
        if what == "dump":
            b.target.await_death(b.before)
    b.unharmed()


@case
def settings_of_the_caller_do_not_show(b):
    """The tool notes what it has and tasks set only what differs: all of that differs here."""
    path = b.dump()
    for sig in (signal.SIGHUP, signal.SIGUSR1, signal.SIGRTMAX):
        signal.signal(sig, signal.SIG_IGN)
    for name in (resource.RLIMIT_CORE, resource.RLIMIT_RSS, resource.RLIMIT_SIGPENDING):
        resource.setrlimit(name, (4096, resource.getrlimit(name)[1]))
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as f:
        f.write("300")
    good(b, "restore", "-d", "-D", path)
    b.unharmed()


# --- what becomes of the tasks ----------------------------------------------------------------------------
@case
def leave_running(b):
    pid = b.start()
    good(b, "dump", "-t", pid, "-D", b.images(), "-R")
    b.target.compare(b.before, "the target was changed")
    end_target(b)
    b.target.images, b.target.restore_words = b.images(), []
    expect(b.target.restore() == 0, "the images of a dump with -R cannot be restored", *b.target.log_tail())
    b.unharmed()


@case
def leave_running_syscalls(b):
    """A dump that lets the target run on must not be seen by any sleeping call, timeouts included."""
    pid = b.start("static/syscalls_timeout")
    good(b, "dump", "-t", pid, "-D", b.images(), "-R")
    write(b.target.path("strict"), "1")
    b.unharmed()


@case
def leave_stopped(b):
    """And stopped when the command returns, not a moment later: on CPUs that have other work, too."""
    pid = b.start("static/alarm_storm")
    others = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count())]
    try:
        for _ in range(60):
            good(b, "dump", "-t", pid, "-D", b.images(), "-s")
            expect(state_of(pid) == "T", f"the target is in state {state_of(pid)}, not stopped")
            os.kill(int(pid), signal.SIGCONT)
    finally:
        for other in others:
            other.kill()
            other.wait()
    b.unharmed()


@case
def last_of_s_and_r_wins(b):
    pid = b.start()
    good(b, "dump", "-t", pid, "-D", b.images(), "-s", "-R")
    b.unharmed()


@case
def restore_leave_stopped(b):
    path = b.dump()
    good(b, "restore", "-d", "-s", "-D", path)
    expect(state_of(b.target.root) == "T", f"the tree is in state {state_of(b.target.root)}, not stopped")
    os.kill(b.target.root, signal.SIGCONT)
    b.unharmed()


@case
def restore_waits_for_the_tree(b):
    path = b.dump()
    tool = subprocess.Popen([b.criu, "restore", "-D", path])
    # all as before, but the parent, which is the tool
    procs.wait_until(lambda: procs.exists(b.target.root) and len(b.target_differs()) == 1, 10, "restored tree")
    expect(tool.poll() is None, "the tool does not wait for the tree")
    os.kill(b.target.root, signal.SIGTERM)
    expect(tool.wait(20) == 0, f"the tool ends with {tool.returncode}")
    expect(b.target.verdict() == ["PASS"], "the program says no", *b.target.verdict())


@case
def external_tty(b):
    """A session whose terminal is handed over: it controls the new one."""
    pid = b.start("static/refuse_tty")
    old = os.stat(f"/proc/{pid}/fd/0")
    key = f"tty[{old.st_rdev:x}:{old.st_dev:x}]"
    good(b, "dump", "-t", pid, "-D", b.images(), "--external", key)
    b.target.images = b.images()
    b.target.await_death(b.before)
    master, slave = pty.openpty()
    good(b, "restore", "-d", "-D", b.images(), "--inherit-fd", f"fd[{slave}]:{key}", pass_fds=[slave])
    new = os.fstat(slave)
    expect(os.stat(f"/proc/{pid}/fd/0").st_rdev == new.st_rdev, "descriptor 0 is not the terminal handed over")
    stat = procsnap.read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    expect(os.major(new.st_rdev) << 8 | os.minor(new.st_rdev) == int(stat[4]), f"it is controlled by terminal {stat[4]}")
    expect(stat[5] == pid, f"the group in the foreground is {stat[5]}, should be {pid}")
    b.target.check_program()
    os.close(master)
    os.close(slave)


@case
def restore_sibling(b):
    path = b.dump()
    good(b, "restore", "-d", "-S", "-D", path)
    status = procsnap.read(f"/proc/{b.target.root}/status") or ""
    expect(f"PPid:\t{os.getpid()}\n" in status, "the root is not a child of the caller")
    b.unharmed()


@case
def exec_cmd(b):
    path = b.dump()
    out = os.path.join(b.dir, "command")
    script = f"echo $$ > {out}; exec sleep 1000"  # a shell would block signals now and then
    tool = subprocess.Popen([b.criu, "restore", "-D", path, "--exec-cmd", "--", "sh", "-c", script])
    procs.wait_until(lambda: procsnap.read(f"/proc/{tool.pid}/comm") == "sleep\n", 10, "command")
    expect(procsnap.read(out).strip() == str(tool.pid), "the command is not the process of the tool")
    status = procsnap.read(f"/proc/{b.target.root}/status") or ""
    expect(f"PPid:\t{tool.pid}\n" in status, "the tree is not below the command")
    status = procsnap.read(f"/proc/{tool.pid}/status")
    for word in ("SigBlk", "SigIgn"):
        mask = int(re.search(rf"{word}:\t(\w+)", status)[1], 16)
        expect(not mask & 1 << signal.SIGTERM - 1, f"the command starts with SIGTERM in {word}")
    tool.terminate()
    tool.wait(10)


@case
def dump_twice_into_one_directory(b):
    pid = b.start()
    for _ in range(2):
        good(b, "dump", "-t", pid, "-D", b.images(), "-R")
    end_target(b)
    good(b, "restore", "-d", "-D", b.images())
    b.unharmed()


@case
def restore_right_behind_a_dump(b):
    """Zombies of the tree that nobody has taken yet are waited for."""
    good(b, "dump", "-t", b.start("static/tree_deep"), "-D", b.images())
    taking = threading.Timer(0.5, procs.reap)
    taking.start()
    good(b, "restore", "-d", "-D", b.images())
    taking.join()
    b.unharmed()


# --- where things go --------------------------------------------------------------------------------------
@case
def relative_images_directory(b):
    pid = b.start()
    b.images("rel")
    good(b, "dump", "-t", pid, "-D", "rel", cwd=b.dir)
    b.target.await_death(b.before)
    good(b, "restore", "-d", "-D", "rel", cwd=b.dir)
    b.unharmed()


@case
def work_directory(b):
    pid, work = b.start(), b.images("work")
    good(b, "dump", "-t", pid, "-D", b.images(), "-W", work, "-o", "dump.log", "-R")
    names = os.listdir(work)
    expect("dump.log" in names and "stats-dump" in names, f"the work directory has {names}")
    mode = os.stat(os.path.join(work, "dump.log")).st_mode & 0o777
    expect(mode == 0o600, f"the log has mode {mode:o}")
    expect("dump.log" not in os.listdir(b.images()), "the log is in the image directory")
    b.unharmed()


@case
def log_to_stdout(b):
    pid = b.start()
    done = subprocess.run([b.criu, "dump", "-t", pid, "-D", b.images(), "-R", "-v4", "-o", "-"], capture_output=True,
                          text=True, check=False)
    expect(done.returncode == 0 and "Dumping finished successfully" in done.stdout, "no log on stdout",
           *done.stdout.splitlines()[-3:])
    b.unharmed()


@case
def log_lines(b):
    path = b.dump("-v4", "-o", "dump.log")
    log = procsnap.read(os.path.join(path, "dump.log")).splitlines()
    for line in log:
        expect(re.match(r"\(\d{2,}\.\d{2,6}\) ", line), "a line without stamp", line)
    expect(any("Dumping finished successfully" in line for line in log), "no line of success", *log[-3:])
    good(b, "restore", "-d", "-D", path, "-v4", "-o", "restore.log")
    log = procsnap.read(os.path.join(path, "restore.log"))
    expect("Restore finished successfully. Tasks resumed." in log, "no line of success", *log.splitlines()[-3:])
    b.unharmed()


@case
def log_lines_are_not_forged(b):
    """A name with a newline in it is no second line of the log."""
    pid = b.start()
    code, text = b.tool("dump", "-t", pid, "-D", "/no/such\nError (forged:1): all is lost")
    expect(code == 1 and "such?Error (forged:1)" in text, "a newline of a name goes into the log", text)
    b.unharmed()


@case
def log_of_each_task(b):
    b.start("static/tree_wide")
    pids = procsnap.tree_of(b.target.root)
    path = b.images()
    good(b, "dump", "-t", str(b.target.root), "-D", path)
    b.target.await_death(b.before)
    good(b, "restore", "-d", "-D", path, "-v4", "-o", "restore.log", "--log-pid")
    logs = sorted(name for name in os.listdir(path) if name.startswith("restore.log."))
    expect(logs == sorted(f"restore.log.{pid}" for pid in pids), f"logs {logs} for tasks {pids}")
    n_lines = 0
    for pid in pids:
        name = os.path.join(path, f"restore.log.{pid}")
        lines = procsnap.read(name).splitlines()
        n_lines += len(lines)
        expect(os.stat(name).st_mode & 0o777 == 0o600, f"{name} has another mode than 600")
        for line in lines:
            expect(re.match(rf"\(\d{{2,}}\.\d{{2,6}}\) +{pid}: ", line), f"{name} has a line without its pid", line)
    expect(n_lines, "no task has said anything")
    common = procsnap.read(os.path.join(path, "restore.log"))
    expect("Restore finished successfully" in common, "no line of success in the common log")
    expect(not re.search(r"^\([\d.]+\) +\d+: ", common, re.M), "lines of tasks in the common log")
    b.unharmed()


@case
def log_of_each_task_without_file(b):
    path = b.dump()
    text = good(b, "restore", "-d", "-D", path, "--log-pid")
    expect("--log-pid has no effect" in text, "no warning", *text.splitlines())
    b.unharmed()


@case
def commands_and_options_of_the_past(b):
    for words, code in ((("exec", "-t", "1", "true"), 255), (("show",), 255), (("check", "--ms"), 1)):
        got, text = b.tool(*words)
        expect(got == code and "deprecated" in text, f"criu {' '.join(words)}: exit code {got}", *text.splitlines())


@case
def quiet_by_default(b):
    pid = b.start()
    text = good(b, "dump", "-t", pid, "-D", b.images(), "-R")
    expect("Error" not in text and "finished" not in text, "chatter at the default verbosity", *text.splitlines()[:5])
    b.unharmed()


@case
def statistics(b):
    path = b.dump("--display-stats")
    with open(os.path.join(path, "stats-dump"), "rb") as f:
        head = struct.unpack("<II", f.read(8))
    expect(head == (0x55105940, 0x57093306), f"stats-dump begins with {head[0]:#x} {head[1]:#x}")
    text = good(b, "restore", "-d", "-D", path, "--display-stats")
    for line in ("Displaying restore stats:", "Pages restored: ", "Restore time: ", "Forking time: "):
        expect(line in text, f"no '{line}'", *text.splitlines())
    expect(os.path.exists(os.path.join(path, "stats-restore")), "no stats-restore")
    b.unharmed()


@case
def dump_statistics_shown(b):
    pid = b.start()
    text = good(b, "dump", "-t", pid, "-D", b.images(), "-R", "--display-stats")
    for line in ("Displaying dump stats:", "Freezing time: ", "Frozen time: ", "Memory dump time: ", "Pages scanned",
                 "Memory pages written: "):
        expect(line.lower() in text.lower(), f"no '{line}'", *text.splitlines())
    b.unharmed()


# --- finding out beforehand ------------------------------------------------------------------------------
@case
def dry_run_dump(b):
    pid = b.start()
    text = good(b, "dump", "-t", pid, "-D", b.images(), "--dry-run")
    expect(text == "Nothing stands in the way of a dump.\n", "it says something else", text)
    b.empty(b.images())
    b.unharmed()


@case
def dry_run_dump_refused(b):
    b.fails("socket", "dump", "-t", b.start("static/refuse_tcp"), "-D", b.images(), "--dry-run")
    b.empty(b.images())
    b.unharmed()


@case
def dry_run_restore(b):
    path = b.dump()
    text = good(b, "restore", "-D", path, "--dry-run")
    expect(text.endswith("restore of 1 process.\n"), "it does not say that all is well", text)
    expect(not procs.descendants(), f"a dry run made processes: {procs.descendants()}")
    good(b, "restore", "-d", "-D", path)
    b.unharmed()


@case
def explain_text(b):
    code, text = b.tool("dump", "-t", b.start("static/refuse_udp"), "-D", b.images(), "--explain")
    expect(code == 1 and "file.unsupported" in text and "socket" in text, f"exit code {code}", *text.splitlines()[-8:])
    expect(text.count("file.unsupported") == 1 and text.count(" IPv4 ") == 2, "two of one code are not in one group, told once",
           *text.splitlines())
    b.empty(b.images())
    b.unharmed()


@case
def explain_json(b):
    pid = b.start("static/refuse_udp")
    done = subprocess.run([b.criu, "dump", "-t", pid, "-D", b.images(), "--explain=json"], capture_output=True, text=True,
                          check=False)
    expect(done.returncode == 1, f"exit code {done.returncode}", *done.stderr.splitlines()[-5:])
    reasons = json.loads(done.stdout)
    reasons = reasons if isinstance(reasons, list) else next(v for v in reasons.values() if isinstance(v, list))
    expect(len(reasons) == 2, f"{len(reasons)} reasons for two sockets", done.stdout)
    for reason in reasons:
        expect(reason.get("code") == "file.unsupported" and reason.get("hint"), "a reason without code or hint", str(reason))
        expect(pid in json.dumps(reason), "a reason without its object", str(reason))
    b.unharmed()


def reasons(b, pid):
    """What --explain=json lists, as (code, object, text)."""
    done = subprocess.run([b.criu, "dump", "-t", pid, "-D", b.images(), "--explain=json"], capture_output=True, text=True,
                          check=False)
    expect(done.returncode == 1 and done.stdout, f"exit code {done.returncode}", *done.stderr.splitlines()[-5:])
    return [(r["code"], r["object"], r["text"]) for r in json.loads(done.stdout)["refusals"]]


@case
def explain_not_what_follows(b):
    """An epoll descriptor that waits for a refused socket is no reason of its own."""
    got = reasons(b, b.start("static/refuse_tcp"))
    expect([code for code, _, _ in got] == ["file.unsupported"], "other reasons than the socket", *map(str, got))
    b.unharmed()


@case
def explain_traced(b):
    """A task that can't even be stopped ends the scan early, and is listed like any other reason."""
    pid = b.start("static/refuse_traced")
    got = reasons(b, pid)
    expect("task.traced" in [code for code, _, _ in got], "the traced task is not listed", *map(str, got))
    done = subprocess.run([b.criu, "dump", "-t", pid, "-D", b.images()], capture_output=True, text=True, check=False)
    line = next(line for line in done.stderr.splitlines() if "[task.traced]" in line)
    expect(line.count("task ") == 1, "the traced task is named twice", line)
    b.unharmed()


@case
def explain_what_the_root_is(b):
    """Something that cannot even be begun is listed, too."""
    done = subprocess.run(["setsid", "-w", "sh", "-c", f'exec "{b.criu}" dump -t $$ -D "{b.images()}" --explain=json'],
                          capture_output=True, text=True, check=False)
    codes = [r["code"] for r in json.loads(done.stdout)["refusals"]]
    expect(codes == ["task.self"], "not listed", *codes, done.stderr)


def refused_codes_of(b, argv, is_target):
    """Of a process below what is started."""
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as outer:
        try:
            pids = procs.wait_until(lambda: [pid for pid in procs.descendants() if is_target(pid)], 10, "target")
            return [code for code, _, _ in reasons(b, str(pids[0]))]
        finally:
            procs.kill_descendants()
            outer.wait()


def is_sleep_in_own_session(pid):
    try:
        return procsnap.read(f"/proc/{pid}/comm") == "sleep\n" and os.getsid(pid) == pid
    except ProcessLookupError:      # unshare's, between two of its programs
        return False


@case
def second_process_of_a_pid_namespace(b):
    """A tree whose root is in a pid namespace and not its init."""
    codes = refused_codes_of(b, ["unshare", "--pid", "--fork", "sh", "-c", "setsid sleep 1000 & exec sleep 1000"],
                             is_sleep_in_own_session)
    expect("ns.outside" in codes, "another code", *codes)


@case
def file_of_a_mount_namespace_left(b):
    """Open on a mount that the process's mount namespace does not have."""
    script = f'mount -t tmpfs zt "{b.dir}" && exec 3> "{b.dir}/file" && exec unshare -m sh -c \'umount -l "{b.dir}"; exec setsid -w sleep 1000\''
    codes = refused_codes_of(b, ["unshare", "-m", "sh", "-c", script], is_sleep_in_own_session)
    expect("file.outside" in codes, "another code", *codes)


@case
def first_error_and_how_many_more(b):
    """With the log in a file, the terminal has its first error and where the others are."""
    done = subprocess.run([b.criu, "dump", "-t", b.start("static/refuse_udp"), "-D", b.images(), "-o", "dump.log"],
                          capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    expect(len(lines) == 2 and "IPv4" in lines[0] and "1 more in the log" in lines[1], "not one error and a count", *lines)
    log = procsnap.read(os.path.join(b.images(), "dump.log"))
    expect(log.count(" IPv4 ") == 2, "the log lacks a reason", log)
    b.unharmed()


# --- the log ------------------------------------------------------------------------------------------------
@case
def run_id_in_log_and_images(b):
    """The first line of a log names the run, and the images tell which run made them."""
    ids = []
    for log in "1.log", "2.log":
        subprocess.run([b.criu, "dump", "-R", "-v3", "-t", b.start(), "-D", b.images(), "-o", log], check=True)
        first = procsnap.read(os.path.join(b.images(), log)).splitlines()[0]
        match = re.fullmatch(r"\(00\.\d{6}\) CRIU run id = ([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})", first)
        expect(match, "the first line is not the id of the run", first)
        inventory = read_image(os.path.join(b.images(), "inventory.img"))["entries"][0]
        expect(inventory["dump_criu_run_id"] == match[1], "the images have another id", inventory["dump_criu_run_id"])
        ids.append(match[1])
    expect(ids[0] != ids[1], "two runs have one id")


# --- the image format --------------------------------------------------------------------------------------
def img_version(b):
    return read_image(os.path.join(b.images(), "inventory.img"))["entries"][0]["img_version"]


@case
def plain_images_name_what_they_lose(b):
    pid = b.start("static/mem_lock")
    words = ("dump", "-t", pid, "-D", b.images(), "-R")
    image = os.path.join(b.images(), f"mm-{pid}.img")
    good(b, *words)
    marks = [vma["lock_on_fault"] for vma in read_image(image)["entries"][0]["vmas"] if "lock_on_fault" in vma]
    expect(marks, "there was nothing to lose")
    text = good(b, *words, "--plain-images")
    expect(len(re.findall("locked only when they are touched is left out", text)) == 1, "the loss is not said, or more than once", text)
    marks = [vma["lock_on_fault"] for vma in read_image(image)["entries"][0]["vmas"] if "lock_on_fault" in vma]
    expect(not marks, f"plain images have marks of lock on fault: {marks}")
    b.unharmed()


@case
def plain_images_refuse_nested_pids(b):
    pid = b.start("static/ns_pid_children")
    b.fails("nested pid namespace, which plain images cannot say|children get .* plain images cannot say",
            "dump", "-t", pid, "-D", b.images(), "--plain-images", at_most=9)
    b.empty(b.images())
    b.unharmed()


@case
def plain_images_refuse_idmapped_mounts(b):
    pid = b.start("static/mnt_idmapped")
    b.fails(r"/(one|two|part) shows files with other owners than they have.*plain images.*\[mount.idmapped\]", "dump", "-t", pid, "-D",
            b.images(), "--plain-images", at_most=3)
    b.empty(b.images())
    b.unharmed()


@case
def plain_images_refuse_packets(b):
    pid = b.start("static/pipe_packet")
    b.fails("packet", "dump", "-t", pid, "-D", b.images(), "--plain-images", at_most=9)
    b.empty(b.images())
    b.unharmed()


@case
def packets_are_an_extension_that_readers_are_told_of(b):
    pid = b.start("static/pipe_content")
    good(b, "dump", "-t", pid, "-D", b.images(), "-R")
    expect(img_version(b) == 2, f"a stream makes image version {img_version(b)}")
    b.unharmed()
    b.target.clean()
    pid = b.start("static/pipe_packet")
    good(b, "dump", "-t", pid, "-D", b.images(), "-R")
    expect(img_version(b) == 3, f"packets make image version {img_version(b)}")
    b.unharmed()


# --- hooks, freezing, limits ------------------------------------------------------------------------------
def write_hook(b, body):
    path = os.path.join(b.dir, "hook")
    with open(path, "w", encoding="ascii") as f:
        f.write(f"#!/bin/sh\nexec >> {b.dir}/hooks\n{body}\n")
    os.chmod(path, 0o755)
    return path


@case
def action_scripts_of_a_network(b):
    """Every step, in order, with the pid of the root task as soon as there is one, and the images where they are."""
    hook, out = os.path.join(b.dir, "hook"), os.path.join(b.dir, "steps")
    with open(hook, "w", encoding="ascii") as f:
        f.write(f"#!/bin/sh\necho $CRTOOLS_SCRIPT_ACTION ${{CRTOOLS_INIT_PID:-0}} $(ls $CRTOOLS_IMAGE_DIR/inventory.img) >>{out}\n")
    os.chmod(hook, 0o755)
    with subprocess.Popen(["setsid", "unshare", "-n", "-u", "sleep", "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as proc:
        while "sleep" not in procsnap.read(f"/proc/{proc.pid}/comm"):
            time.sleep(0.01)
        path, root = b.images(), str(proc.pid)
        good(b, "dump", "-t", root, "-D", path, "-R", "--action-script", hook)
        good(b, "dump", "-t", root, "-D", path, "--action-script", hook)
    good(b, "restore", "-d", "-D", path, "--action-script", hook)
    os.kill(int(root), signal.SIGKILL)
    lines = [line.split() for line in procsnap.read(out).splitlines()]
    dump, restore = ["pre-dump", "network-lock", "post-dump"], ["pre-restore", "setup-namespaces", "post-setup-namespaces",
                                                                "post-restore", "network-unlock", "pre-resume", "post-resume"]
    wanted = [*dump, "network-unlock", *dump, *restore]
    expect([line[0] for line in lines] == wanted, "the steps", *(" ".join(line) for line in lines))
    expect([line[1] for line in lines] == ["0" if s in ("pre-dump", "pre-restore") else root for s in wanted], "CRTOOLS_INIT_PID",
           *(" ".join(line) for line in lines))
    expect(all(len(line) == 3 for line in lines if line[0] == "post-dump"), "the images are not there at post-dump", str(lines))


@case
def action_scripts(b):
    hook = write_hook(b, 'echo "$CRTOOLS_SCRIPT_ACTION ${CRTOOLS_INIT_PID:-none} $(ls $CRTOOLS_IMAGE_DIR/ | grep -c inventory)"')
    path = b.dump("--action-script", hook)
    lines = procsnap.read(f"{b.dir}/hooks").split("\n")
    actions = [line.split()[0] for line in lines if line]
    expect(actions[0] == "pre-dump" and actions[-1] == "post-dump", f"at dump: {actions}")
    last = lines[len(actions) - 1].split()
    expect(last[1] == str(b.target.root) and last[2] == "1", f"at post-dump: {last}")
    os.unlink(f"{b.dir}/hooks")
    good(b, "restore", "-d", "-D", path, "--action-script", hook)
    actions = [line.split()[0] for line in procsnap.read(f"{b.dir}/hooks").splitlines()]
    wanted = [a for a in actions if a in ("pre-restore", "post-restore", "pre-resume", "post-resume")]
    expect(wanted == ["pre-restore", "post-restore", "pre-resume", "post-resume"], f"at restore: {actions}")
    b.unharmed()


@case
def action_scripts_of_namespaces(b):
    hook = write_hook(b, 'echo "$CRTOOLS_SCRIPT_ACTION ${CRTOOLS_INIT_PID:-none}"')
    path = b.dump(name="static/ns_uts")
    good(b, "restore", "-d", "-D", path, "--action-script", hook)
    lines = [line.split() for line in procsnap.read(f"{b.dir}/hooks").splitlines()]
    wanted = ["pre-restore", "setup-namespaces", "post-setup-namespaces", "post-restore", "pre-resume", "post-resume"]
    expect([line[0] for line in lines] == wanted, f"at restore: {lines}")
    expect(lines[1][1] == str(b.target.root), f"setup-namespaces has pid {lines[1][1]}, not {b.target.root}")
    b.unharmed()


@case
def post_dump_script_fails(b):
    hook = write_hook(b, '[ $CRTOOLS_SCRIPT_ACTION != post-dump ] || exit 33')
    code, text = b.tool("dump", "-t", b.start(), "-D", b.images(), "--action-script", hook)
    expect(code == 33, f"exit code {code}, should be that of the script", *text.splitlines()[-5:])
    b.unharmed()


@case
def post_restore_script_fails(b):
    hook = write_hook(b, '[ $CRTOOLS_SCRIPT_ACTION != post-restore ] || exit 3')
    path = b.dump()
    b.fails("hook|script", "restore", "-d", "-D", path, "--action-script", hook)


@case
def time_limit(b):
    """A parent in vfork cannot be stopped: whatever the reason given, it comes within the limit."""
    started = time.monotonic()
    b.fails("vfork|shared|stop|freez|time", "dump", "-t", b.start("static/refuse_vfork"), "-D", b.images(), "--timeout", "2")
    expect(time.monotonic() - started < 10, "the limit of 2 s is not kept")
    b.unharmed()


TRACERS_SCRIPT = """#!/bin/sh
[ "$CRTOOLS_SCRIPT_ACTION" = post-dump ] || exit 0
for pid in $CRTOOLS_INIT_PID $(cat /proc/$CRTOOLS_INIT_PID/task/$CRTOOLS_INIT_PID/children); do
	grep TracerPid /proc/$pid/status >> ${0%script}tracers
done
"""


def tracers(b, program):
    """The threads of the tool that trace the processes of a tree."""
    script = os.path.join(b.images(), "script")
    write(script, TRACERS_SCRIPT)
    os.chmod(script, 0o755)
    good(b, "dump", "-t", b.start(program), "-D", b.images(), "-R", "--action-script", script)
    b.unharmed()
    return procsnap.read(os.path.join(b.images(), "tracers")).split()[1::2]


@case
def owners_of_a_small_tree(b):
    found = tracers(b, "static/threads")
    expect(len(found) == 1 and found != ["0"], f"traced by {found}")


@case
def owners_of_a_wide_tree(b):
    """A thread of the tool for each CPU, and the first one, which owns the root."""
    if len(os.sched_getaffinity(0)) < 2:
        raise Skipped("there is one CPU")
    found = tracers(b, "static/tree_wide")
    expect(len(found) == 41 and "0" not in found, f"traced by {found}")
    expect(2 <= len(set(found)) <= 1 + len(os.sched_getaffinity(0)), f"traced by {found}")
    expect(found.count(found[0]) == 1, f"the root is traced by {found[0]}", *found)


LOCK_SCRIPT = """#!/bin/sh
tables=$(nsenter --net=/proc/$CRTOOLS_INIT_PID/ns/net nft list tables | grep -c CRIU-)
echo "$CRTOOLS_SCRIPT_ACTION $tables" >> ${0%script}steps
"""
UDP_SOCKET = 'import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("", 0)); print(flush=True); time.sleep(100)'


@case
def network_lock(b):
    """
    Locked between two steps of a dump, in the tree's own network namespace only, if it has a socket that packets reach
    or the lock was asked for by name; whoever asks for it can do without.
    """
    script = os.path.join(b.images(), "script")
    write(script, LOCK_SCRIPT)
    os.chmod(script, 0o755)
    t = subprocess.Popen(["unshare", "--net", "sleep", "100"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    outsider = None
    try:
        procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{t.pid}/comm") or ""), 10, "the target")
        for options, has_socket, locked in (([], False, 0), (["--network-lock", "nftables"], False, 1), ([], True, 1),
                                            (["--network-lock", "skip"], True, 0)):
            if has_socket and not outsider:
                outsider = subprocess.Popen(["nsenter", f"--net=/proc/{t.pid}/ns/net", sys.executable, "-c", UDP_SOCKET],
                                            stdout=subprocess.PIPE, text=True)
                outsider.stdout.readline()
            images = b.images()
            steps = os.path.join(os.path.dirname(script), "steps")
            good(b, "dump", "-t", str(t.pid), "-D", images, "-R", "--action-script", script, *options)
            told = procsnap.read(steps)
            os.unlink(steps)
            expect(told == f"pre-dump 0\nnetwork-lock 0\npost-dump {locked}\nnetwork-unlock {locked}\n", f"steps: {told!r}")
        tables = subprocess.run(["nsenter", f"--net=/proc/{t.pid}/ns/net", "nft", "list", "tables"], capture_output=True,
                                text=True, check=True).stdout
        expect(not tables, f"left behind: {tables}")
        code, text = b.tool("dump", "-t", str(t.pid), "-D", b.images(), "--network-lock", "maybe")
        expect(code == 1 and "invalid argument for --network-lock: maybe" in text, "a method that is none", text)
    finally:
        for p in filter(None, (t, outsider)):
            p.kill()
            p.wait()


@case
def join_ns(b):
    """Into namespaces of another process, one by pid and one by file; what is no such namespace is refused."""
    images = b.images()
    pid = b.start()
    good(b, "dump", "-t", pid, "-D", images)
    b.target.await_death(b.before)
    pod = subprocess.Popen(["unshare", "--uts", "--ipc", "sh", "-c", "hostname the-pod; exec sleep 100"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{pod.pid}/comm") or ""), 10, "the pod")
        code, text = b.tool("restore", "-d", "-D", images, "--join-ns", f"ipc:/proc/{pod.pid}/ns/uts")
        expect(code == 1 and "is no ipc namespace" in text, "a namespace of the wrong kind", text)
        code, text = b.tool("restore", "-d", "-D", images, "--join-ns", "pid:1")
        expect(code == 1 and "invalid argument for --join-ns: pid:1" in text, "a pid namespace", text)
        good(b, "restore", "-d", "-D", images, "--join-ns", f"uts:{pod.pid}", "-J", f"ipc:/proc/{pod.pid}/ns/ipc")
        for name in ("uts", "ipc"):
            found, wanted = (os.readlink(f"/proc/{p}/ns/{name}") for p in (pid, pod.pid))
            expect(found == wanted, f"the tree is in {found}, not in {wanted}")
        b.target.check_program()
    finally:
        pod.kill()
        pod.wait()


@case
def criu_ns(b):
    """Restored while its pid is taken, dumped from within, restored again; a failure is told, -d or not."""
    wrapper = [os.path.join(cases.TOP, "scripts/criu-ns"), "--criu-binary", os.path.join(cases.TOP, "build/criu")]

    def run(*words):
        return subprocess.run([*wrapper, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)
    images = b.images()
    pid = b.start()
    good(b, "dump", "-t", pid, "-D", images, "-R")
    root = pid
    try:
        for name in ("second", "third"):
            r = run("restore", "-d", "-D", images, "--pidfile", "outer", "-o", "restore.log")
            expect(r.returncode == 0, f"criu-ns restore: exit code {r.returncode}", *r.stderr.splitlines())
            root = procsnap.read(os.path.join(images, "outer"))
            expect(root != pid, "the root has the pid that is taken")
            status = procsnap.read(f"/proc/{root}/status")
            expect(f"\nNSpid:\t{root}\t{pid}\n" in status, f"process {root} is not {pid} inside")
            images = b.images(name)
            r = run("dump", "-t", root, "-D", images, "-o", "dump.log")
            expect(r.returncode == 0, f"criu-ns dump: exit code {r.returncode}", *r.stderr.splitlines())
        os.unlink(os.path.join(images, "pstree.img"))
        r = run("restore", "-d", "-D", images, "-o", "restore.log")
        expect(r.returncode == 1 and "pstree.img" in r.stderr, f"a broken image: exit code {r.returncode}", r.stderr)
        r = run("restore", "-S", "-d", "-D", images)
        expect(r.returncode == 1 and "--restore-sibling" in r.stderr, "a sibling", r.stderr)
    finally:
        if root != pid and os.path.exists(f"/proc/{root}"):
            os.kill(int(root), signal.SIGKILL)
    b.unharmed()


# --- mounts ----------------------------------------------------------------------------------------------
class InMounts:
    """A shell in mounts of its own, whose state is in a directory; it counts on after SIGUSR1 has asked."""

    def __init__(self, b, setup, *namespaces):
        self.dir = os.path.join(b.dir, "mounts")
        for name in ("out", "in", "other"):
            os.makedirs(os.path.join(self.dir, name), exist_ok=True)
        script = f"cd {self.dir} && mount --make-rprivate / && {setup} && echo $$ > ready && exec sleep 100"
        self.outer = subprocess.Popen(["unshare", "--mount", *namespaces, "sh", "-c", script], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.pid = str(self.outer.pid)
        procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{self.pid}/comm") or ""), 10, "the target")

    def path(self, name):
        return os.path.join(self.dir, name)

    def mounts(self):
        text = procsnap.read(f"/proc/{self.pid}/mountinfo") or ""
        return {line.split()[4]: line.split()[3] for line in text.splitlines() if self.dir in line.split()[4]}

    def read(self, name):
        return procsnap.read(f"/proc/{self.pid}/root{self.path(name)}")

    def end(self):
        try:
            os.kill(int(self.pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
        if self.outer.poll() is None:
            self.outer.wait(5)
        procs.reap()


@case
def external_mount(b):
    """Named at the dump, given from elsewhere at the restore; without that the message says which option."""
    write(os.path.join(b.images("mounts/out"), "file"), "old place\n")
    t = InMounts(b, "mount --bind out in")
    try:
        images = b.images()
        good(b, "dump", "-t", t.pid, "-D", images, "--external", f"mnt[{t.path('in')}]:volume")
        t.outer.wait(5)
        code, text = b.tool("restore", "-d", "-D", images)
        expect(code == 1 and "--external mnt[volume]:PATH" in text, "a volume that nobody gives", text)
        write(t.path("other/file"), "new place\n")
        for words in (["--external", f"mnt[volume]:{t.path('other')}"], ["-M", f"volume:{t.path('other')}"]):
            good(b, "restore", "-d", "-D", images, *words)
            expect(t.read("in/file") == "new place\n", f"{' '.join(words)}: in/file holds {t.read('in/file')!r}")
            os.kill(int(t.pid), signal.SIGKILL)
            procs.wait_until(lambda: procs.reap() or not os.path.exists(f"/proc/{t.pid}"), 5, "end")
        code, text = b.tool("restore", "-d", "-D", images, "--external", f"mnt[volume]:{t.path('nowhere')}")
        expect(code == 1 and t.path("nowhere") in text, "a volume that is not there", text)
    finally:
        t.end()


@contextlib.contextmanager
def loop_device(path, fs):
    """A block device with an empty file system in that file."""
    with open(path, "wb") as f:
        f.truncate((120 << 20) if fs == "btrfs" else 8 << 20)
    if subprocess.run([f"mkfs.{fs}", "-q", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skipped(f"mkfs.{fs} does not work here")
    done = subprocess.run(["losetup", "-f", "--show", path], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skipped("no loop device can be made here")
    device = done.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "-d", device], check=False)


def dump_and_restore_on_device(b, fs):
    """Named at the dump by its number, given at the restore by a path: what is on it is not part of the snapshot."""
    with contextlib.ExitStack() as stack:
        device = stack.enter_context(loop_device(os.path.join(b.dir, "disk"), fs))
        b.images("mounts")
        t = InMounts(b, f"mount -o noatime {device} in && mkdir in/sub && echo on disk >in/sub/file && mount --bind in/sub out")
        stack.callback(t.end)
        images, before = b.images(), t.mounts()
        # without a name it is mounted from where it was
        for is_named in (False, True):
            # as mountinfo has it: that of a btrfs is no device's, and another each time
            number = re.search(r" (\d+):(\d+) / " + t.path("in"), procsnap.read(f"/proc/{t.pid}/mountinfo"))
            dump_words = ["--external", f"dev[{number[1]}/{number[2]}]:disk"] if is_named else []
            restore_words = ["--external", f"dev[disk]:{device}"] if is_named else []
            good(b, "dump", "-t", t.pid, "-D", images, *dump_words)
            procs.wait_until(lambda: procs.reap() or not os.path.exists(f"/proc/{t.pid}"), 5, "end")
            if is_named:
                b.fails(r"--external dev\[disk\]:PATH", "restore", "-d", "-D", images)
            good(b, "restore", "-d", "-D", images, *restore_words)
            expect(t.mounts() == before, f"{before} is {t.mounts()}")
            expect(t.read("in/sub/file") == "on disk\n" == t.read("out/file"), "what is on the device")
        os.kill(int(t.pid), signal.SIGKILL)
        procs.wait_until(lambda: procs.reap() or not os.path.exists(f"/proc/{t.pid}"), 5, "end")


@case
def external_device_ext4(b):
    dump_and_restore_on_device(b, "ext4")


@case
def external_device_btrfs(b):
    dump_and_restore_on_device(b, "btrfs")


@case
def slave_of_the_machine(b):
    """What is mounted outside later appears in the restored tree, as it did before; the other way round it does not."""
    host = b.images("host")
    if subprocess.run(["mount", "-t", "tmpfs", "host", host], check=False).returncode:
        raise Skipped("no tmpfs can be mounted here")
    b.mounts.append(host)
    subprocess.run(["mount", "--make-shared", host], check=True)
    os.mkdir(f"{host}/early")
    os.mkdir(f"{host}/late")
    script = f"mount --make-rslave / && cd {host} && exec sleep 100"
    outer = subprocess.Popen(["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", script], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    pid = str(outer.pid)
    try:
        procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{pid}/comm") or ""), 10, "the target")
        good(b, "dump", "-t", pid, "-D", b.images())
        outer.wait(5)
        good(b, "restore", "-d", "-D", b.images())
        subprocess.run(["mount", "-t", "tmpfs", "late", f"{host}/late"], check=True)
        b.mounts.insert(0, f"{host}/late")
        expect(f"{host}/late" in (procsnap.read(f"/proc/{pid}/mountinfo") or ""), "a later mount does not reach the tree")
        subprocess.run(["nsenter", "-t", pid, "-m", "mount", "-t", "tmpfs", "early", f"{host}/early"], check=True)
        expect(f"{host}/early" not in procsnap.read("/proc/self/mountinfo"), "a mount of the tree reaches the machine")
    finally:
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
        outer.poll()
        procs.reap()


@case
def cgroup_mounts_of_the_machine(b):
    """In a cgroup namespace they show more than it does; they do so again."""
    t = InMounts(b, "true", "--cgroup", "--uts")

    def seen():
        words = ["nsenter", "-t", t.pid, "-m", "-C", "cat", "/proc/self/mountinfo"]
        text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        return sorted((line.split()[3], line.split()[4]) for line in text.splitlines() if " - cgroup" in line)
    try:
        before, images = seen(), b.images()
        if not any(root.startswith("/..") for root, _ in before):
            raise Skipped("no cgroup mount here shows more than the namespace")
        good(b, "dump", "-t", t.pid, "-D", images)
        t.outer.wait(5)
        good(b, "restore", "-d", "-D", images)
        expect(seen() == before, f"{before} is {seen()} now")
    finally:
        t.end()


@case
def skip_mnt(b):
    t = InMounts(b, "mount -t tmpfs x in && mkdir in/sub && mount -t tmpfs y in/sub")
    try:
        images = b.images()
        expect(len(t.mounts()) == 2, "two mounts")
        good(b, "dump", "-t", t.pid, "-D", images, "--skip-mnt", t.path("in"))
        t.outer.wait(5)
        good(b, "restore", "-d", "-D", images)
        expect(t.mounts() == {}, f"left are {t.mounts()}")
    finally:
        t.end()


@case
def root_elsewhere(b):
    """The root of the tree's mounts is a directory that has moved."""
    root = os.path.join(b.dir, "first")
    for name in ("bin", "lib", "lib64", "usr", "proc", "old", "tmp"):
        os.makedirs(os.path.join(root, name))
    script = (f"mount --make-rprivate / && mount --bind {root} {root} && cd {root} && "
              "for d in bin lib lib64 usr; do [ ! -d /$d ] || mount --rbind /$d $d; done; mount -t proc p proc; "
              "pivot_root . old && exec sh -c 'umount -l /old; echo here > /tmp/mark; exec sleep 100'")
    outer = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    pid = str(outer.pid)
    try:
        procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{pid}/comm") or ""), 10, "the target")
        images, moved = b.images(), os.path.join(b.dir, "second")
        good(b, "dump", "-t", pid, "-D", images)
        outer.wait(5)
        code, text = b.tool("restore", "-d", "-D", images)
        expect(code == 1 and "--root" in text, "a root that is not the tool's", text)
        os.rename(root, moved)
        good(b, "restore", "-d", "-D", images, "--root", moved)
        expect(procsnap.read(f"/proc/{pid}/root/tmp/mark") == "here\n", "the root is another")
    finally:
        if os.path.exists(f"/proc/{pid}"):
            os.kill(int(pid), signal.SIGKILL)
        if outer.poll() is None:
            outer.wait(5)
        procs.reap()


@case
def mounts_refused(b):
    """By its name; the tree goes on."""
    t = InMounts(b, "mkdir gone && mount --bind gone out && rmdir gone")
    try:
        code, text = b.tool("dump", "-t", t.pid, "-D", b.images())
        expect(code == 1, f"exit code {code}", text)
        expect("[mount.deleted]" in text, "mount.deleted is not refused", text)
        expect(state_of(t.pid) == "S", "the target was changed")
    finally:
        t.end()


@case
def mount_of_autofs_refused(b):
    """Only its daemon knows what is to be mounted there. Named as external, it is whatever is there at the restore."""
    t = InMounts(b, "mkfifo pipe && exec 3<>pipe && mount -t autofs -o fd=3,pgrp=$$,minproto=5,maxproto=5,direct auto in && "
                 "exec 3>&-")
    try:
        b.fails(r"/in \(autofs, .*can neither be made again nor found outside.*\[mount.source\]", "dump", "-t", t.pid, "-D",
                b.images("refused"))
        b.empty(b.images("refused"))
        good(b, "dump", "-t", t.pid, "-D", b.images(), "--external", f"mnt[{t.path('in')}]:auto")
        t.outer.wait(5)
        good(b, "restore", "-d", "-D", b.images(), "--external", f"mnt[auto]:{t.path('other')}")
        expect(t.path("in") in t.mounts(), "nothing is mounted there")
    finally:
        t.end()


@case
def covered_mount(b):
    """What is in a tmpfs that another mount covers is there when that is taken off, after two rounds."""
    t = InMounts(b, "mount -t tmpfs y in && echo text > in/file && mount -t tmpfs z in")
    try:
        for name in ("first", "second"):
            images = b.images(name)
            good(b, "dump", "-t", t.pid, "-D", images)
            procs.wait_until(lambda: procs.reap() or not os.path.exists(f"/proc/{t.pid}"), 5, "end of the target")
            good(b, "restore", "-d", "-D", images)
        expect(t.read("in/file") is None, "it is not covered any more")
        subprocess.run(["nsenter", "-t", t.pid, "-m", "umount", t.path("in")], check=True)
        expect(t.read("in/file") == "text\n", f"under the cover is {t.read('in/file')!r}")
    finally:
        t.end()


@case
def no_mount_is_left(b):
    """A restore that fails half-way, in the builder or later, leaves nothing mounted."""
    t = InMounts(b, "mount -t tmpfs x in && echo content > in/file")
    try:
        images = b.images()
        good(b, "dump", "-t", t.pid, "-D", images)
        t.outer.wait(5)
        before = sorted(line.split()[4] for line in procsnap.read("/proc/self/mountinfo").splitlines())
        archive = [f for f in os.listdir(images) if f.endswith(".tar.gz.img")]
        expect(len(archive) >= 1, "an archive of the tmpfs")
        for name in archive:
            with open(os.path.join(images, name), "r+b") as f:
                f.truncate(20)
        code, text = b.tool("restore", "-d", "-D", images)
        expect(code == 1 and "the contents of" in text, "an archive that is cut off", text)
        os.unlink(os.path.join(images, archive[0]))
        code, text = b.tool("restore", "-d", "-D", images)
        expect(code == 1 and archive[0] in text, "an archive that is missing", text)
        after = sorted(line.split()[4] for line in procsnap.read("/proc/self/mountinfo").splitlines())
        expect(before == after, f"mounts: {set(before) ^ set(after)}")
        procs.reap()
        expect(not procs.descendants(), f"processes: {procs.descendants()}")
    finally:
        t.end()


@case
def root_for_nobody(b):
    """--root says what the root of a mount namespace shows; a tree that has none is told so."""
    path = b.dump()
    code, text = b.tool("restore", "-d", "-D", path, "--root", "/tmp")
    expect(code == 0 and "--root /tmp means nothing here" in text, f"exit code {code}", *text.splitlines()[-5:])
    b.unharmed()


@case
def arguments_that_nobody_knows(b):
    pid = b.start()
    for words, part in ((["--external", "foo"], "invalid argument for --external: foo"),
                        (["--external", "mnt[/x"], "invalid argument for --external: mnt[/x"),
                        (["--cpu-cap=zz"], "zz"), (["--network-lock", "zz"], "zz"), (["--empty-ns", "pid"], "pid")):
        code, text = b.tool("dump", "-t", pid, "-D", b.images(), *words)
        expect(code == 1 and part in text, f"{' '.join(words)}: exit code {code}", text)
    for words in (["--external", "foo"], ["--join-ns", "net"], ["--veth-pair", "eth0"], ["--veth-pair", "eth0="]):
        code, text = b.tool("restore", "-D", b.images(), *words)
        expect(code == 1, f"restore {' '.join(words)}: exit code {code}", text)
    b.unharmed()


@case
def ghost_limit(b):
    pid = b.start("static/refuse_ghost_limit")
    b.fails("ghost-limit", "dump", "-t", pid, "-D", b.images(), "--ghost-limit", "65536")
    good(b, "dump", "-t", pid, "-D", b.images(), "--ghost-limit", "1M")
    b.target.await_death(b.before)
    good(b, "restore", "-d", "-D", b.images())
    b.target.test.ignore.append("inode|mnt_id")
    b.target.check_program()


# --- configuration files ----------------------------------------------------------------------------------
@case
def config_file(b):
    conf = os.path.join(b.dir, "criu.conf")
    write(conf, '# comment\n\nlog-file "from config.log"   # trailing\n  leave-running\nverbosity 4\n')
    good(b, "dump", "--config", conf, "-t", b.start(), "-D", b.images())
    log = os.path.join(b.images(), "from config.log")
    expect("finished successfully" in (procsnap.read(log) or ""), "the log is not where the configuration says")
    b.unharmed()


@case
def config_file_of_the_environment(b):
    conf = os.path.join(b.dir, "criu.conf")
    write(conf, "log-file env.log\nleave-running\n")
    good(b, "dump", "-t", b.start(), "-D", b.images(), "-o", "line.log", env=dict(os.environ, CRIU_CONFIG_FILE=conf))
    expect("line.log" in os.listdir(b.images()), "the command line does not win over the configuration file")
    b.unharmed()


@case
def config_file_in_home(b):
    home = os.path.join(b.dir, "home")
    os.makedirs(f"{home}/.criu")
    write(f"{home}/.criu/default.conf", "log-file home.log\nleave-running\n")
    pid = b.start()
    good(b, "dump", "-t", pid, "-D", b.images(), env=dict(os.environ, HOME=home))
    expect("home.log" in os.listdir(b.images()), "the default file is not read")
    good(b, "dump", "-t", pid, "-D", b.images("two"), "-R", "--no-default-config", env=dict(os.environ, HOME=home))
    expect("home.log" not in os.listdir(b.images("two")), "the default file is read in spite of --no-default-config")
    b.unharmed()


# --- check and others -------------------------------------------------------------------------------------
@case
def version(b):
    text = good(b, "--version").splitlines()
    expect(re.fullmatch(r"Version: \d+(\.\d+)+", text[0]), "the first line is not the version", *text)
    expect(len(text) == 1 or text[1].startswith("GitID: "), "the second line is not the git id", *text)


@case
def help_text(b):
    text = good(b, "--help")
    for word in ("dump", "restore", "check", "--images-dir", "--leave-running"):
        expect(word in text, f"the help does not name {word}")
    expect(len(re.findall(r"^[A-Za-z ,]+:$", text, re.M)) > 8, "the options are in no groups", text)
    expect(max(map(len, text.splitlines())) <= 120, "a line is too long", max(text.splitlines(), key=len))


@case
def help_of_one_command(b):
    text = good(b, "restore", "--help")
    expect("--restore-detached" in text and "--leave-stopped" in text, "an option of restore is missing", text)
    expect("--tree" not in text and "--feature" not in text, "options of other commands are there", text)
    expect(not re.search(r"^\w.*:\n\n|:\Z", text, re.M), "a group without options", text)


@case
def usage_without_words(b):
    code, text = b.tool()
    expect(code == 1 and "criu dump -t PID" in text and len(text.splitlines()) < 12, f"exit code {code}", text)


@case
def check(b):
    text = good(b, "check")
    expect("Looks good." in text, "no verdict", *text.splitlines()[-5:])


@case
def check_feature(b):
    text = good(b, "check", "--feature", "clone3_set_tid")
    expect("clone3_set_tid is supported" in text, "another text", text)


# the names that callers of the established tool know
FEATURES = """
    mnt_id mem_dirty_track aio_remap timerfd tun tun_ns userns fdinfo_lock seccomp_suspend
    seccomp_filters loginuid cgroupns autofs tcp_half_closed compat_cr uffd uffd-noncoop can_map_vdso
    sk_ns sk_unix_file net_diag_raw nsid link_nsid kcmp_epoll timens external_net_ns clone3_set_tid
    newifindex nftables has_ipt_legacy pidfd_store ns_pid apparmor_stacking network_lock_nftables
    sockopt_buf_lock memfd_hugetlb move_mount_set_group openat2 get_rseq_conf ipv6_freebind pagemap_scan
    timer_cr_ids overlayfs_maps breakpoints pagemap_scan_guard_pages
""".split()


@case
def every_feature_has_an_answer(b):
    before = sorted(os.listdir("/sys/class/net")), procsnap.read("/proc/self/mountinfo")
    listed = [line.split()[0] for line in good(b, "check", "--feature", "list").splitlines()]
    expect(len(set(listed)) == len(listed), "a name is listed twice")
    expect(not set(FEATURES) - set(listed), f"not known: {set(FEATURES) - set(listed)}")
    lacking = []
    for name in listed:
        code, text = b.tool("check", "--feature", name)
        expect(text == f"{name} is supported\n" if code == 0 else f"{name} is not supported" in text and code == 1,
               f"{name}: exit code {code}", *text.splitlines())
        lacking += [name] if code else []
    b.note = f"this machine lacks {' '.join(lacking) or 'none'}"
    expect(len(lacking) < len(listed) / 2, "a machine that lacks so much could not run these tests")
    expect(before == (sorted(os.listdir("/sys/class/net")), procsnap.read("/proc/self/mountinfo")), "a probe left something")
    expect(not procs.descendants(), "a probe left a process")


@case
def a_feature_that_is_taken_away_is_missed(b):
    if b.tool("check", "--feature", "tun")[0]:
        raise Skipped("there is no /dev/net/tun anyway")
    script = 'mount -t tmpfs none /dev/net && exec "$0" check --feature tun'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, b.criu], capture_output=True, text=True, check=False)
    expect(done.returncode == 1 and "tun is not supported" in done.stderr, f"exit code {done.returncode}", done.stderr)


def be_filtered():
    """As a container's profile does it: from now on a call that nobody makes fails."""
    insns = [(0x20, 0, 0, 0), (0x15, 0, 1, 246), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]  # 246: kexec_load
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *i) for i in insns))
    prog = ctypes.create_string_buffer(struct.pack("@HP", len(insns), ctypes.addressof(code)))
    if ctypes.CDLL(None, use_errno=True).prctl(22, 2, prog, 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise Skipped(f"no seccomp filter here: {os.strerror(ctypes.get_errno())}")


@case
def in_a_container_with_a_seccomp_profile(b):
    be_filtered()
    path = b.dump()
    expect(not os.path.exists(os.path.join(path, "seccomp.img")) or b"\x06\0\0\0\1\0\5\0" not in read_bytes(path, "seccomp.img"),
           "the filter of the container is in the images")
    good(b, "restore", "-d", "-D", path)
    with open(f"/proc/{b.target.root}/status", encoding="ascii") as f:
        expect("Seccomp_filters:\t1\n" in f.read(), "the restored program has not the one filter")
    b.unharmed()


def read_bytes(*path):
    with open(os.path.join(*path), "rb") as f:
        return f.read()


@case
def cpu_cap(b):
    path = b.dump("--cpu-cap=all")
    expect("cpuinfo.img" in os.listdir(path), "no cpuinfo.img")
    good(b, "restore", "-d", "-D", path, "--cpu-cap=all")
    b.unharmed()


@case
def cpuinfo(b):
    good(b, "cpuinfo", "dump", "-D", b.images())
    expect(os.listdir(b.images()) == ["cpuinfo.img"], f"cpuinfo dump leaves {os.listdir(b.images())}")
    good(b, "cpuinfo", "check", "-D", b.images())
    good(b, "cpuinfo", "check", "-D", b.images(), "--cpu-cap=all")
    code, _ = b.tool("cpuinfo", "dump", "-D", "/proc")
    expect(code == 255, f"cpuinfo dump that cannot write: exit code {code}")


if __name__ == "__main__":
    sys.exit(cases.main("options", __doc__))
