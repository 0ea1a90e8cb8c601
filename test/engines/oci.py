# SPDX-License-Identifier: GPL-2.0-or-later
"""runc and crun: bundles and what is done with them."""
import json
import os
import shutil
import signal
import subprocess
import time

from base import CASES, COUNTER, OURS, ROUNDS, TOP, Engine, Skipped, equal, make_rootfs, wait_until


class Runc(Engine):
    """It talks to `criu swrk`."""
    title = "runc"
    cgroup_modes = ("soft", "full", "strict")

    def __init__(self, directory, path, name=OURS + "c1"):
        super().__init__(directory, path)
        self.name = name
        self.bundle = os.path.join(directory, "bundle")
        self.state = os.path.join(directory, "state")
        self.images = os.path.join(directory, "images")
        self.words = self.find()

    def find(self):
        if not shutil.which("runc", path=self.env["PATH"]):
            raise Skipped("runc is not installed")
        return ["runc"]

    def call(self, *words, **kwargs):
        return self.run(*self.words, "--root", self.state, *words, **kwargs)

    def make_bundle(self, command=COUNTER, tty=False, change=None):
        os.mkdir(self.bundle)
        make_rootfs(os.path.join(self.bundle, "rootfs"))
        self.run(*self.words, "spec", "--bundle", self.bundle)
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

    def start(self):
        self.run_piped(*self.words, "--root", self.state, "run", "-d", "--bundle", self.bundle, self.name)
        self.count_after(0)

    def checkpoint(self, *words, **kwargs):
        shutil.rmtree(self.images, ignore_errors=True)
        os.mkdir(self.images)
        return self.call("checkpoint", "--image-path", self.images, "--work-path", self.images, *words, self.name, **kwargs)

    def restore(self, *words, name=None, bundle=None, **kwargs):
        return self.run_piped(*self.words, "--root", self.state, "restore", "-d", "--image-path", self.images, "--work-path",
                              self.images, "--bundle", bundle or self.bundle, *words, name or self.name, **kwargs)

    def inside(self, *words, name=None):
        return self.call("exec", name or self.name, *words).strip()

    def count(self, name=None):
        return int(self.inside("/bin/cat", "/tmp/count", name=name) or 0)

    def count_after(self, count, name=None):
        """The program goes on from there."""
        wait_until(lambda: self.count(name) > count, f"the container counts on from {count}")
        return self.count(name)

    def end(self):
        for name in (self.name, self.name + "x"):
            self.call("delete", "-f", name, check=False)
        self.close()

    def own_cgroups(self, text):
        """Of /proc/PID/cgroup, the lines of what the engine knows."""
        return text.splitlines()


CRUN = os.path.join(TOP, "build/crun")


def get_crun():
    """Why there is none; nothing if there is."""
    got = subprocess.run([os.path.join(TOP, "scripts/get-peer"), CRUN, "crun"], stderr=subprocess.PIPE, text=True, check=False)
    return (got.stderr.strip() or "scripts/get-peer fails") if got.returncode else ""


class Crun(Runc):
    """It loads libcriu.so.2. That of Debian 12 is built without, so it is that of Debian 13, with its own libraries."""
    title = "crun"
    cgroup_modes = ("soft", "full", "strict", "ignore")
    is_v2 = True
    view = "mount -t cgroup2 none /sys/fs/cgroup"

    def find(self):
        if os.environ["CRIU_ENGINES"]:
            raise Skipped(os.environ["CRIU_ENGINES"])
        self.env["LD_LIBRARY_PATH"] = os.path.join(TOP, "build")
        words = [os.path.join(CRUN, "crun")]
        if not os.path.isdir("/sys/fs/cgroup/unified"):
            return words
        # it does not work where both versions of cgroups are mounted: show it one
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", self.view + ' && exec "$@"', "sh", *words]

    def own_cgroups(self, text):
        return [line for line in text.splitlines() if line.startswith("0:") == self.is_v2]

    def end(self):
        """
        It names its cgroup as the root of every hierarchy, and removes it only from those that it sees; and after a restore
        that failed from none.
        """
        super().end()
        for hierarchy in os.listdir("/sys/fs/cgroup"):
            for name in (self.name, self.name + "x"):
                top = os.path.join("/sys/fs/cgroup", hierarchy, name)
                for path, _, _ in os.walk(top, topdown=False):
                    os.rmdir(path)


class CrunOld(Crun):
    title = "crun_v1"
    is_v2 = False
    view = "umount /sys/fs/cgroup/unified"

    def find(self):
        if not os.path.isdir("/sys/fs/cgroup/memory"):
            raise Skipped("no cgroups of version 1 here")
        return super().find()


