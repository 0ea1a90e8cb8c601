#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the options that concern networks do: each with a dump and a restore of a process in a network namespace.

The tool runs in a network namespace of the test's own, where the outer ends of devices appear.
"""
import ctypes
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "zdtm"))

import cases  # noqa: E402
import procs  # noqa: E402
import procsnap  # noqa: E402
from cases import Skipped, case, edit_image, expect, good  # noqa: E402

CLONE_NEWNET = 0x40000000
PAIR = "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; ip addr add 10.0.0.1/24 dev v0; "


def sh(script, ns=None):
    """Its output; in the network namespace of a process."""
    words = ["nsenter", f"--net=/proc/{ns}/ns/net"] if ns else []
    done = subprocess.run([*words, "sh", "-ec", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                          check=False)
    expect(done.returncode == 0, f"{script}: {done.stderr}")
    return done.stdout


def own_network():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise Skipped("no network namespace can be made here")


def start(b, script="true", program="exec sleep 1000"):
    """A process in a namespace that the script has filled; $TOOL is a process in the tool's. Its pid."""
    own_network()
    ready = os.path.join(b.dir, "ready")
    script = f"set -e; ip link set lo up; {script}\necho $$ >{ready}; {program}"
    subprocess.Popen(["setsid", "unshare", "--net", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL, env={**os.environ, "TOOL": str(os.getpid())})
    procs.wait_until(lambda: procsnap.read(ready), 20, "the process in a network namespace")
    pid = procsnap.read(ready).strip()
    procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{pid}/comm") or ""), 20, "its program")
    return pid


def dump(b, pid, *options, images=None):
    images = images or b.images()
    good(b, "dump", "-t", pid, "-D", images, *options)
    procs.reap()
    return images


def restore(b, images, *options, **kwargs):
    """The pid of what is restored."""
    pidfile = os.path.join(b.dir, "pid")
    good(b, "restore", "-d", "-D", images, "--pidfile", pidfile, *options, **kwargs)
    pid = procsnap.read(pidfile)
    os.unlink(pidfile)
    return pid


def ping(pid):
    sh("ping -c1 -W2 127.0.0.1", pid)


@case
def outer_ends(b):
    """--external veth[IN]:OUT, with a bridge and without, and its older spelling --veth-pair."""
    pid = start(b, "for i in 0 1 2; do ip link add v$i type veth peer name o$i netns $TOOL; ip link set v$i up; done; "
                   "ip addr add 10.0.0.2/24 dev v0")
    sh("ip link add br9 type bridge; ip link set br9 up; ip addr add 10.0.0.1/24 dev br9")
    images = dump(b, pid)
    pid = restore(b, images, "--external", "veth[v0]:out0@br9", "--external", "veth[v1]:out1", "--veth-pair", "v2=out2")
    for name, attributes in (("out0", "master br9"), ("out1", ""), ("out2", "")):
        expect(name in sh(f"ip link show {name} {attributes} up"), f"{name} is not there, {attributes} and switched on")
    procs.wait_until(lambda: " state UP" in sh("ip link show br9"), 20, "the bridge to have a port")
    sh("ping -c1 -W5 10.0.0.1", pid)
    os.kill(int(pid), 9)


@case
def lower_device(b):
    """--external macvlan[IN]:OUT, the device below."""
    own_network()
    sh("ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up")
    pid = start_in_this(b, "ip link add m0 link d0 netns $NS type macvlan mode bridge", "ip link set m0 up; ip addr add 10.0.0.2/24 dev m0")
    images = dump(b, pid)
    code, text = b.tool("restore", "-d", "-D", images)
    expect(code == 1 and "--external macvlan[m0]" in text, "what is to be named is not said", text)
    pid = restore(b, images, "--external", "macvlan[m0]:d1")
    link = sh("ip -d link show m0", pid)
    expect("macvlan mode bridge" in link and "10.0.0.2/24" in sh("ip addr show m0", pid), "no macvlan m0", link)
    index = sh("ip -o link show d1").split(":")[0]
    expect(f"m0@if{index}:" in link, f"m0 is not on d1, number {index}", link)
    os.kill(int(pid), 9)


def start_in_this(b, outside, inside):
    """As start(), for devices that are made outside: $NS is the process, in the namespace that the tool is in already."""
    ready = os.path.join(b.dir, "ready")
    p = subprocess.Popen(["setsid", "unshare", "--net", "sleep", "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{p.pid}/comm") or ""), 20, "the process")
    sh(outside.replace("$NS", str(p.pid)))
    sh("ip link set lo up; " + inside, p.pid)
    cases.write(ready, str(p.pid))
    return str(p.pid)


