#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests to `criu swrk` and `criu service`, good and bad, by pycriu, by libcriu and by hand.

    rpc.py [NAME...]
"""
import ctypes
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build")
CRIU = os.path.join(BUILD, "criu")
sys.path[:0] = [BUILD, os.path.join(TOP, "test", "zdtm")]
import pycriu  # noqa: E402
from pycriu import rpc  # noqa: E402
from procs import reap  # noqa: E402

CASES = []
DUMP_STEPS = ["pre-dump", "query-ext-files", "post-dump"]
RESTORE_STEPS = ["pre-restore", "post-restore", "pre-resume", "post-resume"]


def case(function):
    CASES.append(function)
    return function


class Bench:
    """A directory for images, targets, services; all of it ends with the case."""

    def __init__(self):
        self.where = tempfile.mkdtemp(prefix="criu-rpc.")
        self.dir = os.path.join(self.where, "img")
        os.mkdir(self.dir)
        self.dir_fd = os.open(self.dir, os.O_RDONLY | os.O_DIRECTORY)
        self.procs, self.pids = [], set()

    def target(self, *words):
        proc = subprocess.Popen(words or ("sleep", "1000"), start_new_session=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        self.procs.append(proc)
        self.pids.add(proc.pid)
        wait_until(lambda: state(proc.pid) == "S")
        return proc

    def client(self, **opts):
        c = pycriu.criu()
        c.use_binary(CRIU)
        c.opts.images_dir_fd = self.dir_fd
        c.opts.log_level = 4
        for name, value in opts.items():
            setattr(c.opts, name, value)
        return c

    def request(self, kind, **opts):
        r = rpc.criu_req(type=kind)
        r.opts.CopyFrom(self.client(**opts).opts)
        return r

    def dumped(self):
        """The pid of a process that is in the images and no more."""
        t = self.target()
        self.client(pid=t.pid).dump()
        t.wait()
        return t.pid

    def close(self):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for proc in self.procs:
            proc.kill()
            proc.wait()
        reap()
        os.close(self.dir_fd)
        shutil.rmtree(self.where)


class Raw:
    """criu swrk and the other end of its socket, packet by packet."""

    def __init__(self, *words, env=None, by=()):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(30)
        with theirs:
            self.proc = subprocess.Popen([*by, CRIU, *words, "swrk", str(theirs.fileno())], pass_fds=[theirs.fileno()],
                                         stderr=subprocess.PIPE, env=env)

    def send(self, message):
        self.sock.send(message if isinstance(message, bytes) else message.SerializeToString())

    def receive(self):
        data = self.sock.recv(65536)
        if not data:
            return None
        answer = rpc.criu_resp()
        answer.ParseFromString(data)
        answer_sizes.append(len(data))
        return answer

    def ask(self, message):
        self.send(message)
        return self.receive()

    def agree(self):
        self.send(rpc.criu_req(type=rpc.NOTIFY, notify_success=True))

    def end(self):
        """The exit status, once the connection is closed."""
        self.sock.close()
        self.proc.stderr.close()
        return self.proc.wait(30)


answer_sizes = []


def wait_until(question, seconds=10):
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain")
        time.sleep(0.005)


def status(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return {}


def state(pid):
    return status(pid).get("State", " ")[0]


def unharmed(pid):
    wait_until(lambda: status(pid).get("TracerPid") == "0")
    wait_until(lambda: state(pid) == "S")


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r}, not {wanted!r}")


def contains(part, text):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text!r}")


def refused(call, number):
    try:
        call()
    except pycriu.CRIUExceptionExternal as e:
        equal(e.errno, number)
        return str(e)
    raise AssertionError("was not refused")


# --- questions ------------------------------------------------------------------------------------------------
@case
def version(b):
    v = b.client().get_version()
    with open(os.path.join(TOP, "Makefile")) as f:
        wanted = next(line.split()[-1] for line in f if line.startswith("VERSION"))
    equal("%d.%d" % (v.major_number, v.minor_number), wanted)


@case
def keep_open(b):
    r = Raw()
    for kind in (rpc.VERSION, rpc.FEATURE_CHECK, rpc.VERSION):
        answer = r.ask(rpc.criu_req(type=kind, keep_open=True))
        equal((answer.type, answer.success), (kind, True))
    equal(r.end(), 0)
    r = Raw()
    equal(r.ask(rpc.criu_req(type=rpc.CHECK, keep_open=True)), None)
    equal(r.end(), 1)


@case
def feature_check(b):
    r = Raw()
    f = r.ask(rpc.criu_req(type=rpc.FEATURE_CHECK, features=rpc.criu_features(mem_track=True))).features
    equal([f.HasField(n) for n in ("mem_track", "lazy_pages", "pidfd_store")], [True] * 3)
    equal((f.mem_track, f.lazy_pages, f.pidfd_store), (False,) * 3)
    equal(r.end(), 0)


@case
def check(b):
    r = Raw()
    equal(r.ask(rpc.criu_req(type=rpc.CHECK)).success, True)
    equal(r.end(), 0)
    answer = Raw().ask(rpc.criu_req(type=rpc.CHECK, opts=rpc.criu_opts(images_dir_fd=-1, log_file="l")))
    equal((answer.type, answer.success, answer.cr_errno), (rpc.CHECK, False, errno.EBADRQC))
    b.client(log_file="l").check()
    if not os.path.getsize(os.path.join(b.dir, "l")):
        raise AssertionError("the log is empty")


@case
def log_file_with_slash(b):
    for kind in (rpc.CHECK, rpc.DUMP, rpc.RESTORE):
        answer = Raw().ask(b.request(kind, log_file="a/b", pid=1))
        equal((answer.type, answer.success, answer.cr_errno), (kind, False, errno.EBADRQC))
        contains("No subdirs are allowed in log_file name", answer.cr_errmsg)


@case
def cpuinfo(b):
    equal(Raw().ask(b.request(rpc.CPUINFO_DUMP)).success, True)
    equal(Raw().ask(b.request(rpc.CPUINFO_CHECK)).success, True)
    os.unlink(os.path.join(b.dir, "cpuinfo.img"))
    answer = Raw().ask(b.request(rpc.CPUINFO_CHECK))
    equal((answer.success, answer.cr_errno), (False, errno.ENOENT))


@case
def cpuinfo_of_another_cpu(b):
    """What the images ask for and this CPU has not."""
    equal(Raw().ask(b.request(rpc.CPUINFO_DUMP)).success, True)
    path = os.path.join(b.dir, "cpuinfo.img")
    with open(path, "rb") as f:
        image = pycriu.images.load(f)
    words = image["entries"][0]["x86_entry"][0]["capability"]
    words[:] = [0xffffffff] * len(words)
    with open(path, "wb") as f:
        pycriu.images.dump(image, f)
    answer = Raw().ask(b.request(rpc.CPUINFO_CHECK))
    equal((answer.type, answer.success, answer.cr_errno), (rpc.CPUINFO_CHECK, False, errno.EOPNOTSUPP))


@case
def wait_for_nobody(b):
    answer = Raw().ask(rpc.criu_req(type=rpc.WAIT_PID, pid=1))
    equal((answer.type, answer.success, answer.cr_errno), (rpc.WAIT_PID, False, errno.ECHILD))


@case
def not_built(b):
    for kind, back in ((rpc.PRE_DUMP, rpc.PRE_DUMP), (rpc.SINGLE_PRE_DUMP, rpc.SINGLE_PRE_DUMP),
                       (rpc.PAGE_SERVER, rpc.PAGE_SERVER), (rpc.PAGE_SERVER_CHLD, rpc.PAGE_SERVER)):
        answer = Raw().ask(b.request(kind))
        equal((answer.type, answer.success, answer.cr_errno), (back, False, errno.EOPNOTSUPP))
        contains("page server" if back == rpc.PAGE_SERVER else "pre-dump", answer.cr_errmsg)


# --- dump and restore -----------------------------------------------------------------------------------------
@case
def round_trip(b):
    """As runc does it: steps, the pid from post-restore, a child of the caller; logs are emptied, not replaced."""
    t = b.target()
    for name in ("dump.log", "restore.log"):
        with open(os.path.join(b.dir, name), "w") as f:
            f.write("old\n")
    inode = os.stat(os.path.join(b.dir, "dump.log")).st_ino
    steps = []
    c = b.client(pid=t.pid, log_file="dump.log", notify_scripts=True, manage_cgroups=True, file_locks=False,
                 tcp_established=False, root="/", empty_ns=0, leave_running=False)
    c.notify = lambda script, pid: steps.append((script, pid)) or True
    equal(c.dump().restored, False)
    equal(t.wait(), -signal.SIGKILL)
    equal(steps, [(s, 0) for s in DUMP_STEPS])
    equal(os.stat(os.path.join(b.dir, "dump.log")).st_ino, inode)
    with open(os.path.join(b.dir, "dump.log")) as f:
        text = f.read()
    contains("Dumping finished successfully", text)
    equal(text.startswith("old"), False)
    for name in ("inventory.img", "stats-dump"):
        os.stat(os.path.join(b.dir, name))

    steps.clear()
    c = b.client(log_file="restore.log", notify_scripts=True, rst_sibling=True, evasive_devices=True)
    c.notify = lambda script, pid: steps.append((script, pid)) or True
    equal(c.restore().pid, t.pid)
    equal(steps, [(s, t.pid if s == "post-restore" else 0) for s in RESTORE_STEPS])
    equal(status(t.pid)["PPid"], str(os.getpid()))
    unharmed(t.pid)
    contains("(17)", refused(c.restore, errno.EEXIST))
    unharmed(t.pid)
    os.kill(t.pid, signal.SIGKILL)
    equal(os.waitpid(t.pid, 0)[1], signal.SIGKILL)


@case
def work_dir(b):
    other = os.path.join(b.where, "work")
    os.mkdir(other)
    t = b.target()
    c = b.client(pid=t.pid, leave_running=True, work_dir_fd=os.open(other, os.O_RDONLY))
    c.dump()
    unharmed(t.pid)
    equal(sorted(os.listdir(other)), ["criu.log", "stats-dump"])
    equal("criu.log" in os.listdir(b.dir), False)


@case
def images_by_path(b):
    """images_dir, for clients that have no descriptor of it to give."""
    t = b.target()
    r = b.request(rpc.DUMP, pid=t.pid, leave_running=True, images_dir_fd=-1, images_dir=b.dir)
    equal(Raw().ask(r).success, True)
    unharmed(t.pid)
    os.stat(os.path.join(b.dir, "inventory.img"))


@case
def log_to_stderr(b):
    """The worker's, where the request names no file; a file goes before it."""
    t = b.target()
    for more, is_there in (({}, True), ({"log_file": "l"}, False)):
        r = Raw()
        equal(r.ask(b.request(rpc.DUMP, pid=t.pid, leave_running=True, log_to_stderr=True, **more)).success, True)
        r.sock.close()
        equal("Dumping finished successfully" in r.proc.stderr.read().decode(), is_there)
        equal(r.end(), 0)
    equal([name for name in os.listdir(b.dir) if name in ("l", "criu.log")], ["l"])


