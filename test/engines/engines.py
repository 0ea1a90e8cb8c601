#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Container engines, as Debian packages them, with this tool as their criu.

    engines.py [--peer FILE] [NAME...]

Each case makes a small container, checkpoints and restores it, and looks inside. Mounts, cgroups and processes of the
machine are counted before and after. --peer: the same with another criu, to see what the engine itself does.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUSYBOX = "/bin/busybox"
APPLETS = ("sh", "sleep", "cat", "ls", "mount", "stty", "id", "hostname", "head", "kill", "dd", "mkfifo")
COUNTER = "i=0; while :; do i=$((i+1)); echo $i > /tmp/count; sleep 0.05; done"
NEIGHBOURS = "i=0; while [ $i -lt 50 ]; do i=$((i+1)); sleep 30 & done; wait"
ROUNDS = 20
CASES = []


class Skipped(Exception):
    pass


def case(function):
    CASES.append(function)
    return function


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")


def wait_until(question, what, seconds=10):
    end = time.monotonic() + seconds
    while not question():
        if time.monotonic() > end:
            raise AssertionError(f"in vain: {what}")
        time.sleep(0.02)


def make_rootfs(path):
    for name in ("bin", "proc", "sys", "dev", "tmp", "etc", "root", "data"):
        os.makedirs(os.path.join(path, name))
    shutil.copy2(BUSYBOX, os.path.join(path, "bin/busybox"))
    for name in APPLETS:
        os.symlink("busybox", os.path.join(path, "bin", name))
    with open(os.path.join(path, "bin/pause"), "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nwhile :; do sleep 1; done\n")  # an init that reaps
    os.chmod(os.path.join(path, "bin/pause"), 0o755)
    with open(os.path.join(path, "etc/passwd"), "w", encoding="ascii") as f:
        f.write("root:x:0:0::/root:/bin/sh\n")


