# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of image file: its name in JSON, its magic, its message and what follows an entry."""
from collections import namedtuple

# A file starts with a head magic and its own: version 1.1 of the format. Files of version 1.0 have
# their own only, and so has the inventory in both, which says which version the others are.
HEAD_MAGICS = {"common": 0x54564319, "service": 0x55105940}

Kind = namedtuple("Kind", "name magic message payload head")

_COMMON = (
    # name             magic       message                  payload (payload.py)
    ("CORE",           0x55053847, "core_entry",            None),
    ("IDS",            0x54432030, "task_kobj_ids_entry",   None),
    ("MM",             0x57492820, "mm_entry",              None),
    ("CREDS",          0x54023547, "creds_entry",           None),
    ("FS",             0x51403912, "fs_entry",              None),
    ("PAGEMAP",        0x56084025, "pagemap_entry",         "pagemap"),
    ("FDINFO",         0x56213732, "fdinfo_entry",          None),
    ("FILES",          0x56303138, "file_entry",            None),
    ("PSTREE",         0x50273030, "pstree_entry",          None),
    ("CGROUP",         0x59383330, "cgroup_entry",          None),
    ("SECCOMP",        0x64413049, "seccomp_entry",         None),
    ("APPARMOR",       0x59423047, "apparmor_entry",        None),
    ("FILE_LOCKS",     0x54323616, "file_lock_entry",       None),
    ("REMAP_FPATH",    0x59133954, "remap_file_path_entry", None),
    ("GHOST_FILE",     0x52583605, "ghost_file_entry",      "ghost"),
    ("SK_QUEUES",      0x56264026, "sk_packet_entry",       "sk_queue"),
    ("PIPES_DATA",     0x56453709, "pipe_data_entry",       "pipe"),
    ("FIFO_DATA",      0x59333054, "pipe_data_entry",       "pipe"),
    ("TTY_INFO",       0x59453036, "tty_info_entry",        None),
    ("TTY_DATA",       0x59413026, "tty_data_entry",        None),
    ("MEMFD_INODE",    0x48453499, "memfd_inode_entry",     None),
    ("BPFMAP_FILE",    0x57506142, "bpfmap_file_entry",     None),
    ("BPFMAP_DATA",    0x64324033, "bpfmap_data_entry",     "bpfmap"),
    ("TCP_STREAM",     0x51465506, "tcp_stream_entry",      "tcp_stream"),
    ("UTSNS",          0x54473203, "utsns_entry",           None),
    ("IPC_VAR",        0x53115007, "ipc_var_entry",         None),
    ("IPCNS_SHM",      0x46283044, "ipc_shm_entry",         "ipc_shm"),
    ("IPCNS_MSG",      0x55453737, "ipc_msg_entry",         "ipc_msg"),
    ("IPCNS_SEM",      0x59573019, "ipc_sem_entry",         "ipc_sem"),
    ("IPCNS_MQUEUE",   0x4d510001, "ipc_mqueue_entry",      None),
    ("XTABLES",        0x58544231, "xtables_entry",         None),
    ("MNTS",           0x55563928, "mnt_entry",             None),
    ("NETDEV",         0x57373951, "net_device_entry",      None),
    ("NETNS",          0x55933752, "netns_entry",           None),
    ("USERNS",         0x55474906, "userns_entry",          None),
    ("TIMENS",         0x43114433, "timens_entry",          None),
    ("PIDNS",          0x61157326, "pidns_entry",           None),
    ("AUTOFS",         0x49353943, "autofs_entry",          None),
    ("BINFMT_MISC",    0x67343323, "binfmt_misc_entry",     None),
    ("CPUINFO",        0x61404013, "cpuinfo_entry",         None),
    ("PIDFD",          0x54435556, "pidfd_entry",           None),
    # Read only: what older dumps kept in files of their own.
    ("VMAS",           0x54123737, "vma_entry",             None),
    ("RLIMIT",         0x57113925, "rlimit_entry",          None),
    ("ITIMERS",        0x57464056, "itimer_entry",          None),
    ("POSIX_TIMERS",   0x52603957, "posix_timer_entry",     None),
    ("SIGACT",         0x55344201, "sa_entry",              None),
    ("SIGNAL",         0x59255647, "siginfo_entry",         None),
    ("REG_FILES",      0x50363636, "reg_file_entry",        None),
    ("EXT_FILES",      0x59255641, "ext_file_entry",        None),
    ("NS_FILES",       0x61394011, "ns_file_entry",         None),
    ("EVENTFD_FILE",   0x44523722, "eventfd_file_entry",    None),
    ("EVENTPOLL_FILE", 0x45023858, "eventpoll_file_entry",  None),
    ("EVENTPOLL_TFD",  0x44433746, "eventpoll_tfd_entry",   None),
    ("SIGNALFD",       0x57323820, "signalfd_entry",        None),
    ("INOTIFY_FILE",   0x48424431, "inotify_file_entry",    None),
    ("INOTIFY_WD",     0x54562009, "inotify_wd_entry",      None),
    ("FANOTIFY_FILE",  0x55096122, "fanotify_file_entry",   None),
    ("FANOTIFY_MARK",  0x56506035, "fanotify_mark_entry",   None),
    ("PIPES",          0x56513555, "pipe_entry",            None),
    ("FIFO",           0x58364939, "fifo_entry",            None),
    ("UNIXSK",         0x54373943, "unix_sk_entry",         None),
    ("INETSK",         0x56443851, "inet_sk_entry",         None),
    ("PACKETSK",       0x60454618, "packet_sock_entry",     None),
    ("NETLINK_SK",     0x58005614, "netlink_sk_entry",      None),
    ("TTY_FILES",      0x59433025, "tty_file_entry",        None),
    ("TUNFILE",        0x57143751, "tunfile_entry",         None),
    ("TIMERFD",        0x50493712, "timerfd_entry",         None),
)

KINDS = [Kind("INVENTORY", 0x58313116, "inventory_entry", None, "none"),
         Kind("STATS", 0x57093306, "stats_entry", None, "service"),
         Kind("IRMAP_CACHE", 0x57004059, "irmap_cache_entry", None, "service")]
KINDS += [Kind(*row, "common") for row in _COMMON]

BY_NAME = {kind.name: kind for kind in KINDS}
BY_MAGIC = {kind.magic: kind for kind in KINDS}
