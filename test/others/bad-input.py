#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Input that cannot work: each gives one error line that names what is wrong, exit code 1, and leaves nothing behind."""
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "zdtm"))

import cases  # noqa: E402
import procs  # noqa: E402
import procsnap  # noqa: E402
from cases import SUMMARY_LINE, Failed, Skipped, case, edit_image, read_image, write_image  # noqa: E402


# --- command line ----------------------------------------------------------------------------------------
@case
def unknown_option(b):
    b.fails("no-such-option", "dump", "--no-such-option", "-t", "1")


@case
def mistyped_option(b):
    b.fails("leav-running; did you mean --leave-running", "dump", "--leav-running", "-t", "1")


@case
def mistyped_command(b):
    b.fails("did you mean dump", "dmup", "-t", "1")


@case
def ambiguous_option(b):
    b.fails("ambiguous option: --leave;", "dump", "--leave", "-t", "1")


@case
def argument_of_a_flag(b):
    b.fails("--dry-run takes no argument", "dump", "--dry-run=yes", "-t", "1")


@case
def unknown_short_option(b):
    b.fails(r"\bY\b|-Y", "dump", "-Y", "-t", "1")


@case
def unknown_command(b):
    b.fails("frobnicate", "frobnicate")


@case
def command_of_later(b):
    for command in "pre-dump", "page-server", "lazy-pages", "dedup":
        b.fails(f"{command} is not supported", command)


@case
def unknown_file_validation(b):
    b.fails("--file-validation: crc", "dump", "-t", b.start(), "-D", b.images(), "--file-validation", "crc")
    b.unharmed()


@case
def cgroup_props_not_parseable(b):
    """Told also where no cgroup is saved."""
    b.fails("cgroup-props", "dump", "-t", b.start(), "-D", b.images(), "--cgroup-props", "no colon")
    b.unharmed()


@case
def cgroup_props_file_missing(b):
    b.fails("/no-such-file", "dump", "-t", b.start(), "-D", b.images(), "--cgroup-props-file", "/no-such-file")
    b.unharmed()


@case
def words_behind_a_dump(b):
    """A command to run when done is for a restore alone."""
    b.fails("excessive", "dump", "--exec-cmd", "-t", b.start(), "-D", b.images(), "--", "true")
    b.unharmed()


@case
def option_without_argument(b):
    b.fails("--tree wants an argument", "dump", "-t")


@case
def pid_is_no_number(b):
    b.fails("abc", "dump", "-t", "abc", "-D", b.images())
    b.empty(b.images())


@case
def pid_is_negative(b):
    b.fails("-5", "dump", "-t", "-5", "-D", b.images())


@case
def size_is_no_number(b):
    b.fails("ghost-limit", "dump", "-t", "1", "--ghost-limit", "12Q", "-D", b.images())


@case
def excess_words(b):
    b.fails("excessive|leftover", "restore", "-D", b.images(), "leftover")


@case
def sibling_without_detached(b):
    b.fails("restore-sibling|-S", "restore", "-S", "-D", b.images())


@case
def exec_cmd_with_detached(b):
    b.fails("exec-cmd|excessive", "restore", "-d", "--exec-cmd", "-D", b.images(), "--", "true")


@case
def inherit_fd_on_dump(b):
    b.fails("inherit-fd", "dump", "-t", b.start(), "-D", b.images(), "--inherit-fd", "fd[1]:x")
    b.unharmed()


