# SPDX-License-Identifier: LGPL-2.1-or-later
"""An image directory seen as what it holds: processes, their descriptors, mappings and pages."""
import os

from . import images
from .images import ImageError
from .images.display import MMAP_STATUS, SK_PROTO, Address

_STATUS = dict(MMAP_STATUS)

# vma_entry.status -> what such a mapping is called when it has no file
_SPECIAL = (
    ("VMA_AREA_HEAP", "[heap]"),
    ("VMA_AREA_STACK", "[stack]"),
    ("VMA_AREA_VDSO", "[vdso]"),
    ("VMA_AREA_VVAR", "[vvar]"),
    ("VMA_AREA_VSYSCALL", "[vsyscall]"),
    ("VMA_AREA_AIORING", "[aio]"),
    ("VMA_AREA_SHSTK", "[shadow stack]"),
)
_GUARD = 0x10000
_PAGE = 4096


class Snapshot:
    """The images of one directory, each read when it is first needed."""

    def __init__(self, path):
        self.path = path
        self._cache = {}

    def entries(self, name, missing_ok=False):
        """The entries of NAME.img; ImageError names the file."""
        if name not in self._cache:
            self._cache[name] = self._read(name + ".img", missing_ok)
        return self._cache[name]

    def _read(self, name, missing_ok):
        path = os.path.join(self.path, name)
        try:
            with open(path, "rb") as f:
                image = images.load(f, no_payload=True)
        except FileNotFoundError:
            if missing_ok:
                return []
            raise ImageError("no such image in this directory").at(path)
        except OSError as e:
            raise ImageError(e.strerror).at(path)
        except ImageError as e:
            raise e.at(path)
        want = name.partition("-")[0].partition(".")[0].upper()
        if image["magic"] != want:
            raise ImageError("this is an image of kind %s, not %s" % (image["magic"], want)).at(path)
        return image["entries"]

    def one(self, name, missing_ok=False):
        """The entry of an image that has exactly one."""
        entries = self.entries(name, missing_ok)
        if entries:
            return entries[0]
        if missing_ok:
            return None
        raise ImageError("no entry: truncated").at(os.path.join(self.path, name + ".img"))

    def tasks(self):
        return self.entries("pstree")

    def comm(self, pid):
        return self.one("core-%d" % pid).get("tc", {}).get("comm", "?")

    def is_live(self, pid):
        """Zombies have a core image and nothing else."""
        return self.one("mm-%d" % pid, missing_ok=True) is not None

    def mappings(self, pid):
        return self.one("mm-%d" % pid).get("vmas") or \
            self.entries("vmas-%d" % pid, missing_ok=True)

    def descriptors(self, pid):
        ids = self.one("ids-%d" % pid, missing_ok=True) or \
            self.one("core-%d" % pid).get("ids")
        if ids is None:
            raise ImageError("no ids, so its descriptor table is not known").at("task %d" % pid)
        return self.entries("fdinfo-%d" % ids["files_id"])

    def file(self, file_id):
        if "files by id" not in self._cache:
            self._cache["files by id"] = {e["id"]: e for e in self.entries("files")}
        return self._cache["files by id"].get(file_id)

    def describe_file(self, file_id, type_name="?"):
        entry = self.file(file_id)
        if entry is None:
            return "%s.%d (not in files.img)" % (type_name, file_id)
        return _describe(self, entry)


def _describe(snapshot, entry):
    kind = entry["type"]
    describe = _DESCRIBE.get(kind)
    text = describe(snapshot, entry) if describe else None
    return text or "%s.%d" % (kind, entry["id"])


def _reg(_, entry):
    return entry.get("reg", {}).get("name")


def _pipe(_, entry):
    return "pipe[%d]" % entry["pipe"]["pipe_id"] if "pipe" in entry else None


def _fifo(snapshot, entry):
    path_id = entry.get("fifo", {}).get("regf_id")
    return "fifo %s" % snapshot.describe_file(path_id) if path_id else None


def _unix(_, entry):
    usk = entry.get("usk")
    if usk is None:
        return None
    # "=00name" is an abstract name, "/path=00" a path with the NUL that the kernel counts
    name = usk["name"].replace("=\n", "")
    name = "@" + name[3:] if name.startswith("=00") else name.replace("=00", "")
    return "unix[%d (%d)%s]" % (usk["ino"], usk["peer"], " " + name if name else "")


def _inet(_, entry):
    isk = entry.get("isk")
    if isk is None:
        return None
    ends = []
    for side in ("src", "dst"):
        address = (Address.show(isk.get(side + "_addr", [])) or ["?"])[0]
        ends.append("%s:%d" % (address, isk[side + "_port"]))
    return "inet[%d %s %s -> %s]" % (isk["ino"], SK_PROTO.get(isk["proto"], isk["proto"]), *ends)


_DESCRIBE = {"REG": _reg, "PIPE": _pipe, "FIFO": _fifo, "UNIXSK": _unix, "INETSK": _inet}


