# SPDX-License-Identifier: GPL-2.0-or-later
"""A damaged image is an ImageError that says where, whatever the damage; never anything else."""
import io
import random
import unittest

from pycriu import images
from pycriu.images import ImageError
from pycriu.images.kinds import BY_NAME, KINDS
from specimen import u32
from test_roundtrip import body, head


class Corrupt(unittest.TestCase):
    def says(self, data, *words):
        with self.assertRaises(ImageError) as caught:
            images.loads(data)
        for word in words:
            self.assertIn(word, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))

    def test_empty(self):
        self.says(b"", "empty file")

    def test_unknown_magic(self):
        self.says(b"\x7fELF and more", "unknown magic 0x464c457f")

    def test_half_a_magic(self):
        self.says(b"\x19\x43", "truncated")
        self.says(u32(0x54564319), "ends after the head magic")

    def test_length_word_of_four_gigabytes(self):
        kind = BY_NAME["PSTREE"]
        self.says(head(kind) + b"\xff\xff\xff\xff" + b"x" * 10, "PSTREE: record 0",
                  "length word says 4294967295")

    def test_length_beyond_the_end_names_the_record(self):
        kind = BY_NAME["PSTREE"]
        good = b"\x08\x08\x01\x10\x00\x18\x01\x20\x01"
        good = u32(8) + good[1:]
        self.says(head(kind) + good + u32(500) + b"x" * 9, "PSTREE: record 1", "500", "9 are left")

    def test_huge_length_does_not_allocate(self):
        """A pipe that ends early: what was promised must not be allocated first."""
        class Pipe(io.RawIOBase):
            def __init__(self, data):
                self.data = data
                self.biggest = 0

            def read(self, size=-1):
                self.biggest = max(self.biggest, size)
                out, self.data = self.data[:size], self.data[size:]
                return out

        pipe = Pipe(head(BY_NAME["PSTREE"]) + u32(1 << 29))
        self.assertRaises(ImageError, images.load, pipe)
        self.assertLess(pipe.biggest, 1 << 22)

    def test_missing_required_field(self):
        self.says(head(BY_NAME["PSTREE"]) + u32(2) + b"\x08\x01", "record 0", "lacks", "ppid")

    def test_no_message(self):
        self.says(head(BY_NAME["PSTREE"]) + u32(3) + b"\xff\xff\xff", "record 0", "no pstree_entry")

    def test_payload_cut_off(self):
        entry = b"\x08\x07\x10\x64"                  # pipe 7, 100 bytes
        self.says(head(BY_NAME["PIPES_DATA"]) + u32(4) + entry + b"short", "record 0",
                  "payload needs 100 bytes, 5 are left")

    def test_every_truncation(self):
        for kind in KINDS:
            data = head(kind) + body(kind, 2)
            for size in range(0, len(data), 1 + len(data) // 300):
                try:
                    whole = images.loads(data[:size])
                except ImageError:
                    continue
                # cut between two records: that is an image, and it must be this piece of it
                self.assertEqual(images.dumps(whole), data[:size], (kind.name, size))

    def test_random_damage(self):
        rng = random.Random(5)
        refused = 0
        for kind in KINDS:
            data = head(kind) + body(kind, 3)
            for _ in range(40):
                bad = bytearray(data)
                for _ in range(rng.choice((1, 1, 4))):
                    bad[rng.randrange(4, len(bad))] = rng.randrange(256)
                try:
                    images.dumps(images.loads(bytes(bad), pretty=True))
                except ImageError:
                    refused += 1
        self.assertGreater(refused, 100)


class BadJson(unittest.TestCase):
    def says(self, image, *words):
        with self.assertRaises(ImageError) as caught:
            images.dumps(image)
        for word in words:
            self.assertIn(word, str(caught.exception))

    TASK = {"pid": 1, "ppid": 0, "pgid": 1, "sid": 1, "threads": [1]}

    def test_good_one(self):
        self.assertTrue(images.dumps({"magic": "PSTREE", "entries": [self.TASK]}))

    def test_no_image(self):
        for image in (None, [], 7, {}, {"magic": "PSTREE"}, {"magic": "PSTREE", "entries": 3}):
            self.says(image, "expected")

    def test_unknown_magic(self):
        self.says({"magic": "NOPE", "entries": []}, "NOPE")
        self.says({"magic": ["PSTREE"], "entries": []}, "unknown magic")

    def test_entry_is_named(self):
        for change, words in (({"pid": "x"}, ("pid", "number")),
                              ({"pid": True}, ("pid", "number")),
                              ({"pid": -1}, ("pid", "range")),
                              ({"pid": 1 << 32}, ("pid", "range")),
                              ({"threads": 3}, ("threads", "list")),
                              ({"nonsense": 3}, ("nonsense",))):
            self.says({"magic": "PSTREE", "entries": [self.TASK, dict(self.TASK, **change)]},
                      "PSTREE: entry 1", *words)

    def test_missing_field(self):
        self.says({"magic": "PSTREE", "entries": [{"pid": 1}]}, "entry 0", "lacks", "sid")

    def test_entry_is_no_object(self):
        self.says({"magic": "PSTREE", "entries": [self.TASK, 5]}, "entry 1", "object")

    def test_extra_does_not_fit(self):
        entry = {"pipe_id": 1, "bytes": 3, "extra": "aGVsbG8="}
        self.says({"magic": "PIPES_DATA", "entries": [entry]}, "entry 0", "bytes", "5 bytes")

    def test_bad_base64(self):
        entry = {"pipe_id": 1, "bytes": 3, "extra": "%%%"}
        self.says({"magic": "PIPES_DATA", "entries": [entry]}, "entry 0", "base64")

    def test_extra_of_a_wrong_type(self):
        for extra in (7, ["x"], {"inq": 7}):
            entry = {"pipe_id": 1, "bytes": 3, "extra": extra}
            self.says({"magic": "PIPES_DATA", "entries": [entry]}, "entry 0")

    def test_unknown_enum_name(self):
        self.says({"magic": "FDINFO", "entries": [{"id": 1, "flags": 0, "type": "NEW", "fd": 3}]},
                  "type", "NEW")
