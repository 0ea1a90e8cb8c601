#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a checkpoint and a restore cost, side by side with a peer in the same run.

See README.md beside this file for what is measured and how to read it.
"""

import argparse
import ctypes
import datetime
import json
import os
import platform
import random
import select
import shutil
import signal
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL_TIMEOUT = 120      # seconds for one dump or restore; then it counts as hung
STEPS_PER_ROUND = 4      # start of the target, dump, dump, restore: each takes about as much memory
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000

# name, what it is, memory in MiB that one round turns over
WORKLOADS = [
    ("tiny", "one small process", 64),
    ("mem64", "64 MiB of memory", 512),
    ("mem1g", "1 GiB of memory", 5120),
    ("procs50", "50 processes", 256),
    ("threads200", "200 threads", 256),
    ("fds2000", "2,000 descriptors", 128),
    ("maps5000", "5,000 mappings", 256),
    ("forks8", "8 children sharing 64 MiB", 1536),
]
# name, what it is, unit, divisor from the sample, shown in the table (None: only in the JSON)
METRICS = [
    ("dump", "dump", "ms", 1e6),
    ("restore", "restore", "ms", 1e6),
    ("freeze", "freeze seen by target", "ms", 1e6),
    ("dump_rss", "peak RSS of dump", "MiB", 1024),
    ("restore_rss", "peak RSS of restore", "MiB", 1024),
    ("image", "image size", "MiB", 1 << 20),
    ("pss", "target's memory after", "MiB", 1024),
]
FLOORS = [("exec", "exec of /bin/true"), ("exec_sh", "... through sh"), ("start", "criu --version")]


class Failure(Exception):
    """A run whose figures must not be shown, and why."""


# --- processes: every one that we start is ours to reap, also after its parent has gone ---

def prctl(option, value):
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def parents():
    """pid -> parent, of all processes."""
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as f:
                    table[int(name)] = int(f.read().rpartition(b")")[2].split()[1])
            except OSError:
                pass
    return table


def descendants(root):
    table = parents()
    found = [root]
    for pid in found:
        found += [child for child, parent in table.items() if parent == pid]
    return found[1:]


def reap(timeout):
    """Reaps what has ended, until no child is left. False when some still run after the time."""
    end = time.monotonic() + timeout
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                if time.monotonic() > end:
                    return False
                time.sleep(0.001)
        except ChildProcessError:
            return True


def kill_all():
    """Ends everything below us, whatever state a failed run has left it in."""
    while pids := descendants(os.getpid()):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        reap(0.2)


def spawn(argv, log, setsid=False):
    null = os.open("/dev/null", os.O_RDWR)
    err = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return os.posix_spawn(argv[0], argv, os.environ, setsid=setsid, file_actions=[
            (os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1),
            (os.POSIX_SPAWN_DUP2, err, 2), (os.POSIX_SPAWN_CLOSE, null)])
    finally:
        os.close(null)
        os.close(err)


def wait_pid(pid, timeout):
    """Exit code of a child; TimeoutError when it does not end."""
    fd = os.pidfd_open(pid)
    try:
        if not select.select([fd], [], [], timeout)[0]:
            raise TimeoutError
    finally:
        os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def last_errors(directory):
    """The last line with an error from each log of a failed tool."""
    found = []
    for name in sorted(os.listdir(directory)):
        if name.endswith(".log"):
            with open(os.path.join(directory, name), errors="replace") as f:
                lines = [line.strip() for line in f if line.strip()]
            lines = [line for line in lines if "Error" in line] or lines
            found += lines[-1:]
    return " | ".join(found) or "it said nothing"


# --- one tool ---

class Tool:
    def __init__(self, name, path, build):
        self.name, self.path, self.launch = name, os.path.abspath(path), f"{build}/launch"
        if not os.access(self.path, os.X_OK):
            sys.exit(f"bench: {path}: no such program")

    def run(self, what, args, directory, path=None):
        """One command: (wall time in ns, peak RSS in KiB)."""
        result = os.path.join(directory, "result")
        pid = spawn([self.launch, result, path or self.path, *args], f"{directory}/stderr.log")
        try:
            code = wait_pid(pid, TOOL_TIMEOUT)
        except TimeoutError:
            raise Failure(f"{what}: still running after {TOOL_TIMEOUT} s") from None
        if code:
            raise Failure(f"{what}: cannot be started: {last_errors(directory)}")
        with open(result) as f:
            wall, code, rss = map(int, f.read().split())
        os.unlink(result)
        if code:
            raise Failure(f"{what}: exit code {code}: {last_errors(directory)}")
        return wall, rss

    def dump(self, pid, images, *more):
        os.mkdir(images)
        args = ["dump", "-t", str(pid), "-D", images, "-o", "dump.log", *more]
        return self.run("dump " + " ".join(more), args, images)

    def restore(self, images):
        return self.run("restore", ["restore", "-d", "-D", images, "-o", "restore.log"], images)


# --- one process tree to checkpoint ---

class Target:
    def __init__(self, build, load, work):
        self.work = work
        os.mkdir(work)
        self.pid = spawn([f"{build}/workload", load, work], f"{work}.log", setsid=True)
        self.wait_file("ready", "the workload does not start")

    def wait_file(self, name, problem):
        path = os.path.join(self.work, name)
        end = time.monotonic() + 60
        while not os.path.exists(path):
            time.sleep(0.002)
            if time.monotonic() > end or self.has_ended():
                raise Failure(problem)
        with open(path) as f:
            text = f.read()
        os.unlink(path)
        return text

    def has_ended(self):
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as f:
                return f.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
        except FileNotFoundError:
            return True

    def start_sampling(self):
        os.kill(self.pid, signal.SIGUSR2)

    def answer(self, when):
        """Asks the tree whether it is whole; returns the longest gap in ns that it has seen."""
        if self.has_ended():
            raise Failure(f"{when}: the target is gone")
        os.kill(self.pid, signal.SIGUSR1)
        word, _, rest = self.wait_file("answer", f"{when}: the target does not answer").partition(" ")
        if word != "ok":
            raise Failure(f"{when}: {rest.strip()}")
        return int(rest.split()[0])

    def pss(self):
        """Memory of the whole tree in KiB, shared pages counted once."""
        total = 0
        for pid in [self.pid, *descendants(self.pid)]:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        return total


def tree_size(directory):
    return sum(os.stat(os.path.join(directory, name)).st_size
               for name in os.listdir(directory) if not name.endswith(".log"))


def warm(build, mib):
    """Touches so much free memory, which the next program is given then: see README.md, "Memory is warmed"."""
    wait_pid(spawn([f"{build}/workload", "warm", str(mib)], f"{build}/warm.log"), 600)


def one_round(tool, build, load, base):
    """A target's life: dumped and left running, dumped and killed, restored. Returns the samples."""
    out = {}
    step_mib = next(mib for name, _, mib in WORKLOADS if name == load) // STEPS_PER_ROUND
    images = os.path.join(base, "images")
    target = Target(build, load, os.path.join(base, "work"))

    target.start_sampling()
    time.sleep(0.05)
    out["quiet_gap"] = target.answer("before the dump")
    warm(build, step_mib)
    target.start_sampling()
    tool.dump(target.pid, images + "-R", "-R")
    out["freeze"] = target.answer("after dump -R")
    shutil.rmtree(images + "-R")

    warm(build, step_mib)
    out["dump"], out["dump_rss"] = tool.dump(target.pid, images)
    if not reap(5):
        raise Failure("dump: it has left processes running")
    out["image"] = tree_size(images)
    warm(build, step_mib)
    out["restore"], out["restore_rss"] = tool.restore(images)
    target.answer("after restore")
    out["pss"] = target.pss()
    return out


