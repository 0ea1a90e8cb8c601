# SPDX-License-Identifier: GPL-2.0-or-later
"""What /proc shows of a process tree, taken before and after, and the differences.

A snapshot is a flat dictionary: "task 12: status.SigBlk" -> value. Numbers that the kernel hands out anew (inodes of
pipes, for example) are replaced by the place where the object is first met, so that sharing is compared, not numbers.
"""
import ctypes
import functools
import os
import re
import struct

libc = ctypes.CDLL(None, use_errno=True)
SYS_KCMP, SYS_SCHED_GETATTR, SYS_IOPRIO_GET, SYS_GET_ROBUST_LIST = 312, 315, 252, 274
KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND = 0, 1, 2, 3, 4

STATUS_KEYS = """Name Umask Tgid PPid TracerPid Uid Gid Groups SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff
CapBnd CapAmb NoNewPrivs Seccomp Seccomp_filters Speculation_Store_Bypass SpeculationIndirectBranch Cpus_allowed
Mems_allowed THP_enabled CoreDumping VmLck Threads untag_mask x86_Thread_features x86_Thread_features_locked""".split()
# stat fields by their number in proc(5), counted from 1
STAT_FIELDS = {"pgrp": 5, "session": 6, "tty_nr": 7, "tpgid": 8, "priority": 18, "nice": 19, "start_code": 26,
               "end_code": 27, "start_stack": 28, "exit_signal": 38, "rt_priority": 40, "policy": 41,
               "start_data": 45, "end_data": 46, "start_brk": 47, "arg_start": 48, "arg_end": 49, "env_start": 50,
               "env_end": 51, "exit_code": 52}
PROCESS_TEXTS = """limits oom_score_adj loginuid personality coredump_filter auxv cmdline environ cgroup timers
uid_map""".split()
# of a zombie only these are still the parent's business
ZOMBIE_KEYS = {"Name", "Tgid", "PPid", "TracerPid"}
THREAD_TEXTS = ["comm", "timerslack_ns"]
# VmFlags that say nothing about the program: soft-dirty, accounting (whether the mapping was ever writable), mixed
# pages, and the memory protection-key letters that smaps prints elsewhere.
IGNORED_VM_FLAGS = {"sd", "ac", "mm"}
MAP_LINE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$")
# A deleted file whose name another one has by now: it cannot have that name while it is made again.
TAKEN_NAME = re.compile(r"\.cr_link \(deleted\)$")
ANON_TARGET = re.compile(r"^(pipe|socket|anon_inode|net|mnt|pid|user|uts|ipc|time|cgroup):")


def read(path, mode="r"):
    """The content of a /proc file; None where there is none (zombies, threads that went away)."""
    try:
        with open(path, mode, **({} if "b" in mode else {"errors": "replace"})) as f:
            return f.read()
    except OSError:
        return None


def children_of(pid):
    kids = []
    try:
        tids = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return kids
    for tid in tids:
        kids += [int(k) for k in (read(f"/proc/{pid}/task/{tid}/children") or "").split()]
    return sorted(kids)