@case
def stopped_wins(b):
    """leave_stopped and leave_running: the target is there, and does not run."""
    t = b.target()
    b.client(pid=t.pid, leave_running=True, leave_stopped=True).dump()
    wait_until(lambda: state(t.pid) == "T")
    os.kill(t.pid, signal.SIGCONT)
    unharmed(t.pid)


@case
def config_file_overrides(b):
    path, other = os.path.join(b.where, "conf"), os.path.join(b.where, "other")
    os.mkdir(other)
    with open(path, "w") as f:
        f.write(f"leave-running\nlog-file over.log\nwork-dir {other}\n")
    t = b.target()
    b.client(pid=t.pid, leave_running=False, log_file="dump.log", config_file=path).dump()
    unharmed(t.pid)
    equal(sorted(os.listdir(other)), ["over.log", "stats-dump"])
    b.client(pid=t.pid, config_file="/no/such/file").dump()
    equal(t.wait(), -signal.SIGKILL)


@case
def default_config_does_not_override(b):
    path = os.path.join(b.where, "conf")
    with open(path, "w") as f:
        f.write("log-file base.log\nleave-stopped\n")
    t = b.target()
    env = dict(os.environ, CRIU_CONFIG_FILE=path)
    r = Raw(env=env)
    equal(r.ask(b.request(rpc.DUMP, pid=t.pid, leave_running=True, leave_stopped=False, log_file="req.log")).success, True)
    equal(r.end(), 0)
    unharmed(t.pid)
    equal([n for n in os.listdir(b.dir) if n.endswith(".log")], ["req.log"])
    with open(path, "w") as f:
        f.write("no such option here\n")
    r = Raw(env=env)
    equal(r.proc.wait(30), 1)
    r.end()


