# SPDX-License-Identifier: LGPL-2.1-or-later
"""How `crit show` and `crit decode --pretty` write a field, and how `crit encode` reads it back.

A number is annotated when it says more in another form: an address in hex, a mode as flag names,
a device as major:minor. Each form has a function there and back; what has no name stays a number.
"""
import ipaddress
import os
import struct

MMAP_PROT = (("PROT_READ", 1), ("PROT_WRITE", 2), ("PROT_EXEC", 4))

MMAP_FLAGS = (("MAP_SHARED", 1), ("MAP_PRIVATE", 2), ("MAP_DROPPABLE", 8), ("MAP_ANON", 0x20),
              ("MAP_GROWSDOWN", 0x100))

MMAP_STATUS = (
    ("VMA_AREA_NONE", 0),
    ("VMA_AREA_REGULAR", 0x1),
    ("VMA_AREA_STACK", 0x2),
    ("VMA_AREA_VSYSCALL", 0x4),
    ("VMA_AREA_VDSO", 0x8),
    ("VMA_AREA_HEAP", 0x20),
    ("VMA_FILE_PRIVATE", 0x40),
    ("VMA_FILE_SHARED", 0x80),
    ("VMA_ANON_SHARED", 0x100),
    ("VMA_ANON_PRIVATE", 0x200),
    ("VMA_AREA_SYSVIPC", 0x400),
    ("VMA_AREA_SOCKET", 0x800),
    ("VMA_AREA_VVAR", 0x1000),
    ("VMA_AREA_AIORING", 0x2000),
    ("VMA_AREA_MEMFD", 0x4000),
    ("VMA_AREA_SHSTK", 0x8000),
    ("VMA_AREA_UPROBES", 0x20000),
    ("VMA_EXT_PLUGIN", 0x08000000),
    ("VMA_CLOSE", 0x10000000),
    ("VMA_NO_PROT_WRITE", 0x20000000),
    ("VMA_PREMMAPED", 0x40000000),
    ("VMA_UNSUPP", 0x80000000),
)

RFILE_FLAGS = (
    ("O_WRONLY", 0o1), ("O_RDWR", 0o2), ("O_CREAT", 0o100), ("O_EXCL", 0o200),
    ("O_NOCTTY", 0o400), ("O_TRUNC", 0o1000), ("O_APPEND", 0o2000), ("O_NONBLOCK", 0o4000),
    ("O_DSYNC", 0o10000), ("FASYNC", 0o20000), ("O_DIRECT", 0o40000), ("O_LARGEFILE", 0o100000),
    ("O_DIRECTORY", 0o200000), ("O_NOFOLLOW", 0o400000), ("O_NOATIME", 0o1000000),
    ("O_CLOEXEC", 0o2000000),
)

# PE_COW is an extension of ours: images/pagemap.proto.
PMAP_FLAGS = (("PE_PARENT", 1), ("PE_LAZY", 2), ("PE_PRESENT", 4), ("PE_COW", 0x100))

SEALS_FLAGS = (("F_SEAL_SEAL", 1), ("F_SEAL_SHRINK", 2), ("F_SEAL_GROW", 4), ("F_SEAL_WRITE", 8),
               ("F_SEAL_FUTURE_WRITE", 0x10))

# The names that the established tool prints for 3 and 6 differ from what dumps mean by 2 and 3
# (dead, stopped); scripts compare them, so they are kept.
TASK_STATE = {1: "Alive", 3: "Zombie", 6: "Stopped"}