def tree_of(root):
    """Every process from the root down, parents first."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop(0)
        found.append(pid)
        todo += children_of(pid)
    return found


def kcmp(pid1, pid2, kind, a=0, b=0):
    return libc.syscall(SYS_KCMP, pid1, pid2, kind, ctypes.c_ulong(a), ctypes.c_ulong(b))


def classes(items, compare):
    """item -> the first item (in the given order) that is the same object."""
    ordered = sorted(items, key=functools.cmp_to_key(lambda a, b: {1: -1, 2: 1}.get(compare(a, b), 0)))
    result, group = {}, []
    for item in ordered:
        if group and compare(group[-1], item) != 0:
            group = []
        group.append(item)
        first = min(group)
        for member in group:
            result[member] = first
    return result


class Snapshot:
    def __init__(self, root, skip=()):
        self.values = {}
        self.maps = {}
        self.namespaces = {}
        self.skip = skip
        self.pids = tree_of(root)
        self.put("tree", self.pids)
        live = [pid for pid in self.pids if self.read_process(pid)]
        self.read_files(live)
        for kind, name in ((KCMP_VM, "mm"), (KCMP_FILES, "files"), (KCMP_FS, "fs"), (KCMP_SIGHAND, "sighand")):
            shared = classes(live, lambda a, b, k=kind: kcmp(a, b, k))
            self.put(f"shared {name}", sorted((p, f) for p, f in shared.items() if p != f))

    def put(self, key, value):
        if not any(re.search(pattern, key) for pattern in self.skip):
            self.values[key] = value

    def read_process(self, pid):
        where = f"task {pid}"
        try:
            tids = sorted(int(t) for t in os.listdir(f"/proc/{pid}/task"))
        except OSError:
            return False  # it has ended meanwhile
        self.put(f"{where}: threads", tids)
        for tid in tids:
            self.read_thread(pid, tid, where if tid == pid else f"{where}: thread {tid}")
        if self.values.get(f"{where}: state") == "Z":
            return False
        for name in PROCESS_TEXTS:
            self.put(f"{where}: {name}", (read(f"/proc/{pid}/{name}", "rb") or b"").decode("latin1"))
        for name in ("cwd", "root", "exe"):
            self.read_link(f"{where}: {name}", f"/proc/{pid}/{name}")
        for name in ("cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"):
            self.put(f"{where}: ns {name}", self.namespace(pid, name))
        self.read_maps(pid, where)
        return True

    def namespace(self, pid, name):
        """That of the runner, or the one of the first task that is in it."""
        link = self.link(f"/proc/{pid}/ns/{name}")
        if link == self.link(f"/proc/self/ns/{name}"):
            return "the runner's"
        return f"that of task {self.namespaces.setdefault(link, pid)}"

    @staticmethod
    def link(path):
        try:
            return os.readlink(path)
        except OSError as e:
            return f"({e.strerror})"

    def read_link(self, key, path):
        target = self.link(path)
        self.put(key, target)
        try:
            st = os.stat(path)
            self.put(key + " inode", "deleted" if target.endswith(" (deleted)") else (st.st_dev, st.st_ino))
        except OSError as e:
            self.put(key + " inode", e.strerror)

    def read_thread(self, pid, tid, where):
        base = f"/proc/{pid}/task/{tid}"
        stat = read(f"{base}/stat")
        if stat is None:
            return
        fields = stat[stat.rindex(")") + 2:].split()
        state = fields[0]
        self.put(f"{where}: state", {"t": "T"}.get(state, state) if state in "TtZX" else "live")
        for name, number in STAT_FIELDS.items():
            if state in "ZX" and name not in ("pgrp", "session", "exit_signal", "exit_code"):
                continue
            self.put(f"{where}: stat.{name}", fields[number - 3])
        status = dict(line.split(":", 1) for line in (read(f"{base}/status") or "").splitlines() if ":" in line)
        for key in STATUS_KEYS:
            if key in status and (state not in "ZX" or key in ZOMBIE_KEYS):
                self.put(f"{where}: status.{key}", " ".join(status[key].split()))
        if state in "ZX":
            return
        for name in THREAD_TEXTS:
            self.put(f"{where}: {name}", read(f"/proc/{tid}/{name}"))
        self.put(f"{where}: sched", self.sched_of(tid))
        self.put(f"{where}: ioprio", libc.syscall(SYS_IOPRIO_GET, 1, tid))
        head, length = ctypes.c_ulong(), ctypes.c_ulong()
        if libc.syscall(SYS_GET_ROBUST_LIST, tid, ctypes.byref(head), ctypes.byref(length)) == 0:
            self.put(f"{where}: robust list", (hex(head.value), length.value))

    @staticmethod
    def sched_of(tid):
        buf = ctypes.create_string_buffer(56)
        if libc.syscall(SYS_SCHED_GETATTR, tid, buf, 56, 0) < 0:
            return None
        names = ("size", "policy", "flags", "nice", "priority", "runtime", "deadline", "period", "util_min", "util_max")
        return dict(zip(names, struct.unpack("=IIQiIQQQII", buf.raw)))

    def read_maps(self, pid, where):
        rows, row = [], None
        for line in (read(f"/proc/{pid}/smaps") or "").splitlines():
            head = MAP_LINE.match(line)
            if head:
                start, end, prot, offset, dev, inode, path = head.groups()
                path = TAKEN_NAME.sub(" (deleted)", path).replace("/memfd:/dev/zero", "/dev/zero")
                if path.endswith(" (deleted)"):
                    inode = "deleted"
                row = {"start": int(start, 16), "end": int(end, 16), "prot": prot, "offset": int(offset, 16),
                       "file": (dev, inode), "path": path, "flags": frozenset()}
                rows.append(row)
            elif line.startswith("VmFlags:"):
                row["flags"] = frozenset(set(line.split()[1:]) - IGNORED_VM_FLAGS)
            elif line.startswith("ProtectionKey:"):
                row["pkey"] = line.split()[1]
        for line in (read(f"/proc/{pid}/numa_maps") or "").splitlines():
            start, policy = line.split()[:2]
            for row in rows:
                if row["start"] == int(start, 16):
                    row["policy"] = policy
        self.maps[where] = merged(rows)

    def read_files(self, pids):
        """Descriptor tables: target, flags, position and details of each, and which are one open description."""
        seen, groups = {}, {}
        for pid in pids:
            try:
                fds = sorted(int(fd) for fd in os.listdir(f"/proc/{pid}/fd"))
            except OSError:
                continue
            self.put(f"task {pid}: fds", fds)
            for fd in fds:
                target = TAKEN_NAME.sub(" (deleted)", self.link(f"/proc/{pid}/fd/{fd}"))
                groups.setdefault(target, []).append((pid, fd))
                self.read_file(f"task {pid}: fd {fd}", pid, fd, target, seen)
        for target, members in groups.items():
            for (pid, fd), first in classes(members, lambda a, b: kcmp(a[0], b[0], KCMP_FILE, a[1], b[1])).items():
                self.put(f"task {pid}: fd {fd}: same description as", first)

    def read_file(self, key, pid, fd, target, seen):
        info = read(f"/proc/{pid}/fdinfo/{fd}") or ""
        try:
            st = os.stat(f"/proc/{pid}/fd/{fd}")
        except OSError:
            return
        is_anon = bool(ANON_TARGET.match(target))
        if is_anon and "[" in target:
            target = re.sub(r"\[\d+\]", f"[first at {seen.setdefault(target, (pid, fd))}]", target)
        elif not target.endswith(" (deleted)") and not target.startswith("/proc/"):
            self.put(f"{key}: inode", (st.st_dev, st.st_ino))
        # the name that O_TMPFILE gives is the number of the inode, which is a new one
        target = re.sub(r"/#\d+ \(deleted\)$", "/#inode (deleted)", target)
        self.put(f"{key}: target", target)
        self.put(f"{key}: mode", oct(st.st_mode))
        details = []
        for line in info.splitlines():
            name, _, value = line.partition(":")
            value = " ".join(value.split())
            if name == "flags" and target.startswith("/dev/pts/"):
                # a terminal opened by the kernel (TIOCGPTPEER) lacks O_LARGEFILE, which every open(2) sets
                self.put(f"{key}: flags", oct(int(value, 8) & ~0o100000))
            elif name in ("pos", "flags"):
                self.put(f"{key}: {name}", value)
            elif name == "mnt_id":
                self.put(f"{key}: mnt_id", value)
            elif name in ("ino", "eventfd-id", "ticks"):
                continue
            elif name == "it_value":
                details.append("it_value armed" if value != "(0, 0)" else "it_value unarmed")
            elif name == "tfd":
                # a one-shot watch that has fired: adding it again cannot leave out error and hang-up (0x18)
                value = re.sub(r"events: 40000018\b", "events: 40000000", value)
                details.append("tfd " + re.sub(r" (ino|sdev):\S+", "", value))
            elif name == "lock":
                details.append("lock " + value.split(": ", 1)[-1])
            else:
                details.append(f"{name} {value}")
        self.put(f"{key}: details", sorted(details))


def merged(rows):
    """Adjacent mappings with equal attributes are one: where the kernel splits them is not the program's business."""
    result = []
    for row in rows:
        row = dict(row)
        last = result[-1] if result else None
        if last and last["end"] == row["start"]:
            same = all(last.get(k) == row.get(k) for k in ("prot", "file", "path", "flags", "policy", "pkey"))
            is_file = row["file"][1] != "0"
            if same and (not is_file or last["offset"] + last["end"] - last["start"] == row["offset"]):
                last["end"] = row["end"]
                continue
        result.append(row)
    return result


