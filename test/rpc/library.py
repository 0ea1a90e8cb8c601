#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""libcriu against its contract: which functions there are, and that each option reaches the request.

The table FUNCTIONS is what programs built against any libcriu.so.2 may call. From it are made a C program, which is
compiled against criu.h and run with the library's sources under the address sanitizer, and calls through the shared
library as engines load it, whose requests a socket of ours receives.
"""
import ctypes
import errno
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build")
sys.path.insert(0, BUILD)
from pycriu import rpc  # noqa: E402

NEWNET = 0x40000000

FLAGS = {name: name for name in (
    "leave_running", "ext_unix_sk", "tcp_established", "tcp_skip_in_flight", "tcp_close", "weak_sysctls", "evasive_devices",
    "shell_job", "skip_file_rwx_check", "unprivileged", "orphan_pts_master", "file_locks", "track_mem", "auto_dedup",
    "force_irmap", "link_remap", "manage_cgroups", "auto_ext_mnt", "ext_sharing", "ext_masters", "mntns_compat_mode")}
NUMBERS = {"pid": 41, "images_dir_fd": 7, "work_dir_fd": 8, "log_level": 4, "cpu_cap": 5, "ghost_limit": 1 << 21,
           "empty_ns": NEWNET, "pidfd_store_sk": 9, "timeout": 77, "manage_cgroups_mode": rpc.FULL}
TEXTS = {"set_parent_images": "parent_img", "set_log_file": "log_file", "set_root": "root", "set_freeze_cgroup": "freeze_cgroup",
         "set_lsm_profile": "lsm_profile", "set_lsm_mount_context": "lsm_mount_context", "set_config_file": "config_file"}
LISTS = {"add_enable_fs": "enable_fs", "add_skip_mnt": "skip_mnt", "add_irmap_path": "irmap_scan_paths", "add_external": "external"}
LOCAL = {"add_cg_props": "cgroup_props", "add_cg_props_file": "cgroup_props_file", "add_cg_yard": "cgroup_yard"}

# function without its prefix, arguments, what is returned (None: void), the option and what it holds then
FUNCTIONS = [
    *((f"set_{name}", (True,), None, field, True) for name, field in FLAGS.items()),
    *((f"set_{name}", (value,), None, name, value) for name, value in NUMBERS.items()),
    *((name, ("some text",), 0, field, "some text") for name, field in {**TEXTS, **LOCAL}.items()),
    *((name, ("some text",), 0, field, ["some text"]) for name, field in LISTS.items()),
    ("add_cg_dump_controller", ("memory",), 0, "cgroup_dump_controller", ["memory"]),
    ("add_unix_sk", (123,), 0, "unix_sk_ino", [{"inode": 123}]),
    ("add_ext_mount", ("k", "v"), 0, "ext_mnt", [{"key": "k", "val": "v"}]),
    ("add_veth_pair", ("in", "out"), 0, "veths", [{"if_in": "in", "if_out": "out"}]),
    ("add_cg_root", (None, "/p"), 0, "cg_root", [{"path": "/p"}]),
    ("add_cg_root", ("memory", "/p"), 0, "cg_root", [{"ctrl": "memory", "path": "/p"}]),
    ("add_inherit_fd", (5, "key"), 0, "inherit_fd", [{"fd": 5, "key": "key"}]),
    ("join_ns_add", ("net", "/ns", None), 0, "join_ns", [{"ns": "net", "ns_file": "/ns"}]),
    ("join_ns_add", ("user", "/ns", "1,2"), 0, "join_ns", [{"ns": "user", "ns_file": "/ns", "extra_opt": "1,2"}]),
    ("set_exec_cmd", (2, ["sh", "-c"]), 0, "exec_cmd", ["sh", "-c"]),
    ("set_page_server_address_port", ("host", 99), 0, "ps", {"address": "host", "port": 99}),
    ("set_pre_dump_mode", (2,), 0, "pre_dump_mode", rpc.VM_READ),
    ("set_pre_dump_mode", (3,), -1, None, None),
    ("set_network_lock", (3,), 0, "network_lock", rpc.SKIP),
    ("set_network_lock", (0,), -1, None, None),
    ("set_network_lock", (4,), -1, None, None),
]
ONLY_LOCAL = {"add_cg_props", "add_cg_props_file", "add_cg_dump_controller", "add_cg_yard"}
# ... and those that set no option
OTHERS = ("init_opts", "free_opts", "free_service", "set_service_address", "set_service_fd", "set_service_binary", "set_notify_cb",
          "set_progress_cb",
          "check", "dump", "pre_dump", "restore", "restore_child", "dump_iters", "get_version", "check_version", "feature_check")
SINGLE = ("criu_notify_pid", "criu_get_orphan_pts_master_fd", "criu_lib_version")
# Options of the request that no function of the library sets; each is reached by another one or by a configuration file.
NO_FUNCTION = {"notify_scripts", "rst_sibling", "images_dir", "lazy_pages", "status_fd", "leave_stopped", "display_stats",
               "log_to_stderr", "tls", "tls_cacert", "tls_cacrl", "tls_cert", "tls_key", "tls_no_cn_verify"}


def names():
    found = list(SINGLE)
    for name in {f[0] for f in FUNCTIONS} | set(OTHERS):
        found += ["criu_local_" + name] if name in ONLY_LOCAL else ["criu_" + name, "criu_local_" + name]
    return sorted(found)


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


# --- what is there ------------------------------------------------------------------------------------------------
def snake(name):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def exported():
    out = subprocess.run(["nm", "-D", "--defined-only", os.path.join(BUILD, "libcriu.so.2")], stdout=subprocess.PIPE, check=True,
                         text=True).stdout
    return {line.split()[-1] for line in out.splitlines()}


def symbols():
    """Every function, and what protobuf-c makes of the protocol; nothing else is shown."""
    there, wanted = exported(), set(names())
    for message in rpc.DESCRIPTOR.message_types_by_name:
        wanted |= {f"{snake(message)}__{verb}" for verb in ("init", "get_packed_size", "pack", "pack_to_buffer", "unpack",
                                                            "free_unpacked", "descriptor")}
    wanted |= {snake(enum) + "__descriptor" for enum in rpc.DESCRIPTOR.enum_types_by_name}
    equal(sorted(wanted - there), [], "missing symbols")
    equal([s for s in there if not s.startswith(("criu_", "ext_mount_map__", "join_namespace__", "inherit_fd__", "cgroup_root__",
                                                 "unix_sk__"))], [], "symbols that are not ours to export")
    out = subprocess.run(["readelf", "-d", os.path.join(BUILD, "libcriu.so.2")], stdout=subprocess.PIPE, check=True, text=True).stdout
    equal("soname: [libcriu.so.2]" in out, True, "soname")


def header():
    """Each function has its own comment: directly before its prototype, or before that of its other form."""
    with open(os.path.join(TOP, "lib/c/criu.h"), encoding="ascii") as f:
        lines = f.read().splitlines()
    documented = {}
    for before, line in zip(lines, lines[1:]):
        m = re.match(r"(?:int|void|extern const char \*) ?\*?(criu_\w+)", line)
        if m:
            documented[m.group(1)] = before.endswith("*/") or documented.get(re.sub("criu_local_", "criu_", m.group(1)), False)
    equal(sorted(documented), names(), "prototypes in criu.h")
    equal([n for n, good in documented.items() if not good], [], "functions without a comment")


def options():
    """Every option of the protocol is set by a function, or known to have none."""
    reached = {field for *_, field, _ in FUNCTIONS if field}
    fields = {f.name for f in rpc.criu_opts.DESCRIPTOR.fields}
    equal(sorted(fields - reached - NO_FUNCTION), [], "options that nothing sets")
    equal(sorted(NO_FUNCTION & reached | NO_FUNCTION - fields), [], "the list of options without function")


# --- what reaches the wire ----------------------------------------------------------------------------------------
def c_argument(value):
    if isinstance(value, list):
        array = (ctypes.c_char_p * len(value))(*(v.encode() for v in value))
        return array
    return value.encode() if isinstance(value, str) else value


class Library:
    def __init__(self):
        self.lib = ctypes.CDLL(os.path.join(BUILD, "libcriu.so.2"), use_errno=True)
        self.local = ctypes.c_void_p()

    def call(self, is_local, name, *args):
        f = getattr(self.lib, ("criu_local_" if is_local else "criu_") + name)
        return f(*([self.local] if is_local else []), *map(c_argument, args))

    def init(self, is_local):
        equal(self.lib.criu_local_init_opts(ctypes.byref(self.local)) if is_local else self.lib.criu_init_opts(), 0, "init_opts")

    def request(self, is_local, request, answer, *args, before=()):
        """What the request returns, and what the service receives."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        received = []

        def serve():
            req = rpc.criu_req()
            req.ParseFromString(theirs.recv(65536))
            received.append(req)
            for message in (*before, answer):
                theirs.send(message.SerializeToString())
        with ours, theirs:
            thread = threading.Thread(target=serve)
            thread.start()
            self.call(is_local, "set_service_fd", ours.fileno())
            got = self.call(is_local, request, *args)
            thread.join()
        return got, received[0]


