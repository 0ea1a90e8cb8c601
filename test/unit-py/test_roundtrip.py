# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of image, with every field set, comes back byte for byte."""
import json
import unittest

from pycriu import images
from pycriu.images import convert
from pycriu.images.kinds import HEAD_MAGICS, KINDS
from specimen import Maker, MESSAGES, u32


def record(data):
    return u32(len(data)) + data


def head(kind, with_head=True):
    out = b""
    if kind.head != "none" and with_head:
        out = u32(HEAD_MAGICS[kind.head])
    return out + u32(kind.magic)


def padded(data, align):
    return data + bytes(-len(data) % align)


def body(kind, seed, only_required=False):
    """Three entries of KIND with the payload that belongs to them."""
    def make(name, **fixed):
        fixed = {name + "." + k: v for k, v in fixed.items()}
        return record(Maker(seed + len(out), fixed, only_required).message(name))

    out = b""
    if kind.payload == "pagemap":
        out += make("pagemap_head")
    if kind.payload == "ghost":
        out += make(kind.message, chunks=1)
        if only_required:
            return out + b"to the end of the file"
        for size in (5, 4096):
            out += make("ghost_chunk_entry", len=size) + bytes(range(256)) * 16 if size == 4096 \
                else make("ghost_chunk_entry", len=size) + b"hello"
        return out
    for size in (0, 3, 300):
        payload = b"\xff\x00p" * (size // 3)
        if kind.payload == "pipe":
            out += make(kind.message, bytes=size) + payload
        elif kind.payload == "sk_queue":
            out += make(kind.message, length=size) + payload
        elif kind.payload == "bpfmap":
            out += make(kind.message, keys_bytes=size, values_bytes=size) + payload * 2
        elif kind.payload == "tcp_stream":
            out += make(kind.message, inq_len=size, outq_len=6) + payload + b"outout"
        elif kind.payload == "ipc_sem":
            out += make(kind.message, nsems=size) + padded(b"\x34\x12" * size, 8)
        elif kind.payload == "ipc_shm":
            out += make(kind.message, size=size, in_pagemaps=0) + padded(payload, 4)
        elif kind.payload == "ipc_msg":
            out += make(kind.message, qnum=2)
            out += make("ipc_msg", msize=size) + padded(payload, 8)
            out += make("ipc_msg", msize=1) + padded(b"z", 8)
        else:
            out += make(kind.message)
    return out


class RoundTrip(unittest.TestCase):
    def check(self, data):
        for pretty in (False, True):
            image = images.loads(data, pretty=pretty)
            self.assertEqual(images.dumps(json.loads(json.dumps(image))), data)
        return image

    def test_every_kind_with_every_field(self):
        for kind in KINDS:
            for seed in range(5):
                with self.subTest(kind=kind.name, seed=seed):
                    image = self.check(head(kind) + body(kind, seed))
                    self.assertEqual(image["magic"], kind.name)

    def test_every_kind_with_required_fields_only(self):
        for kind in KINDS:
            with self.subTest(kind=kind.name):
                self.check(head(kind) + body(kind, 9, only_required=True))

    def test_version_1_0_has_no_head_magic(self):
        for kind in KINDS:
            with self.subTest(kind=kind.name):
                self.check(head(kind, with_head=False) + body(kind, 1))

    def test_no_entries(self):
        for kind in KINDS:
            if kind.payload not in ("pagemap", "ghost"):
                self.check(head(kind))

    def test_every_message_of_the_schema(self):
        for name in MESSAGES:
            if "." in name:
                continue
            for pretty in (False, True):
                with self.subTest(message=name, pretty=pretty):
                    data = Maker(3).message(name)
                    self.assertEqual(convert.encode(name, convert.decode(name, data, pretty)), data)

    def test_names_of_unix_sockets(self):
        """Quoted-printable takes liberties with blanks and line ends; a name may have them."""
        for name in (b"", b"/dev/log\0", b"\0abstract", b"a\r\nb", b"a\nb", b"\r", b"end ", b"=",
                     b"t\t\n", b"x" * 107, b"\t\r\n\n\r\0\r\t" + b"y" * 66, bytes(range(256)),
                     b"\xff \r\n\r", "\u00e9".encode()):
            with self.subTest(name=name):
                data = Maker(1, {"unix_sk_entry.name": name}, True).message("unix_sk_entry")
                self.assertIn(name, data)
                entry = json.loads(json.dumps(convert.decode("unix_sk_entry", data)))
                self.assertEqual(convert.encode("unix_sk_entry", entry), data)

    def test_fields_of_a_newer_writer_are_kept(self):
        known = Maker(1).message("file_lock_entry")
        newer = known + b"\xc2\xbb\x01\x03new" + b"\xc8\xbb\x01\x07"    # fields 3000, 3001
        entry = convert.decode("file_lock_entry", newer)
        self.assertIn("unknown_fields", entry)
        self.assertEqual(convert.encode("file_lock_entry", entry), newer)
        self.assertNotIn("unknown_fields", convert.decode("file_lock_entry", known))

    def test_unknown_fields_inside_a_message_are_kept(self):
        inner = Maker(1).message("rlimit_entry") + b"\xc8\xbb\x01\x07"
        data = b"\x0a" + bytes([len(inner)]) + inner
        entry = convert.decode("task_rlimits_entry", data)
        self.assertIn("unknown_fields", entry["rlimits"][0])
        self.assertEqual(convert.encode("task_rlimits_entry", entry), data)
