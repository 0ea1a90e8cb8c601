# SPDX-License-Identifier: GPL-2.0-or-later
"""crit x on a directory of images: a shell, its child with a pipe, a file and threads, a zombie."""
import os
import tempfile
import unittest

from pycriu import explore, images
from pycriu.images import ImageError, convert
from specimen import Maker

FOWN = {"uid": 0, "euid": 0, "signum": 0, "pid_type": 0, "pid": 0}
R, W, X, SHARED, PRIVATE = 1, 2, 4, 1, 2


def core(comm, state=1):
    return [{"mtype": "X86_64", "tc": {"task_state": state, "exit_code": 0, "personality": 0,
                                       "flags": 0, "blk_sigset": 0, "comm": comm}}]


def task(pid, ppid):
    return {"pid": pid, "ppid": ppid, "pgid": 10, "sid": 10, "threads": [pid]}


def ids(files_id):
    return [{"vm_id": 1, "files_id": files_id, "fs_id": 1, "sighand_id": 1}]


def reg(file_id, name):
    return {"type": "REG", "id": file_id,
            "reg": {"id": file_id, "flags": 0, "pos": 0, "fown": FOWN, "name": name}}


def vma(start, end, prot, status, flags=PRIVATE, shmid=0, pgoff=0):
    return {"start": start, "end": end, "pgoff": pgoff, "shmid": shmid, "prot": prot,
            "flags": flags, "status": status, "fd": -1}


def fdinfo(fd, file_id, kind):
    return {"id": file_id, "flags": 0, "type": kind, "fd": fd}


def mm(exe, vmas):
    entry = convert.decode("mm_entry", Maker(1, only_required=True).message("mm_entry"))
    return [dict(entry, exe_file_id=exe, vmas=vmas)]


USK = {"id": 5, "ino": 70, "type": 1, "state": 10, "flags": 2, "uflags": 0, "backlog": 0, "peer": 71,
       "fown": FOWN, "name": "=00hidden",
       "opts": {k: 0 for k in ("so_sndbuf", "so_rcvbuf", "so_snd_tmo_sec", "so_snd_tmo_usec",
                               "so_rcv_tmo_sec", "so_rcv_tmo_usec")}}

TREE = {
    "pstree": ("PSTREE", [task(10, 0), task(11, 10), task(12, 11), task(13, 10)]),
    "core-10": ("CORE", core("sh")),
    "core-11": ("CORE", core("work er")),
    "core-12": ("CORE", core("gone", 2)),
    "core-13": ("CORE", core("last")),
    "ids-10": ("IDS", ids(1)),
    "ids-11": ("IDS", ids(2)),
    "ids-13": ("IDS", ids(2)),
    "fs-10": ("FS", [{"cwd_id": 1, "root_id": 2}]),
    "fs-11": ("FS", [{"cwd_id": 1, "root_id": 2}]),
    "fs-13": ("FS", [{"cwd_id": 1, "root_id": 2}]),
    "fdinfo-1": ("FDINFO", [fdinfo(1, 4, "PIPE"), fdinfo(0, 3, "REG")]),
    "fdinfo-2": ("FDINFO", [fdinfo(7, 5, "UNIXSK"), fdinfo(8, 6, "EVENTFD"), fdinfo(9, 99, "TTY")]),
    "files": ("FILES", [reg(1, "/tmp"), reg(2, "/"), reg(3, "/etc/\udcffpasswd"),
                        {"type": "PIPE", "id": 4,
                         "pipe": {"id": 4, "pipe_id": 555, "flags": 1, "fown": FOWN}},
                        {"type": "UNIXSK", "id": 5, "usk": USK},
                        {"type": "EVENTFD", "id": 6,
                         "efd": {"id": 6, "flags": 0, "fown": FOWN, "counter": 3}},
                        reg(7, "/bin/sh")]),
    "mm-10": ("MM", mm(7, [vma(0x400000, 0x402000, R | X, 0x41, shmid=7, pgoff=0x1000),
                           vma(0x402000, 0x403000, R | W, 0x221),
                           vma(0x7000000, 0x7001000, R | W, 0x101, SHARED, shmid=77),
                           vma(0x7ffe0000, 0x7fff0000, R | W, 0x201),
                           vma(0x7fff0000, 0x7fff1000, R | X, 0x209),
                           vma(0x402000, 0x403000, 0, 0x10000)])),
    "mm-11": ("MM", mm(7, [vma(0x402000, 0x403000, R | W, 0x221)])),
    "mm-13": ("MM", mm(7, [])),
    "pagemap-10": ("PAGEMAP", [
        {"pages_id": 3},
        {"vaddr": 0x401000, "compat_nr_pages": 0, "flags": 4, "nr_pages": 2},
        {"vaddr": 0x500000, "compat_nr_pages": 0, "flags": 1, "nr_pages": 1},
        {"vaddr": 0x7ffe4000, "compat_nr_pages": 3, "flags": 6}]),
    "pagemap-11": ("PAGEMAP", [
        {"pages_id": 4},
        {"vaddr": 0x402000, "compat_nr_pages": 0, "flags": 0x100, "nr_pages": 1, "cow_pid": 10}]),
}


