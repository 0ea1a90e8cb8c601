# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual page and the completion know the options that the tool knows, and no others."""
import os
import re
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def rows():
    """[(kind of row, long name, letter)] of options.def, without its macro definitions."""
    return re.findall(r'^OPT_(\w+)\("([\w-]+)"(?:,\s*(?:\'(.)\'|0),|\))', read("criu/options.def"), re.M)


class Manual(unittest.TestCase):
    def test_rows_are_found(self):
        self.assertIn(("INT", "tree", "t"), rows())
        self.assertGreater(len(rows()), 40)

    def test_every_option_is_in_the_manual(self):
        page = read("Documentation/criu.8")
        for _, name, letter in rows():
            with self.subTest(option=name):
                self.assertRegex(page, r"\bFl \\-%s(?![\w-])" % re.escape(name))
                if letter:
                    self.assertRegex(page, r"\bFl %s\b" % letter)

    def test_every_option_of_the_manual_is_one(self):
        names = {name for _, name, _ in rows()}
        page = read("Documentation/criu.8")
        for name in set(re.findall(r"\bFl \\-([a-z][\w-]*\w)(?![\w-])", page)):
            with self.subTest(option=name):
                self.assertIn(name, names)

    def test_completion(self):
        words = set(re.findall(r"--([a-z][\w-]*)", read("scripts/completion/criu")))
        want = {name for kind, name, _ in rows() if kind not in ("IDLE", "LATER", "GONE")}
        self.assertEqual(words & {n for _, n, _ in rows()}, want)
        self.assertEqual(words - {n for _, n, _ in rows()}, set())

    def test_every_refusal_is_in_the_manual(self):
        page = read("Documentation/criu.8")
        part = page[page.index("BEGIN refusals"):page.index("END refusals")]
        codes = re.findall(r'^REFUSAL\(\w+,\s*"([\w.-]+)"', read("criu/run/refusals.def"), re.M)
        self.assertGreater(len(codes), 10)
        self.assertEqual(sorted(codes), sorted(re.findall(r"^\.It ([\w.-]+)$", part, re.M)))