def show_map(row):
    text = f"{row['start']:x}-{row['end']:x} {row['prot']} {row['offset']:x} {row['file'][0]} {row['file'][1]}"
    extra = "".join(f" {k}={row[k]}" for k in ("policy", "pkey") if k in row)
    return f"{text} {row['path']} flags {' '.join(sorted(row['flags']))}{extra}"


def short(value):
    text = value if isinstance(value, str) else repr(value)
    text = text.replace("\0", " ").replace("\n", "\\n")
    return text if len(text) < 160 else text[:160] + "..."


def text_difference(before, after):
    """For long texts (limits, auxv): the first line or place that differs."""
    a, b = str(before).splitlines(), str(after).splitlines()
    for left, right in zip(a, b):
        if left != right and len(a) > 1:
            return f"before '{short(left)}', after '{short(right)}'"
    return f"before '{short(before)}', after '{short(after)}'"


def differences(before, after):
    """Lines that say what is not as it was; empty if all is."""
    lines = []
    for key in sorted(set(before.values) | set(after.values)):
        old, new = before.values.get(key), after.values.get(key)
        if old != new:
            lines.append(f"{key}: {text_difference(old, new)}")
    for where in sorted(set(before.maps) & set(after.maps)):
        skipped = [s for s in before.skip if re.search(s, f"{where}: maps")]
        if skipped:
            continue
        old, new = (set(map(show_map, snap.maps[where])) for snap in (before, after))
        lines += [f"{where}: map lost: {row}" for row in sorted(old - new)]
        lines += [f"{where}: map new:  {row}" for row in sorted(new - old)]
    return lines
