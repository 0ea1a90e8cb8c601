# SPDX-License-Identifier: GPL-2.0-or-later
"""runc: bundles and what is done with them."""
import json
import os
import shutil
import signal
import subprocess
import time

from base import COUNTER, ROUNDS, Engine, Skipped, case, equal, make_rootfs, wait_until


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