class Machine:
    """What must be the same before and after."""

    def __init__(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            self.mounts = sorted(line.split()[4] for line in f)
        self.cgroups = sorted(d for top in ("/sys/fs/cgroup/freezer", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory",
                                            "/sys/fs/cgroup")
                              if os.path.isdir(top) for d, _, _ in os.walk(top) if "/tst-" in d or "/libpod-" in d)

    def compare(self, before):
        equal(self.mounts, before.mounts, "mounts of the machine")
        equal(self.cgroups, before.cgroups, "cgroups")


class Engine:
    def __init__(self, directory, path):
        self.dir = directory
        self.env = dict(os.environ, PATH=f"{path}:/usr/sbin:/usr/bin:/sbin:/bin")

    def run(self, *words, check=True, **kwargs):
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        # a file, not a pipe: containers inherit it and would keep a pipe open; timeout(1), since Python asks in steps of 50 ms
        with tempfile.TemporaryFile("w+", dir=self.dir) as out:
            code = subprocess.run(["timeout", "-k", "2", "60", *words], env=self.env, stdout=out, stderr=subprocess.STDOUT,
                                  check=False, **kwargs).returncode
            out.seek(0)
            text = out.read()
        if check and code:
            raise AssertionError(f"{' '.join(words)} ends with {code}", *text.splitlines()[-8:], *self.log_lines())
        return text if check else (code, text)

    def log_lines(self):
        """What the tool says in the newest of its logs."""
        logs = [os.path.join(d, f) for d, _, files in os.walk(self.dir) for f in files if f in ("dump.log", "restore.log")]
        if not logs:
            return []
        with open(max(logs, key=os.path.getmtime), encoding="utf-8", errors="replace") as f:
            return [line.rstrip() for line in f if "Error" in line][-6:]


class Runc(Engine):
    def __init__(self, directory, path, name="tst-c1"):
        super().__init__(directory, path)
        if not shutil.which("runc", path=self.env["PATH"]):
            raise Skipped("runc is not installed")
        self.name = name
        self.bundle = os.path.join(directory, "bundle")
        self.state = os.path.join(directory, "state")
        self.images = os.path.join(directory, "images")

    def make_bundle(self, command=COUNTER, tty=False, change=None):
        os.mkdir(self.bundle)
        make_rootfs(os.path.join(self.bundle, "rootfs"))
        self.run("runc", "spec", "--bundle", self.bundle)
        path = os.path.join(self.bundle, "config.json")
        with open(path, encoding="utf-8") as f:
            config = json.load(f)
        config["process"]["terminal"] = tty
        config["process"]["args"] = ["/bin/sh", "-c", command]
        config["process"].pop("rlimits", None)  # raising them needs a capability that root may lack
        config["root"]["readonly"] = False
        config["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
                                 "options": ["nosuid", "size=4m"]})
        if change:
            change(config)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f)

    def runc(self, *words, **kwargs):
        return self.run("runc", "--root", self.state, *words, **kwargs)

    def start(self):
        # its standard streams must not be a file of the host's: no engine does that
        rd, wr = os.pipe()
        subprocess.run(["runc", "--root", self.state, "run", "-d", "--bundle", self.bundle, self.name], env=self.env,
                       stdin=subprocess.DEVNULL, stdout=wr, stderr=wr, check=True, timeout=30)
        os.close(wr)
        self.out = rd
        self.count_after(0)

    def checkpoint(self, *words, **kwargs):
        shutil.rmtree(self.images, ignore_errors=True)
        os.mkdir(self.images)
        return self.runc("checkpoint", "--image-path", self.images, "--work-path", self.images, *words, self.name, **kwargs)

    def restore(self, *words, name=None, bundle=None, **kwargs):
        rd, wr = os.pipe()
        try:
            return self.runc("restore", "-d", "--image-path", self.images, "--work-path", self.images, "--bundle",
                             bundle or self.bundle, *words, name or self.name, **kwargs)
        finally:
            os.close(wr)
            os.close(rd)

    def inside(self, *words, name=None):
        return self.runc("exec", name or self.name, *words).strip()

    def count(self, name=None):
        return int(self.inside("/bin/cat", "/tmp/count", name=name) or 0)

    def count_after(self, count, name=None):
        """The program goes on from there."""
        wait_until(lambda: self.count(name) > count, f"the container counts on from {count}")
        return self.count(name)

    def end(self):
        for name in (self.name, self.name + "x"):
            self.runc("delete", "-f", name, check=False)