def guarded_round(tool, build, load, top):
    base = tempfile.mkdtemp(prefix=f"{load}-{tool.name}-", dir=top)
    try:
        return one_round(tool, build, load, base)
    finally:
        kill_all()
        shutil.rmtree(base)


# --- the whole measurement ---

def measure_load(tools, build, load, rounds, top):
    """Rounds of all tools interleaved in random order; a tool that fails is out. The first is not counted."""
    samples, failures = {tool.name: [] for tool in tools}, {}
    for i in range(rounds + 1):
        order = [tool for tool in tools if tool.name not in failures]
        random.shuffle(order)
        for tool in order:
            try:
                out = guarded_round(tool, build, load, top)
            except Failure as why:
                failures[tool.name] = str(why)
            else:
                samples[tool.name] += [out] if i else []
    return {name: s for name, s in samples.items() if name not in failures}, failures


def measure_floors(tools, rounds, top):
    samples, failures = {tool.name: [] for tool in tools}, {}
    for i in range(rounds + 1):
        for tool in random.sample(tools, len(tools)):
            try:
                runs = {"exec": tool.run("exec", [], top, "/bin/true"),
                        "exec_sh": tool.run("exec", ["-c", "exec /bin/true"], top, "/bin/sh"),
                        "start": tool.run("start", ["--version"], top)}
            except Failure as why:
                failures[tool.name] = str(why)
                continue
            if i:
                samples[tool.name].append(
                    {k: wall for k, (wall, _) in runs.items()} |
                    {k + "_rss": rss for k, (_, rss) in runs.items()})
    return {name: s for name, s in samples.items() if name not in failures}, failures