@case
def action_script_after_client(b):
    script, out = os.path.join(b.where, "script"), os.path.join(b.where, "out")
    with open(script, "w") as f:
        f.write(f"#!/bin/sh\necho $CRTOOLS_SCRIPT_ACTION >>{out}\n")
    os.chmod(script, 0o755)
    conf = os.path.join(b.where, "conf")
    with open(conf, "w") as f:
        f.write(f"action-script {script}\n")
    t = b.target()
    seen = []

    def told(action, _):
        with open(out, "a") as f:
            f.write(f"client {action}\n")
        return action != "post-dump"
    c = b.client(pid=t.pid, config_file=conf, notify_scripts=True)
    c.notify = told
    contains("RPC client reported script error", refused(c.dump, errno.ECANCELED))
    with open(out) as f:
        seen = f.read().splitlines()
    equal(seen, ["client pre-dump", "pre-dump", "client query-ext-files", "client post-dump"])
    unharmed(t.pid)


@case
def nobody(b):
    contains("there is no process", refused(b.client(pid=1 << 22).dump, errno.ESRCH))


@case
def worker_in_the_tree(b):
    """No pid: the client itself, whose child the worker is."""
    contains("The criu itself is within dumped tree", refused(b.client().dump, errno.EINVAL))


@case
def refusals_are_told(b):
    a, z = socket.socketpair()
    with a, z:
        t = subprocess.Popen(["sleep", "1000"], stdin=a, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)
        b.procs.append(t)
        wait_until(lambda: state(t.pid) == "S")
        r = b.request(rpc.DUMP, pid=t.pid)
        r.long_answers = True
        answer = Raw().ask(r)
    equal(answer.success, False)
    equal(answer.all_refusals >= 1, True)
    first = answer.refusals[0]
    contains(first.code, answer.cr_errmsg)
    contains(first.text, answer.cr_errmsg)
    contains("task %d" % t.pid, first.object)
    equal(bool(first.hint), True)
    unharmed(t.pid)


@case
def restored_command(b):
    """exec_cmd: the worker becomes the command, whose output goes to the log."""
    pid = b.dumped()
    c = b.client(log_file="restore.log")
    c.opts.exec_cmd.extend(["sh", "-c", "echo this is the command; kill -9 %d" % pid])
    equal(c.restore().pid, pid)
    with open(os.path.join(b.dir, "restore.log")) as f:
        contains("this is the command", f.read())


