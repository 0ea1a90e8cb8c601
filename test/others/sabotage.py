#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Breaks one thing at a time, by editing the images between dump and restore: the tests must notice.

A test that passes whatever is restored proves nothing. Each case names a program, an image and the field that is
changed; the restore must fail, or the program or the comparison of /proc must say no.
"""
import glob
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "test", "zdtm"), os.path.join(TOP, "build")]

import cases  # noqa: E402
import procs  # noqa: E402
from cases import CASES, Failed  # noqa: E402

try:
    from pycriu import images
except ImportError as e:
    sys.exit(f"sabotage.py: {e}: run make pycriu, install python3-protobuf")

NOT_THERE = object()


def flip(value):
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value ^ 1
    if isinstance(value, str):
        return value[:-1] + ("x" if value[-1] != "x" else "y") if value else value
    if isinstance(value, list):
        return value[:-1]
    raise Failed(f"no idea how to break {value!r}")


def plus(number):
    return lambda value: value + number


def to(new):
    return lambda value: new


def drop(_):
    return NOT_THERE


def change(node, path, how):
    """Applies how() to every value at this path; [] means all of a list, [N] one. The number of changes."""
    key, _, rest = path.partition(".")
    name, bracket, index = key.partition("[")
    if not isinstance(node, dict) or name not in node:
        return 0
    if bracket:
        items = node[name]
        chosen = range(len(items)) if index == "]" else [int(index[:-1])]
        return sum(change({"item": items[i]}, f"item.{rest}", how) if rest else replace(items, i, how) for i in chosen)
    return change(node[name], rest, how) if rest else replace(node, name, how)


def replace(container, key, how):
    new = how(container[key])
    if new is NOT_THERE:
        del container[key]
    else:
        container[key] = new
    return 1


def edit(bench, pattern, path, how):
    """In all images that match, all entries."""
    count = 0
    for name in glob.glob(os.path.join(bench.images(), pattern)):
        with open(name, "rb") as f:
            image = images.load(f)
        count += sum(change(entry, path, how) for entry in image["entries"])
        with open(name, "wb") as f:
            images.dump(image, f)
    if not count:
        raise Failed(f"{pattern} has no {path}")


def flip_pages(bench):
    """A byte of every page of the longest run of pages."""
    best = (0, 0, None)
    for name in glob.glob(os.path.join(bench.images(), "pagemap-*.img")):
        with open(name, "rb") as f:
            head, *entries = images.load(f)["entries"]
        offset = 0
        for entry in entries:
            pages = entry.get("nr_pages") or entry.get("compat_nr_pages")
            if entry.get("flags", 4) & 4:
                best = max(best, (pages, offset, f"pages-{head['pages_id']}.img"))
                offset += pages
    pages, offset, name = best
    with open(os.path.join(bench.images(), name), "r+b") as f:
        for page in range(offset, offset + pages):
            f.seek(page * 4096 + 808)
            byte = f.read(1)
            f.seek(page * 4096 + 808)
            f.write(bytes([byte[0] ^ 0x55]))


def noticed(bench):
    """Who says that something is wrong."""
    target = bench.target
    target.images, target.restore_words = bench.images(), target.expand(target.test.restore)
    try:
        if target.restore():
            return ["the restore"]
    except (Failed, procs.Timeout):
        return ["the restore"]
    found = []
    try:
        if bench.target_differs():
            found.append("/proc")
    except OSError:
        found.append("/proc")
    target.test.timeout = 5
    try:
        target.check_program()
    except Failed:
        found.append("the program")
    return found


def broken(name, pattern, path, how=flip):
    """Registers the case."""
    def check(bench):
        test = f"static/{name}"
        bench.start(test)
        target = bench.target
        code, text = bench.tool("dump", "-t", str(target.root), "-D", bench.images(), *target.expand(target.test.dump))
        if code:
            raise Failed("the dump fails", *text.splitlines()[-5:])
        target.await_death(bench.before)
        if pattern == "pages":
            flip_pages(bench)
        else:
            edit(bench, pattern, path, how)
        by = noticed(bench)
        if not by:
            raise Failed("nobody notices")
        bench.note = f"noticed by {' and '.join(by)}"
    check.__name__ = f"{name}.{path}" if not any(c.__name__ == f"{name}.{path}" for c in CASES) else f"{name}.{path}'"
    CASES.append(check)


CORE, FILES, PSTREE, MM = "core-*.img", "files.img", "pstree.img", "mm-*.img"
# tree
broken("zombie", CORE, "tc.exit_code", lambda code: code ^ 0x300)
broken("stopped_root", CORE, "tc.task_state", to(1))
broken("orphan", CORE, "tc.child_subreaper")
# a thread
broken("regs", CORE, "thread_info.gpregs.r12")
broken("regs", CORE, "thread_info.gpregs.flags", lambda flags: flags & ~0x400)
broken("fpu", CORE, "thread_info.fpregs.xmm_space[9]")
broken("fpu", CORE, "thread_info.fpregs.xsave.ymmh_space[5]")
broken("fpu", CORE, "thread_info.fpregs.mxcsr", lambda mxcsr: mxcsr ^ 0x2000)
broken("fpu", CORE, "thread_info.fpregs.cwd", lambda cwd: cwd ^ 0x400)
broken("fpu", CORE, "thread_info.fpregs.st_space[1]")
broken("tls_bases", CORE, "thread_info.gpregs.gs_base", plus(8))
broken("tls_bases", CORE, "thread_info.tls[].base_addr", plus(4096))
broken("threads", CORE, "thread_info.clear_tid_addr", to(0))
broken("robust_list", CORE, "thread_core.futex_rla", to(0))
broken("sigmask_threads", CORE, "thread_core.blk_sigset", lambda mask: mask ^ 0x200)
broken("sigmask_threads", CORE, "thread_core.sas.ss_size", plus(4096))
broken("sigmask_threads", CORE, "thread_core.signals_p.signals")
broken("rseq", CORE, "thread_core.rseq_entry", drop)
broken("thread_names", CORE, "thread_core.comm", to("same"))
broken("sched", CORE, "thread_core.sched_nice", to(1))
broken("sched", CORE, "thread_core.sched_policy", to(0))
broken("creds_threads", CORE, "thread_core.creds.euid", plus(1))
broken("creds_threads", CORE, "thread_core.creds.fsgid", plus(1))
broken("creds_threads", CORE, "thread_core.creds.groups")
broken("creds_threads", CORE, "thread_core.creds.cap_inh[0]", lambda caps: caps & ~0x20)
broken("creds_threads", CORE, "thread_core.creds.cap_bnd[0]", lambda caps: caps & ~0x800)
broken("creds_threads", CORE, "thread_core.creds.cap_amb[0]", to(0))
broken("creds_threads", CORE, "thread_core.creds.secbits", to(0))
broken("creds_threads", CORE, "thread_core.creds.no_new_privs", drop)
broken("seccomp_filter", CORE, "thread_core.seccomp_filter", drop)
broken("pdeathsig", CORE, "thread_core.pdeath_sig", flip)
# a process
broken("sigaction", CORE, "tc.sigactions[40].mask")
broken("sigaction", CORE, "tc.sigactions[11].flags", lambda flags: flags ^ 0x10000000)
broken("pending_shared", CORE, "tc.signals_s.signals")
broken("itimers", CORE, "tc.timers.real.isec")
broken("itimers", CORE, "tc.timers.real.vsec", plus(-2000))
broken("posix_timers", CORE, "tc.timers.posix[].it_id", plus(1))
broken("posix_timers", CORE, "tc.timers.posix[].insec", plus(3000000))
broken("posix_timers", CORE, "tc.timers.posix[].sival_ptr")
broken("proc_limits", CORE, "tc.rlimits.rlimits[7].cur", plus(-1))
broken("proc_attrs", CORE, "tc.oom_score_adj", plus(1))
broken("proc_attrs", CORE, "tc.loginuid", plus(1))
broken("proc_attrs", MM, "thp_disabled", drop)
broken("dumpable", MM, "dumpable", to(1))
broken("mm_fields", MM, "mm_brk", plus(-4096))
broken("mm_fields", MM, "mm_arg_end", plus(-1))
broken("env", MM, "mm_saved_auxv")
broken("fs_state", "fs-*.img", "umask", flip)
# memory
broken("mem_anon", "pages", "content")
broken("mem_file_private", "pages", "content")
broken("mem_cow", "pages", "content")
broken("mem_thp", "pages", "content")
broken("mem_anon", MM, "vmas[].prot", lambda prot: prot & ~2 if prot == 7 else prot)
broken("mem_advice", MM, "vmas[].madv", drop)
broken("mem_lock", MM, "vmas[].flags", lambda flags: flags & ~0x2000)
broken("mem_file_shared", MM, "vmas[].pgoff", lambda pgoff: pgoff + 4096 if pgoff == 8 * 4096 else pgoff)
# descriptors
broken("regular_modes", FILES, "reg.pos", plus(1))
broken("regular_modes", FILES, "reg.flags", lambda flags: flags & ~0o2000)
broken("regular_modes", "fdinfo-*.img", "flags", to(0))
broken("fd_table", "fdinfo-*.img", "fd", lambda fd: 4096 if fd == 4095 else fd)
broken("fd_owner", FILES, "pipe.fown.signum", to(0))
broken("fd_owner", FILES, "reg.fown.pid", to(0))
broken("pipe_content", "pipes-data.img", "extra", lambda data: data[:8] + flip(data[8:12]) + data[12:])
broken("pipe_content", "pipes-data.img", "size", plus(4096))
broken("fifo", "fifo-data.img", "extra", lambda data: flip(data[:4]) + data[4:])
broken("eventfd_semaphore", FILES, "efd.counter", plus(1))
broken("timerfd", FILES, "tfd.vsec", lambda sec: max(0, sec - 500))
broken("timerfd", FILES, "tfd.ticks", to(0))
broken("timerfd", FILES, "tfd.isec", plus(1))
broken("signalfd", FILES, "sgfd.sigmask")
broken("epoll", FILES, "epfd.tfd[].data")
broken("epoll", FILES, "epfd.tfd[].events", lambda events: events & ~0x80000000)
broken("epoll", FILES, "epfd.tfd")
broken("ghost", "ghost-file-*.img", "mode", lambda mode: mode ^ 1)
broken("ghost", "ghost-file-*.img", "uid", plus(1))
# IPC namespaces
MNTS = "mountpoints-*.img"
for name in ("flags", "root", "mountpoint", "root_dev", "parent_mnt_id", "mnt_id"):
    broken("mnt_tree", MNTS, name, flip)
broken("mnt_tree", MNTS, "shared_id", to(0))
broken("mnt_tree", MNTS, "master_id", to(0))
IPC_VAR, IPC_SEM, IPC_MSG, IPC_SHM = (f"ipcns-{kind}-*.img" for kind in ("var", "sem", "msg", "shm"))
broken("ipc_sysctl", IPC_VAR, "sem_ctls[2]", plus(1))
broken("ipc_sysctl", IPC_VAR, "msg_ctlmnb", plus(1))
broken("ipc_sysctl", IPC_VAR, "shm_rmid_forced", to(0))
broken("ipc_sysctl", IPC_VAR, "mq_msgsize_default", drop)
broken("ipc_sysctl", IPC_VAR, "sem_next_id", drop)
broken("ipc_sem", IPC_SEM, "extra", lambda values: [value ^ 1 for value in values])
for name in ("id", "key", "mode", "uid", "cuid", "cgid"):
    broken("ipc_sem", IPC_SEM, f"desc.{name}", flip)
broken("ipc_sem_undo", IPC_SEM, "undo[].adjustment", plus(1))
broken("ipc_sem_undo", IPC_SEM, "undo", drop)
broken("ipc_msg", IPC_MSG, "qbytes", plus(1))
broken("ipc_msg", IPC_MSG, "extra", lambda extra: extra[2:4] + extra[:2] + extra[4:])
broken("ipc_msg", IPC_MSG, "desc.id", flip)
broken("ipc_shm", IPC_SHM, "size", plus(-1))
broken("ipc_shm", IPC_SHM, "desc.mode", flip)
broken("ipc_shm", "pagemap-shmem-*.img", "vaddr", plus(4096))
broken("ipc_shm", "pages", "content")
broken("shm_attached", IPC_SHM, "desc.mode", lambda mode: mode & ~0o1000)
broken("shm_attached", "pages", "content")
broken("ipc_two", IPC_SHM, "pages_id", drop)
for name in ("name", "mode", "uid", "max_messages", "message_size", "messages"):
    broken("ipc_mqueue", "ipcns-mqueue-*.img", name, plus(1) if name.startswith("m") and name != "messages" else flip)
broken("ipc_mqueue", "ipcns-mqueue-*.img", "messages[].priority", flip)


if __name__ == "__main__":
    sys.exit(cases.main("sabotage", __doc__.split("\n", maxsplit=1)[0]))
