# SPDX-License-Identifier: GPL-2.0-or-later
"""Images written out by hand, and the very text that stands for them."""
import os
import unittest

from pycriu import images

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def read_hex(name):
    """Bytes of a corpus file: hex digits, and # for what they are."""
    with open(os.path.join(CORPUS, name + ".hex"), encoding="ascii") as f:
        return bytes.fromhex("".join(line.partition("#")[0] for line in f))


PLAIN = {
    "inventory": {"magic": "INVENTORY", "entries": [
        {"img_version": 2, "fdinfo_per_id": True, "ns_per_id": True, "lsmtype": "NO_LSM"}]},
    "pstree": {"magic": "PSTREE", "entries": [
        {"pid": 300, "ppid": 0, "pgid": 300, "sid": 300, "threads": [300, 301]},
        {"pid": 302, "ppid": 300, "pgid": 300, "sid": 300, "threads": [302]}]},
    "pagemap": {"magic": "PAGEMAP", "entries": [
        {"pages_id": 1},
        {"vaddr": 0x7f0000001000, "compat_nr_pages": 0, "flags": 6, "nr_pages": 3}]},
    "pipes-data": {"magic": "PIPES_DATA", "entries": [
        {"pipe_id": 9, "bytes": 5, "size": 65536, "extra": "aGVsbG8=\n"},
        {"pipe_id": 10, "bytes": 0, "extra": ""}]},
    "unixsk": {"magic": "UNIXSK", "entries": [
        {"id": 1, "ino": 5, "type": 1, "state": 10, "flags": 2, "uflags": 0, "backlog": 4,
         "peer": 0, "fown": {"uid": 0, "euid": 0, "signum": 0, "pid_type": 0, "pid": 0},
         "opts": {"so_sndbuf": 1, "so_rcvbuf": 1, "so_snd_tmo_sec": 0, "so_snd_tmo_usec": 0,
                  "so_rcv_tmo_sec": 0, "so_rcv_tmo_usec": 0},
         "name": "/s=00"}]},
    "ipcns-sem": {"magic": "IPCNS_SEM", "entries": [
        {"desc": {"key": 7, "uid": 0, "gid": 0, "cuid": 0, "cgid": 0, "mode": 384, "id": 1},
         "nsems": 3, "extra": [1, 2, 65535]}]},
    "ghost-file": {"magic": "GHOST_FILE", "entries": [
        {"uid": 0, "gid": 0, "mode": 33188, "dev": 265289729, "extra": "Z29uZQ==\n"}]},
    "reg-files-utf8": {"magic": "REG_FILES", "entries": [
        {"id": 1, "flags": 0o102002, "pos": 0,
         "fown": {"uid": 0, "euid": 0, "signum": 0, "pid_type": 0, "pid": 0},
         "name": "/\udcff\u00e9"}]},
    "stats-dump": {"magic": "STATS", "entries": [{"dump": {
        "freezing_time": 1, "frozen_time": 2, "memdump_time": 3, "memwrite_time": 4,
        "pages_scanned": 5, "pages_skipped_parent": 6, "pages_written": 7, "irmap_resolve": 8,
        "pages_lazy": 9}}]},
}


class Golden(unittest.TestCase):
    def test_every_file_is_listed(self):
        self.assertEqual(sorted(f[:-4] for f in os.listdir(CORPUS) if f.endswith(".hex")),
                         sorted(PLAIN))

    def test_decode(self):
        for name, want in PLAIN.items():
            with self.subTest(image=name):
                self.assertEqual(images.loads(read_hex(name)), want)

    def test_encode(self):
        for name, image in PLAIN.items():
            with self.subTest(image=name):
                self.assertEqual(images.dumps(image), read_hex(name))

    def test_info_counts_entries_not_heads(self):
        for name, count in (("pagemap", 1), ("pstree", 2), ("pipes-data", 2), ("inventory", 1)):
            with open(os.path.join(CORPUS, name + ".hex"), "rb"):
                import io
                self.assertEqual(images.info(io.BytesIO(read_hex(name)))["count"], count)

    def test_no_payload(self):
        image = images.loads(read_hex("pipes-data"), no_payload=True)
        self.assertEqual([e["extra"] for e in image["entries"]], ["... <5 B>", "... <0 B>"])


class Pretty(unittest.TestCase):
    """The forms of display.py: what they print, and that they read it back."""

    def entry(self, name):
        data = read_hex(name)
        image = images.loads(data, pretty=True)
        self.assertEqual(images.dumps(image), data)
        return image["entries"][-1]

    def test_pagemap(self):
        self.assertEqual(self.entry("pagemap"), {
            "vaddr": "0x7f0000001000", "compat_nr_pages": 0, "flags": "PE_LAZY | PE_PRESENT",
            "nr_pages": 3})

    def test_device(self):
        self.assertEqual(self.entry("ghost-file")["dev"], "253:1")

    def test_open_flags(self):
        self.assertEqual(self.entry("reg-files-utf8")["flags"], "O_RDWR | O_APPEND | O_LARGEFILE")

    def test_socket(self):
        entry = self.entry("unixsk")
        self.assertEqual((entry["type"], entry["state"], entry["flags"]),
                         ("STREAM", "LISTEN", "0x2"))

    def check(self, message, field, value, text):
        from pycriu.images import display
        form = display.form_of(message + "." + field)
        self.assertEqual(form.show(value), text)
        self.assertEqual(form.read(text), value)

    def test_flags_without_a_name_stay_numbers(self):
        self.check("vma_entry", "flags", 0x40022, "MAP_PRIVATE | MAP_ANON | 0x40000")
        self.check("vma_entry", "prot", 0, "")
        self.check("pagemap_entry", "flags", 0x100, "PE_COW")
        self.check("vma_entry", "status", 0x209,
                   "VMA_AREA_REGULAR | VMA_AREA_VDSO | VMA_ANON_PRIVATE")
        self.check("memfd_inode_entry", "seals", 0x1f,
                   "F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | "
                   "F_SEAL_FUTURE_WRITE")

    def test_addresses(self):
        self.check("inet_sk_entry", "src_addr", [0x0100007f], ["127.0.0.1"])
        self.check("inet_sk_entry", "src_addr", [0, 0, 0, 0x01000000], ["::1"])
        self.check("inet_sk_entry", "src_addr", [0, 0, 0, 0], ["::"])
        self.check("inet_sk_entry", "src_addr", [1, 2], [1, 2])

    def test_devices_of_both_encodings(self):
        self.check("mnt_entry", "root_dev", 8 << 20 | 1, "8:1")
        self.check("ghost_file_entry", "rdev", 0x801, "8:1")
        self.check("ghost_file_entry", "rdev", 0xfff00fff, "15:1048575")

    def test_names(self):
        self.check("task_core_entry", "task_state", 1, "Alive")
        self.check("task_core_entry", "task_state", 2, 2)
        self.check("inet_sk_entry", "proto", 132, 132)
        self.check("inet_sk_entry", "family", 10, "INET6")

    def test_hex_reaches_into_messages(self):
        from pycriu.images import convert
        from specimen import Maker
        entry = convert.decode("thread_info_x86", Maker(1).message("thread_info_x86"), True)
        self.assertRegex(entry["gpregs"]["ip"], "^0x")
        self.assertIsInstance(entry["fpregs"]["cwd"], int)