@case
def inherited_pipe(b):
    rd, wr = os.pipe()
    inode = os.fstat(wr).st_ino
    t = subprocess.Popen(["yes"], stdin=subprocess.DEVNULL, stdout=wr,
                         stderr=subprocess.DEVNULL, start_new_session=True)
    b.procs.append(t)
    os.read(rd, 1)
    c = b.client(pid=t.pid)
    c.opts.external.append("pipe:[%d]" % inode)
    c.dump()
    t.wait()
    os.close(rd)
    os.close(wr)
    rd, wr = os.pipe()
    r, end = b.request(rpc.RESTORE, rst_sibling=True), None
    sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    end = subprocess.Popen([CRIU, "swrk", str(theirs.fileno())], pass_fds=[theirs.fileno(), wr])
    theirs.close()
    f = r.opts.inherit_fd.add()
    f.key, f.fd = "pipe:[%d]" % inode, wr
    sock.send(r.SerializeToString())
    answer = rpc.criu_resp()
    answer.ParseFromString(sock.recv(8192))
    equal((answer.success, answer.cr_errmsg), (True, ""))
    b.pids.add(answer.restore.pid)
    os.close(wr)
    equal(os.read(rd, 1) in b"y\n", True)
    sock.close()
    equal(end.wait(30), 0)
    os.kill(answer.restore.pid, signal.SIGKILL)
    os.close(rd)


def some_device():
    """A device that is harmless to open, but that no kind of file claims; None if there is none."""
    for path in ("/dev/loop-control", "/dev/fuse", "/dev/vga_arbiter", "/dev/autofs", "/dev/kvm"):
        try:
            return open(path, "rb", buffering=0)  # pylint: disable=consider-using-with
        except OSError:
            pass
    return None


@case
def outside_pipe_must_come_back(b):
    """Engines made the pipes of their containers and give them back; a restore that does not get one says so."""
    rd, wr = os.pipe()
    t = subprocess.Popen(["yes"], stdin=subprocess.DEVNULL, stdout=wr, stderr=subprocess.DEVNULL,
                         start_new_session=True)
    b.procs.append(t)
    os.read(rd, 1)
    r = Raw()
    r.send(b.request(rpc.DUMP, pid=t.pid, notify_scripts=True))
    while (answer := r.receive()).type == rpc.NOTIFY:
        r.agree()
    equal((answer.type, answer.success), (rpc.DUMP, True))
    r.end()
    t.wait()
    answer = Raw().ask(b.request(rpc.RESTORE))
    equal(answer.success, False)
    contains("--inherit-fd fd[NUMBER]:pipe:[%d]" % os.fstat(wr).st_ino, answer.cr_errmsg)
    for fd in (rd, wr):
        os.close(fd)


@case
def external_by_answer(b):
    """What the client names at query-ext-files counts; without that the device is refused."""
    device = some_device()
    if not device:
        print("       no device to try it with")
        return
    with device:
        t = subprocess.Popen(["sleep", "1000"], stdin=device, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)
    b.procs.append(t)
    with open(f"/proc/{t.pid}/fdinfo/0", encoding="ascii") as f:
        mnt = int(dict(line.split(":") for line in f if ":" in line)["mnt_id"])
    key = f"file[{mnt:x}:{os.stat(device.name).st_ino:x}]"
    for external in ([], [key]):
        r = Raw()
        r.send(b.request(rpc.DUMP, pid=t.pid, notify_scripts=True, leave_running=True))
        while (answer := r.receive()).type == rpc.NOTIFY:
            agree = rpc.criu_req(type=rpc.NOTIFY, notify_success=True)
            if answer.notify.script == "query-ext-files":
                agree.opts.images_dir_fd = -1
                agree.opts.external.extend(external)
            r.send(agree)
        equal((answer.type, answer.success), (rpc.DUMP, bool(external)))
        if not external:
            equal([f.code for f in answer.refusals], ["file.device"])
        r.end()


# --- progress -----------------------------------------------------------------------------------------------------
HOG = "import sys, time; kept = b'x' * (64 << 20); open(sys.argv[1], 'w').close(); time.sleep(1000)"


def hog(b):
    ready = os.path.join(b.where, "ready")
    t = b.target(sys.executable, "-c", HOG, ready)
    wait_until(lambda: os.path.exists(ready))
    wait_until(lambda: state(t.pid) == "S")
    os.unlink(ready)
    return t


def grows(news, key):
    values = [key(p) for p in news]
    equal(values, sorted(values))


@case
def progress_is_told(b):
    """To a client that asks for it: stages, what is done of how much; and never more than there is."""
    t, news = hog(b), []
    c = b.client(pid=t.pid)
    c.progress, c.progress_ms = news.append, 1
    c.dump()
    t.wait()
    pages = [p for p in news if p.stage == "pages" and p.unit == rpc.BYTES]
    if len(pages) < 3:
        raise AssertionError(f"told {len(pages)} times of the pages of 64 MiB")
    equal([p.done <= p.total for p in pages if p.total], [True] * len([p for p in pages if p.total]))
    equal(max(p.total for p in pages) >= 64 << 20, True)
    grows(pages, lambda p: p.done)
    grows(news, lambda p: p.run_us)
    news.clear()
    c = b.client()
    c.progress, c.progress_ms = news.append, 1
    equal(c.restore().pid, t.pid)
    equal(bool(news), True)
    unharmed(t.pid)


