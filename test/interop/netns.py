#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces exchanged with the established tool: dumped by one, restored by the other, and the same inside.

    test/interop/netns.py [--peer FILE] [-t NAME]
"""
import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import interop
import procs
import procsnap

# What is made, and what must be the same afterwards (commands; counters and what is drawn by lot left out).
DEVICES = ("ip link add v0 type veth peer name v1; ip addr add 10.0.0.1/24 dev v0; ip link set v0 up; ip link set v1 up; "
           "ip route add 10.9.0.0/16 via 10.0.0.2; echo 1 >/proc/sys/net/ipv4/conf/v0/proxy_arp; "
           "echo 1 >/proc/sys/net/ipv4/conf/all/forwarding")
NFT = ("nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; policy drop; }'; "
       "nft add rule inet t in tcp dport 80-90 accept; nft add rule inet t in iifname lo accept")
LEGACY = "iptables-legacy -A INPUT -p tcp --dport 22 -j DROP; ip6tables-legacy -A OUTPUT -p udp -j ACCEPT"
STATE = ("ip -br addr | sort", "ip route show table all | sort", "ip rule", "cat /proc/sys/net/ipv4/conf/*/proxy_arp",
         "cat /proc/sys/net/ipv4/conf/all/forwarding",
         # the peer leaves its own, empty chains
         "nft -s list table inet t 2>/dev/null; true",
         "iptables-legacy-save | grep ^-A; true", "ip6tables-legacy-save | grep ^-A; true")

BOTH, BY_PEER = ("ours-peer", "peer-ours"), ("peer-ours",)
CASES = {
    "lo": ("true", BOTH),
    "devices": (DEVICES, BOTH),
    "nft": (NFT, BOTH),
    # dumped by the established tool through iptables-legacy-save; ours does not write that text
    "iptables_legacy": (LEGACY, BY_PEER),
    "all": (DEVICES + "; " + NFT + "; " + LEGACY, BY_PEER),
}
START = "ip link set lo up; {0}; sleep 1.2; touch {1}; exec sleep 1000"


def state(pid):
    """When the kernel's search for duplicates of addresses is over, which the established tool begins anew."""
    words = ["nsenter", "-n", "-t", str(pid), "sh", "-c"]
    procs.wait_until(lambda: subprocess.run([*words, "! ip -6 addr | grep -q tentative"], check=False, timeout=20).returncode == 0,
                     10, "addresses")
    return {c: subprocess.run([*words, c], capture_output=True, text=True, check=False, timeout=20).stdout for c in STATE}


def run_tool(words, log):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    if done.returncode:
        with open(log, encoding="utf-8", errors="replace") as f:
            errors = re.findall(r".*Error .*", f.read())
        raise RuntimeError(f"{words[0]} {words[1]}: exit code {done.returncode}\n" + "\n".join(errors))


def exchange(directory, script, dumper, restorer, more):
    ready = os.path.join(directory, "ready")
    target = subprocess.Popen(["unshare", "-n", "sh", "-c", START.replace("{0}", script).replace("{1}", ready)],
                              start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    pid = target.pid
    try:
        procs.wait_until(lambda: os.path.exists(ready), 20, "the target")
        procs.wait_until(lambda: "sleep" in procsnap.read(f"/proc/{pid}/comm"), 10, "the target")
        before = state(pid)
        log = os.path.join(directory, "dump.log")
        run_tool([dumper, "dump", "-t", str(pid), "-D", directory, "-o", log, *more], log)
        target.wait(10)
        log = os.path.join(directory, "restore.log")
        run_tool([restorer, "restore", "-d", "-D", directory, "-o", log, "--pidfile",
                  os.path.join(directory, "restored.pid")], log)
        after = state(pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        target.wait()
    return [f"{c}\n--- before\n{before[c]}--- after\n{after[c]}" for c in STATE if before[c] != after[c]]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer")
    parser.add_argument("-t", action="append")
    args = parser.parse_args()
    peer, why = interop.get_peer(args.peer)
    ours = os.path.join(interop.TOP, "build/criu")
    counts = [0, 0, 0]
    for name, (script, directions) in CASES.items():
        for direction in directions if not args.t or name in args.t else ():
            dumper, restorer = ({"ours": ours, "peer": peer}[who] for who in direction.split("-"))
            result, words = (2, why) if not peer else one(script, dumper, restorer, direction)
            counts[result] += 1
            print(f"{name} {direction}: {('passed', 'failed', 'skipped')[result]} {words}", flush=True)
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    return 1 if counts[1] or not sum(counts) else 0


def one(script, dumper, restorer, direction):
    directory = tempfile.mkdtemp(prefix="netns-")
    more = ["--plain-images"] if direction.startswith("ours") else []
    try:
        begin = time.monotonic()
        lost = exchange(directory, script, dumper, restorer, more)
        return (1, "\n" + "\n".join(lost)) if lost else (0, f"({time.monotonic() - begin:.1f} s)")
    except (RuntimeError, subprocess.SubprocessError) as e:
        return 1, str(e)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    sys.exit(main())
