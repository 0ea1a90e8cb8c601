# SPDX-License-Identifier: GPL-2.0-or-later
"""Images of a real process tree, from this tool and from the established one, where it is there."""
import ctypes
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from pycriu import explore, images
from pycriu.images import ImageError

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PR_SET_CHILD_SUBREAPER = 36

# What it has open is named in test_fds below.
TARGET = r"""
import os, select, threading, time
r, w = os.pipe()
os.write(w, b"in the pipe")
e = select.epoll()
e.register(r, select.EPOLLIN)
open_file = open("/proc/self/cwd/kept", "wb+")
gone = open(b"/proc/self/cwd/g\xffne", "wb+")
gone.write(b"x" * 20000)
gone.flush()
os.unlink(b"/proc/self/cwd/g\xffne")
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
if os.fork() == 0:
    os.fork() or os._exit(3)
    open("ready", "w")
    time.sleep(1000)
time.sleep(1000)
"""


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %d seconds" % seconds)
        time.sleep(0.02)


def reap():
    """Wait for every orphan that has become ours: a zombie would keep its pid."""
    def is_alone():
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        return False
    wait_until(is_alone)


def end_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def need(criu):
    if os.geteuid() != 0:
        raise unittest.SkipTest("a dump needs root")
    if not os.access(criu, os.X_OK):
        raise unittest.SkipTest("%s is not there" % criu)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run(criu, *args):
    done = subprocess.run([criu, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError("%s %s: %s" % (criu, " ".join(args), done.stderr))


def dump_target(criu, temp):
    """The pid of the target that was dumped into TEMP/images."""
    images_dir = os.path.join(temp, "images")
    os.mkdir(images_dir)
    target = subprocess.Popen([sys.executable, "-c", TARGET], cwd=temp, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True)
    try:
        wait_until(lambda: os.path.exists(os.path.join(temp, "ready")))
        run(criu, "dump", "-t", str(target.pid), "-D", images_dir)
    finally:
        end_group(target.pid)
        target.wait()
        reap()
    return target.pid


def image_files(images_dir):
    for path in sorted(glob.glob(images_dir + "/*.img") + glob.glob(images_dir + "/stats-*")):
        if not os.path.basename(path).startswith("pages-"):
            yield path


class Dumped(unittest.TestCase):
    """What a dump of the target by criu looks like; the subclasses name one."""
    criu = None

    @classmethod
    def setUpClass(cls):
        need(cls.criu)
        temp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temp.cleanup)
        cls.dir = os.path.join(temp.name, "images")
        cls.pid = dump_target(cls.criu, temp.name)

    def test_every_image_comes_back(self):
        names = []
        for path in image_files(self.dir):
            with open(path, "rb") as f:
                data = f.read()
            for pretty in (False, True):
                with self.subTest(image=os.path.basename(path), pretty=pretty):
                    image = json.loads(json.dumps(images.loads(data, pretty=pretty)))
                    self.assertEqual(images.dumps(image), data)
            names.append(os.path.basename(path).partition("-")[0].partition(".")[0])
        for name in ("inventory", "pstree", "core", "mm", "files", "fdinfo", "pagemap", "ghost"):
            self.assertIn(name, names)

    def test_nothing_is_unknown(self):
        for path in image_files(self.dir):
            with open(path, "rb") as f:
                self.assertNotIn("unknown_fields", json.dumps(images.load(f)), path)

    def test_truncated_at_any_byte(self):
        for path in image_files(self.dir):
            with open(path, "rb") as f:
                data = f.read()
            for size in range(0, len(data), 1 + len(data) // 50):
                try:
                    self.assertEqual(images.dumps(images.loads(data[:size])), data[:size])
                except ImageError:
                    pass

    def view(self, name):
        return list(explore.VIEWS[name](explore.Snapshot(self.dir)))

    def test_ps(self):
        lines = self.view("ps")
        self.assertEqual([line[:7].strip() for line in lines][:2], ["PID", str(self.pid)])
        self.assertEqual(len(lines), 4)

    def test_fds(self):
        text = "\n".join(self.view("fds"))
        for word in ("pipe[", "EVENTPOLL.", "/kept", "/g\udcffne", "/dev/null", "cwd: ", "(zombie)"):
            self.assertIn(word, text)

    def test_mems_and_rss(self):
        text = "\n".join(self.view("mems"))
        for word in ("exe: " + os.path.realpath(sys.executable), "[heap]", "[vdso]", "libc.so"):
            self.assertIn(word, text)
        text = "\n".join(self.view("rss"))
        self.assertIn("present", text)
        self.assertNotIn("no mapping", text)


OURS = os.environ.get("CRIU", os.path.join(TOP, "build", "criu"))
PEER = os.environ.get("PEER", os.path.join(TOP, "build", "peer", "criu"))


class OurDump(Dumped):
    criu = OURS


class PeerDump(Dumped):
    criu = PEER


class Restored(unittest.TestCase):
    """Images that went through JSON are as good as before: the target is restored from them."""

    def check(self, dumper, restorer):
        need(dumper)
        need(restorer)
        with tempfile.TemporaryDirectory() as temp:
            pid = dump_target(dumper, temp)
            for path in image_files(temp + "/images"):
                with open(path, "rb") as f:
                    text = json.dumps(images.load(f, pretty=True))
                with open(path, "wb") as f:
                    images.dump(json.loads(text), f)
            try:
                run(restorer, "restore", "-d", "-D", temp + "/images")
                with open("/proc/%d/cmdline" % pid, "rb") as f:
                    self.assertIn(b"in the pipe", f.read())
                self.assertEqual(os.readlink("/proc/%d/fd/6" % pid), temp + "/kept")
            finally:
                end_group(pid)
                reap()

    def test_by_us(self):
        self.check(OURS, OURS)

    def test_by_the_peer(self):
        self.check(PEER, PEER)


def load_tests(loader, _, __):
    suite = unittest.TestSuite()
    for case in (OurDump, PeerDump, Restored):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