@case
def progress_nobody_asked_for(b):
    t, r = hog(b), Raw()
    r.send(b.request(rpc.DUMP, pid=t.pid, leave_running=True))
    equal(r.receive().type, rpc.DUMP)
    equal(r.end(), 0)


@case
def progress_to_a_client_that_does_not_read(b):
    """It is in nobody's way: not in that of the run, nor of steps and answer, which come when the client reads on."""
    t, r = hog(b), Raw()
    r.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    request = b.request(rpc.DUMP, pid=t.pid, notify_scripts=True)
    request.progress_ms = 1
    r.send(request)
    time.sleep(0.3)
    while (answer := r.receive()).type == rpc.NOTIFY:
        if not answer.HasField("progress"):
            if answer.notify.script == "post-dump":
                time.sleep(0.3)         # meanwhile the socket is filled
            r.agree()
    equal((answer.type, answer.success), (rpc.DUMP, True))
    equal(t.wait(), -signal.SIGKILL)
    equal(r.end(), 0)


# --- clients that go away -----------------------------------------------------------------------------------
def leave_at(b, request, step):
    """The exit status of a worker whose client closes the connection when it is told of the step."""
    r = Raw()
    r.send(request)
    while True:
        answer = r.receive()
        equal(answer.type, rpc.NOTIFY)
        if answer.notify.script == step:
            return r.end()
        r.agree()


@case
def dump_clients_vanish(b):
    t = b.target()
    for step in DUMP_STEPS:
        equal(leave_at(b, b.request(rpc.DUMP, pid=t.pid, notify_scripts=True), step), 1)
        unharmed(t.pid)
        equal([n for n in os.listdir(b.dir) if n.endswith(".img")], [])
    r = Raw()
    r.send(b.request(rpc.DUMP, pid=t.pid))
    equal(r.end() in (0, 1), True)


@case
def restore_clients_vanish(b):
    pid = b.dumped()
    for step in RESTORE_STEPS:
        code = leave_at(b, b.request(rpc.RESTORE, notify_scripts=True), step)
        wait_until(lambda: state(pid) in "S " or (reap() or not status(pid)))
        reap()
        if step in ("pre-restore", "post-restore"):
            equal(code, 1)
            equal(status(pid), {})
        else:
            unharmed(pid)
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: reap() or not status(pid))


@case
def workers_are_killed(b):
    """SIGKILL to the worker while a client is asked: the target runs on, the client sees the end."""
    t = b.target()
    for step in DUMP_STEPS:
        r = Raw()
        r.send(b.request(rpc.DUMP, pid=t.pid, notify_scripts=True))
        while (answer := r.receive()).notify.script != step:
            r.agree()
        r.proc.kill()
        equal(r.receive(), None)
        r.end()
        unharmed(t.pid)
        equal([n for n in os.listdir(b.dir) if n.endswith(".img")], [])


# --- a tree in namespaces: more steps ------------------------------------------------------------------------------
NS_DUMP_STEPS = ["pre-dump", "network-lock", "query-ext-files", "post-dump"]
NS_RESTORE_STEPS = ["pre-restore", "setup-namespaces", "post-setup-namespaces", "post-restore", "network-unlock", "pre-resume",
                    "post-resume"]


def ns_target(b):
    t = b.target("unshare", "-n", "-u", "-i", "sleep", "1000")
    wait_until(lambda: status(t.pid).get("Name") == "sleep")
    return t


def steps_until(request, stop=None, refuse=False):
    """(steps with pids, the answer or None): the client agrees to all, but refuses one or goes away at it."""
    r, steps = Raw(), []
    r.send(request)
    while (answer := r.receive()).type == rpc.NOTIFY:
        steps.append((answer.notify.script, answer.notify.pid))
        if answer.notify.script != stop:
            r.agree()
        elif refuse:
            r.send(rpc.criu_req(type=rpc.NOTIFY, notify_success=False))
        else:
            r.end()
            return steps, None
    r.end()
    return steps, answer


def settle(pid):
    wait_until(lambda: reap() or not status(pid))


@case
def steps_of_namespaces(b):
    t = ns_target(b)
    request = b.request(rpc.DUMP, pid=t.pid, notify_scripts=True, leave_running=True)
    equal(steps_until(request)[0], [(s, 0) for s in [*NS_DUMP_STEPS, "network-unlock"]])
    unharmed(t.pid)
    request.opts.leave_running = False
    equal(steps_until(request)[0], [(s, 0) for s in NS_DUMP_STEPS])
    t.wait()
    steps, answer = steps_until(b.request(rpc.RESTORE, notify_scripts=True))
    told = ("setup-namespaces", "post-restore")
    equal(steps, [(s, t.pid if s in told else 0) for s in NS_RESTORE_STEPS])
    equal((answer.type, answer.success, answer.restore.pid), (rpc.RESTORE, True, t.pid))


