# SPDX-License-Identifier: GPL-2.0-or-later
"""crit as its users call it: exit status, what goes where, one line for each error."""
import json
import os
import subprocess
import tempfile
import unittest

from test_golden import PLAIN, read_hex

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CRIT = os.path.join(TOP, "crit", "crit")


def crit(*args, stdin=b""):
    return subprocess.run(["/usr/bin/python3", CRIT, *args], input=stdin, capture_output=True)


class Crit(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir = temp.name

    def path(self, name, data=None):
        path = os.path.join(self.dir, name)
        if data is not None:
            with open(path, "wb") as f:
                f.write(data)
        return path

    def fails(self, result, *words):
        self.assertEqual(result.returncode, 1, result.stderr)
        text = result.stderr.decode()
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("crit: "), text)
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(result.stdout, b"")

    def test_files(self):
        image, text, back = self.path("a.img", read_hex("pstree")), self.path("a"), self.path("b")
        for pretty in ([], ["--pretty"]):
            self.assertEqual(crit("decode", "-i", image, "-o", text, *pretty).returncode, 0)
            with open(text, encoding="ascii") as f:
                self.assertEqual(json.load(f), PLAIN["pstree"])
            self.assertEqual(crit("encode", "-i", text, "-o", back).returncode, 0)
            with open(back, "rb") as f:
                self.assertEqual(f.read(), read_hex("pstree"))

    def test_pipes(self):
        for name in PLAIN:
            text = crit("decode", "--pretty", stdin=read_hex(name))
            self.assertEqual((text.returncode, text.stderr), (0, b""))
            self.assertEqual(crit("encode", stdin=text.stdout).stdout, read_hex(name))

    def test_show(self):
        image = self.path("a.img", read_hex("pipes-data"))
        self.assertIn(b'"extra": "aGVsbG8=\\n"', crit("show", image).stdout)
        self.assertIn(b'"extra": "... <5 B>"', crit("show", image, "--nopl").stdout)

    def test_info(self):
        image = self.path("a.img", read_hex("pipes-data"))
        self.assertEqual(crit("info", image).stdout.decode(),
                         '{\n    "magic": "PIPES_DATA",\n    "count": 2\n}\n')

    def test_version_is_the_tools(self):
        with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as f:
            want = [line.split(":=")[1].strip() for line in f if line.startswith("VERSION")]
        self.assertEqual(crit("--version").stdout.decode().split(), want)

    def test_no_such_file(self):
        self.fails(crit("show", self.path("none.img")), "none.img", "No such file")
        self.fails(crit("info", self.dir), self.dir, "directory")

    def test_no_image(self):
        self.fails(crit("info", self.path("x", b"hello world")), "x: ", "unknown magic")

    def test_truncated_image(self):
        image = self.path("a.img", read_hex("pstree")[:-3])
        for command in ("show", "info"):
            self.fails(crit(command, image), "a.img", "record 1", "truncated")
        out = self.path("out", b"as it was")
        self.fails(crit("decode", "-i", image, "-o", out), "a.img", "record 1")
        with open(out, "rb") as f:
            self.assertEqual(f.read(), b"as it was")

    def test_encode_of_an_image(self):
        self.fails(crit("encode", stdin=b"\x19\x43\xff\xfe" * 9), "stdin", "binary")

    def test_encode_of_bad_json(self):
        self.fails(crit("encode", stdin=b"{ what"), "stdin", "JSON")
        self.fails(crit("encode", stdin=b"[" * 100000), "stdin", "nested")
        self.fails(crit("encode", stdin=b"[]"), "magic")
        bad = json.dumps({"magic": "PSTREE", "entries": [{"pid": "no"}]}).encode()
        out = self.path("out", b"as it was")
        self.fails(crit("encode", "-o", out, stdin=bad), "entry 0", "pid")
        with open(out, "rb") as f:
            self.assertEqual(f.read(), b"as it was")

    def test_output_cannot_be_written(self):
        self.fails(crit("decode", "-o", self.path("no/such"), stdin=read_hex("pstree")), "no/such")

    def test_reader_goes_away(self):
        image = self.path("a.img", read_hex("pstree")[:8] + read_hex("pstree")[8:] * 5000)
        out = subprocess.run("/usr/bin/python3 %s show %s | head -1" % (CRIT, image), shell=True,
                             capture_output=True, check=True)
        self.assertEqual((out.stdout, out.stderr), (b"{\n", b""))

    def test_no_command(self):
        self.assertEqual(crit().returncode, 1)
        self.assertEqual(crit("dance").returncode, 2)