LIMITS = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
"""


class Podman(Engine):
    def __init__(self, directory, path, image=None):
        super().__init__(directory, path)
        # root may lack the capability to raise limits, which the defaults do
        self.env["CONTAINERS_CONF"] = os.path.join(directory, "containers.conf")
        with open(self.env["CONTAINERS_CONF"], "w", encoding="ascii") as f:
            f.write(LIMITS)
        for program in ("podman", "runc"):
            if not shutil.which(program, path=self.env["PATH"]):
                raise Skipped(f"{program} is not installed")
        self.words = ["podman", "--root", os.path.join(directory, "store"), "--runroot", os.path.join(directory, "run"),
                      "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc", "--events-backend", "none"]
        if image:
            self.podman("load", "-i", image)
            return
        root = os.path.join(directory, "rootfs")
        make_rootfs(root)
        self.run("tar", "-C", root, "-cf", os.path.join(directory, "image.tar"), ".")
        self.podman("import", os.path.join(directory, "image.tar"), "tiny")

    def podman(self, *words, **kwargs):
        return self.run(*self.words, *words, **kwargs)

    def start(self, name="p1", command=COUNTER, options=()):
        self.podman("run", "-d", "--name", name, "--network", "none", "--stop-timeout", "0", *options, "tiny", "/bin/sh", "-c", command)
        self.count_after(0, name)

    def count(self, name="p1"):
        return int(self.podman("exec", name, "/bin/cat", "/tmp/count").strip() or 0)

    def count_after(self, count, name="p1"):
        wait_until(lambda: self.count(name) > count, f"the container counts on from {count}")
        return self.count(name)

    def end(self):
        self.podman("rm", "-f", "-t", "0", "-a", check=False)


# --- runc ---------------------------------------------------------------------------------------------------------

@case
def runc_round_trip(directory, path):
    c = Runc(directory, path)
    c.make_bundle()
    try:
        c.start()
        # what masks files of /proc comes from where runc says: the host's /dev/null
        look = "mount | while read l; do case $l in *' on /proc/'*dev*) ;; *' on /proc/'*mode=755*) ;; *) echo $l;; esac; done"
        look += "; hostname; cat /proc/1/cgroup; id"
        before = c.inside("/bin/sh", "-c", look).splitlines()
        count = c.count()
        c.checkpoint()
        equal(c.runc("list", "-q").strip(), "", "containers after the checkpoint")
        c.restore()
        c.count_after(count)
        equal(c.inside("/bin/sh", "-c", look).splitlines(), before, "what is seen inside")
    finally:
        c.end()


@case
def runc_rounds(directory, path):
    c = Runc(directory, path)
    c.make_bundle()
    try:
        c.start()
        count = 0
        for _ in range(ROUNDS):
            count = c.count_after(count)
            c.checkpoint()
            c.restore()
        c.count_after(count)
    finally:
        c.end()


@case
def runc_leave_running(directory, path):
    c = Runc(directory, path)
    c.make_bundle()
    try:
        c.start()
        count = c.count()
        c.checkpoint("--leave-running")
        c.count_after(count)
    finally:
        c.end()


@case
def runc_other_name(directory, path):
    c = Runc(directory, path)
    c.make_bundle()
    try:
        c.start()
        count = c.count()
        c.checkpoint()
        c.restore(name=c.name + "x")
        c.count_after(count, c.name + "x")
    finally:
        c.end()


@case
def runc_second_host(directory, path):
    """Images and bundle at other places: the root, and what is bound into it, are where they are now."""
    c = Runc(directory, path)
    volume, other = os.path.join(directory, "volume"), os.path.join(directory, "other")

    def bind(source):
        def change(config):
            config["mounts"].append({"destination": "/data", "type": "bind", "source": source, "options": ["rbind", "rw"]})
        return change

    os.mkdir(volume)
    c.make_bundle("exec 3>/data/log; echo before >&3; " + COUNTER, change=bind(volume))
    try:
        c.start()
        count = c.count()
        c.checkpoint()
        shutil.copytree(volume, other)
        moved = os.path.join(directory, "moved")
        shutil.copytree(c.bundle, moved, symlinks=True)
        config = os.path.join(moved, "config.json")
        with open(config, encoding="utf-8") as f:
            text = f.read()
        with open(config, "w", encoding="utf-8") as f:
            f.write(text.replace(volume, other))
        shutil.rmtree(c.bundle)
        shutil.rmtree(volume)
        c.restore(bundle=moved)
        c.count_after(count)
        c.inside("/bin/sh", "-c", "echo after > /data/second")
        equal(sorted(os.listdir(other)), ["log", "second"], "files of the volume")
    finally:
        c.end()


@case
def runc_damaged_image(directory, path):
    c = Runc(directory, path)
    c.make_bundle()
    try:
        c.start()
        c.checkpoint()
        with open(os.path.join(c.images, "pstree.img"), "r+b") as f:
            f.truncate(11)
        code, _ = c.restore(check=False)
        equal(bool(code), True, "a damaged image is restored")
        lines = c.log_lines()
        equal(any("pstree.img" in line for line in lines), True, f"the log names the image: {lines}")
    finally:
        c.end()


@case
def runc_volume_is_gone(directory, path):
    c = Runc(directory, path)
    volume = os.path.join(directory, "volume")
    os.mkdir(volume)
    c.make_bundle(change=lambda config: config["mounts"].append(
        {"destination": "/data", "type": "bind", "source": volume, "options": ["rbind", "rw"]}))
    try:
        c.start()
        c.checkpoint()
        os.rmdir(volume)
        code, text = c.restore(check=False)
        equal(bool(code), True, "a container without its volume is restored")
        equal("volume" in text or any("volume" in line for line in c.log_lines()), True, "somebody names the volume")
    finally:
        c.end()


@case
def runc_killed_half_way(directory, path):
    """The engine dies at some moment of the checkpoint: the container counts on, or is checkpointed whole."""
    c = Runc(directory, path)
    c.make_bundle()
    try:
        c.start()
        for ms in (1, 5, 10, 15, 20, 30):
            shutil.rmtree(c.images, ignore_errors=True)
            os.mkdir(c.images)
            with subprocess.Popen(["runc", "--root", c.state, "checkpoint", "--image-path", c.images, "--work-path", c.images,
                                   c.name], env=c.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as engine:
                time.sleep(ms / 1000)
                engine.send_signal(signal.SIGKILL)
            time.sleep(0.3)
            state = json.loads(c.runc("state", c.name))["status"]
            if state == "running":
                c.count_after(c.count())
                continue
            c.runc("delete", "-f", c.name)
            c.restore()
            c.count_after(0)
    finally:
        c.end()


@case
def runc_cgroup_namespace(directory, path):
    """What engines do by default where cgroups are those of version 2."""
    c = Runc(directory, path)
    c.make_bundle(change=lambda config: config["linux"]["namespaces"].append({"type": "cgroup"}))
    try:
        c.start()
        before = c.inside("/bin/cat", "/proc/1/cgroup")
        equal(c.name in before, False, "the container sees its name in its cgroups")
        c.checkpoint()
        c.restore()
        equal(c.inside("/bin/cat", "/proc/1/cgroup"), before, "cgroups as the container sees them")
    finally:
        c.end()


@case
def runc_user_namespace(directory, path):
    c = Runc(directory, path)

    def change(config):
        config["linux"]["namespaces"].append({"type": "user"})
        ids = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = ids
    c.make_bundle(change=change)
    for top, dirs, files in os.walk(c.bundle):
        for name in [top, *(os.path.join(top, f) for f in dirs + files)]:
            os.chown(name, 100000, 100000, follow_symlinks=False)
    os.chmod(directory, 0o755)
    try:
        c.start()
        count = c.count()
        before = c.inside("/bin/sh", "-c", "id; cat /proc/1/uid_map; ls -ln /tmp/count")
        c.checkpoint()
        c.restore()
        c.count_after(count)
        equal(c.inside("/bin/sh", "-c", "id; cat /proc/1/uid_map; ls -ln /tmp/count").split()[:7], before.split()[:7], "ids")
    finally:
        c.end()


# --- podman -------------------------------------------------------------------------------------------------------

@case
def podman_round_trip(directory, path):
    p = Podman(directory, path)
    try:
        p.start()
        count = p.count()
        p.podman("container", "checkpoint", "p1")
        p.podman("container", "restore", "p1")
        p.count_after(count)
    finally:
        p.end()


@case
def podman_leave_running(directory, path):
    p = Podman(directory, path)
    try:
        p.start()
        count = p.count()
        p.podman("container", "checkpoint", "--leave-running", "p1")
        p.count_after(count)
    finally:
        p.end()


@case
def podman_export_import(directory, path):
    """To an empty store, as on a second host, under another name."""
    p = Podman(directory, path)
    archive = os.path.join(directory, "x.tar.gz")
    try:
        p.start()
        p.podman("exec", "p1", "/bin/sh", "-c", "echo kept > /root/file")
        count = p.count()
        p.podman("container", "checkpoint", "--export", archive, "p1")
        p.podman("save", "-o", os.path.join(directory, "saved.tar"), "tiny")
        p.end()
        for name in ("store", "run"):
            shutil.rmtree(os.path.join(directory, name))
        p = Podman(directory, path, os.path.join(directory, "saved.tar"))
        p.podman("container", "restore", "--import", archive, "--name", "p2")
        p.count_after(count, "p2")
        equal(p.podman("exec", "p2", "/bin/cat", "/root/file").strip(), "kept", "the container's own file")
    finally:
        p.end()


@case
def podman_terminal(directory, path):
    """Its terminal is there again, with its size and its session, and what is written to it reaches the engine's log."""
    p = Podman(directory, path)
    look = "cat /proc/1/stat | head -c 40; ls -l /proc/1/fd | head -4; stty -F /dev/console size"
    try:
        p.start(options=["-t"], command="i=0; while :; do i=$((i+1)); echo $i > /tmp/count; echo line $i; sleep 0.05; done")
        p.podman("exec", "p1", "/bin/sh", "-c", "stty -F /dev/console rows 41 cols 99")
        tty = p.podman("exec", "p1", "/bin/sh", "-c", "cat /proc/1/stat").split()[4:8]
        before = p.podman("exec", "p1", "/bin/sh", "-c", look).split()[-2:]
        count = p.count()
        p.podman("container", "checkpoint", "p1")
        p.podman("container", "restore", "p1")
        count = p.count_after(count)
        equal(p.podman("exec", "p1", "/bin/sh", "-c", "cat /proc/1/stat").split()[4:8], tty, "session and terminal")
        equal(p.podman("exec", "p1", "/bin/sh", "-c", look).split()[-2:], before, "size of the terminal")
        wait_until(lambda: f"line {count}" in p.podman("logs", "--tail", "200", "p1"), "output reaches the engine")
    finally:
        p.end()


