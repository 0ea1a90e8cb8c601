# SPDX-License-Identifier: GPL-2.0-or-later
"""A dump that was kept: what a release has written, later ones read, to the byte."""
import base64
import json
import os
import tempfile
import unittest

from pycriu import explore, images
from test_golden import CORPUS


def read_kept(name):
    """{"pstree.img": bytes, ...} of a corpus file."""
    files = {}
    with open(os.path.join(CORPUS, name + ".b64"), encoding="ascii") as f:
        for line in f:
            if line.startswith("\t"):
                files[image] += line.strip()
            elif not line.startswith("#"):
                image = line.strip()
                files[image] = ""
    return {image: base64.b64decode(text) for image, text in files.items()}


class Kept(unittest.TestCase):
    def setUp(self):
        self.files = read_kept("shell")
        self.assertIn("mm-21634.img", self.files)

    def test_round_trip(self):
        for name, data in self.files.items():
            for pretty in (False, True):
                with self.subTest(image=name, pretty=pretty):
                    image = json.loads(json.dumps(images.loads(data, pretty=pretty)))
                    self.assertEqual(images.dumps(image), data)
                    self.assertNotIn("unknown_fields", json.dumps(image))

    def test_explore(self):
        with tempfile.TemporaryDirectory() as d:
            for name, data in self.files.items():
                with open(os.path.join(d, name), "wb") as f:
                    f.write(data)
            view = {name: list(f(explore.Snapshot(d))) for name, f in explore.VIEWS.items()}
        self.assertEqual(view["ps"][1:], [
            "  21634  21634  21634   sh",
            "  21635  21634  21634       sleep"])
        self.assertEqual(view["fds"].count("\t      1: /dev/null"), 2)
        self.assertIn("\texe: /usr/bin/sleep", view["mems"])
        self.assertNotIn("\t(no mapping)", view["rss"])

    def test_values(self):
        image = images.loads(self.files["core-21635.img"], pretty=True)
        core = image["entries"][0]
        self.assertEqual((core["mtype"], core["tc"]["comm"], core["tc"]["task_state"]),
                         ("X86_64", "sleep", "Alive"))
        self.assertRegex(core["thread_info"]["gpregs"]["ip"], "^0x7f")
        self.assertEqual(len(core["tc"]["rlimits"]["rlimits"]), 16)