@case
def no_at_each_step_of_a_dump(b):
    """Refused or left: the target runs on, its network is open, and no image is there."""
    t = ns_target(b)
    for step in NS_DUMP_STEPS:
        for refuse in (True, False):
            _, answer = steps_until(b.request(rpc.DUMP, pid=t.pid, notify_scripts=True), step, refuse)
            if refuse:
                equal((answer.type, answer.success), (rpc.DUMP, False))
                contains("RPC client reported script error at " + step, answer.cr_errmsg)
            unharmed(t.pid)
            equal([n for n in os.listdir(b.dir) if n.endswith(".img")], [])
            tables = subprocess.run(["nsenter", "-n", "-t", str(t.pid), "nft", "list", "tables"], stdout=subprocess.PIPE, check=True)
            equal(tables.stdout, b"")


@case
def no_at_each_step_of_a_restore(b):
    """Up to post-restore nothing is left of it; after that the tasks are there, and go their way."""
    t = ns_target(b)
    equal(steps_until(b.request(rpc.DUMP, pid=t.pid))[1].success, True)
    t.wait()
    for step in NS_RESTORE_STEPS:
        for refuse in (True, False):
            _, answer = steps_until(b.request(rpc.RESTORE, notify_scripts=True), step, refuse)
            if NS_RESTORE_STEPS.index(step) <= NS_RESTORE_STEPS.index("post-restore"):
                if refuse:
                    equal((answer.type, answer.success), (rpc.RESTORE, False))
                    contains("RPC client reported script error at " + step, answer.cr_errmsg)
                settle(t.pid)
                continue
            if refuse:
                equal((answer.success, answer.restore.pid), (True, t.pid))
            unharmed(t.pid)
            os.kill(t.pid, signal.SIGKILL)
            settle(t.pid)


@case
def other_answers_than_notify(b):
    """A packet that is no answer to the step ends the run as a no does."""
    t = ns_target(b)
    for packet in (rpc.criu_req(type=rpc.VERSION), rpc.criu_req(type=rpc.NOTIFY), rpc.criu_req(type=rpc.DUMP, notify_success=True),
                   b"\xff\xff", b"\x08"):
        r = Raw()
        r.send(b.request(rpc.DUMP, pid=t.pid, notify_scripts=True))
        equal(r.receive().notify.script, "pre-dump")
        answer = r.ask(packet)
        equal((answer.type, answer.success), (rpc.DUMP, False))
        r.end()
        unharmed(t.pid)


# --- rights, descriptors, crowds ----------------------------------------------------------------------------------
@case
def without_capabilities(b):
    """The answer says what is missing, and standard output is nobody's but the client's."""
    for kind in (rpc.CHECK, rpc.DUMP, rpc.RESTORE):
        r = Raw(by=["setpriv", "--bounding-set", "-sys_admin,-checkpoint_restore"])
        answer = r.ask(b.request(kind, pid=1, log_file="log"))
        equal((answer.type, answer.success), (kind, False))
        contains("CAP_CHECKPOINT_RESTORE", answer.cr_errmsg)
        equal(r.end(), 1)


@case
def descriptors_of_the_wrong_kind(b):
    rd, wr = os.pipe()
    with open("/dev/null", "rb") as null:
        for fd in (rd, null.fileno(), wr):
            for field in ("images_dir_fd", "work_dir_fd"):
                answer = Raw().ask(b.request(rpc.DUMP, pid=os.getpid(), **{field: fd}))
                equal((answer.success, answer.cr_errno), (False, errno.EBADRQC))
    os.close(rd)
    os.close(wr)


@case
def descriptors_nobody_asked_for(b):
    """What comes along with a request is not kept."""
    r = Raw()
    rd, wr = os.pipe()
    socket.send_fds(r.sock, [rpc.criu_req(type=rpc.VERSION, keep_open=True).SerializeToString()], [wr] * 50)
    os.close(wr)
    equal(r.receive().type, rpc.VERSION)
    os.set_blocking(rd, True)
    equal(os.read(rd, 1), b"")      # the last writer has gone
    os.close(rd)
    equal(r.end(), 0)


@case
def crowd(b):
    """Many clients at once, most of whom say nothing: the others are served all the same."""
    _, path = start_service(b)
    silent = []
    for _ in range(40):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.connect(path)
        s.settimeout(10)
        silent.append(s)
    c = b.client()
    c.use_sk(path)
    for _ in range(5):
        c.get_version()
    for s in silent:
        s.send(rpc.criu_req(type=rpc.VERSION).SerializeToString())
    for s in silent:
        answer = rpc.criu_resp()
        answer.ParseFromString(s.recv(8192))
        equal(answer.success, True)
        s.close()


# --- bad packets -------------------------------------------------------------------------------------------------
def is_empty_failure(answer):
    equal((answer.type, answer.success), (rpc.EMPTY, False))
    equal(bool(answer.cr_errmsg), True)