@case
def moved_device(b):
    """--external netdev[NAME]: not looked into at dump, moved in at restore, with addresses and routes."""
    own_network()
    sh("ip link add d0 address 02:00:00:00:00:40 type veth peer name d1; ip link add e0 address 02:00:00:00:00:41 type veth peer name e1")
    pid = start_in_this(b, "ip link set d0 name moved netns $NS", "ip link set moved up; ip addr add 10.0.0.2/24 dev moved; "
                        "ip route add 10.7.0.0/16 via 10.0.0.1")
    images = dump(b, pid, "--external", "netdev[moved]")
    pid = restore(b, images, "--external", "netdev[moved]:e0")
    shown = sh("ip link show moved; ip route", pid)
    expect("10.7.0.0/16 via 10.0.0.1 dev moved" in shown, "no route", shown)
    expect(" e0" not in sh("ip -o link") and "moved@" in shown, "e0 is not in its place", shown)
    os.kill(int(pid), 9)


@case
def namespace_of_somebody_else(b):
    """--external net[INODE]:NAME at dump; --inherit-fd fd[N]:NAME at restore."""
    pid = start(b, PAIR)
    inode = re.search(r"\d+", os.readlink(f"/proc/{pid}/ns/net"))[0]
    images = dump(b, pid, "--external", f"net[{inode}]:theirs")
    expect(not [n for n in os.listdir(images) if n.startswith("netdev-")], "its devices were saved")
    other = subprocess.Popen(["unshare", "--net", "sleep", "1000"], stdin=subprocess.DEVNULL)
    procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{other.pid}/comm") or ""), 20, "the other namespace")
    code, text = b.tool("restore", "-d", "-D", images)
    expect(code == 1 and "theirs" in text, "the name is not asked for", text)
    fd = os.open(f"/proc/{other.pid}/ns/net", os.O_RDONLY)
    pid = restore(b, images, "--inherit-fd", f"fd[{fd}]:theirs", pass_fds=[fd])
    found, wanted = (os.readlink(f"/proc/{p}/ns/net") for p in (pid, other.pid))
    expect(found == wanted, f"in {found}, not in {wanted}")
    for p in (int(pid), other.pid):
        os.kill(p, 9)