def as_plain(value):
    """A field of a message as what the table has."""
    if hasattr(value, "ListFields"):
        return {f.name: as_plain(v) for f, v in value.ListFields()}
    if isinstance(value, (str, bytes, int, bool)):
        return value
    return [as_plain(v) for v in value]


def wire_of(lib, is_local, function):
    name, args, result, field, wanted = function
    lib.init(is_local)
    got = lib.call(is_local, name, *args)
    if result is not None:
        equal(got, result, f"{name}{args}")
    answer = rpc.criu_resp(type=rpc.DUMP, success=True)
    code, req = lib.request(is_local, "dump", answer)
    equal((code, req.type), (0, rpc.DUMP), f"criu_dump() after {name}")
    there = as_plain(req.opts)
    there.pop("images_dir_fd", None) if field != "images_dir_fd" else None
    expected = {field: wanted} if field else {}
    if name == "add_unix_sk":
        expected["ext_unix_sk"] = True
    equal(there, expected, f"request after criu_{name}{args}")


def wire():
    lib = Library()
    for function in FUNCTIONS:
        for is_local in (True, False):
            if is_local or function[0] not in ONLY_LOCAL:
                wire_of(lib, is_local, function)


def lists_grow():
    lib = Library()
    lib.init(True)
    for i in range(300):
        equal(lib.call(True, "add_external", f"mnt[{i}]:x"), 0, "add_external")
        equal(lib.call(True, "add_ext_mount", f"k{i}", "v"), 0, "add_ext_mount")
    _, req = lib.request(True, "dump", rpc.criu_resp(type=rpc.DUMP, success=True))
    equal(list(req.opts.external), [f"mnt[{i}]:x" for i in range(300)], "externals")
    equal([m.key for m in req.opts.ext_mnt], [f"k{i}" for i in range(300)], "mounts")