def ps(snapshot):
    """Lines: the process tree."""
    tasks = snapshot.tasks()
    yield "%7s%7s%7s   %s" % ("PID", "PGID", "SID", "COMM")
    children = {}
    for task in tasks:
        children.setdefault(task["ppid"], []).append(task)
    known = {task["pid"] for task in tasks}
    # From a foreign image: a task under itself, or twice, must not make us go round.
    seen = set()
    todo = [(task, 0) for task in reversed(tasks) if task["ppid"] not in known]
    while todo:
        task, depth = todo.pop()
        if task["pid"] in seen:
            continue
        seen.add(task["pid"])
        yield "%7d%7d%7d   %s%s" % (task["pid"], task["pgid"], task["sid"], "    " * depth,
                                    snapshot.comm(task["pid"]))
        todo += [(child, depth + 1) for child in reversed(children.get(task["pid"], []))]
    lost = sorted(known - seen)
    if lost:
        raise ImageError("task %d is its own ancestor: corrupt" % lost[0]).at("pstree.img")


def fds(snapshot):
    """Lines: the descriptors, current directory and root of every task."""
    for task in snapshot.tasks():
        pid = task["pid"]
        yield "%d" % pid
        if not snapshot.is_live(pid):
            yield "\t(zombie)"
            continue
        for entry in sorted(snapshot.descriptors(pid), key=lambda e: e["fd"]):
            yield "\t%7d: %s" % (entry["fd"], snapshot.describe_file(entry["id"], entry["type"]))
        fs = snapshot.one("fs-%d" % pid)
        yield "\t%7s: %s" % ("cwd", snapshot.describe_file(fs["cwd_id"]))
        yield "\t%7s: %s" % ("root", snapshot.describe_file(fs["root_id"]))


def _has(vma, name):
    return bool(vma["status"] & _STATUS[name])


def _backing(snapshot, vma):
    for name, text in _SPECIAL:
        if _has(vma, name):
            return text
    if vma["status"] & _GUARD:
        return "[guard]"
    if _has(vma, "VMA_AREA_MEMFD"):
        return "memfd[%s]" % snapshot.describe_file(vma["shmid"])
    if _has(vma, "VMA_AREA_SOCKET"):
        return "packet[%s]" % snapshot.describe_file(vma["shmid"])
    if _has(vma, "VMA_FILE_PRIVATE") or _has(vma, "VMA_FILE_SHARED"):
        return "%s + %#x" % (snapshot.describe_file(vma["shmid"]), vma["pgoff"])
    if _has(vma, "VMA_AREA_SYSVIPC"):
        return "sysv[%d]" % vma["shmid"]
    if _has(vma, "VMA_ANON_SHARED"):
        return "shmem[%d]" % vma["shmid"]
    return ""


def _vma_line(snapshot, vma):
    prot = "".join(c if vma["prot"] & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))
    prot += "s" if vma["flags"] & 1 else "p"
    return ("%012x-%012x %s %s" % (vma["start"], vma["end"], prot,
                                   _backing(snapshot, vma))).rstrip()


def mems(snapshot):
    """Lines: the mappings of every task."""
    for task in snapshot.tasks():
        pid = task["pid"]
        yield "%d" % pid
        if not snapshot.is_live(pid):
            yield "\t(zombie)"
            continue
        yield "\texe: %s" % snapshot.describe_file(snapshot.one("mm-%d" % pid)["exe_file_id"])
        for vma in snapshot.mappings(pid):
            yield "\t" + _vma_line(snapshot, vma)


_PE_NAMES = ((1, "parent"), (2, "lazy"), (4, "present"))


def rss(snapshot):
    """Lines: the runs of pages that were saved, under the mapping they belong to."""
    for task in snapshot.tasks():
        pid = task["pid"]
        pagemap = snapshot.entries("pagemap-%d" % pid, missing_ok=True)
        yield "%d" % pid
        if not pagemap or not snapshot.is_live(pid):
            yield "\t(no pages)"
            continue
        yield "\tpages-%d.img" % pagemap[0]["pages_id"]
        yield from _rss_of(snapshot, snapshot.mappings(pid), pagemap[1:])


def _pieces(vmas, runs):
    """Each run cut where mappings begin and end: (mapping or None, start, end, run)."""
    v = 0
    for run in runs:
        start = run["vaddr"]
        end = start + run.get("nr_pages", run["compat_nr_pages"]) * _PAGE
        while start < end:
            while v < len(vmas) and vmas[v]["end"] <= start:
                v += 1
            if v == len(vmas) or vmas[v]["start"] >= end:
                yield None, start, end, run
                break
            if vmas[v]["start"] > start:
                yield None, start, vmas[v]["start"], run
                start = vmas[v]["start"]
            stop = min(end, vmas[v]["end"])
            yield vmas[v], start, stop, run
            start = stop


def _rss_of(snapshot, vmas, runs):
    shown = object()
    # Guard ranges lie inside real mappings and hold no pages.
    for vma, start, end, run in _pieces([v for v in vmas if not v["status"] & _GUARD], runs):
        if vma is not shown:
            yield "\t" + (_vma_line(snapshot, vma) if vma else "(no mapping)")
            shown = vma
        flags = run.get("flags", 1 if run.get("in_parent") else 4)
        names = " ".join(name for bit, name in _PE_NAMES if flags & bit)
        if "cow_pid" in run:
            names += "shared with %d" % run["cow_pid"]
        pages = (end - start) // _PAGE
        yield "\t\t%012x %8d page%s %s" % (start, pages, " " if pages == 1 else "s", names)


VIEWS = {"ps": ps, "fds": fds, "mems": mems, "rss": rss}
