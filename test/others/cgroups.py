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
def cgroup_above_those_of_the_tree(b):
    """What is set there is not the tree's and is not saved: where the restore has to make one, it says so."""
    top = hierarchy("pids")
    group = f"{top}/zdtm-{os.getpid()}"
    os.mkdir(group)
    write(f"{group}/pids.max", "99")
    os.mkdir(f"{group}/low")
    dump_from(b, [f"{group}/low"])
    said = good(b, "restore", "-d", "-D", b.images())
    expect("made without limits" not in said, "the upper one is there", said)
    end_restored(b)
    remove(f"{group}/low")
    os.rmdir(group)
    said = good(b, "restore", "-d", "-D", b.images())
    expect(f"cgroup {group[len(top):]} of pids was missing and is made without limits" in said, "nothing is said", said)
    leave(b, top, [group, f"{group}/low"])


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


def restored(b, *args, fails=None):
    """One of several restores of the same images: fails like that, or gives the paths of the task's cgroups by hierarchy."""
    if fails:
        b.fails(fails, "restore", "-d", "-D", b.images(), *args)
        return None
    good(b, "restore", "-d", "-D", b.images(), *args)
    return dict(line.split(":", 2)[1:] for line in procsnap.read(f"/proc/{b.target.root}/cgroup").splitlines())


def end_restored(b):
    os.kill(b.target.root, signal.SIGKILL)
    procs.wait_until(lambda: procs.reap() or not procs.exists(b.target.root), 5, "end of the restored target")


def remove(path):
    """A killed task is counted in its cgroup until it has ended."""
    def gone():
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return True
    procs.wait_until(gone, 5, f"removal of {path}")


# mode: the value afterwards where the cgroup is missing and where it exists with another value, or how it fails
MODES = {
    "none": ("does not exist", "other"), "props": ("does not exist", "saved"), "soft": ("saved", "other"),
    "full": ("saved", "saved"), "strict": ("saved", "exists already"), "ignore": ("missing", "other"),
}
MODE_FAILS = ("does not exist", "exists already")


def modes(b, top, name, file, saved, other, new):
    """Every mode with a cgroup that is missing and with one that is there, which has another value and owner."""
    group = f"/zdtm-{os.getpid()}"
    path = top + group
    os.mkdir(path)
    write(f"{path}/{file}", saved)
    os.chown(path, 12, 34)
    dump_from(b, [path])
    for mode, cells in MODES.items():
        for exists, cell in enumerate(cells):
            here = f"--manage-cgroups={mode}, the cgroup {'exists' if exists else 'is missing'}"
            if exists:
                os.mkdir(path)
                write(f"{path}/{file}", other)
            got = restored(b, f"--manage-cgroups={mode}", fails=cell if cell in MODE_FAILS else None)
            value = held(f"{path}/{file}") if os.path.exists(path) else "missing"
            owner = os.stat(path).st_uid if os.path.exists(path) else -1
            if got:
                end_restored(b)
            if got or exists:
                remove(path)
            wanted = {"saved": saved, "other": other, "missing": "missing"}.get(cell, other if exists else "missing")
            expect(value == wanted, f"{here}: {file} is {value}, should be {wanted}")
            if got:
                wanted = "/" if mode == "ignore" else group
                expect(got[name] == wanted, f"{here}: the task is in {got[name]}, should be in {wanted}")
                wanted = -1 if cell == "missing" else 0 if mode in ("none", "ignore") else 12
                expect(owner == wanted, f"{here}: it belongs to {owner}, should be {wanted}")
    expect(restored(b, "--manage-cgroups")[name] == group, "without a word it is not soft")
    expect(held(f"{path}/{file}") == saved != new, "the value is not restored")
    leave(b, top, [path])


@case
def cgroup_modes_of_version_1(b):
    modes(b, hierarchy("pids"), "pids", "pids.max", "77", "5000", "max")


@case
def cgroup_modes_of_version_2(b):
    modes(b, hierarchy("unified"), "", "cgroup.max.depth", "3", "9", "max")


@case
def cgroup_modes_of_a_named_hierarchy(b):
    modes(b, hierarchy("systemd"), "name=systemd", "notify_on_release", "1", "0", "0")