def refused():
    """What the library itself says no to."""
    lib = Library()
    lib.init(True)
    lib.call(True, "set_ext_unix_sk", False)
    equal(lib.call(True, "add_unix_sk", 5), -1, "add_unix_sk() after set_ext_unix_sk(false)")
    equal(lib.call(True, "join_ns_add", None, "/ns", None), -1, "join_ns_add() without a name")
    equal(lib.call(True, "dump_iters", None), -errno.EINVAL, "dump_iters() without anything")
    lib.call(True, "set_service_fd", 3)
    equal(lib.call(True, "add_inherit_fd", 5, "key"), -1, "add_inherit_fd() to a service")
    equal(lib.call(True, "feature_check", ctypes.create_string_buffer(99), 99), -1, "feature_check() of too much")
    lib.call(True, "set_service_address", "/" + "x" * 300)
    equal((lib.call(True, "check"), ctypes.get_errno()), (-errno.ECONNREFUSED, errno.ENAMETOOLONG), "check() at a long address")
    lib.call(True, "set_service_binary", "/no/such/program")
    equal((lib.call(True, "check"), ctypes.get_errno()), (-errno.ECONNREFUSED, errno.ENOENT), "check() by a program that is not there")
    lib.call(True, "set_service_binary", "/bin/false")
    equal(lib.call(True, "check"), -errno.ECOMM, "check() by a program that is none")


def answers():
    """What is returned for each answer."""
    lib = Library()
    lib.init(True)
    for request, kind, answer, wanted in (
            ("check", rpc.CHECK, {"success": True}, 0),
            ("check", rpc.CHECK, {"success": False, "cr_errno": 2}, -errno.EBADE),
            ("check", rpc.EMPTY, {"success": False}, -errno.EINVAL),
            ("check", rpc.VERSION, {"success": True}, -errno.EBADMSG),
            ("dump", rpc.DUMP, {"success": True, "dump": rpc.criu_dump_resp(restored=True)}, 1),
            ("pre_dump", rpc.SINGLE_PRE_DUMP, {"success": True}, 0),
            ("restore", rpc.RESTORE, {"success": True, "restore": rpc.criu_restore_resp(pid=77)}, 77),
            ("restore", rpc.RESTORE, {"success": True}, -errno.EBADMSG),
            ("get_version", rpc.VERSION, {"success": True, "version": rpc.criu_version(major_number=4, minor_number=2)}, 40200),
            ("get_version", rpc.VERSION, {"success": True, "version": rpc.criu_version(major_number=4, minor_number=2, gitid="x",
                                                                                       sublevel=1)}, 40300),
            ("get_version", rpc.VERSION, {"success": True, "version": rpc.criu_version(major_number=4, minor_number=2,
                                                                                       sublevel=1)}, 40201)):
        code, _ = lib.request(True, request, rpc.criu_resp(type=kind, **answer))
        equal(code, wanted, f"criu_{request}() answered by {answer}")
        if "cr_errno" in answer:
            equal(ctypes.get_errno(), answer["cr_errno"], "errno")
    for minimum, wanted in ((40200, 1), (40201, 0)):
        version = rpc.criu_version(major_number=4, minor_number=2)
        code, _ = lib.request(True, "check_version", rpc.criu_resp(type=rpc.VERSION, success=True, version=version), minimum)
        equal(code, wanted, f"check_version({minimum})")
    f = (ctypes.c_bool * 3)(True, False, True)
    code, req = lib.request(True, "feature_check", rpc.criu_resp(type=rpc.FEATURE_CHECK, success=True, features=rpc.criu_features(
        mem_track=True, lazy_pages=True, pidfd_store=False)), f, 2)
    equal((code, list(f)), (0, [True, True, True]), "feature_check() of two")
    equal(as_plain(req.features), {"mem_track": True}, "features asked for")


