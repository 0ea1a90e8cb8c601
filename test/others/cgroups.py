#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Cgroups: what the options that concern them do, and how trees that were frozen come back, one case each."""
import ctypes
import os
import re
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "zdtm"))

import cases  # noqa: E402
import procs  # noqa: E402
import procsnap  # noqa: E402
from cases import Skipped, case, expect, good, write  # noqa: E402


def freezer_v1(b):
    top = "/sys/fs/cgroup/freezer"
    if not os.path.exists(f"{top}/tasks"):
        raise Skipped("no v1 freezer is mounted here")
    path = f"{top}/zdtm-{os.getpid()}"
    os.mkdir(path)
    b.cgroups.append(path)
    return path


@case
def freeze_cgroup_v1(b):
    group = freezer_v1(b)
    pid = b.start("static/threads")
    write(f"{group}/cgroup.procs", pid)
    b.before = b.target.snapshot()
    good(b, "dump", "-t", pid, "-D", b.images(), "-R", "--freeze-cgroup", group)
    state = procsnap.read(f"{group}/freezer.state").strip()
    expect(state == "THAWED", f"the cgroup is left {state}")
    b.unharmed()


@case
def freeze_cgroup_v1_frozen_by_caller(b):
    group = freezer_v1(b)
    pid = b.start("static/threads")
    write(f"{group}/cgroup.procs", pid)
    b.before = b.target.snapshot()
    write(f"{group}/freezer.state", "FROZEN")
    procs.wait_until(lambda: procsnap.read(f"{group}/freezer.state").strip() == "FROZEN", 5, "frozen cgroup")
    good(b, "dump", "-t", pid, "-D", b.images(), "-R", "--freeze-cgroup", group)
    state = procsnap.read(f"{group}/freezer.state").strip()
    write(f"{group}/freezer.state", "THAWED")
    expect(state == "FROZEN", f"the cgroup was frozen by the caller, and is left {state}")
    b.unharmed()


def frozen_by_engine(b, group, file, value, thawed, *extra):
    """Frozen beforehand, and the tool is not told where: it lives on frozen, or is gone, and comes back frozen."""
    pid = b.start("static/threads")
    write(f"{group}/cgroup.procs", pid)
    b.before = b.target.snapshot()
    write(f"{group}/{file}", value)

    def held():
        return procsnap.read(f"{group}/{file}").strip() == value and (
            value == "FROZEN" or "frozen 1" in procsnap.read(f"{group}/cgroup.events"))
    procs.wait_until(held, 5, "frozen cgroup")
    good(b, "dump", "-t", pid, "-D", b.images("alive"), "-R", *extra)
    expect(procsnap.read(f"{group}/{file}").strip() == value, "the cgroup is not frozen any more")
    good(b, "dump", "-t", pid, "-D", b.images(), *extra)
    b.target.images = b.images()
    b.target.await_death(b.before)
    os.rmdir(group)
    good(b, "restore", "-d", "-D", b.images())
    procs.wait_until(held, 5, "restored frozen cgroup")
    write(f"{group}/{file}", thawed)
    b.unharmed()


@case
def frozen_v1_by_engine(b):
    frozen_by_engine(b, freezer_v1(b), "freezer.state", "FROZEN", "THAWED")


@case
def frozen_v1_by_engine_told(b):
    group = freezer_v1(b)
    frozen_by_engine(b, group, "freezer.state", "FROZEN", "THAWED", "--freeze-cgroup", group)


@case
def frozen_v2_by_engine(b):
    top = "/sys/fs/cgroup/unified"
    if not os.path.exists(f"{top}/cgroup.procs"):
        raise Skipped("no cgroup2 is mounted there")
    group = f"{top}/zdtm-{os.getpid()}"
    os.mkdir(group)
    b.cgroups.append(group)
    frozen_by_engine(b, group, "cgroup.freeze", "1", "0")


@case
def freeze_cgroup_v2(b):
    tops = [line.split()[1] for line in procsnap.read("/proc/mounts").splitlines() if line.split()[2] == "cgroup2"]
    if not tops:
        raise Skipped("no cgroup2 is mounted here")
    group = f"{tops[0]}/zdtm-{os.getpid()}"
    os.mkdir(group)
    b.cgroups.append(group)
    pid = b.start("static/threads")
    write(f"{group}/cgroup.procs", pid)
    b.before = b.target.snapshot()
    good(b, "dump", "-t", pid, "-D", b.images(), "-R", "--freeze-cgroup", group)
    frozen = procsnap.read(f"{group}/cgroup.freeze").strip()
    expect(frozen == "0", "the cgroup is left frozen")
    b.unharmed()