class Explore(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir = temp.name
        for name, (magic, entries) in TREE.items():
            self.write(name, magic, entries)

    def write(self, name, magic, entries):
        with open(os.path.join(self.dir, name + ".img"), "wb") as f:
            images.dump({"magic": magic, "entries": entries}, f)

    def lines(self, view):
        return list(explore.VIEWS[view](explore.Snapshot(self.dir)))

    def test_ps(self):
        self.assertEqual(self.lines("ps"), [
            "    PID   PGID    SID   COMM",
            "     10     10     10   sh",
            "     11     10     10       work er",
            "     12     10     10           gone",
            "     13     10     10       last"])

    def test_fds(self):
        common = ["\t      7: unix[70 (71) @hidden]", "\t      8: EVENTFD.6",
                  "\t      9: TTY.99 (not in files.img)", "\t    cwd: /tmp", "\t   root: /"]
        self.assertEqual(self.lines("fds"), [
            "10", "\t      0: /etc/\udcffpasswd", "\t      1: pipe[555]", "\t    cwd: /tmp",
            "\t   root: /", "11", *common, "12", "\t(zombie)", "13", *common])

    def test_mems(self):
        self.assertEqual(self.lines("mems")[:9], [
            "10", "\texe: /bin/sh",
            "\t000000400000-000000402000 r-xp /bin/sh + 0x1000",
            "\t000000402000-000000403000 rw-p [heap]",
            "\t000007000000-000007001000 rw-s shmem[77]",
            "\t00007ffe0000-00007fff0000 rw-p",
            "\t00007fff0000-00007fff1000 r-xp [vdso]",
            "\t000000402000-000000403000 ---p [guard]",
            "11"])

    def test_rss_cuts_runs_at_mappings(self):
        self.assertEqual(self.lines("rss"), [
            "10", "\tpages-3.img",
            "\t000000400000-000000402000 r-xp /bin/sh + 0x1000",
            "\t\t000000401000        1 page  present",
            "\t000000402000-000000403000 rw-p [heap]",
            "\t\t000000402000        1 page  present",
            "\t(no mapping)",
            "\t\t000000500000        1 page  parent",
            "\t00007ffe0000-00007fff0000 rw-p",
            "\t\t00007ffe4000        3 pages lazy present",
            "11", "\tpages-4.img",
            "\t000000402000-000000403000 rw-p [heap]",
            "\t\t000000402000        1 page  shared with 10",
            "12", "\t(no pages)", "13", "\t(no pages)"])

    def fails(self, view, *words):
        with self.assertRaises(ImageError) as caught:
            self.lines(view)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_missing_image_is_named(self):
        os.unlink(os.path.join(self.dir, "core-11.img"))
        self.fails("ps", "core-11.img", "no such image")
        os.unlink(os.path.join(self.dir, "files.img"))
        self.fails("fds", "files.img")

    def test_truncated_image_is_named(self):
        path = os.path.join(self.dir, "files.img")
        os.truncate(path, os.path.getsize(path) - 1)
        self.fails("mems", "files.img", "record 6", "truncated")

    def test_task_below_itself(self):
        self.write("pstree", "PSTREE", [task(10, 0), task(11, 12), task(12, 11)])
        self.fails("ps", "task 11", "corrupt")

    def test_image_without_an_entry(self):
        self.write("core-10", "CORE", [])
        self.fails("ps", "core-10.img", "no entry")

    def test_another_image_under_the_name(self):
        self.write("core-10", "FS", [{"cwd_id": 1, "root_id": 2}])
        self.fails("ps", "core-10.img")