def progress():
    """It is asked for with the request, told to the callback, and not answered."""
    lib, told = Library(), []
    lib.init(True)

    @ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    def tell(message):
        told.append(bool(message))
    news = rpc.criu_resp(type=rpc.NOTIFY, success=True, progress=rpc.criu_progress(stage="pages", done=1, total=2))
    done = rpc.criu_resp(type=rpc.DUMP, success=True)
    lib.call(True, "set_progress_cb", tell, 40)
    code, req = lib.request(True, "dump", done, before=[news, news])
    equal((code, req.progress_ms, told), (0, 40, [True, True]), "criu_dump() with progress")
    lib.call(True, "set_progress_cb", None, 40)
    code, req = lib.request(True, "dump", done)
    equal((code, req.HasField("progress_ms")), (0, False), "criu_dump() without")


# --- memory -------------------------------------------------------------------------------------------------------
def c_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "(char *[]){ " + ", ".join(f'"{v}"' for v in value) + " }"
    return "NULL" if value is None else f'"{value}"' if isinstance(value, str) else str(value)


def memory():
    """Everything is set twice, sent, and given back: no byte is lost or touched afterwards. And the header is C++ as well."""
    calls = ["criu_local_%s(o, %s);" % (name, ", ".join(map(c_text, args))) for name, args, *_ in FUNCTIONS]
    text = '#include "criu.h"\n#include <unistd.h>\nint main(void)\n{\n\tcriu_opts *o = NULL;\n'
    text += "\tfor (int i = 0; i < 2; i++) {\n\t\tcriu_local_init_opts(&o);\n\t\t"
    text += "\n\t\t".join(calls + calls) + "\n\t\tcriu_local_set_service_fd(o, -1);\n\t\tcriu_local_dump(o);\n\t}\n"
    text += "\tcriu_local_free_opts(o);\n\tcriu_init_opts();\n\tcriu_init_opts();\n\tcriu_free_opts();\n\tcriu_free_opts();\n\treturn 0;\n}\n"
    include = ["-I", TOP + "/lib/c", "-I", BUILD + "/libcriu", "-I", BUILD + "/images"]
    sources = [os.path.join(TOP, "lib/c", f) for f in os.listdir(os.path.join(TOP, "lib/c")) if f.endswith(".c")]
    with tempfile.TemporaryDirectory(prefix="criu-library.") as d:
        with open(d + "/all.c", "w", encoding="ascii") as f:
            f.write(text)
        subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined",
                        *include, "-o", d + "/all", d + "/all.c", *sources, BUILD + "/images/rpc.pb-c.c", "-lprotobuf-c"], check=True)
        subprocess.run([d + "/all"], check=True, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=1"))
        with open(d + "/all.cc", "w", encoding="ascii") as f:
            f.write('#include "criu.h"\nint main() { return criu_init_opts(); }\n')
        subprocess.run(["clang", "-x", "c++", "-fsyntax-only", "-Wall", "-Werror", *include, d + "/all.cc"], check=True)


CASES = (symbols, header, options, wire, lists_grow, refused, answers, progress, memory)


def main():
    bad = 0
    for function in CASES:
        try:
            function()
            print(f"ok    {function.__name__}", flush=True)
        except (AssertionError, subprocess.CalledProcessError) as e:
            bad += 1
            print(f"FAIL  {function.__name__}: {e}", flush=True)
    print(f"{len(CASES) - bad} passed, {bad} failed, 0 skipped")
    return bad > 0


sys.exit(main())
