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
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


class Dumped(unittest.TestCase):
    """With criu set to None there is nothing to run; the subclasses name one."""
    criu = None

    @classmethod
    def setUpClass(cls):
        if cls.criu is None:
            raise unittest.SkipTest("only its subclasses have a dump")
        if os.geteuid() != 0:
            raise unittest.SkipTest("a dump needs root")
        if not os.access(cls.criu, os.X_OK):
            raise unittest.SkipTest("%s is not there" % cls.criu)
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        temp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temp.cleanup)
        cls.dir = os.path.join(temp.name, "images")
        os.mkdir(cls.dir)
        cls.target = subprocess.Popen([sys.executable, "-c", TARGET], cwd=temp.name,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_until(lambda: os.path.exists(os.path.join(temp.name, "ready")))
            done = subprocess.run([cls.criu, "dump", "-t", str(cls.target.pid), "-D", cls.dir],
                                  capture_output=True, text=True)
        finally:
            try:
                os.killpg(cls.target.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            cls.target.wait()
            reap()
        if done.returncode:
            raise AssertionError("%s dump: %s" % (cls.criu, done.stderr))

    def files(self):
        for path in sorted(glob.glob(self.dir + "/*.img") + glob.glob(self.dir + "/stats-*")):
            if not os.path.basename(path).startswith("pages-"):
                yield path

    def test_every_image_comes_back(self):
        names = []
        for path in self.files():
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
        for path in self.files():
            with open(path, "rb") as f:
                self.assertNotIn("unknown_fields", json.dumps(images.load(f)), path)

    def test_truncated_at_any_byte(self):
        for path in self.files():
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
        self.assertEqual([line[:7].strip() for line in lines][:2], ["PID", str(self.target.pid)])
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


class OurDump(Dumped):
    criu = os.environ.get("CRIU", os.path.join(TOP, "build", "criu"))


class PeerDump(Dumped):
    criu = os.environ.get("PEER", os.path.join(TOP, "build", "peer", "criu"))


def load_tests(loader, _, __):
    suite = unittest.TestSuite()
    for case in (OurDump, PeerDump):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