@case
def malformed(b):
    for packet in (b"\xff" * 10, b"\x08", b"\x12\xff\xff\xff\xff\x0f", os.urandom(4096), b"\x10\x01"):
        r = Raw()
        is_empty_failure(r.ask(packet))
        equal(r.end(), 1)


@case
def truncated(b):
    whole = b.request(rpc.VERSION, log_file="x" * 50).SerializeToString()
    for n in range(1, len(whole)):
        r = Raw()
        r.send(whole[:n])
        if r.receive() is None:
            raise AssertionError(f"{n} bytes of a request were not answered")
        equal(r.end() in (0, 1), True)


@case
def oversized(b):
    r = Raw()
    r.sock.setsockopt(socket.SOL_SOCKET, 32, 32 << 20)     # SO_SNDBUFFORCE
    try:
        r.send(b"\0" * (4200 << 10))
    except OSError as e:
        contains(errno.errorcode[e.errno], "EMSGSIZE ENOBUFS")     # the kernel has refused it
    else:
        contains("longer than any", r.receive().cr_errmsg)
    r.end()


@case
def unknown_requests(b):
    for kind in (rpc.EMPTY, rpc.NOTIFY):
        r = Raw()
        is_empty_failure(r.ask(rpc.criu_req(type=kind)))
        equal(r.end(), 1)
    r = Raw()
    is_empty_failure(r.ask(b"\x08\x63"))      # type 99
    equal(r.end(), 1)
    r = Raw()
    equal(r.end(), 1)


@case
def hostile_options(b):
    t = b.target()
    for opts, part in (({"images_dir_fd": 999999}, "images directory"), ({"images_dir_fd": -7}, "is no descriptor"),
                       ({"images_dir": "/no/such", "images_dir_fd": -1}, "/no/such"),
                       ({"images_dir_fd": -1}, "no images directory"), ({"empty_ns": 1}, "empty_ns"),
                       ({"log_file": "x" * 5000}, "log file"), ({"freeze_cgroup": "/no/such"}, "/no/such"),
                       ({"pidfd_store_sk": 3}, "pidfd_store_sk"), ({"work_dir_fd": 999999}, "work directory")):
        r = Raw()
        answer = r.ask(b.request(rpc.DUMP, pid=t.pid, **opts))
        equal(answer.success, False)
        contains(part, answer.cr_errmsg)
        equal(len(answer.cr_errmsg) < 1000, True)
        equal(r.end(), 1)
        unharmed(t.pid)


@case
def wrong_options_are_in_the_log(b):
    """Where engines look; the request had not got as far as a log when it was refused."""
    t = b.target()
    answer = Raw().ask(b.request(rpc.DUMP, pid=t.pid, log_file="dump.log", empty_ns=1))
    equal(answer.cr_errno, errno.EBADRQC)
    with open(os.path.join(b.dir, "dump.log"), encoding="ascii") as f:
        contains(answer.cr_errmsg, f.read())


