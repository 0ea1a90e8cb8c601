# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual page and the completion know the options that the tool knows, and no others."""
import os
import re
import subprocess
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def rows():
    """[(kind of row, long name, letter)] of options.def, without its macro definitions."""
    return re.findall(r'^OPT_(?!GROUP)(\w+)\("([\w-]+)"(?:,\s*(?:\'(.)\'|0),|\))', read("criu/options.def"), re.M)


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

    def test_every_refusal_is_in_the_manual(self):
        page = read("Documentation/criu.8")
        part = page[page.index("BEGIN refusals"):page.index("END refusals")]
        codes = re.findall(r'^REFUSAL\(\w+,\s*"([\w.-]+)"', read("criu/run/refusals.def"), re.M)
        self.assertGreater(len(codes), 10)
        self.assertEqual(sorted(codes), sorted(re.findall(r"^\.It ([\w.-]+)$", part, re.M)))


CRIU = os.path.join(TOP, "build", "criu")


def complete(*words):
    """What bash offers for the last word."""
    script = '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _criu; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script, os.path.join(TOP, "scripts/completion/criu"), CRIU, *words],
                          capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@unittest.skipUnless(os.path.exists(CRIU), "the tool is not built")
class Completion(unittest.TestCase):
    def test_every_option_is_offered(self):
        want = {"--" + name for kind, name, _ in rows() if kind not in ("IDLE", "LATER", "GONE")}
        self.assertEqual(complete("--"), want)

    def test_options_are_those_of_the_command(self):
        self.assertEqual(complete("dump", "--leave"), {"--leave-running", "--leave-stopped"})
        self.assertEqual(complete("restore", "--restore-d"), {"--restore-detached"})
        self.assertEqual(complete("restore", "--tree"), set())

    def test_arguments(self):
        self.assertEqual(complete("dump", "-D", "/us"), {"/usr"})
        self.assertEqual(complete("dump", "--work-dir", "/us"), {"/usr"})
        self.assertEqual(complete("dump", "-o", "/etc/passw"), {"/etc/passwd", "/etc/passwd-"} & set(
            os.path.join("/etc", name) for name in os.listdir("/etc")))
        self.assertEqual(complete("restore", "--file-validation", "b"), {"buildid"})
        self.assertEqual(complete("dump", "--explain", "=", "j"), {"json"})
        self.assertIn(str(os.getpid()), complete("dump", "-t", ""))

    def test_words(self):
        self.assertEqual(complete("d"), {"dump"})
        self.assertEqual(complete("cpuinfo", ""), {"dump", "check"})
        self.assertEqual(complete("dump", "--leave-running", ""), set())