@case
def empty_namespace(b):
    """--empty-ns net: whoever restores fills it."""
    pid = start(b, PAIR)
    images = dump(b, pid, "--empty-ns", "net")
    pid = restore(b, images, "--empty-ns", "net")
    shown = sh("ip -o link", pid)
    expect(len(shown.splitlines()) == 1 and "lo:" in shown, "it is not empty", shown)
    expect(os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net"), "it is the tool's")
    sh("ip link add new type veth", pid)
    os.kill(int(pid), 9)


@case
def joined_namespace(b):
    """--join-ns net:PID and net:FILE; not together with --empty-ns net."""
    pid = start(b, "ip addr add 10.0.0.5/32 dev lo")
    images = dump(b, pid)
    other = subprocess.Popen(["unshare", "--net", "sleep", "1000"], stdin=subprocess.DEVNULL)
    procs.wait_until(lambda: "sleep" in (procsnap.read(f"/proc/{other.pid}/comm") or ""), 20, "the other namespace")
    for where in (f"net:{other.pid}", f"net:/proc/{other.pid}/ns/net"):
        pid = restore(b, images, "--join-ns", where)
        found, wanted = (os.readlink(f"/proc/{p}/ns/net") for p in (pid, other.pid))
        expect(found == wanted, f"{where}: in {found}, not in {wanted}")
        os.kill(int(pid), 9)
        procs.wait_until(lambda: procs.reap() or not os.path.exists(f"/proc/{pid}"), 20, "its end")
    code, text = b.tool("restore", "-d", "-D", images, "--join-ns", f"net:{other.pid}", "--empty-ns", "net")
    expect(code == 1 and "Error" in text, "both at once", text)
    other.kill()


@case
def ways_to_lock(b):
    """--network-lock with each value: nothing of the lock is there after a dump, a failed dump, or a restore."""
    pid = start(b, PAIR)
    for way in ("iptables", "nftables", "skip", "none"):
        images = dump(b, pid, "--network-lock", way, "-R", images=b.images(way + "-R"))
        expect(not sh("nft list tables", pid), f"{way}: the lock is left behind")
        images = dump(b, pid, "--network-lock", way, images=b.images(way))
        pid = restore(b, images, "--network-lock", "skip")
        expect(not sh("nft list tables", pid), f"{way}: the lock has been restored")
        ping(pid)
    os.kill(int(pid), 9)


@case
def settings_that_do_not_exist(b):
    """--weak-sysctls: left out with a warning."""
    pid = start(b, "echo 33 >/proc/sys/net/unix/max_dgram_qlen")
    images = dump(b, pid)
    name = [n for n in os.listdir(images) if re.fullmatch(r"netns-\d+\.img", n)][0]
    edit_image(os.path.join(images, name), lambda e: e["sysctls"].append({"name": "ipv4/no_such_setting", "value": "7"}))
    b.fails("no_such_setting.*weak-sysctls", "restore", "-d", "-D", images)
    code, text = b.tool("restore", "-d", "-D", images, "--weak-sysctls", "--pidfile", os.path.join(b.dir, "pid"))
    expect(code == 0 and "no_such_setting does not exist here" in text, "no warning", text)
    pid = procsnap.read(os.path.join(b.dir, "pid"))
    expect(sh("cat /proc/sys/net/unix/max_dgram_qlen", pid) == "33\n", "a setting that exists is lost")
    os.kill(int(pid), 9)


@case
def what_plain_images_have_no_place_for(b):
    """--plain-images: a warning for each sort of thing that is lost, and none where there is nothing."""
    words = ("nexthop objects", "IPv6 policy rules", "permanent neighbours", "proxies of neighbours", "queueing disciplines",
             "static forwarding entries of bridges")
    pid = start(b, PAIR + "ip link add br0 type bridge; ip link add p0 type veth; ip link set p0 master br0 up; ip link set br0 up")
    code, text = b.tool("dump", "-t", pid, "-D", b.images(), "--plain-images", "-R")
    expect(code == 0 and "are lost" not in text, "a warning without a loss", text)
    sh("ip nexthop add id 1 via 10.0.0.2 dev v0; ip -6 rule add pref 9 iif v0 table 7; ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0; "
       "ip neigh add proxy 10.0.0.99 dev v0; tc qdisc add dev v0 clsact; bridge fdb add 02:11:22:33:44:55 dev p0 master static", pid)
    code, text = b.tool("dump", "-t", pid, "-D", b.images(), "--plain-images")
    expect(code == 0, "the dump fails", text)
    for what in words:
        expect(f"{what} are lost" in text, f"no word of {what}", text)


@case
def connections_where_there_are_none(b):
    """--tcp-established, --tcp-close, --skip-in-flight: a tree without such sockets does not mind."""
    pid = start(b, PAIR)
    for option in ("--tcp-established", "--tcp-close", "--skip-in-flight"):
        pid = restore(b, dump(b, pid, option, images=b.images(option.strip("-"))), option)
    ping(pid)
    os.kill(int(pid), 9)


if __name__ == "__main__":
    sys.exit(cases.main("net-options", __doc__))