def summary(samples, metric, divisor):
    """Figures of one metric per tool, and how ours compares."""
    out = {}
    for name, rounds in samples.items():
        values = [r[metric] / divisor for r in rounds]
        out[name] = {"median": statistics.median(values), "min": min(values), "max": max(values),
                     "samples": values}
    if "ours" in out and "peer" in out and out["peer"]["median"]:
        out["ratio"] = out["ours"]["median"] / out["peer"]["median"]
    return out


def show_rows(title, rows, failures, has_peer):
    label = title
    for text, unit, figures in rows:
        cells = [f"{figures[n]['median']:9.2f}" if n in figures else f"{'failed':>9}"
                 for n in (["ours", "peer"] if has_peer else ["ours"])]
        ratio = f"{figures['ratio']:8.3f}" if "ratio" in figures else ""
        print(f"{label:<26} {text:<22} {unit:<4} {' '.join(cells)} {ratio}".rstrip())
        label = ""
    for name, why in failures.items():
        print(f"{'':<26} {name} FAILED: {why}")
    sys.stdout.flush()


def build_programs(build):
    for name in ("launch", "workload"):
        pid = spawn(["/usr/bin/env", os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE", "-O2",
                     "-pthread", "-o", f"{build}/{name}", f"{HERE}/{name}.c"], f"{build}/cc.log")
        if wait_pid(pid, TOOL_TIMEOUT):
            sys.exit(f"bench: cannot build {name}.c: {last_errors(build)}")


