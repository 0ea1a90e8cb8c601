#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lxc-checkpoint of Debian's LXC with this criu in PATH: a busybox container is saved and restored three times over."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROUNDS = 3
CONFIG = """\
lxc.net.0.type = empty
lxc.apparmor.profile = unconfined
lxc.rootfs.path = dir:{dir}/rootfs
lxc.uts.name = box
lxc.autodev = 1
lxc.tty.max = 0
lxc.pty.max = 1
lxc.console.path = none
lxc.cap.drop = sys_module mac_admin mac_override sys_time
lxc.mount.auto = proc:mixed sys:ro
lxc.mount.entry = shm dev/shm tmpfs defaults,create=dir 0 0
lxc.mount.entry = mqueue dev/mqueue mqueue defaults,optional,create=dir 0 0
lxc.init.cmd = /start
"""
START = """\
#!/bin/sh
exec </dev/null >/dev/null 2>&1
i=0
while :; do i=$((i+1)); echo $i >/tmp/new; mv /tmp/new /tmp/count; sleep 0.1; done
"""


class Failed(Exception):
    pass


class Lxc:
    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="lxc-")
        self.name = f"box{os.getpid()}"
        self.dir = os.path.join(self.path, self.name)
        self.env = dict(os.environ, PATH=os.path.join(TOP, "build") + ":" + os.environ["PATH"])
        for name in "bin", "dev", "proc", "sys", "tmp":
            os.makedirs(f"{self.dir}/rootfs/{name}")
        shutil.copy("/bin/busybox", f"{self.dir}/rootfs/bin/busybox")
        for name in "sh", "mv", "sleep":
            os.symlink("busybox", f"{self.dir}/rootfs/bin/{name}")
        self.write("config", CONFIG.format(dir=self.dir))
        self.write("rootfs/start", START)
        os.chmod(f"{self.dir}/rootfs/start", 0o755)

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="ascii") as f:
            f.write(text)

    def run(self, command, *words):
        """The monitor that it leaves keeps what it inherits: output goes to a file."""
        out = f"{self.path}/out"
        with open(out, "wb") as f:
            code = subprocess.run([command, "-P", self.path, "-n", self.name, *words], env=self.env, stdin=subprocess.DEVNULL, stdout=f,
                                  stderr=f, timeout=60, check=False).returncode
        with open(out, encoding="utf-8", errors="replace") as f:
            return code, f.read()

    def must(self, command, *words):
        code, text = self.run(command, *words)
        if code:
            logs = [line for name in glob.glob(f"{self.path}/img/*.log") for line in open(name, encoding="utf-8") if "Error" in line]
            raise Failed(f"{command} {' '.join(words)} ends with {code}: {text} {''.join(logs)}")
        return text

    def count(self):
        try:
            with open(f"{self.dir}/rootfs/tmp/count", encoding="ascii") as f:
                return int(f.read())
        except FileNotFoundError:
            return 0

    def await_count(self, above):
        deadline = time.monotonic() + 20
        while self.count() <= above:
            if time.monotonic() > deadline:
                raise Failed(f"it does not count on from {above}")
            time.sleep(0.02)

    def round(self):
        os.makedirs(f"{self.path}/img")
        self.must("lxc-checkpoint", "-s", "-v", "-D", f"{self.path}/img")
        if "STOPPED" not in self.must("lxc-info", "-s"):
            raise Failed("it runs behind its checkpoint")
        saved = self.count()
        self.must("lxc-checkpoint", "-r", "-d", "-v", "-D", f"{self.path}/img")
        self.await_count(saved)
        if self.count() > saved + 100 or "RUNNING" not in self.must("lxc-info", "-s"):
            raise Failed(f"it was at {saved}, is at {self.count()}: {self.run('lxc-info')[1]}")
        shutil.rmtree(f"{self.path}/img")

    def end(self):
        self.run("lxc-stop", "-k")
        shutil.rmtree(self.path)
        # What it cannot remove itself while a process is in there.
        for where in glob.glob("/sys/fs/cgroup/**/lxc.*", recursive=True):
            if where.endswith(self.name) or where.endswith("lxc.pivot"):
                subprocess.run(["rmdir", where], check=False, stderr=subprocess.DEVNULL)


def main():
    done, box = 0, Lxc()
    try:
        box.must("lxc-start", "-d")
        box.await_count(1)
        while done < ROUNDS:
            box.round()
            done += 1
    except (Failed, subprocess.SubprocessError) as e:
        print(f"FAIL  round {done + 1}: {e}")
    finally:
        box.end()
    print(f"{done} passed, {int(done < ROUNDS)} failed, 0 skipped")
    return 0 if done == ROUNDS else 1


if __name__ == "__main__":
    sys.exit(main())