def cgroup_v1_target(b, name="zdtm-cg"):
    """A target in a cgroup of its own, which is gone when it is dumped; the cgroup's path below the hierarchy."""
    top = "/sys/fs/cgroup/pids"
    if not os.path.exists(f"{top}/tasks"):
        raise Skipped("no v1 pids hierarchy is mounted here")
    group = f"{name}-{os.getpid()}"
    os.mkdir(f"{top}/{group}")
    pid = b.start()
    write(f"{top}/{group}/cgroup.procs", pid)
    write(f"{top}/{group}/pids.max", "77")
    b.before = b.target.snapshot()
    good(b, "dump", "-t", pid, "-D", b.images())
    b.target.images = b.images()
    b.target.await_death(b.before)
    return top, group


def pids_cgroup(pid):
    return re.search(r":pids:(.*)", procsnap.read(f"/proc/{pid}/cgroup"))[1]


def leave_cgroup(b, path):
    write("/sys/fs/cgroup/pids/cgroup.procs", str(b.target.root))
    os.rmdir(path)


@case
def cgroup_modes(b):
    top, group = cgroup_v1_target(b)
    path = f"{top}/{group}"
    b.cgroups.append(path)
    write(f"{path}/pids.max", "5000")
    b.fails("exists already", "restore", "-d", "-D", b.images(), "--manage-cgroups=strict")
    expect(os.path.isdir(path), "a failed restore removes a cgroup that it did not make")
    good(b, "restore", "-d", "-D", b.images(), "--manage-cgroups=full")
    expect(pids_cgroup(b.target.root) == f"/{group}", "the task is in another cgroup")
    expect(procsnap.read(f"{path}/pids.max").strip() == "77", "full does not set the limit of a cgroup that exists")
    write(f"{top}/cgroup.procs", str(b.target.root))
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_mode_soft_leaves_what_exists(b):
    top, group = cgroup_v1_target(b)
    path = f"{top}/{group}"
    b.cgroups.append(path)
    write(f"{path}/pids.max", "5000")
    good(b, "restore", "-d", "-D", b.images())
    expect(procsnap.read(f"{path}/pids.max").strip() == "5000", "soft sets the limit of a cgroup that exists")
    write(f"{top}/cgroup.procs", str(b.target.root))
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_missing(b):
    top, group = cgroup_v1_target(b)
    os.rmdir(f"{top}/{group}")
    for mode in ("none", "props"):
        b.fails("does not exist", "restore", "-d", "-D", b.images(), f"--manage-cgroups={mode}")
    expect(not os.path.exists(f"{top}/{group}"), "a cgroup was made")
    b.fails("invalid argument for --manage-cgroups", "restore", "-d", "-D", b.images(), "--manage-cgroups=some")
    b.fails("invalid argument for --cgroup-root", "restore", "-d", "-D", b.images(), "--cgroup-root", "pids")
    good(b, "restore", "-d", "-D", b.images(), "--manage-cgroups=ignore")
    expect(not os.path.exists(f"{top}/{group}"), "a cgroup was made, although they are to be ignored")
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_root(b):
    top, group = cgroup_v1_target(b)
    os.rmdir(f"{top}/{group}")
    good(b, "restore", "-d", "-D", b.images(), "--cgroup-root", f"pids:/{group}-new/below")
    expect(pids_cgroup(b.target.root) == f"/{group}-new/below", "the task is in another cgroup")
    expect(procsnap.read(f"{top}/{group}-new/below/pids.max").strip() == "77", "the limit is not set")
    leave_cgroup(b, f"{top}/{group}-new/below")
    os.rmdir(f"{top}/{group}-new")
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_failed_restore_leaves_none(b):
    top, group = cgroup_v1_target(b)
    os.rmdir(f"{top}/{group}")
    for stage in ("cgroups", "fork", "make", "fill", "arm", "commit"):
        code, _ = b.tool("restore", "-d", "-D", b.images(), env=dict(os.environ, CRIU_FAULT_STAGE=stage))
        expect(code == 1, f"the restore does not fail in stage {stage}")
        expect(not os.path.exists(f"{top}/{group}"), f"a restore that failed in {stage} leaves its cgroup behind")
    good(b, "restore", "-d", "-D", b.images())
    leave_cgroup(b, f"{top}/{group}")
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_killed_restore_leaves_none(b):
    """Killed at any moment: the cgroup is gone with the tasks, or holds the restored one."""
    top, group = cgroup_v1_target(b)
    path = f"{top}/{group}"
    os.rmdir(path)
    n_made = 0
    for i in range(40):
        tool = subprocess.Popen([b.criu, "restore", "-d", "-D", b.images()], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.0004 * i)
        made = os.path.exists(path)
        n_made += made
        tool.kill()
        tool.wait()

        def settled():
            procs.reap()
            return not os.path.exists(path) or procs.exists(b.target.root)
        procs.wait_until(settled, 5, f"removal of the cgroup (killed after {0.4 * i} ms)")
        time.sleep(0.01)
        if procs.exists(b.target.root):
            os.kill(b.target.root, signal.SIGKILL)
            procs.wait_until(lambda: procs.reap() or not procs.exists(b.target.root), 5, "end of the target")
        procs.wait_until(lambda: not procsnap.read(f"{path}/tasks"), 5, "end of the task in the cgroup")
        # the other hierarchies come after this one: the next restore must not meet whoever takes back
        procs.wait_until(lambda: procs.reap() or not procs.descendants(), 5, "end of all processes of the tool")
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass  # whoever takes the journal back was faster
    b.note = f"{n_made} of 40 had made the cgroup"
    good(b, "restore", "-d", "-D", b.images())
    leave_cgroup(b, path)
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_that_cannot_be_entered(b):
    """A cgroup below a threaded one is no place for processes: the task that is born elsewhere says so."""
    top = "/sys/fs/cgroup/unified"
    if not os.path.exists(f"{top}/cgroup.procs"):
        raise Skipped("no cgroup2 is mounted there")
    group = f"{top}/zdtm-{os.getpid()}"
    for path in (group, f"{group}/a", f"{group}/b"):
        os.mkdir(path)
        b.cgroups.insert(0, path)
    pid = b.start()
    write(f"{group}/b/cgroup.procs", pid)
    b.before = b.target.snapshot()
    good(b, "dump", "-t", pid, "-D", b.images())
    b.target.images = b.images()
    b.target.await_death(b.before)
    write(f"{group}/a/cgroup.type", "threaded")
    b.fails("enter cgroup", "restore", "-d", "-D", b.images())
    expect(os.path.isdir(f"{group}/b"), "a cgroup that was there before is gone")
    os.rmdir(f"{group}/a")
    os.rmdir(f"{group}/b")
    b.cgroups[:] = []
    os.rmdir(group)
    good(b, "restore", "-d", "-D", b.images())
    write(f"{top}/cgroup.procs", str(b.target.root))
    os.rmdir(f"{group}/b")
    os.rmdir(group)
    b.before = b.target.snapshot()
    b.unharmed()


