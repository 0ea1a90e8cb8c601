#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzzes the image reader and the parsers of text, each for half of --seconds (60). Needs clang.

A finding is left in test/fuzz/findings/; put it into test/fuzz/corpus/NAME/ once it is mended, where every run begins.
"""
import argparse
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = "build/fuzz"
FLAGS = "-O1 -g -fsanitize=fuzzer-no-link,address"


def build(name):
    subprocess.run(["make", "-s", "-j2", f"BUILD={BUILD}", "CC=clang", f"OPT={FLAGS}", f"{BUILD}/libcriu-core.a",
                    f"{BUILD}/libcompel.a"], cwd=TOP, check=True)
    program = os.path.join(TOP, BUILD, name)
    subprocess.run(["clang", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=fuzzer,address", "-pthread", "-Icriu",
                    "-Icriu/arch/x86", f"-I{BUILD}", f"-I{BUILD}/images", "-Icompel/include", "-o", program,
                    os.path.join(HERE, f"{name}.c"), f"{BUILD}/libcriu-core.a", f"{BUILD}/libcompel.a", "-lprotobuf-c", "-lnl-3"],
                   cwd=TOP, check=True)
    return program


# One object of each kind that an IPC namespace has, with a message where there is room for one.
MAKE_IPC = """
import ctypes
c = ctypes.CDLL("librt.so.1", use_errno=True)
ids = [c.semget(5, 3, 0o1600), c.shmget(6, 8192, 0o1600), c.msgget(7, 0o1600), c.mq_open(b"/queue", 0o102, 0o600, None)]
assert min(ids) >= 0, ids
assert c.msgsnd(ids[2], b"\\1" + bytes(7) + b"text", 4, 0) == 0 and c.mq_send(ids[3], b"text", 4, 9) == 0
c.shmat.restype = ctypes.c_void_p
ctypes.memset(c.shmat(ids[1], None, 0), 1, 10)
"""


# Something for each reader of a network's images; what this machine has no program for is left out.
MAKE_NET = """
ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip addr add 10.0.0.1/24 dev v0
ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0; ip nexthop add id 1 via 10.0.0.2 dev v0
iptables-legacy -A INPUT -p tcp --dport 22 -m comment --comment here -m recent --set -j ACCEPT; ip6tables-legacy -A INPUT -p tcp -j DROP
ipset create some hash:ip comment; ipset add some 10.0.0.1 comment here; ipset create all list:set; ipset add all some
nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'; nft add rule inet t in tcp dport 22 accept
conntrack -I -s 10.0.0.1 -d 10.0.0.2 -p tcp --sport 10 --dport 20 --state ESTABLISHED --timeout 1000 -u ASSURED --src-nat 192.168.0.1:77
tc qdisc add dev v0 clsact; tc filter add dev v0 ingress protocol ip u32 match u32 0 0 action mirred egress mirror dev v1
ip xfrm policy add src 10.0.0.1 dst 10.0.0.2 dir out action block
"""


def make_snapshot(where):
    """A small tree of our own, dumped and left running."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)        # PR_SET_CHILD_SUBREAPER: the child of the shell becomes ours
    target = subprocess.Popen(["unshare", "--ipc", "--net", "sh", "-c", 'sh -c "$2"; "$0" -c "$1" && sleep 1000 | sleep 1000',
                               sys.executable, MAKE_IPC, MAKE_NET],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    children = f"/proc/{target.pid}/task/{target.pid}/children"
    try:
        for _ in range(1000):                       # both sleep, and python is gone
            with open(children, encoding="ascii") as f:
                if len(f.read().split()) == 2:
                    break
            time.sleep(0.01)
        subprocess.run([os.path.join(TOP, "build", "criu"), "dump", "-t", str(target.pid), "-D", where, "-o", "log"],
                       check=True)
    finally:
        try:
            os.killpg(target.pid, 9)
        except ProcessLookupError:
            pass
        target.wait()
    os.unlink(os.path.join(where, "log"))
    for name in os.listdir(where):        # the pages' bytes say nothing to the reader; their number does
        if name.startswith("pages-") and os.path.getsize(os.path.join(where, name)) > 1 << 20:
            raise SystemExit("the snapshot is too large to fuzz")


def seeds_of(snapshot, where):
    os.makedirs(where)
    names = sorted(n for n in os.listdir(snapshot) if n.endswith(".img"))
    for i, name in enumerate(names):
        if name.startswith("pages-"):
            continue
        with open(os.path.join(snapshot, name), "rb") as f, open(os.path.join(where, name), "wb") as out:
            out.write(bytes([i]) + f.read())


def text_seeds(where):
    os.makedirs(where)
    for i, name in enumerate(("stat", "status", "timers", "smaps", "fdinfo/0")):
        with open(f"/proc/self/{name}", "rb") as f, open(os.path.join(where, f"text{i}"), "wb") as out:
            out.write(bytes([i]) + f.read()[:8192])
    with open(os.path.join(where, "text5"), "wb") as out:
        out.write(b'\x05# options\nverbosity 4\nghost-limit "2M" # two\nlink-remap\naction-script "/a \\" b"\n')


def fuzz(name, seconds, seeds, env):
    corpus = os.path.join(HERE, "corpus", name)
    findings = os.path.join(HERE, "findings")
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(findings, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="criu-fuzz.") as fresh:
        out = subprocess.run([build(name), f"-max_total_time={seconds}", "-max_len=65536", "-timeout=10",
                              "-rss_limit_mb=2048", "-detect_leaks=0", f"-artifact_prefix={findings}/", fresh, seeds,
                              corpus], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace")
    lines = out.stdout.splitlines()
    print(f"{'PASS' if not out.returncode else 'FAIL'} {name}: {lines[-1] if lines else ''}")
    if out.returncode:
        print("\n".join(lines[-40:]))
    return not out.returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    if not shutil.which("clang"):
        print("SKIP: there is no clang here\n0 passed, 0 failed, 2 skipped")
        return 0
    with tempfile.TemporaryDirectory(prefix="criu-fuzz.") as where:
        snapshot = os.path.join(where, "snapshot")
        os.mkdir(snapshot)
        make_snapshot(snapshot)
        seeds_of(snapshot, os.path.join(where, "seeds"))
        text_seeds(os.path.join(where, "text"))
        env = dict(os.environ, FUZZ_SNAPSHOT=snapshot)
        half = max(1, args.seconds // 2)
        results = [fuzz("fuzz_images", half, os.path.join(where, "seeds"), env),
                   fuzz("fuzz_text", half, os.path.join(where, "text"), env)]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


sys.exit(main())