@case
def usage(b):
    for words in ([], ["x"], ["3", "4"], ["-1"], ["777"]):
        p = subprocess.run([CRIU, "swrk", "--", *words], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        equal(p.returncode, 1)
    with open("/dev/null") as f:
        p = subprocess.run([CRIU, "swrk", str(f.fileno())], pass_fds=[f.fileno()], stderr=subprocess.PIPE)
        equal(p.returncode, 1)


# --- the service ---------------------------------------------------------------------------------------------------
def start_service(b, *words):
    path = os.path.join(b.where, "socket")
    rd, wr = os.pipe()
    p = subprocess.Popen([CRIU, "service", "--address", path, "--status-fd", str(wr), "-W", b.where, "-o", "service.log",
                          *words], pass_fds=[wr])
    os.close(wr)
    b.procs.append(p)
    equal(os.read(rd, 2), b"\0")
    os.close(rd)
    return p, path


@case
def service(b):
    p, path = start_service(b, "--leave-running")
    equal(os.stat(path).st_mode & 0o777, 0o666)
    t = b.target()
    c = b.client(pid=t.pid)
    c.use_sk(path)
    for _ in range(3):
        c.get_version()
        c.check()
    c.dump()
    equal(t.wait(), -signal.SIGKILL)     # options of the service are not those of its clients
    c = b.client()
    c.use_sk(path)
    equal(c.restore().pid, t.pid)
    unharmed(t.pid)
    c.opts.rst_sibling = True
    contains("rst_sibling", refused(c.restore, errno.EBADRQC))
    p.terminate()
    equal(p.wait(10), 0)
    equal(os.path.exists(path), False)


@case
def service_without_an_address(b):
    """It listens in its work directory."""
    rd, wr = os.pipe()
    p = subprocess.Popen([CRIU, "service", "--status-fd", str(wr), "-W", b.where], pass_fds=[wr], stderr=subprocess.PIPE, text=True)
    b.procs.append(p)
    os.close(wr)
    equal(os.read(rd, 2), b"\0")
    os.close(rd)
    c = b.client()
    c.use_sk(os.path.join(b.where, "criu_service.socket"))
    c.get_version()
    p.terminate()
    contains("criu_service.socket", p.communicate(timeout=10)[1])
    equal(p.returncode, 0)


SELF = """
import os, sys
sys.path.insert(0, sys.argv[1])
import pycriu
c = pycriu.criu()
c.use_sk(sys.argv[2])
c.opts.images_dir_fd = os.open(sys.argv[3], os.O_RDONLY | os.O_DIRECTORY)
c.opts.leave_running = sys.argv[4] == "stay"
with open(os.path.join(sys.argv[3], "said"), "a") as f:
    print("restored" if c.dump().restored else "dumped", file=f, flush=True)
    if c.opts.leave_running:
        c.opts.leave_running = False
        print("restored" if c.dump().restored else "dumped", file=f, flush=True)
"""


@case
def program_dumps_itself(b):
    """It goes on behind its request: dumped, where it lives on, and restored in each restore."""
    service, path = start_service(b)
    said = os.path.join(b.dir, "said")

    def told():
        with open(said, encoding="ascii") as f:
            return f.read().split()
    t = subprocess.Popen(["/usr/bin/python3", "-c", SELF, BUILD, path, b.dir, "stay"], start_new_session=True, cwd="/",
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    b.procs.append(t)
    b.pids.add(t.pid)
    equal(t.wait(20), -signal.SIGKILL)
    equal(told(), ["dumped"])
    c = b.client()
    c.use_sk(path)
    for n in (1, 2):
        pid = c.restore().pid
        equal(pid, t.pid)
        wait_until(lambda: len(told()) > 1 or not os.path.exists(f"/proc/{pid}"))
        equal(told(), ["dumped", "restored"])
        wait_until(lambda: state(pid) in ("Z", "") or not os.path.exists(f"/proc/{pid}"))
        reap()
        with open(said, "w", encoding="ascii") as f:
            f.write("dumped\n")
    service.terminate()
    equal(service.wait(10), 0)


@case
def service_in_background(b):
    path, pidfile = os.path.join(b.where, "s"), os.path.join(b.where, "pid")
    subprocess.run([CRIU, "service", "-d", "--address", path, "--pidfile", pidfile, "-W", b.where, "-o", "log"],
                   check=True, timeout=30)
    wait_until(lambda: os.path.exists(pidfile) and os.path.getsize(pidfile))
    with open(pidfile) as f:
        pid = int(f.read())
    b.pids.add(pid)
    c = b.client()
    c.use_sk(path)
    wait_until(lambda: os.path.exists(path))
    c.get_version()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: reap() or not status(pid))


@case
def strangers(b):
    """Another user's client gets answers to questions, and nothing that needs the rights of the service."""
    _, path = start_service(b)
    os.chmod(b.where, 0o755)
    for kind, good in ((rpc.VERSION, True), (rpc.DUMP, False), (rpc.RESTORE, False), (rpc.CPUINFO_DUMP, False)):
        rd, wr = os.pipe()
        pid = os.fork()
        if not pid:
            os.setresuid(1234, 1234, 1234)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
                sock.connect(path)
                sock.send(b.request(kind).SerializeToString())
                os.write(wr, sock.recv(8192))
            os._exit(0)
        os.close(wr)
        answer = rpc.criu_resp()
        answer.ParseFromString(os.read(rd, 8192))
        os.close(rd)
        os.waitpid(pid, 0)
        equal((answer.success, answer.cr_errno), (good, 0 if good else errno.EPERM))


# --- libcriu -----------------------------------------------------------------------------------------------------
@case
def libcriu(b):
    engine = os.path.join(b.where, "engine")
    subprocess.run(["cc", "-Wall", "-Werror", "-I", TOP + "/lib/c", "-I", BUILD + "/libcriu", "-I", BUILD + "/images",
                    "-o", engine, TOP + "/test/rpc/engine.c", "-ldl"], check=True)
    t = b.target()
    # somebody must reap what is dumped, before its pid is free
    threading.Thread(target=t.wait, daemon=True).start()
    p = subprocess.run([engine, CRIU, str(t.pid), b.dir], env=dict(os.environ, LD_LIBRARY_PATH=BUILD), timeout=60,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if p.returncode:
        raise AssertionError(p.stderr[-500:])
    dumps = [s + " 0" for s in DUMP_STEPS]
    restores = ["%s %d" % (s, t.pid if s == "post-restore" else 0) for s in RESTORE_STEPS]
    equal(p.stdout.splitlines(), ["pre-dump 0"] + dumps + dumps + restores + ["pre-restore 0"])


def main():
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)      # PR_SET_CHILD_SUBREAPER
    os.closerange(3, 1024)
    bad = n = 0
    for function in CASES:
        if sys.argv[1:] and function.__name__ not in sys.argv[1:]:
            continue
        n += 1
        b = Bench()
        try:
            function(b)
            big = max(answer_sizes, default=0)
            equal(big <= 8191, True)
            print(f"ok    {function.__name__}", flush=True)
        except Exception:       # noqa: B902  (each case is told, whatever it died of)
            bad += 1
            print(f"FAIL  {function.__name__}\n{traceback.format_exc(limit=-4)}", flush=True)
        finally:
            b.close()
    print(f"{n - bad} passed, {bad} failed, 0 skipped")
    return 1 if bad or not n else 0


sys.exit(main())