BPF_PROG_LOAD, BPF_PROG_ATTACH = 5, 8


def attach_device_program(group):
    """A program that allows every device: r0 = 1; exit."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(struct.pack("=BBhi", 0xb7, 0, 0, 1) + struct.pack("=BBhi", 0x95, 0, 0, 0))
    text = ctypes.create_string_buffer(b"GPL")
    load = ctypes.create_string_buffer(struct.pack("=IIQQ", 15, 2, ctypes.addressof(code), ctypes.addressof(text)), 128)
    prog = libc.syscall(321, BPF_PROG_LOAD, load, 128)
    if prog < 0:
        raise Skipped(f"no BPF program can be loaded: {os.strerror(ctypes.get_errno())}")
    fd = os.open(group, os.O_RDONLY)
    attach = ctypes.create_string_buffer(struct.pack("=IIII", fd, prog, 6, 0), 128)
    if libc.syscall(321, BPF_PROG_ATTACH, attach, 128) < 0:
        raise Skipped(f"no BPF program can be attached: {os.strerror(ctypes.get_errno())}")
    os.close(prog)
    os.close(fd)


@case
def cgroup_programs_are_told(b):
    """What an engine attaches to a cgroup of version 2 is in no image: the dump says so, and of nothing else."""
    top = "/sys/fs/cgroup/unified"
    if not os.path.exists(f"{top}/cgroup.procs"):
        raise Skipped("no cgroup2 is mounted there")
    group = f"{top}/zdtm-{os.getpid()}"
    for path in (group, f"{group}/bare"):
        os.mkdir(path)
        b.cgroups.insert(0, path)
    attach_device_program(group)
    pid = b.start()
    write(f"{group}/bare/cgroup.procs", pid)
    write(f"{group}/cgroup.procs", pid)
    b.before = b.target.snapshot()
    said = good(b, "dump", "-t", pid, "-D", b.images(), "-R")
    lines = [line for line in said.splitlines() if "BPF programs" in line]
    expect(len(lines) == 1 and f"/zdtm-{os.getpid()}: BPF programs are attached to it (1 cgroup_device)" in lines[0],
           "the dump says of the program:", *lines)
    write(f"{top}/cgroup.procs", pid)


def cgroup_restored_limit(b, *extra):
    """Dumped with these options from a cgroup with pids.max 77 and restored: the limit, None where no cgroup was made."""
    top = "/sys/fs/cgroup/pids"
    if not os.path.exists(f"{top}/tasks"):
        raise Skipped("no v1 pids hierarchy is mounted here")
    path = f"{top}/zdtm-opt-{os.getpid()}"
    os.mkdir(path)
    pid = b.start()
    write(f"{path}/cgroup.procs", pid)
    write(f"{path}/pids.max", "77")
    b.before = b.target.snapshot()
    good(b, "dump", "-t", pid, "-D", b.images(), *extra)
    b.target.images = b.images()
    b.target.await_death(b.before)
    os.rmdir(path)
    good(b, "restore", "-d", "-D", b.images())
    limit = procsnap.read(f"{path}/pids.max")
    if limit is not None:
        leave_cgroup(b, path)
    b.before = b.target.snapshot()
    b.unharmed()
    return limit and limit.strip()


@case
def cgroup_props_replaced(b):
    text = '"pids":\n - "strategy": "replace"\n - "properties": []\n'
    expect(cgroup_restored_limit(b, "--cgroup-props", text) == "max", "a property that was taken out is restored")


@case
def cgroup_props_from_file(b):
    with open(f"{b.dir}/props", "w", encoding="ascii") as f:
        f.write('"pids":\n  - "strategy": "merge"\n  - "properties": ["pids.max"]\n')
    expect(cgroup_restored_limit(b, "--cgroup-props-file", f"{b.dir}/props") == "77", "the limit is not restored")


@case
def cgroup_props_bad(b):
    top, group = cgroup_v1_target(b)
    os.rmdir(f"{top}/{group}")
    good(b, "restore", "-d", "-D", b.images())
    for text, says in (('"pids"', "is expected"), ('"pids":\n - "strategy": "mix"', "unknown"), ('pids:', "is expected")):
        b.fails(says, "dump", "-t", str(b.target.root), "-D", b.images("bad"), "--cgroup-props", text)
    b.fails("read --cgroup-props-file", "dump", "-t", str(b.target.root), "-D", b.images("bad"), "--cgroup-props-file", "/no/such")
    leave_cgroup(b, f"{top}/{group}")
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_dump_controller(b):
    expect(cgroup_restored_limit(b, "--cgroup-dump-controller", "freezer") is None, "a cgroup is made that was not to be saved")


@case
def cgroup_yard(b):
    yard = f"{b.dir}/yard"
    os.makedirs(f"{yard}/pids")
    done = subprocess.run(["mount", "-t", "cgroup", "-o", "pids", "none", f"{yard}/pids"], check=False)
    if done.returncode:
        raise Skipped("the pids hierarchy cannot be mounted a second time")
    b.mounts.append(f"{yard}/pids")
    expect(cgroup_restored_limit(b, "--cgroup-yard", yard) == "77", "the limit is not restored")


def does_not_stop(b, program, task_of):
    """A task in the refrigerator of the v1 freezer ends the dump by the time limit, and by SIGINT."""
    group = freezer_v1(b)
    pid = b.start(program)
    write(f"{group}/tasks", task_of(pid))
    b.before = b.target.snapshot()
    write(f"{group}/freezer.state", "FROZEN")
    procs.wait_until(lambda: procsnap.read(f"{group}/freezer.state").strip() == "FROZEN", 5, "frozen cgroup")
    started = time.monotonic()
    try:
        b.fails(r"freeze: task \d+: .*thread \d+ does not stop .*--timeout", "dump", "-t", pid, "-D", b.images(), "--timeout", "1")
        took = time.monotonic() - started
        expect(1 <= took < 5, f"the limit of 1 s ends after {took:.1f} s")
        tool = subprocess.Popen([b.criu, "dump", "-t", pid, "-D", b.images()], stderr=subprocess.PIPE, text=True)
        time.sleep(0.3)
        tool.send_signal(signal.SIGINT)
        text = tool.communicate(timeout=5)[1]
        expect(tool.returncode == 1 and "does not stop" in text, f"SIGINT: exit code {tool.returncode}", text)
    finally:
        write(f"{group}/freezer.state", "THAWED")
    b.empty(b.images())
    b.unharmed()


@case
def time_limit_for_a_frozen_thread(b):
    """One thread only: a process that is frozen as a whole is thawed for the dump, and frozen again."""
    does_not_stop(b, "static/threads", lambda pid: max(os.listdir(f"/proc/{pid}/task"), key=int))


@case
def time_limit_for_a_frozen_child_of_a_wide_tree(b):
    """The thread of the tool that waits for it is not the one that gets the signal."""
    does_not_stop(b, "static/tree_wide", lambda pid: procsnap.read(f"/proc/{pid}/task/{pid}/children").split()[20])


def dump_from(b, paths, name="static/regular_modes"):
    """A target in the first of these directories, which are made by the caller; dumped and gone, and all of them removed."""
    pid = b.start(name)
    write(f"{paths[0]}/cgroup.procs", pid)
    b.before = b.target.snapshot()
    good(b, "dump", "-t", pid, "-D", b.images())
    b.target.images = b.images()
    b.target.await_death(b.before)
    for path in reversed(paths):
        os.rmdir(path)


def hierarchy(name):
    top = f"/sys/fs/cgroup/{name}"
    if not os.path.exists(f"{top}/cgroup.procs"):
        raise Skipped(f"no cgroup hierarchy is mounted on {top}")
    return top


def held(path):
    return procsnap.read(path).strip()


def leave(b, top, paths):
    """The restored target out of the directories, which are removed."""
    write(f"{top}/cgroup.procs", str(b.target.root))
    for path in reversed(paths):
        os.rmdir(path)
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_values_from_a_parent(b):
    """What a new directory inherits is not what the image says where the parent, old or new, has another value."""
    top = hierarchy("memory")
    old, new = (f"{top}/zdtm-{name}-{os.getpid()}" for name in ("old", "new"))
    paths = [new, f"{new}/low", f"{new}/low/lowest", f"{new}/same"]
    os.mkdir(old)
    b.cgroups.append(old)
    for path in paths:
        os.mkdir(path)
        write(f"{path}/memory.swappiness", "60")
        write(f"{path}/notify_on_release", "0")
    write(f"{new}/memory.swappiness", "10")
    write(f"{new}/same/memory.swappiness", "10")
    write(f"{old}/notify_on_release", "1")
    dump_from(b, paths)
    here = [path.replace(new, f"{old}/x") for path in paths]
    good(b, "restore", "-d", "-D", b.images(), "--cgroup-root", f"memory:{old[len(top):]}/x")
    got = [(held(f"{path}/memory.swappiness"), held(f"{path}/notify_on_release")) for path in here]
    leave(b, top, here)
    expect(got == [("10", "0"), ("60", "0"), ("60", "0"), ("10", "0")], f"swappiness and notify_on_release are {got}")


@case
def cgroup_owners_of_many(b):
    """New directories are alike, and asked once: those that were changed must differ all the same, and they alone."""
    top = hierarchy("pids")
    group = f"{top}/zdtm-{os.getpid()}"
    paths = [group] + [f"{group}/{name}" for name in ("a", "changed", "c", "d")]
    for path in paths:
        os.mkdir(path)
    os.chown(f"{group}/changed", 1234, 4321)
    os.chmod(f"{group}/changed", 0o700)
    os.chown(f"{group}/changed/tasks", 1234, 0)
    os.chmod(f"{group}/changed/pids.max", 0o600)
    write(f"{group}/c/pids.max", "33")

    def looks():
        found = {}
        for path in paths:
            for name in (".", "tasks", "cgroup.procs", "pids.max", "notify_on_release", "pids.current"):
                st = os.stat(f"{path}/{name}")
                found[f"{path}/{name}"] = st.st_uid, st.st_gid, oct(st.st_mode)
        return found
    before = looks()
    dump_from(b, paths)
    good(b, "restore", "-d", "-D", b.images())
    after = looks()
    limits = [held(f"{path}/pids.max") for path in paths]
    leave(b, top, paths)
    expect(before == after, "owners and modes differ:", *(f"{name}: {before[name]} {after[name]}" for name in before
                                                          if before[name] != after[name]))
    expect(limits == ["max", "max", "max", "33", "max"], f"limits are {limits}")


if __name__ == "__main__":
    sys.exit(cases.main("cgroups", __doc__))
