# SPDX-License-Identifier: GPL-2.0-or-later
"""Each code that a dump can be refused with is provoked by some test, which looks for the code."""
import glob
import os
import re
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What no machine that the tests run on has.
NOT_PROVOKED = {
    "cred.label": "AppArmor or SELinux",
}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def codes():
    return re.findall(r'^REFUSAL\(\w+,\s*"([\w.-]+)"', read(os.path.join(TOP, "criu/run/refusals.def")), re.M)


def provoked():
    found = set()
    for path in glob.glob(os.path.join(TOP, "test/zdtm/static/*.c")):
        found.update(re.findall(r"zdtm-code: (\S+)", read(path)))
    for pattern in "test/others/*.py", "test/net/*.py", "test/unit/*.c":
        for path in glob.glob(os.path.join(TOP, pattern)):
            found.update(code for code in codes() if code in read(path))
    return found


class Refusals(unittest.TestCase):
    def test_each_code_is_provoked(self):
        self.assertGreater(len(codes()), 30)
        self.assertEqual(sorted(set(codes()) - provoked() - set(NOT_PROVOKED)), [])

    def test_each_code_is_used(self):
        sources = "".join(read(path) for path in glob.glob(os.path.join(TOP, "criu/**/*.c"), recursive=True))
        for name in re.findall(r"^REFUSAL\((\w+)", read(os.path.join(TOP, "criu/run/refusals.def")), re.M):
            with self.subTest(code=name):
                self.assertRegex(sources, rf"\bREFUSE_{name}\b")

    def test_programs_name_codes_that_there_are(self):
        for path in glob.glob(os.path.join(TOP, "test/zdtm/static/*.c")):
            for code in re.findall(r"zdtm-code: (\S+)", read(path)):
                with self.subTest(program=os.path.basename(path)):
                    self.assertIn(code, codes())