def case_of(*engines):
    """The case is one of each of them."""
    def register(function):
        for engine in engines:
            def bound(directory, path, engine=engine):
                c = engine(directory, path)
                try:
                    function(c)
                finally:
                    c.end()
            bound.__name__ = f"{engine.title}_{function.__name__}"
            CASES.append(bound)
        return function
    return register


@case_of(Runc, Crun, CrunOld)
def round_trip(c):
    c.make_bundle()
    c.start()
    # what masks files of /proc comes from where runc says: the host's /dev/null
    look = "mount | while read l; do case $l in *' on /proc/'*dev*) ;; *' on /proc/'*mode=755*) ;; *) echo $l;; esac; done"
    look += "; hostname; id"
    before = c.inside("/bin/sh", "-c", look).splitlines(), c.own_cgroups(c.inside("/bin/cat", "/proc/1/cgroup"))
    count = c.count()
    c.checkpoint()
    equal(c.call("list", "-q").strip(), "", "containers after the checkpoint")
    c.restore()
    c.count_after(count)
    after = c.inside("/bin/sh", "-c", look).splitlines(), c.own_cgroups(c.inside("/bin/cat", "/proc/1/cgroup"))
    equal(after, before, "what is seen inside")


@case_of(Runc, Crun)
def rounds(c):
    c.make_bundle()
    c.start()
    count = 0
    for _ in range(ROUNDS):
        count = c.count_after(count)
        c.checkpoint()
        c.restore()
    c.count_after(count)


@case_of(Runc, Crun)
def leave_running(c):
    c.make_bundle()
    c.start()
    count = c.count()
    c.checkpoint("--leave-running")
    c.count_after(count)


@case_of(Runc, Crun)
def other_name(c):
    c.make_bundle()
    c.start()
    count = c.count()
    c.checkpoint()
    c.restore(name=c.name + "x")
    c.count_after(count, c.name + "x")


@case_of(Runc, Crun)
def second_host(c):
    """Images and bundle at other places: the root, and what is bound into it, are where they are now."""
    volume, other = os.path.join(c.dir, "volume"), os.path.join(c.dir, "other")

    def bind(source):
        def change(config):
            config["mounts"].append({"destination": "/data", "type": "bind", "source": source, "options": ["rbind", "rw"]})
        return change

    os.mkdir(volume)
    c.make_bundle("exec 3>/data/log; echo before >&3; " + COUNTER, change=bind(volume))
    c.start()
    count = c.count()
    c.checkpoint()
    shutil.copytree(volume, other)
    moved = os.path.join(c.dir, "moved")
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


@case_of(Runc, Crun)
def damaged_image(c):
    c.make_bundle()
    c.start()
    c.checkpoint()
    with open(os.path.join(c.images, "pstree.img"), "r+b") as f:
        f.truncate(11)
    code, _ = c.restore(check=False)
    equal(bool(code), True, "a damaged image is restored")
    lines = c.log_lines()
    equal(any("pstree.img" in line for line in lines), True, f"the log names the image: {lines}")


@case_of(Runc, Crun)
def volume_is_gone(c):
    volume = os.path.join(c.dir, "volume")
    os.mkdir(volume)
    c.make_bundle(change=lambda config: config["mounts"].append(
        {"destination": "/data", "type": "bind", "source": volume, "options": ["rbind", "rw"]}))
    c.start()
    c.checkpoint()
    os.rmdir(volume)
    code, text = c.restore(check=False)
    equal(bool(code), True, "a container without its volume is restored")
    equal("volume" in text or any("volume" in line for line in c.log_lines()), True, "somebody names the volume")