@case
def cgroup_root_in_every_spelling(b):
    """By controller, by name, of version 2, of all, the root itself; the last word for a hierarchy counts."""
    tops = {name: hierarchy(directory) for name, directory in
            (("pids", "pids"), ("", "unified"), ("name=systemd", "systemd"), ("freezer", "freezer"))}
    group = f"/zdtm-{os.getpid()}"
    for top in tops.values():
        os.mkdir(top + group)
        os.mkdir(f"{top}{group}/in")
    pid = b.start()
    for top in tops.values():
        write(f"{top}{group}/in/cgroup.procs", pid)
    b.before = b.target.snapshot()
    good(b, "dump", "-t", pid, "-D", b.images())
    b.target.images = b.images()
    b.target.await_death(b.before)
    for top in tops.values():
        os.rmdir(f"{top}{group}/in")
        os.rmdir(top + group)
    old, new = f"{group}/in", f"{group}-new"
    for roots, wanted in (
            ((new,), {name: new for name in tops}),
            ((f"{new}/",), {name: new for name in tops}),
            (("/",), {name: "/" for name in tops}),
            ((f"pids:{new}/b",), {"pids": f"{new}/b"}),
            ((f":{new}",), {"": new}),
            ((f"unified:{new}",), {"": new}),
            ((f"name=systemd:{new}",), {"name=systemd": new}),
            ((f"systemd:{new}",), {"name=systemd": new}),
            (("freezer:/",), {"freezer": "/"}),
            ((f"pids:{new}", new + "-all", f"freezer:{new}", f"freezer:{new}/c"),
             {"pids": new, "": new + "-all", "name=systemd": new + "-all", "freezer": f"{new}/c"})):
        got = restored(b, *(word for root in roots for word in ("--cgroup-root", root)))
        end_restored(b)
        for name, path in got.items():
            right = wanted.get(name, old) if name in tops else path
            expect(path == right, f"--cgroup-root {' '.join(roots)}: in {name or 'version 2'} it is {path}, not {right}")
            top = "/sys/fs/cgroup/" + (name.removeprefix("name=") or "unified")
            while path.startswith(group):
                remove(top + path)
                path = os.path.dirname(path)
    for root in ("pids", "pids:", "pids:x", ":", "", "/../x", "pids:/a//b"):
        b.fails("invalid argument for --cgroup-root", "restore", "-d", "-D", b.images(), "--cgroup-root", root)
    said = good(b, "restore", "-d", "-D", b.images(), "--cgroup-root", f"pid:{new}")
    expect(f"--cgroup-root pid:{new}: this machine has no hierarchy with pid" in said, "nobody tells of an unknown controller", said)
    for top in tops.values():
        write(f"{top}/cgroup.procs", str(b.target.root))
        os.rmdir(top + old)
        os.rmdir(top + group)
    b.before = b.target.snapshot()
    b.unharmed()


# what is set in a cgroup, and in another below it, which inherits some of that
LIMITS = {
    "devices": {"devices.list": ("devices.deny a", "devices.allow c 1:3 rwm", "devices.allow c 5:* r", "devices.allow b 7:0 m")},
    "cpuset": {"cpuset.cpus": ("cpuset.cpus 0",), "cpuset.mems": ("cpuset.mems 0",), "cpuset.memory_migrate": ("cpuset.memory_migrate 1",),
               "cpuset.sched_load_balance": ("cpuset.sched_load_balance 0",)},
    "cpu": {"cpu.shares": ("cpu.shares 333",), "cpu.cfs_quota_us": ("cpu.cfs_quota_us 50000",), "cpu.cfs_period_us": (),
            "cpu.cfs_burst_us": ("cpu.cfs_burst_us 10000",)},
    "memory": {"memory.limit_in_bytes": ("memory.limit_in_bytes 268435456",), "memory.soft_limit_in_bytes": ("memory.soft_limit_in_bytes 134217728",),
               "memory.swappiness": ("memory.swappiness 7",), "memory.oom_control": ("memory.oom_control 1",)},
    "blkio": {"blkio.throttle.read_bps_device": ("blkio.throttle.read_bps_device {disk} 1048576",),
              "blkio.throttle.write_iops_device": ("blkio.throttle.write_iops_device {disk} 100",)},
    "pids": {"pids.max": ("pids.max 44",), "notify_on_release": ("notify_on_release 1",), "cgroup.clone_children": ("cgroup.clone_children 1",)},
}
LOW = {"cpuset": (("cpuset.cpus", "0"), ("cpuset.mems", "0")), "memory": (("memory.swappiness", "60"),),
       "pids": (("notify_on_release", "0"),), "devices": (("devices.deny", "c 5:* r"),)}


