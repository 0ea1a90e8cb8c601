# SPDX-License-Identifier: GPL-2.0-or-later
"""containerd with runc, by ctr: checkpoints in directories, and in images from which containers are made again."""
import glob
import hashlib
import io
import json
import os
import shutil
import signal
import struct
import subprocess
import tarfile

from base import COUNTER, OURS, Engine, Skipped, case, equal, make_rootfs, wait_until

CONFIG = """version = 2
root = "{0}/root"
state = "{0}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{0}/socket"
[ttrpc]
  address = "{0}/ttrpc"
"""
IMAGE = "docker.io/library/tiny:latest"
STATS = struct.pack("<II", 0x55105940, 0x57093306)


def make_image(directory):
    """What docker save writes: a layer, a configuration, a list."""
    root, layer = os.path.join(directory, "rootfs"), os.path.join(directory, "layer.tar")
    make_rootfs(root)
    with tarfile.open(layer, "w") as tar:
        tar.add(root, ".")
    with open(layer, "rb") as f:
        content = f.read()
    config = {"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"]},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(content).hexdigest()]}}
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    path = os.path.join(directory, "image.tar")
    with tarfile.open(path, "w") as tar:
        for name, data in (("config.json", json.dumps(config).encode()), ("layer.tar", content),
                           ("manifest.json", json.dumps(manifest).encode())):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


class Containerd(Engine):
    """A daemon of its own, and a namespace of it; that is what cgroups are called by."""

    def __init__(self, directory, path):
        super().__init__(directory, path)
        for program in ("containerd", "ctr", "containerd-shim-runc-v2", "runc"):
            if not shutil.which(program, path=self.env["PATH"]):
                raise Skipped(f"{program} is not installed")
        self.name = OURS + "ns"
        self.words = ["ctr", "-a", os.path.join(directory, "socket"), "-n", self.name]
        config = os.path.join(directory, "config.toml")
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG.format(directory))
        with open(os.path.join(directory, "daemon.log"), "wb") as log:
            self.daemon = subprocess.Popen(["containerd", "-c", config], env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log)
        wait_until(lambda: self.ctr("version", check=False)[0] == 0, "containerd answers")
        self.ctr("image", "import", "--snapshotter", "native", make_image(directory))

    def ctr(self, *words, **kwargs):
        return self.run(*self.words, *words, **kwargs)

    def start(self, name="c1"):
        self.ctr("run", "-d", "--snapshotter", "native", IMAGE, name, "sh", "-c", COUNTER)
        self.count_after(0, name)

    def count(self, name="c1"):
        code, text = self.ctr("task", "exec", "--exec-id", f"look{os.urandom(4).hex()}", name, "cat", "/tmp/count", check=False)
        return int(text.strip() or 0) if not code else 0

    def count_after(self, count, name="c1"):
        wait_until(lambda: self.count(name) > count, f"the container counts on from {count}")
        return self.count(name)

    def remove(self, name):
        self.ctr("task", "rm", "-f", name, check=False)
        self.ctr("container", "rm", name, check=False)

    def end(self):
        for line in self.ctr("container", "ls", "-q", check=False)[1].split():
            self.remove(line)
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(20)
        for top in glob.glob(f"/sys/fs/cgroup/*/{self.name}"):      # the one of all containers stays
            os.rmdir(top)


def engine_case(function):
    def with_engine(directory, path):
        e = Containerd(directory, path)
        try:
            function(e)
        finally:
            e.end()
    with_engine.__name__ = "containerd_" + function.__name__
    return case(with_engine)


@engine_case
def leave_running(e):
    """Images where they are asked for; log and statistics in the work directory, in the form that the daemon reads."""
    e.start()
    count = e.count()
    images, work = os.path.join(e.dir, "images"), os.path.join(e.dir, "work")
    e.ctr("task", "checkpoint", "--image-path", images, "--work-path", work, "c1")
    e.count_after(count)
    equal(sorted(os.listdir(work)), ["dump.log", "stats-dump"], "files of the work directory")
    equal([name for name in os.listdir(images) if name in ("dump.log", "stats-dump")], [], "of these in the images directory")
    equal(os.path.exists(os.path.join(images, "inventory.img")), True, "the images are whole")
    with open(os.path.join(work, "stats-dump"), "rb") as f:
        head, size = f.read(8), struct.unpack("<I", f.read(4))[0]
        equal((head, size), (STATS, len(f.read())), "form of the statistics")


@engine_case
def exit(e):    # pylint: disable=redefined-builtin
    e.start()
    images = os.path.join(e.dir, "images")
    e.ctr("task", "checkpoint", "--exit", "--image-path", images, "c1")
    wait_until(lambda: "STOPPED" in e.ctr("task", "ls"), "the task is stopped")
    equal(os.path.exists(os.path.join(images, "inventory.img")), True, "the images are whole")


@engine_case
def restore(e):
    """From a checkpoint in the daemon's own store, with the container's files, under another name."""
    e.start()
    e.ctr("task", "exec", "--exec-id", "write", "c1", "sh", "-c", "echo kept > /root/file")
    count = e.count_after(20)       # more than a container has that begins anew
    e.ctr("container", "checkpoint", "--rw", "--image", "--task", "c1", "checkpoint/one")
    e.count_after(count)
    e.remove("c1")
    e.ctr("container", "restore", "--rw", "--live", "c2", "checkpoint/one")
    first = e.count("c2")
    equal(first >= count, True, f"{first} comes after {count}")
    e.count_after(first, "c2")
    equal(e.ctr("task", "exec", "--exec-id", "read", "c2", "cat", "/root/file").strip(), "kept", "the container's own file")