@case_of(Runc, Crun)
def killed_half_way(c):
    """The engine dies at some moment of the checkpoint: the container counts on, or is checkpointed whole."""
    c.make_bundle()
    c.start()
    for ms in (1, 5, 10, 15, 20, 30):
        shutil.rmtree(c.images, ignore_errors=True)
        os.mkdir(c.images)
        with subprocess.Popen([*c.words, "--root", c.state, "checkpoint", "--image-path", c.images, "--work-path", c.images,
                               c.name], env=c.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as engine:
            time.sleep(ms / 1000)
            engine.send_signal(signal.SIGKILL)
        time.sleep(0.3)
        code, text = c.call("state", c.name, check=False)
        if not code and json.loads(text)["status"] == "running":
            c.count_after(c.count())
            continue
        if not code:  # else the engine was as good as done, and has forgotten it already
            c.call("delete", "-f", c.name)
        c.restore()
        c.count_after(0)


@case_of(Runc, Crun)
def cgroup_namespace(c):
    """What engines do by default where cgroups are those of version 2."""
    def change(config):
        if {"type": "cgroup"} not in config["linux"]["namespaces"]:
            config["linux"]["namespaces"].append({"type": "cgroup"})
    c.make_bundle(change=change)
    c.start()
    before = c.own_cgroups(c.inside("/bin/cat", "/proc/1/cgroup"))
    equal([line for line in before if c.name in line], [], "the container sees its name in its cgroups")
    c.checkpoint()
    c.restore()
    equal(c.own_cgroups(c.inside("/bin/cat", "/proc/1/cgroup")), before, "cgroups as the container sees them")


@case_of(Runc, Crun)
def user_namespace(c):
    def change(config):
        config["linux"]["namespaces"].append({"type": "user"})
        ids = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = ids
    c.make_bundle(change=change)
    for top, dirs, files in os.walk(c.bundle):
        for name in [top, *(os.path.join(top, f) for f in dirs + files)]:
            os.chown(name, 100000, 100000, follow_symlinks=False)
    os.chmod(c.dir, 0o755)
    c.start()
    count = c.count()
    before = c.inside("/bin/sh", "-c", "id; cat /proc/1/uid_map; ls -ln /tmp/count")
    c.checkpoint()
    c.restore()
    c.count_after(count)
    equal(c.inside("/bin/sh", "-c", "id; cat /proc/1/uid_map; ls -ln /tmp/count").split()[:7], before.split()[:7], "ids")


@case_of(Runc)
def refused_by_name(c):
    """What this version does not do is told, and the container goes on."""
    c.make_bundle()
    c.start()
    server = ("--page-server", "127.0.0.1:9999")
    # For pre-dumps and lazy pages runc asks first, and this is all that it says of the answer.
    for words, text in ((("--lazy-pages", *server), "CRIU is missing features"), (("--pre-dump",), "CRIU is missing features"),
                        (server, "page-server")):
        count = c.count()
        code, said = c.checkpoint(*words, check=False)
        equal(bool(code), True, f"checkpoint {words}")
        told = said + "".join(c.log_lines())
        equal(text in told, True, f"the reason is told: {told}")
        c.count_after(count)


@case_of(Runc, Crun)
def modes_of_cgroups(c):
    """Each is accepted, and the container is in cgroups of its own afterwards."""
    c.make_bundle()
    c.start()
    for mode in c.cgroup_modes:
        count = c.count()
        c.checkpoint("--manage-cgroups-mode", mode)
        # strict wants to make them itself, but the engine has made them
        c.restore("--manage-cgroups-mode", "soft" if mode == "strict" else mode)
        c.count_after(count)


@case_of(Runc, Crun)
def no_room_for_images(c):
    c.make_bundle()
    c.start()
    os.mkdir(c.images)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", c.images], check=True)
    try:
        count = c.count()
        code, _ = c.call("checkpoint", "--image-path", c.images, "--work-path", c.dir, c.name, check=False)
        equal(bool(code), True, "a checkpoint without room for it")
        lines = c.log_lines()
        equal(any("No space left" in line for line in lines), True, f"the log says why: {lines}")
        c.count_after(count)
        equal([n for n in os.listdir(c.images) if n == "inventory.img"], [], "images")
    finally:
        subprocess.run(["umount", c.images], check=True)


@case_of(Runc, Crun)
def without_rights(c):
    """The tool lacks the capabilities for it: that is told, and nothing happens to the container."""
    c.make_bundle()
    c.start()
    os.mkdir(c.images)
    words = c.words
    c.words = [*words[:-1], "setpriv", "--bounding-set", "-checkpoint_restore,-sys_admin", words[-1]]
    try:
        code, said = c.call("checkpoint", "--image-path", c.images, "--work-path", c.images, c.name, check=False)
    finally:
        c.words = words
    equal(bool(code), True, "a checkpoint without rights")
    told = said + "".join(c.log_lines())
    equal("CAP_CHECKPOINT_RESTORE" in told, True, f"the reason is told: {told}")
    c.count_after(c.count())


@case_of(Runc, Crun)
def restore_killed_half_way(c):
    """The engine dies at some moment of the restore: the container is there and counts, or nothing of it is, and it can be restored."""
    c.make_bundle()
    c.start()
    c.checkpoint()
    for ms in (5, 20, 40, 60):
        with subprocess.Popen([*c.words, "--root", c.state, "restore", "-d", "--image-path", c.images, "--work-path", c.images,
                               "--bundle", c.bundle, c.name], env=c.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as engine:
            time.sleep(ms / 1000)
            engine.send_signal(signal.SIGKILL)
        time.sleep(0.3)
        # What the engine made for the restore, and could not remove any more; runc would delete the root through it.
        for path in (os.path.join(c.state, c.name, "criu-root"), os.path.join(c.bundle, "criu-root")):
            while not subprocess.run(["umount", path], stderr=subprocess.DEVNULL, check=False).returncode:
                pass
            if os.path.isdir(path):
                os.rmdir(path)
        c.call("delete", "-f", c.name, check=False)
        shutil.rmtree(os.path.join(c.state, c.name), ignore_errors=True)
    c.restore()
    c.count_after(0)
