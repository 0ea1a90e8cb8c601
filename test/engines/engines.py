#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Container engines, as Debian packages them, with this tool as their criu.

    engines.py [--peer FILE] [NAME...]

Each case makes a small container, checkpoints and restores it, and looks inside. All of it is in a mount and a network
namespace of its own; mounts, cgroups, links, firewall rules and processes are counted before and after each case.
--peer: the same with another criu, to see what the engine itself does.
"""
import argparse
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

from base import BUSYBOX, CASES, TOP, Machine, Skipped, compare
import oci  # noqa: F401  (its cases)
import podman  # noqa: F401
import containerd  # noqa: F401


def run_one(function, criu):
    directory = tempfile.mkdtemp(prefix="engines-")
    path = os.path.join(directory, "path")
    try:
        if os.path.basename(criu) == "criu":
            path = os.path.dirname(os.path.abspath(criu))
        else:
            os.mkdir(path)
            os.symlink(os.path.abspath(criu), os.path.join(path, "criu"))
        before = Machine()
        function(directory, path)
        compare(before)
    finally:
        for _ in range(20):  # what engines leave behind at the end goes by itself
            shutil.rmtree(directory, ignore_errors=True)
            if not os.path.exists(directory):
                break
            time.sleep(0.1)


def main():
    if "CRIU_ENGINES" not in os.environ:
        os.environ["CRIU_ENGINES"] = oci.get_crun()     # there is no network any more in there
        os.execlp("unshare", "unshare", "-m", "-n", "--propagation", "private", sys.executable, *sys.argv)
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    p = argparse.ArgumentParser()
    p.add_argument("--peer", default=os.path.join(TOP, "build/criu"))
    p.add_argument("names", nargs="*")
    a = p.parse_args()
    counts = {"pass": 0, "fail": 0, "skip": 0}
    for function in [c for c in CASES if not a.names or c.__name__ in a.names]:
        begin = time.monotonic()
        try:
            if not os.path.exists(BUSYBOX):
                raise Skipped("busybox is not installed")
            run_one(function, a.peer)
            result = "pass"
            print(f"pass  {function.__name__} {time.monotonic() - begin:.2f} s", flush=True)
        except Skipped as e:
            result = "skip"
            print(f"skip  {function.__name__}: {e}", flush=True)
        except AssertionError as e:
            result = "fail"
            print(f"FAIL  {function.__name__}: {e.args[0] if e.args else ''}", flush=True)
            for line in e.args[1:]:
                print(f"        {line}")
        except Exception:  # pylint: disable=broad-except
            result = "fail"
            print(f"FAIL  {function.__name__}")
            traceback.print_exc(file=sys.stdout)
        counts[result] += 1
    print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
    return counts["fail"] > 0


if __name__ == "__main__":
    sys.exit(main())
