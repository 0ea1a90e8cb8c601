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


def formats():
    """{id of a refusal: the regular expressions of what refuse() says with it}; tables of texts count for their file."""
    found = {}
    for folder, _, names in os.walk(os.path.join(TOP, "criu")):
        for name in (n for n in names if n.endswith(".c")):
            text = read(os.path.join(folder, name))
            strings = re.compile(r'"((?:[^"\\]|\\.)*)"')
            for code in set(re.findall(r"\bREFUSE_(\w+)", text)):
                calls = re.findall(r"\brefuse\w*\([^;]*?\bREFUSE_%s\b[^;]*;" % code, text)
                if len(calls) < len(re.findall(r"\bREFUSE_%s\b" % code, text)) or any('"%s"' in c for c in calls):
                    calls = [text]      # the words are in a table
                found.setdefault(code, []).extend(re.sub(r'"\s*(PRI\w+)?\s*"', "", s) for s in calls)
    return {code: {as_regex(m) for call in calls for m in strings.findall(call)} for code, calls in found.items()}


def as_regex(text):
    """The regular expression of a printf format."""
    return re.sub(r"%(?:\\#)?(?:\\\.\\\*)?(?:z|l|ll)?[sudix]?", ".*?", re.escape(text))


class Troubleshooting(unittest.TestCase):
    page = read("Documentation/troubleshooting.md")

    def rows(self):
        return {code: (example, help_) for code, example, help_ in
                re.findall(r"^\| `([a-z]+\.[\w-]+)` \| `([^`]*)` \| (.*) \|$", self.page, re.M)}

    def test_every_code_has_an_example_that_the_source_says(self):
        known = formats()
        ids = re.findall(r'^REFUSAL\((\w+),\s*"([\w.-]+)"', read("criu/run/refusals.def"), re.M)
        self.assertEqual(sorted(self.rows()), sorted(code for _, code in ids))
        for name, code in ids:
            with self.subTest(code=code):
                example, what_to_do = self.rows()[code]
                said = [f for f in known.get(name, ()) if len(f) > 10 and re.search(f, example)]
                self.assertTrue(said, f"nobody says \"{example}\"")
                self.assertGreater(len(what_to_do), 20)

    def test_other_messages_are_in_the_source(self):
        source = "".join(read(os.path.join(folder, name)) for folder, _, names in os.walk(os.path.join(TOP, "criu"))
                         for name in names if name.endswith(".c"))
        source = re.sub(r'"\s*(?:PRI\w+)?\s*"', "", source)
        texts = [as_regex(s) for s in re.findall(r'"((?:[^"\\]|\\.){12,})"', source)]
        for message in re.findall(r"^\| `([^`|]+)` \| ", self.page, re.M):
            if re.fullmatch(r"[a-z]+\.[\w-]+", message):
                continue
            with self.subTest(message=message):
                words = max(re.split(r"\b(?:X|N|41|21|45|NAME|sleep)\b", message), key=len).strip(" :")
                self.assertTrue(words in source or any(re.search(t, message) for t in texts), f"nobody says \"{words}\"")


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