@case
def cgroup_limits_of_version_1(b):
    """Every controller that this machine has as version 1: limits of an upper and a lower cgroup, which differ."""
    tops = {name: hierarchy(name) for name in LIMITS if os.path.exists(f"/sys/fs/cgroup/{name}/tasks")}
    if not tops:
        raise Skipped("no hierarchy of version 1 is mounted here")
    disks = [name for name in os.listdir("/sys/block") if not name.startswith(("loop", "ram"))]
    disk = held(f"/sys/block/{disks[0]}/dev") if disks else None
    groups = {name: f"{top}/zdtm-{os.getpid()}" for name, top in tops.items()}
    pid = b.start()
    for name, group in groups.items():
        os.mkdir(group)
        for words in LIMITS[name].values():
            for word in words:
                file, _, value = word.format(disk=disk).partition(" ")
                if disk or name != "blkio":
                    write(f"{group}/{file}", value)
        os.mkdir(f"{group}/low")
        for file, value in LOW.get(name, ()):
            write(f"{group}/low/{file}", value)
        write(f"{group}/cgroup.procs", pid)

    def looks():
        return {f"{path}/{file}": procsnap.read(f"{path}/{file}") for name, group in groups.items()
                for path in (group, f"{group}/low") for file in LIMITS[name]}
    b.before = b.target.snapshot()
    before = looks()
    good(b, "dump", "-t", pid, "-D", b.images())
    b.target.images = b.images()
    b.target.await_death(b.before)
    for group in groups.values():
        os.rmdir(f"{group}/low")
        os.rmdir(group)
    good(b, "restore", "-d", "-D", b.images())
    after = looks()
    for name, group in groups.items():
        write(f"{tops[name]}/cgroup.procs", str(b.target.root))
        os.rmdir(f"{group}/low")
        os.rmdir(group)
    expect(before == after, "values differ:", *(f"{name}: {before[name]!r} {after[name]!r}" for name in before
                                                if before[name] != after[name]))
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_limits_of_hugetlb(b):
    """In version 2 a controller works where the cgroup above hands it down, and that comes back too."""
    top = hierarchy("unified")
    if "hugetlb" not in held(f"{top}/cgroup.controllers").split():
        raise Skipped("version 2 has no hugetlb controller here")
    had = "hugetlb" in held(f"{top}/cgroup.subtree_control").split()
    write(f"{top}/cgroup.subtree_control", "+hugetlb")
    group = f"{top}/zdtm-{os.getpid()}"
    paths = [f"{group}/low", group]
    os.mkdir(group)
    try:
        write(f"{group}/cgroup.subtree_control", "+hugetlb")
        write(f"{group}/hugetlb.2MB.max", "8388608")
        os.mkdir(f"{group}/low")
        write(f"{group}/low/hugetlb.2MB.rsvd.max", "4194304")
        write(f"{group}/low/cgroup.max.depth", "2")
        pid = b.start()
        write(f"{group}/low/cgroup.procs", pid)
        b.before = b.target.snapshot()
        good(b, "dump", "-t", pid, "-D", b.images())
        b.target.images = b.images()
        b.target.await_death(b.before)
        os.rmdir(f"{group}/low")
        os.rmdir(group)
        good(b, "restore", "-d", "-D", b.images())
        got = [held(f"{group}/{name}") for name in ("cgroup.subtree_control", "low/hugetlb.2MB.rsvd.max", "low/hugetlb.2MB.max",
                                                    "low/cgroup.max.depth")]
        write(f"{top}/cgroup.procs", str(b.target.root))
    finally:
        for path in paths:
            if os.path.exists(path):
                os.rmdir(path)
        if not had:
            write(f"{top}/cgroup.subtree_control", "-hugetlb")
    expect(got == ["hugetlb", "4194304", "max", "2"], f"values are {got}")
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_of_a_user(b):
    """Delegated to a user, with what systemd gives away, in both versions: it is theirs again."""
    tops = [hierarchy("pids"), hierarchy("unified")]
    paths = [f"{top}/zdtm-{os.getpid()}" for top in tops]
    files = [(paths[0], name) for name in ("", "tasks", "cgroup.procs")]
    files += [(paths[1], name) for name in ("", "cgroup.threads", "cgroup.procs", "cgroup.subtree_control")]
    pid = b.start()
    for path in paths:
        os.mkdir(path)
        write(f"{path}/cgroup.procs", pid)
    for path, name in files:
        os.chown(os.path.join(path, name), 1000, 1000)
    b.before = b.target.snapshot()
    good(b, "dump", "-t", pid, "-D", b.images())
    b.target.images = b.images()
    b.target.await_death(b.before)
    for path in paths:
        os.rmdir(path)
    good(b, "restore", "-d", "-D", b.images())
    owners = {os.path.join(path, name): os.stat(os.path.join(path, name)).st_uid for path, name in files}
    others = [os.stat(f"{paths[0]}/pids.max").st_uid, os.stat(f"{paths[1]}/cgroup.max.depth").st_uid]
    for top, path in zip(tops, paths):
        write(f"{top}/cgroup.procs", str(b.target.root))
        os.rmdir(path)
    expect(set(owners.values()) == {1000}, f"owners are {owners}")
    expect(others == [0, 0], f"limits belong to {others}")
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_yard_of_version_2(b):
    """A yard with version 2 alone: the others are found where they are mounted."""
    top = hierarchy("unified")
    yard = f"{b.dir}/yard"
    os.makedirs(f"{yard}/unified")
    os.makedirs(f"{yard}/pids")     # no hierarchy is mounted there
    subprocess.run(["mount", "-t", "cgroup2", "none", f"{yard}/unified"], check=True)
    b.mounts.append(f"{yard}/unified")
    paths = [f"{top}/zdtm-{os.getpid()}", f"{hierarchy('pids')}/zdtm-{os.getpid()}"]
    pid = b.start()
    for path in paths:
        os.mkdir(path)
        write(f"{path}/cgroup.procs", pid)
    write(f"{paths[0]}/cgroup.max.depth", "5")
    write(f"{paths[1]}/pids.max", "55")
    b.before = b.target.snapshot()
    good(b, "dump", "-t", pid, "-D", b.images(), "--cgroup-yard", yard)
    b.target.images = b.images()
    b.target.await_death(b.before)
    for path in paths:
        os.rmdir(path)
    good(b, "restore", "-d", "-D", b.images(), "--cgroup-yard", yard)
    got = held(f"{paths[0]}/cgroup.max.depth"), held(f"{paths[1]}/pids.max")
    for path in paths:
        write(f"{os.path.dirname(path)}/cgroup.procs", str(b.target.root))
        os.rmdir(path)
    expect(got == ("5", "55"), f"limits are {got}")
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_dump_controllers(b):
    """Several, also version 2 and a named one as users call them; one that is not there is told."""
    tops = [hierarchy(name) for name in ("pids", "freezer", "unified", "systemd")]
    paths = [f"{top}/zdtm-{os.getpid()}" for top in tops]
    pid = b.start()
    for path in paths:
        os.mkdir(path)
        write(f"{path}/cgroup.procs", pid)
    b.before = b.target.snapshot()
    words = [word for name in ("unified", "systemd", "freezer", "nosuch") for word in ("--cgroup-dump-controller", name)]
    said = good(b, "dump", "-t", pid, "-D", b.images(), *words)
    b.target.images = b.images()
    b.target.await_death(b.before)
    for path in paths:
        os.rmdir(path)
    expect("--cgroup-dump-controller nosuch: this machine has no hierarchy with it" in said, "nobody tells of nosuch", said)
    good(b, "restore", "-d", "-D", b.images())
    there = [os.path.exists(path) for path in paths]
    for top, path in zip(tops, paths):
        write(f"{top}/cgroup.procs", str(b.target.root))
        if os.path.exists(path):
            os.rmdir(path)
    expect(there == [False, True, True, True], f"made are: {there}")
    b.before = b.target.snapshot()
    b.unharmed()