def warm_memory(build, loads):
    with open("/proc/meminfo") as f:
        available = next(int(line.split()[1]) for line in f if line.startswith("MemAvailable")) >> 10
    need = max(mib for name, _, mib in WORKLOADS if name in loads)
    warm(build, min(need, available * 6 // 10))


def filesystem_of(path):
    dev = os.stat(path).st_dev
    with open("/proc/self/mountinfo") as f:
        for line in f:
            left, _, right = line.partition(" - ")
            if left.split()[2] == f"{os.major(dev)}:{os.minor(dev)}":
                return right.split()[0]
    return "unknown"


def private_run_directory():
    """A tmpfs on /run, for us and our children only."""
    libc = ctypes.CDLL(None, use_errno=True)
    if (libc.unshare(CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) or
            libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, None)):
        sys.exit(f"bench: cannot mount a tmpfs on /run: {os.strerror(ctypes.get_errno())}")


def machine(top):
    return {"kernel": platform.release(), "arch": platform.machine(), "cpus": os.cpu_count(),
            "image_filesystem": filesystem_of(top)}


def options():
    names = [name for name, _, _ in WORKLOADS]
    p = argparse.ArgumentParser(description="Measure dump and restore, side by side with a peer.")
    p.add_argument("--criu", default=os.path.join(os.path.dirname(HERE), "build/criu"),
                   help="the tool to measure (default: build/criu)")
    p.add_argument("--peer", help="the tool to compare with; scripts/get-peer fetches one")
    p.add_argument("--only", default=",".join(names), help="workloads, by comma: " + " ".join(names))
    p.add_argument("--rounds", type=int, default=5, help="counted rounds (default 5)")
    p.add_argument("--json", help="write all figures and samples to this file")
    p.add_argument("--dir", default="/var/tmp", help="where images go meanwhile (default /var/tmp)")
    p.add_argument("--tmpfs-run", action="store_true",
                   help="measure with a private tmpfs on /run, where a tool may cache what it has probed")
    args = p.parse_args()
    args.only = args.only.split(",")
    for name in args.only:
        if name not in names:
            p.error(f"no workload is called {name}: there are {' '.join(names)}")
    if args.rounds < 1:
        p.error("--rounds must be at least 1")
    if os.geteuid():
        p.error("must be run as root")
    return args


def measure(args, build, top, result):
    """Prints as it goes; fills result; returns whether everything worked."""
    tools = [Tool("ours", args.criu, build)] + ([Tool("peer", args.peer, build)] if args.peer else [])
    result["tools"] = {tool.name: tool.path for tool in tools}
    heads = "     ours" + ("      peer    ratio" if args.peer else "")
    print(f"{'workload':<26} {'measured':<22} {'unit':<4} {heads}")

    samples, failures = measure_floors(tools, max(args.rounds, 10), top)
    figures = {name: summary(samples, name, 1e6) for name, _ in FLOORS}
    show_rows("floor", [(text, "ms", figures[name]) for name, text in FLOORS], failures, args.peer)
    result["floors"] = {"figures": figures, "failures": failures}
    is_good = not failures

    for load, text, _ in WORKLOADS:
        if load not in args.only:
            continue
        samples, failures = measure_load(tools, build, load, args.rounds, top)
        figures = {name: summary(samples, name, div) for name, _, _, div in METRICS}
        rows = [(label, unit, figures[name]) for name, label, unit, _ in METRICS]
        show_rows(text, rows if samples else [], failures, args.peer)
        if not samples:
            print(f"{text:<26} no figures")
        figures["quiet_gap"] = summary(samples, "quiet_gap", 1e6)
        result["workloads"][load] = {"title": text, "figures": figures, "failures": failures}
        is_good = is_good and not failures
    return is_good


def stop(sig, _frame):
    """Leaves by way of every finally; the same signal once more must not cut that short."""
    for other in STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + sig)


def main():
    args = options()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    for sig in STOP_SIGNALS:
        signal.signal(sig, stop)
    if args.tmpfs_run:
        private_run_directory()
    top = tempfile.mkdtemp(prefix="criu-bench-", dir=args.dir)
    result = {"date": datetime.datetime.now().isoformat(timespec="seconds"), "rounds": args.rounds,
              "machine": machine(top), "units": {n: u for n, _, u, _ in METRICS}, "workloads": {}}
    build = os.path.join(top, "build")
    try:
        os.mkdir(build)
        build_programs(build)
        warm_memory(build, args.only)
        is_good = measure(args, build, top, result)
    finally:
        kill_all()
        shutil.rmtree(top)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(result, f, indent=1)
            f.write("\n")
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