@case
def config_file_not_parseable(b):
    path = os.path.join(b.dir, "bad.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write('log-file "not terminated\n')
    b.fails("configuration file", "dump", "--config", path, "-t", b.start(), "-D", b.images())
    b.unharmed()


@case
def config_file_with_unknown_option(b):
    path = os.path.join(b.dir, "bad.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write("no-such-option\n")
    b.fails(r"no-such-option|bad\.conf:1", "dump", "--config", path, "-t", b.start(), "-D", b.images())
    b.unharmed()


@case
def ordinary_user(b):
    target = b.start()
    os.chmod(b.images(), 0o777)
    os.chmod(b.dir, 0o755)

    def drop():
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    exe = os.path.join(b.dir, "criu")
    shutil.copy(b.criu, exe)
    os.chmod(exe, 0o755)
    done = subprocess.run([exe, "dump", "-t", target, "-D", b.images()], capture_output=True, check=False,
                          preexec_fn=drop)
    text = (done.stdout + done.stderr).decode()
    if done.returncode != 1 or not re.search("CAP_CHECKPOINT_RESTORE|unprivileged|non-root", text):
        raise Failed(f"exit code {done.returncode}", *text.splitlines())
    b.unharmed()


# --- what to dump ----------------------------------------------------------------------------------------
@case
def pid_missing(b):
    b.fails("pid|-t", "dump", "-D", b.images())
    b.empty(b.images())


@case
def pid_of_nobody(b):
    gone = subprocess.Popen(["true"])
    gone.wait()
    b.fails(str(gone.pid), "dump", "-t", str(gone.pid), "-D", b.images())
    b.empty(b.images())


@case
def pid_of_kernel_thread(b):
    threads = [pid for pid in sorted(filter(str.isdigit, os.listdir("/proc")), key=int)
               if re.search(r"^Kthread:\s*1", procsnap.read(f"/proc/{pid}/status") or "", re.M)]
    if not threads:
        raise Skipped("no kernel thread is visible here")
    b.fails(r"kernel.*\[task.kernel-thread\]", "dump", "-t", threads[0], "-D", b.images())
    b.empty(b.images())


@case
def pid_of_the_tool(b):
    script = f'exec "{b.criu}" dump -t $$ -D "{b.images()}"'
    done = subprocess.run(["setsid", "-w", "sh", "-c", script], capture_output=True, timeout=60, check=False)
    text = (done.stdout + done.stderr).decode()
    lines = [line for line in text.splitlines() if "Error" in line and not SUMMARY_LINE.search(line)]
    if done.returncode != 1 or len(lines) != 1 or "[task.self]" not in lines[0]:
        raise Failed(f"exit code {done.returncode}", *text.splitlines()[-8:])
    b.empty(b.images())


@case
def tool_inside_the_tree(b):
    script = f'"{b.criu}" dump -t $$ -D "{b.images()}"; exit $?'
    done = subprocess.run(["setsid", "-w", "sh", "-c", script], capture_output=True, timeout=60, check=False)
    text = (done.stdout + done.stderr).decode()
    lines = [line for line in text.splitlines() if "Error" in line and not SUMMARY_LINE.search(line)]
    if done.returncode != 1 or len(lines) != 1 or not re.search("self|itself|own|tool|criu|within", lines[0]):
        raise Failed(f"exit code {done.returncode}", *text.splitlines()[-8:])
    b.empty(b.images())


@case
def tid_of_another_thread(b):
    root = b.start("static/threads")
    tid = [t for t in os.listdir(f"/proc/{root}/task") if t != root][0]
    b.fails("thread|leader", "dump", "-t", tid, "-D", b.images())
    b.empty(b.images())
    b.unharmed()


@case
def zombie_as_root(b):
    zombie = subprocess.Popen(["true"])
    procs.wait_until(lambda: "Z" in (procsnap.read(f"/proc/{zombie.pid}/stat") or "Z"), 5, "zombie")
    b.fails("zombie|dead", "dump", "-t", str(zombie.pid), "-D", b.images())
    zombie.wait()
    b.empty(b.images())


# --- where to -------------------------------------------------------------------------------------------
@case
def directory_missing(b):
    b.fails("nowhere", "dump", "-t", b.start(), "-D", os.path.join(b.dir, "nowhere"))
    b.unharmed()


@case
def directory_is_a_file(b):
    path = os.path.join(b.dir, "a-file")
    with open(path, "w", encoding="ascii"):
        pass
    b.fails("a-file", "dump", "-t", b.start(), "-D", path)
    b.unharmed()


@case
def directory_not_writable(b):
    path = b.mount_small(64)
    subprocess.run(["mount", "-o", "remount,ro", path], check=True)
    b.fails("read-only|EROFS|small", "dump", "-t", b.start(), "-D", path, "-W", b.dir)
    b.empty(path)
    b.unharmed()


@case
def directory_full(b):
    path = b.mount_small(64)
    # pages are written on every CPU: two may find the disk full at once
    b.fails("space|ENOSPC", "dump", "-t", b.start("static/mem_anon"), "-D", path, "-W", b.dir, at_most=2)
    b.empty(path)
    b.unharmed()


@case
def file_size_limit(b):
    """The other way for writes to fail: RLIMIT_FSIZE of the tool. Its signal must not end a process of the tool."""
    target = b.start("static/mem_anon")
    path = b.images()
    script = f'ulimit -f 1; exec "{b.criu}" dump -t {target} -D "{path}"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, timeout=60, check=False)
    text = (done.stdout + done.stderr).decode()
    if done.returncode != 1 or "File too large" not in text or "killed" in text:
        raise Failed(f"exit code {done.returncode}", *text.splitlines()[-8:])
    b.empty(path)
    b.unharmed()


@case
def log_file_in_missing_directory(b):
    b.fails("no-dir", "dump", "-t", b.start(), "-D", b.images(), "-o", "no-dir/dump.log")
    b.empty(b.images())
    b.unharmed()


@case
def action_script_missing(b):
    b.fails("no-script", "dump", "-t", b.start(), "-D", b.images(), "--action-script", f"{b.dir}/no-script")
    b.unharmed()


@case
def action_script_fails(b):
    script = os.path.join(b.dir, "hook")
    with open(script, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n[ $CRTOOLS_SCRIPT_ACTION != pre-dump ] || exit 5\n")
    os.chmod(script, 0o755)
    b.fails("hook|script", "dump", "-t", b.start(), "-D", b.images(), "--action-script", script)
    b.unharmed()


# --- images ---------------------------------------------------------------------------------------------
@case
def restore_from_missing_directory(b):
    b.fails("nowhere", "restore", "-D", os.path.join(b.dir, "nowhere"))


@case
def restore_from_empty_directory(b):
    b.fails("inventory", "restore", "-D", b.images())
    b.empty(b.images())


@case
def image_of_another_version(b):
    path = os.path.join(b.dump(), "inventory.img")
    with open(path, "r+b") as f:
        data = bytearray(f.read())
        # magic and length are four bytes each; field 1 (img_version) is a one byte varint
        if data[8] != 0x08:
            raise Failed("inventory.img does not begin with its version")
        data[9] = 99
        f.seek(0)
        f.write(data)
    b.fails("99|version", "restore", "-d", "-D", b.images())


def without_image(pattern, regex=None):
    def check(b):
        path = b.dump()
        names = [name for name in os.listdir(path) if re.fullmatch(pattern, name)]
        os.unlink(os.path.join(path, names[0]))
        b.fails(regex or names[0], "restore", "-d", "-D", path)
    check.__name__ = "image_missing_" + re.sub(r"[^a-z]", "", pattern.split("-")[0].split(".")[0])
    return case(check)


def with_changed_image(what, pattern, change):
    def check(b):
        path = b.dump()
        name = [name for name in os.listdir(path) if re.fullmatch(pattern, name)][0]
        with open(os.path.join(path, name), "rb") as f:
            data = change(f.read())
        with open(os.path.join(path, name), "wb") as f:
            f.write(data)
        b.fails(name, "restore", "-d", "-D", path)
    check.__name__ = f"image_{what}_" + re.sub(r"[^a-z]", "", pattern.split("-")[0].split(".")[0])
    return case(check)


IMAGES = (r"pstree\.img", r"core-\d+\.img", r"mm-\d+\.img", r"files\.img", r"fdinfo-\d+\.img", r"pagemap-\d+\.img")
for pattern in (r"pstree\.img", r"core-\d+\.img", r"mm-\d+\.img", r"files\.img", r"pages-\d+\.img"):
    without_image(pattern, r"files.img|file \d+, which does not exist" if pattern.startswith("files") else None)
for pattern in (*IMAGES, r"inventory\.img"):
    with_changed_image("truncated", pattern, lambda data: data[:len(data) - 3])
    with_changed_image("with_huge_length", pattern, lambda data: data[:8] + b"\xff\xff\xff\x7f" + data[12:]
                       if data[:4] != b"\x16\x31\x31\x58" else data[:4] + b"\xff\xff\xff\x7f" + data[8:])
    with_changed_image("with_wrong_magic", pattern, lambda data: b"\0\0\0\0" + data[4:])
with_changed_image("truncated", r"pages-\d+\.img", lambda data: data[:len(data) // 2])


# --- images of network namespaces -------------------------------------------------------------------------
RULES = r"""exec >{0}/log 2>&1; ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
iptables-legacy -A INPUT -p tcp --dport 22 -m comment --comment here -j ACCEPT; ip6tables-legacy -A INPUT -p tcp -j DROP
ipset create some hash:ip comment; ipset add some 10.0.0.1 comment here
nft add table inet t; nft add chain inet t in '{{ type filter hook input priority 0; }}'; nft add rule inet t in tcp dport 22 accept
conntrack -I -s 10.0.0.1 -d 10.0.0.2 -p tcp --sport 10 --dport 20 --state ESTABLISHED --timeout 1000 -u ASSURED,SEEN_REPLY
tc qdisc add dev v0 clsact; tc filter add dev v0 ingress protocol ip u32 match u32 0 0 action mirred egress mirror dev v1
ip xfrm policy add src 10.0.0.1 dst 10.0.0.2 dir out action block; ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0
echo $$ >{0}/ready; exec sleep 1000 >/dev/null 2>&1"""
# Files of messages, and what the error calls them; where the first message begins.
MESSAGES = {"ipset": (0, "ipset"), "nft": (0, "nftables"), "netns-ct": (0, "connection"), "tcfilter": (0, "traffic control"),
            "xfrm": (0, "IPsec"), "qdisc": (4, "qdisc"), "neigh": (4, "neigh"), "ifaddr": (4, "addr"), "route": (4, "route")}
TEARS = {
    "cut": lambda data, at: data[:-3],
    "no length": lambda data, at: data[:at] + bytes(4) + data[at + 4:],
    "huge length": lambda data, at: data[:at] + b"\xff\xff\xff\x7f" + data[at + 4:],
    "foreign": lambda data, at: data[:at + 4] + b"\xff\xff" + data[at + 6:],
    "half a header": lambda data, at: data[:at + 7],
}
# What the image says of a table, and what is wrong with it: for the reader, then for the kernel.
TABLES = {
    "no name": (lambda e: e.update(name=""), "no table is called"),
    "long name": (lambda e: e.update(name="x" * 40), "no table is called"),
    "no family": (lambda e: e.update(family=77), "no table is called"),
    "few hooks": (lambda e: e["hook_entry"].pop(), "hooks"),
    "more rules": (lambda e: e.update(num_entries=e["num_entries"] + 1), "rules are promised"),
    "no rules": (lambda e: e.update(entries=""), "rules are promised"),
    "hook outside": (lambda e: e.update(hook_entry=[4000000000] * 5), "table filter of iptables-legacy"),
    "unknown table": (lambda e: e.update(name="nonesuch"), "table nonesuch of iptables-legacy"),
}


def dump_of_a_network(b):
    """Of a process in a network namespace with a bit of everything; the process is gone."""
    ready = os.path.join(b.dir, "ready")
    child = subprocess.Popen(["setsid", "unshare", "--net", "sh", "-c", RULES.format(b.dir)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    procs.wait_until(lambda: os.path.exists(ready) and os.path.getsize(ready), 20, "a namespace with rules")
    with open(ready, encoding="ascii") as f:
        pid = f.read().strip()
    code, text = b.tool("dump", "-t", pid, "-D", b.images())
    if code:
        child.kill()
    child.wait()
    if code:
        raise Failed("dump of a network namespace", *text.splitlines())
    return b.images()


@case
def messages_of_a_network_that_are_none(b):
    path = dump_of_a_network(b)
    tried = 0
    for stem, (at, regex) in MESSAGES.items():
        names = [name for name in os.listdir(path) if re.fullmatch(stem + r"-\d+\.img", name)]
        if not names:       # no program here that makes it
            continue
        with open(os.path.join(path, names[0]), "rb") as f:
            data = f.read()
        for tear in TEARS.values():
            with open(os.path.join(path, names[0]), "wb") as f:
                f.write(tear(data, at))
            b.fails(regex, "restore", "-d", "-D", path)
            tried += 1
        with open(os.path.join(path, names[0]), "wb") as f:
            f.write(data)
    b.note = f"{tried} images"
    if tried < 30:
        raise Failed(f"only {tried} images")


@case
def tables_of_packet_filters_that_are_none(b):
    path = dump_of_a_network(b)
    names = [name for name in os.listdir(path) if name.startswith("xtables-")]
    if not names:
        raise Skipped("no iptables-legacy here")
    name = os.path.join(path, names[0])
    good_image = read_image(name)
    for change, regex in TABLES.values():
        image = json.loads(json.dumps(good_image))
        entry = [e for e in image["entries"] if e["family"] == 2][0]
        change(entry)
        write_image(name, image)
        b.fails(regex, "restore", "-d", "-D", path)
    write_image(name, good_image)
    code, text = b.tool("restore", "-d", "-D", path, "--pidfile", os.path.join(b.dir, "restored"))
    if code:
        raise Failed("restore of the image as it was", *text.splitlines())
    with open(os.path.join(b.dir, "restored"), encoding="ascii") as f:
        os.kill(int(f.read()), 9)


# --- the world at restore -------------------------------------------------------------------------------
@case
def pid_taken(b):
    path = b.dump("-R")
    with open(f"/proc/{b.target.root}/comm", encoding="ascii") as f:
        comm = f.read().strip()
    b.fails(f"pid {b.target.root} is taken by {comm}; end it", "restore", "-d", "-D", path)
    b.unharmed()


HOLDER = """
import os, signal, sys
for _ in range(50):  # others fork, too
    with open("/proc/sys/kernel/ns_last_pid", "w") as f:
        f.write(str(int(sys.argv[1]) - 1))
    child = os.fork()
    if not child:
        os._exit(0)
    if child == int(sys.argv[1]):
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        print("held", flush=True)
        signal.pause()
    os.waitpid(child, 0)
"""


@case
def dry_run_names_all(b):
    """Nothing is made, and yet a dry run finds what would stop a restore: here a taken pid, and two files."""
    path = b.dump("-R")
    os.unlink(b.target.path("rd"))
    with open(b.target.path("wr"), "a", encoding="ascii") as f:
        f.write("more")
    code, text = b.tool("restore", "-D", path, "--dry-run")
    if code != 1 or not all(re.search(what, text) for what in (f"pid {b.target.root} is taken", "open .*/rd ", "/wr has .*put back")):
        raise Failed(f"exit code {code}", *text.splitlines())


@case
def pid_taken_by_a_zombie(b):
    path = b.dump()
    pid = b.target.root
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(pid)], stdout=subprocess.PIPE) as holder:
        try:
            if not holder.stdout.readline():
                raise Skipped(f"pid {pid} is not to be had on this busy machine")
            b.fails(f"pid {pid} is taken by python3?, which has ended and waits for its parent {holder.pid}", "restore", "-d", "-D", path)
        finally:
            holder.kill()


@case
def file_missing(b):
    path = b.dump()
    os.unlink(b.target.path("rd"))
    b.fails("rd", "restore", "-d", "-D", path)


@case
def file_of_another_size(b):
    path = b.dump()
    with open(b.target.path("rd"), "a", encoding="ascii") as f:
        f.write("more")
    b.fails(r"rd has .* bytes.*truncate -s", "restore", "-d", "-D", path)


@case
def file_is_a_directory(b):
    path = b.dump()
    os.unlink(b.target.path("rd"))
    os.mkdir(b.target.path("rd"))
    b.fails("rd", "restore", "-d", "-D", path)


@case
def file_of_another_mode(b):
    path = b.dump()
    os.chmod(b.target.path("rd"), 0o600)
    b.fails("rd.*mode|mode.*rd|permission", "restore", "-d", "-D", path)
    b.target.images, b.target.restore_words = path, ["--skip-file-rwx-check"]
    if b.target.restore():
        raise Failed("the restore with --skip-file-rwx-check fails", *b.target.log_tail())
    b.target.check_program()


@case
def file_locked_meanwhile(b):
    """By either kind of lock; when it is let go all is well."""
    path = b.dump("--file-locks", name="static/file_locks")
    for name, take, what in (("whole", fcntl.flock, "somebody has locked the file meanwhile"),
                             ("kids", fcntl.lockf, f"process {os.getpid()} has locked the file meanwhile")):
        with open(b.target.path(name), "r+", encoding="ascii") as f:
            take(f, fcntl.LOCK_EX)
            b.fails(what, "restore", "-d", "-D", path)
    b.target.images, b.target.restore_words = path, []
    if b.target.restore():
        raise Failed("the restore fails when nobody holds the locks", *b.target.log_tail())
    b.target.check_program()


@case
def cwd_missing(b):
    path = b.dump(name="static/fs_state")
    os.rmdir(b.target.path("deeper"))
    b.fails("deeper", "restore", "-d", "-D", path)


@case
def pidfile_exists(b):
    path = b.dump()
    pidfile = os.path.join(b.dir, "pidfile")
    with open(pidfile, "w", encoding="ascii") as f:
        f.write("1")
    b.fails("pidfile", "restore", "-d", "-D", path, "--pidfile", pidfile)
    if procsnap.read(pidfile) != "1":
        raise Failed("the existing pidfile was overwritten")


@case
def pidfile_in_missing_directory(b):
    path = b.dump()
    b.fails("no-dir", "restore", "-d", "-D", path, "--pidfile", os.path.join(b.dir, "no-dir", "pid"))


@case
def inherited_descriptor_not_open(b):
    path = b.dump()
    b.fails("77", "restore", "-d", "-D", path, "--inherit-fd", "fd[77]:x")


# --- the CPU -------------------------------------------------------------------------------------------
# (word, bit) of instructions that no CPU has all of: XOP, TBM and FMA4 were AMD's for a while
RARE_INSTRUCTIONS = ((6, 11), (6, 21), (6, 16))


def pretend_more(entry):
    """The image is from a CPU that has an instruction more than this one."""
    words = entry["x86_entry"][0]["capability"]
    for word, bit in RARE_INSTRUCTIONS:
        if not words[word] >> bit & 1:
            words[word] |= 1 << bit
            return
    raise Skipped("this CPU has all of the rare instructions")


def add_files(directory, *entries):
    path = os.path.join(directory, "files.img")
    image = read_image(path)
    image["entries"] += entries
    write_image(path, image)


EVENTFD = {"type": "EVENTFD", "id": 9000, "efd": {"id": 9000, "flags": 0, "fown": {"uid": 0, "euid": 0, "signum": 0,
                                                                                    "pid_type": 0, "pid": 0}, "counter": 0}}


@case
def terminal_whose_path_is_none(b):
    path = b.dump()
    add_files(path, EVENTFD, {"type": "TTY", "id": 9001, "tty": {
        "id": 9001, "tty_info_id": 8, "flags": 0, "fown": EVENTFD["efd"]["fown"], "regf_id": 9000}})
    write_image(os.path.join(path, "tty-info.img"), {"magic": "TTY_INFO", "entries": [
        {"id": 8, "type": "PTY", "locked": False, "exclusive": False, "packet_mode": False, "sid": 0, "pgrp": 0,
         "rdev": 34820, "pty": {"index": 4}}]})
    b.fails("file 9001 is a terminal at file 9000, which is no path", "restore", "-d", "-D", path)


@case
def deleted_file_that_is_none(b):
    path = b.dump()
    add_files(path, EVENTFD)
    write_image(os.path.join(path, "remap-fpath.img"), {"magic": "REMAP_FPATH", "entries": [
        {"orig_id": 9000, "remap_id": 1, "remap_type": "GHOST"}]})
    b.fails("remap-fpath.img: record 1: file 9000 has no path", "restore", "-d", "-D", path)


@case
def numbers_in_a_nested_namespace_that_is_none(b):
    path = b.dump()

    def nest(entry):
        entry["inner_pids"] = [7, 1]
    edit_image(os.path.join(path, f"core-{b.target.root}.img"), nest)
    b.fails("2 numbers in nested pid namespaces do not fit its pid namespace", "restore", "-d", "-D", path)


@case
def cpu_lacks_a_feature(b):
    path = b.dump("--cpu-cap=all")
    edit_image(os.path.join(path, "cpuinfo.img"), pretend_more)
    lacks = "this CPU lacks features.*80000001.ECX.*--cpu-cap"
    b.fails(lacks, "cpuinfo", "check", "-D", path)
    b.fails(lacks, "restore", "-d", "-D", path, "--cpu-cap=ins")
    for words in (("cpuinfo", "check", "--cpu-cap=none"), ("cpuinfo", "check", "--cpu-cap=fpu"), ("restore", "-d")):
        code, text = b.tool(*words, "-D", path)
        if code:
            raise Failed(f"{' '.join(words)}: exit code {code}", *text.splitlines())
    b.unharmed()


@case
def cpu_of_another_register_size(b):
    b.tool("cpuinfo", "dump", "-D", b.images())
    path = os.path.join(b.images(), "cpuinfo.img")

    def grow(entry):
        entry["x86_entry"][0]["xsave_size"] += 64
    edit_image(path, grow)
    b.fails("registers take .*--cpu-cap", "cpuinfo", "check", "-D", b.images())


@case
def cpuinfo_missing(b):
    b.fails("cpuinfo.img", "cpuinfo", "check", "-D", b.images())
    b.fails("dump and check", "cpuinfo")
    b.fails("dump and check", "cpuinfo", "frobnicate")
    b.fails("excessive", "cpuinfo", "dump", "check")
    b.fails("cpu-cap.*frobnicate", "cpuinfo", "check", "--cpu-cap=frobnicate")


@case
def unknown_feature(b):
    b.fails("no_such_feature", "check", "--feature", "no_such_feature")


if __name__ == "__main__":
    sys.exit(cases.main("bad-input", __doc__))