@case
def cgroup_props_of_the_user(b):
    """One more property, of a controller and of its own, and one that cannot be written: the restore says which."""
    top = hierarchy("memory")
    path = f"{top}/zdtm-{os.getpid()}"
    pid = b.start()
    os.mkdir(path)
    write(f"{path}/cgroup.procs", pid)
    write(f"{path}/memory.swappiness", "33")
    b.before = b.target.snapshot()
    text = '"memory":\n - "strategy": "replace"\n - "properties": ["memory.swappiness", "memory.failcnt", "no.such"]\n'
    good(b, "dump", "-t", pid, "-D", b.images(), "--cgroup-props", text, "-R")
    text = text.replace("memory.failcnt", "memory.numa_stat")
    good(b, "dump", "-t", pid, "-D", b.images("bad"), "--cgroup-props", text)
    b.target.images = b.images()
    b.target.await_death(b.before)
    os.rmdir(path)
    b.fails("memory.numa_stat of cgroup /zdtm-[0-9]+ of memory", "restore", "-d", "-D", b.images("bad"))
    expect(not os.path.exists(path), "a failed restore leaves its cgroup")
    good(b, "restore", "-d", "-D", b.images())
    got = held(f"{path}/memory.swappiness")
    write(f"{top}/cgroup.procs", str(b.target.root))
    os.rmdir(path)
    expect(got == "33", f"the property is {got}")
    b.before = b.target.snapshot()
    b.unharmed()


if __name__ == "__main__":
    sys.exit(cases.main("cgroups", __doc__))