SK_FAMILY = {1: "UNIX", 2: "INET", 10: "INET6", 16: "NETLINK", 17: "PACKET"}
SK_TYPE = {1: "STREAM", 2: "DGRAM", 3: "RAW", 5: "SEQPACKET", 10: "PACKET"}
SK_STATE = {1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2",
            6: "TIME_WAIT", 7: "CLOSE", 8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN"}
SK_PROTO = {0: "IP", 6: "TCP", 17: "UDP", 136: "UDPLITE"}


def parse_int(value):
    """A JSON number, or text such as "0x7f" or "12"."""
    if isinstance(value, bool):
        raise ValueError("a number was expected, not %s" % str(value).lower())
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            raise ValueError("a number was expected, not %r" % value)
    raise ValueError("a number was expected, not %s" % type(value).__name__)


class Hex:
    """Addresses, masks and ids; on a message it holds for every number inside."""

    show = staticmethod(hex)
    read = staticmethod(parse_int)


class Flags:
    def __init__(self, names):
        self.names = names
        self.by_name = dict(names)

    def show(self, value):
        found = [name for name, bit in self.names if bit and value & bit == bit]
        rest = value & ~sum(self.by_name[name] for name in found)
        if rest:
            found.append(hex(rest))
        return " | ".join(found)

    def read(self, value):
        if not isinstance(value, str):
            return parse_int(value)
        number = 0
        for word in filter(None, (w.strip() for w in value.split("|"))):
            number |= self.by_name[word] if word in self.by_name else parse_int(word)
        return number


class Names:
    """One name per value; a value without one stays a number."""

    def __init__(self, names):
        self.names = names
        self.by_name = {name: value for value, name in names.items()}

    def show(self, value):
        return self.names.get(value, value)

    def read(self, value):
        if isinstance(value, str) and value in self.by_name:
            return self.by_name[value]
        try:
            return parse_int(value)
        except ValueError:
            raise ValueError("%r is neither a number nor one of %s"
                             % (value, ", ".join(self.by_name)))


class KernelDev:
    """The kernel's own device number: 12 bits of major above 20 bits of minor."""

    @staticmethod
    def show(value):
        return "%d:%d" % (value >> 20, value & 0xFFFFF)

    @staticmethod
    def read(value):
        if not isinstance(value, str) or ":" not in value:
            return parse_int(value)
        major, minor = value.split(":")
        return parse_int(major) << 20 | parse_int(minor)


class LibcDev:
    """The device number of stat(2), which mixes the bits of both."""

    @staticmethod
    def show(value):
        return "%d:%d" % (os.major(value), os.minor(value))

    @staticmethod
    def read(value):
        if not isinstance(value, str) or ":" not in value:
            return parse_int(value)
        major, minor = value.split(":")
        return os.makedev(parse_int(major), parse_int(minor))


class Address:
    """A whole repeated field: one word is IPv4, four are IPv6, each as it lies in memory."""

    repeated = True

    @staticmethod
    def show(words):
        if len(words) not in (1, 4):
            return list(words)
        raw = struct.pack("<%dI" % len(words), *words)
        return [str(ipaddress.ip_address(raw))]

    @staticmethod
    def read(values):
        if len(values) == 1 and isinstance(values[0], str) and \
                ("." in values[0] or ":" in values[0]):
            raw = ipaddress.ip_address(values[0]).packed
            return list(struct.unpack("<%dI" % (len(raw) // 4), raw))
        return [parse_int(v) for v in values]


HEX = Hex()

# "message.field" -> form. The list of plain hex fields follows, by message.
FORMS = {
    "bpfmap_file_entry.flags": Flags(RFILE_FLAGS),
    "memfd_file_entry.flags": Flags(RFILE_FLAGS),
    "reg_file_entry.flags": Flags(RFILE_FLAGS),
    "memfd_inode_entry.seals": Flags(SEALS_FLAGS),
    "pagemap_entry.flags": Flags(PMAP_FLAGS),
    "vma_entry.prot": Flags(MMAP_PROT),
    "vma_entry.flags": Flags(MMAP_FLAGS),
    "vma_entry.status": Flags(MMAP_STATUS),
    "task_core_entry.task_state": Names(TASK_STATE),
    "inet_sk_entry.family": Names(SK_FAMILY),
    "inet_sk_entry.type": Names(SK_TYPE),
    "inet_sk_entry.proto": Names(SK_PROTO),
    "inet_sk_entry.state": Names(SK_STATE),
    "unix_sk_entry.type": Names(SK_TYPE),
    "unix_sk_entry.state": Names(SK_STATE),
    "inet_sk_entry.src_addr": Address(),
    "inet_sk_entry.dst_addr": Address(),
    "sit_entry.local": Address(),
    "sit_entry.remote": Address(),
    "sit_entry.rd_prefix": Address(),
    "sit_entry.relay_prefix": Address(),
    "inotify_wd_entry.s_dev": KernelDev(),
    "fanotify_mark_entry.s_dev": KernelDev(),
    "ghost_file_entry.dev": KernelDev(),
    "mnt_entry.root_dev": KernelDev(),
    "ghost_file_entry.rdev": LibcDev(),
    "irmap_cache_entry.dev": LibcDev(),
}

_HEX_FIELDS = """
thread_info_aarch64: clear_tid_addr gpregs
thread_info_arm: clear_tid_addr gpregs
thread_info_loongarch64: clear_tid_addr gpregs fpregs
thread_info_mips: clear_tid_addr gpregs fpregs
thread_info_ppc64: clear_tid_addr gpregs
thread_info_riscv64: clear_tid_addr gpregs
thread_info_s390: clear_tid_addr gpregs fpregs vxrs_low vxrs_high gs_cb gs_bc ri_cb
user_x86_cet_entry: cet ssp
thread_info_x86: clear_tid_addr gpregs
task_core_entry: blk_sigset blk_sigset_extended membarrier_registration_mask
inotify_wd_entry: mask ignored_mask
inotify_file_entry: flags
fanotify_mark_entry: mflags mask ignored_mask
fanotify_file_entry: flags faflags evflags
mm_entry: mm_start_code mm_end_code mm_start_data mm_end_data mm_start_stack mm_start_brk mm_brk
mm_entry: mm_arg_start mm_arg_end mm_env_start mm_env_end
mnt_entry: flags sb_flags
net_device_entry: flags
packet_sock_entry: flags
pagemap_entry: vaddr
pipe_entry: flags
sa_entry: sigaction flags restorer mask mask_extended
signalfd_entry: flags sigmask
inet_sk_entry: flags
netlink_sk_entry: flags
unix_sk_entry: flags uflags
tcp_stream_entry: opt_mask
timerfd_entry: flags settime_flags
tty_file_entry: flags
tun_link_entry: flags
vma_entry: start end madv fdflags
"""

for _line in _HEX_FIELDS.split("\n"):
    _message, _, _fields = _line.partition(":")
    FORMS.update(("%s.%s" % (_message, _field), HEX) for _field in _fields.split())


def form_of(key):
    """The form of "message.field", or None for a plain value."""
    return FORMS.get(key)