@case
def podman_pod(directory, path):
    """Containers of a pod share a pid namespace, whose init is another container's; others take the pids next to it."""
    p = Podman(directory, path)
    try:
        code, text = p.podman("pod", "create", "--name", "pod1", "--share", "pid", "--infra-image", "tiny", "--infra-command",
                              "/bin/pause", "--network", "none", check=False)
        if code:
            raise Skipped("no pod here: " + (text.strip().splitlines() or ["no reason given"])[-1][:90])
        p.podman("run", "-d", "--pod", "pod1", "--name", "p1", "tiny", "/bin/sh", "-c", COUNTER)
        count = p.count_after(0)
        p.podman("container", "checkpoint", "--export", os.path.join(directory, "x.tar.gz"), "p1")
        p.podman("run", "-d", "--pod", "pod1", "--name", "p2", "tiny", "/bin/sh", "-c", NEIGHBOURS)
        p.podman("container", "restore", "p1")
        p.count_after(count)
    finally:
        p.podman("pod", "rm", "-f", "-a", "-t", "0", check=False)
        p.end()


def run_one(function, criu):
    directory = tempfile.mkdtemp(prefix="engines-")
    path = os.path.join(directory, "path")
    try:
        if os.path.basename(criu) == "criu":
            path = os.path.dirname(os.path.abspath(criu))
        else:
            os.mkdir(path)
            os.symlink(os.path.abspath(criu), os.path.join(path, "criu"))
        before = Machine()
        function(directory, path)
        Machine().compare(before)
    finally:
        for _ in range(20):  # what engines leave behind at the end goes by itself
            shutil.rmtree(directory, ignore_errors=True)
            if not os.path.exists(directory):
                break
            time.sleep(0.1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--peer", default=os.path.join(TOP, "build/criu"))
    p.add_argument("names", nargs="*")
    a = p.parse_args()
    counts = {"pass": 0, "fail": 0, "skip": 0}
    for function in [c for c in CASES if not a.names or c.__name__ in a.names]:
        begin = time.monotonic()
        try:
            if not os.path.exists(BUSYBOX):
                raise Skipped("busybox is not installed")
            run_one(function, a.peer)
            result = "pass"
            print(f"pass  {function.__name__} {time.monotonic() - begin:.2f} s", flush=True)
        except Skipped as e:
            result = "skip"
            print(f"skip  {function.__name__}: {e}", flush=True)
        except AssertionError as e:
            result = "fail"
            print(f"FAIL  {function.__name__}: {e.args[0] if e.args else ''}", flush=True)
            for line in e.args[1:]:
                print(f"        {line}")
        except Exception:  # pylint: disable=broad-except
            result = "fail"
            print(f"FAIL  {function.__name__}")
            traceback.print_exc(file=sys.stdout)
        counts[result] += 1
    print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
    return counts["fail"] > 0


if __name__ == "__main__":
    sys.exit(main())
