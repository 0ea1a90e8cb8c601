/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcriu: checkpoint and restore from a C program, through `criu swrk` or `criu service`.
 *
 *	criu_init_opts();
 *	criu_set_pid(pid);
 *	criu_set_images_dir_fd(dir);
 *	if (criu_dump() < 0)
 *		err(1, "dump");
 *
 * Every criu_X() works on one set of options that belongs to the library, made by criu_init_opts(); criu_local_X() on
 * one of the caller's. They are the fields of a request (criu_opts of rpc.proto): what is not set is not sent, and the
 * service's default holds; criu(8) says more of each option. Strings and arrays are copied, descriptors are not. What is
 * added to a list stays in it as long as the set of options lives.
 *
 * Functions that set something and return int give 0, or -ENOMEM without memory; other results are told where they are.
 * A set of options is for one thread at a time, and so is criu_get_orphan_pts_master_fd().
 *
 * The protocol is that of Documentation/rpc.md: one protobuf message in each packet of an AF_UNIX, SOCK_SEQPACKET socket.
 */
#ifndef CRIU_LIB_H
#define CRIU_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include "version.h"
#include "rpc.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CRIU_LOG_UNSET = -1, CRIU_LOG_MSG, CRIU_LOG_ERROR, CRIU_LOG_WARN, CRIU_LOG_INFO, CRIU_LOG_DEBUG };

enum criu_service_comm { CRIU_COMM_SK, CRIU_COMM_FD, CRIU_COMM_BIN };
enum criu_cg_mode {
	CRIU_CG_MODE_IGNORE, CRIU_CG_MODE_NONE, CRIU_CG_MODE_PROPS, CRIU_CG_MODE_SOFT,
	CRIU_CG_MODE_FULL, CRIU_CG_MODE_STRICT, CRIU_CG_MODE_DEFAULT,
};
enum criu_network_lock_method { CRIU_NETWORK_LOCK_IPTABLES = 1, CRIU_NETWORK_LOCK_NFTABLES, CRIU_NETWORK_LOCK_SKIP };
enum criu_pre_dump_mode { CRIU_PRE_DUMP_SPLICE = 1, CRIU_PRE_DUMP_READ };

typedef CriuNotify *criu_notify_arg_t;
typedef void *criu_predump_info;
typedef struct criu_opts criu_opts;
struct criu_feature_check {
	bool mem_track, lazy_pages, pidfd_store;
};

/* "MAJOR.MINOR" of this library. */
extern const char *criu_lib_version;

/*
 * A new set of options; one that is there (criu_local_init_opts(): *opts unless it is NULL) is freed. -1: no memory.
 * No other function may be called without a set.
 */
int criu_init_opts(void);
int criu_local_init_opts(criu_opts **opts);

/* Gives back the memory of the set; NULL is none. */
void criu_free_opts(void);
void criu_local_free_opts(criu_opts *opts);

/* Forgets what criu_set_service_address() or criu_set_service_binary() has set: the default of that way holds. */
void criu_free_service(void);
void criu_local_free_service(criu_opts *opts);

/* In a callback: the pid of the root task at the steps at which it is told (setup-namespaces, post-restore), else 0. */
int criu_notify_pid(criu_notify_arg_t na);

/* The descriptor that came with the last message that had one, or -1. It is close-on-exec, and the caller's to close. */
int criu_get_orphan_pts_master_fd(void);

/* --- How the service is reached -------------------------------------------------------------------------- */

/*
 * A service that listens at this AF_UNIX socket (criu service --address); NULL: ./criu_service.socket. At most 107
 * bytes, or the request gives -ECONNREFUSED with errno ENAMETOOLONG.
 */
int criu_set_service_address(const char *path);
int criu_local_set_service_address(criu_opts *opts, const char *path);

/* A connected AF_UNIX, SOCK_SEQPACKET socket. It stays the caller's, and open. */
void criu_set_service_fd(int fd);
void criu_local_set_service_fd(criu_opts *opts, int fd);

/*
 * The default: a program of its own for each request, started as `PATH swrk FD`, searched for in the PATH; NULL: criu.
 * Its end is waited for.
 */
int criu_set_service_binary(const char *path);
int criu_local_set_service_binary(criu_opts *opts, const char *path);

/* --- What is told while a request runs ------------------------------------------------------------------- */

/*
 * cb() is called at each step of a dump or restore, in the calling thread; action is the step's name
 * (Documentation/rpc.md), both arguments are the library's and end with the call. 0 agrees; anything else ends the run,
 * which is undone, and is what the request returns.
 */
void criu_set_notify_cb(int (*cb)(char *action, criu_notify_arg_t na));
void criu_local_set_notify_cb(criu_opts *opts, int (*cb)(char *action, criu_notify_arg_t na));

/*
 * tell() is called about every so many milliseconds of a dump or restore with how far it has come: stage, unit, done,
 * total (absent: not known), times in microseconds. The message ends with the call. every_ms 0: never. A service that
 * does not know it tells nothing. Not in other libraries of this name.
 */
void criu_set_progress_cb(void (*tell)(const CriuProgress *progress), unsigned int every_ms);
void criu_local_set_progress_cb(criu_opts *opts, void (*tell)(const CriuProgress *progress), unsigned int every_ms);

/* --- What to work on, and where -------------------------------------------------------------------------- */

/* The process whose tree is dumped, by its number as the service sees it. Not set: the caller itself. */
void criu_set_pid(int pid);
void criu_local_set_pid(criu_opts *opts, int pid);

/*
 * An open directory of the caller's for the images. It stays the caller's and must be open until the request is
 * answered.
 */
void criu_set_images_dir_fd(int fd);
void criu_local_set_images_dir_fd(criu_opts *opts, int fd);

/* The same for log, statistics and relative paths. Not set: the images directory. */
void criu_set_work_dir_fd(int fd);
void criu_local_set_work_dir_fd(criu_opts *opts, int fd);

/* Images of an earlier dump or pre-dump, by a path from the images directory, that hold unchanged pages. */
int criu_set_parent_images(const char *path);
int criu_local_set_parent_images(criu_opts *opts, const char *path);

/* A name without '/' in the work directory; a file that exists is emptied and used. Not set: criu.log. */
int criu_set_log_file(const char *log_file);
int criu_local_set_log_file(criu_opts *opts, const char *log_file);

/* What is logged: CRIU_LOG_*. Not set: CRIU_LOG_WARN. */
void criu_set_log_level(int log_level);
void criu_local_set_log_level(criu_opts *opts, int log_level);

/* A file of options, one a line, that override all others. One that does not exist counts as empty. */
int criu_set_config_file(const char *path);
int criu_local_set_config_file(criu_opts *opts, const char *path);

/* --- What becomes of the tasks --------------------------------------------------------------------------- */

/* Dump: they run on. Otherwise they are killed when everything is saved. */
void criu_set_leave_running(bool value);
void criu_local_set_leave_running(criu_opts *opts, bool value);

/* They are a job of an interactive shell: session, process group and terminal are those of the caller at restore. */
void criu_set_shell_job(bool value);
void criu_local_set_shell_job(criu_opts *opts, bool value);

/*
 * Restore: the service becomes this command (searched for in the PATH) when the tasks run; its output goes to the log.
 * argv needs no NULL at its end. argc 0: no command.
 */
int criu_set_exec_cmd(int argc, char *argv[]);
int criu_local_set_exec_cmd(criu_opts *opts, int argc, char *argv[]);

/* Dump: a directory of a freezer hierarchy, or of cgroup v2, by which the tasks are stopped. */
int criu_set_freeze_cgroup(const char *path);
int criu_local_set_freeze_cgroup(criu_opts *opts, const char *path);

/* Dump: how long stopping the tasks, and reading their state, may take; 0: as long as it takes. Not set: 10. */
void criu_set_timeout(unsigned int seconds);
void criu_local_set_timeout(criu_opts *opts, unsigned int seconds);

/* The service works with CAP_CHECKPOINT_RESTORE alone, and does what that allows. */
void criu_set_unprivileged(bool value);
void criu_local_set_unprivileged(criu_opts *opts, bool value);

/* --- Memory ---------------------------------------------------------------------------------------------- */

/* Changed pages are tracked from this dump on, for the next one. Pre-dumps do that anyway. */
void criu_set_track_mem(bool value);
void criu_local_set_track_mem(criu_opts *opts, bool value);

/* Pages that are no longer needed are cut out of older images. */
void criu_set_auto_dedup(bool value);
void criu_local_set_auto_dedup(criu_opts *opts, bool value);

/* How a pre-dump reads memory. -1: there is no such mode. */
int criu_set_pre_dump_mode(enum criu_pre_dump_mode mode);
int criu_local_set_pre_dump_mode(criu_opts *opts, enum criu_pre_dump_mode mode);

/* Pages go to a page server there (a host name or an address, a port of TCP) instead of into the images. */
int criu_set_page_server_address_port(const char *address, int port);
int criu_local_set_page_server_address_port(criu_opts *opts, const char *address, int port);

/* An unbound AF_UNIX, SOCK_DGRAM socket of the caller's, in which pidfds are kept from one pre-dump to the next. */
void criu_set_pidfd_store_sk(int sk);
void criu_local_set_pidfd_store_sk(criu_opts *opts, int sk);

/* --- Files, terminals, sockets --------------------------------------------------------------------------- */

/* File locks are saved, and taken again at restore. */
void criu_set_file_locks(bool value);
void criu_local_set_file_locks(criu_opts *opts, bool value);

/* Dump: deleted files that are still linked elsewhere may get a temporary name. */
void criu_set_link_remap(bool value);
void criu_local_set_link_remap(criu_opts *opts, bool value);

/* Dump: how many bytes a deleted file may occupy that is put into the images. Not set: 1 MiB. */
void criu_set_ghost_limit(unsigned int limit);
void criu_local_set_ghost_limit(criu_opts *opts, unsigned int limit);

/* Any path that leads to the same device will do. */
void criu_set_evasive_devices(bool value);
void criu_local_set_evasive_devices(criu_opts *opts, bool value);

/* Restore: permission bits of files may have changed. */
void criu_set_skip_file_rwx_check(bool value);
void criu_local_set_skip_file_rwx_check(criu_opts *opts, bool value);

/* Dump: paths of inotify watches are searched for, not asked of the kernel. */
void criu_set_force_irmap(bool value);
void criu_local_set_force_irmap(criu_opts *opts, bool value);

/* A directory to search then, before the usual ones. */
int criu_add_irmap_path(const char *path);
int criu_local_add_irmap_path(criu_opts *opts, const char *path);

/* The step orphan-pts-master brings the master of a terminal that has no other (criu_get_orphan_pts_master_fd()). */
void criu_set_orphan_pts_master(bool value);
void criu_local_set_orphan_pts_master(criu_opts *opts, bool value);

/* Dump: sockets may be connected to sockets of other processes. */
void criu_set_ext_unix_sk(bool value);
void criu_local_set_ext_unix_sk(criu_opts *opts, bool value);

/*
 * Dump: the socket with this inode may be outside; switches criu_set_ext_unix_sk() on. -1: that was switched off
 * explicitly.
 */
int criu_add_unix_sk(unsigned int inode);
int criu_local_add_unix_sk(criu_opts *opts, unsigned int inode);

/* Established TCP connections are saved, and taken up again. */
void criu_set_tcp_established(bool value);
void criu_local_set_tcp_established(criu_opts *opts, bool value);

/* Dump: connections that are not accepted yet are left out. */
void criu_set_tcp_skip_in_flight(bool value);
void criu_local_set_tcp_skip_in_flight(criu_opts *opts, bool value);

/* Established TCP connections are closed. */
void criu_set_tcp_close(bool value);
void criu_local_set_tcp_close(criu_opts *opts, bool value);

/*
 * Restore: the caller's descriptor takes the place of an object, as --inherit-fd fd[FD]:KEY. It stays the caller's. -1:
 * the service is not a program that is started (criu_set_service_binary()).
 */
int criu_add_inherit_fd(int fd, const char *key);
int criu_local_add_inherit_fd(criu_opts *opts, int fd, const char *key);

/* An object that is not part of the images, as --external KEY. */
int criu_add_external(const char *key);
int criu_local_add_external(criu_opts *opts, const char *key);

/* --- Namespaces, mounts, network ------------------------------------------------------------------------- */

/* Restore: what the root of the tree's mount namespace is. It must be a mount point. */
int criu_set_root(const char *root);
int criu_local_set_root(criu_opts *opts, const char *root);

/* Dump: the mount at KEY is external and called VAL. Restore: the mount called KEY shows VAL of the machine. */
int criu_add_ext_mount(const char *key, const char *val);
int criu_local_add_ext_mount(criu_opts *opts, const char *key, const char *val);

/* Dump: mounts of the machine that are found in the tree, too, are external by themselves. */
void criu_set_auto_ext_mnt(bool value);
void criu_local_set_auto_ext_mnt(criu_opts *opts, bool value);

/* With that: also mounts that share with the machine's. */
void criu_set_ext_sharing(bool value);
void criu_local_set_ext_sharing(criu_opts *opts, bool value);

/* With that: also mounts that are slaves of the machine's. */
void criu_set_ext_masters(bool value);
void criu_local_set_ext_masters(criu_opts *opts, bool value);

/* The mount at this path is left out. */
int criu_add_skip_mnt(const char *mnt);
int criu_local_add_skip_mnt(criu_opts *opts, const char *mnt);

/* This file system is made anew from its options; "all": every one. */
int criu_add_enable_fs(const char *fs);
int criu_local_add_enable_fs(criu_opts *opts, const char *fs);

/* Restore: mounts are built as old kernels want it. */
void criu_set_mntns_compat_mode(bool value);
void criu_local_set_mntns_compat_mode(criu_opts *opts, bool value);

/* Restore: the other end of the tree's device IN is called OUT; OUT@BRIDGE puts it into a bridge. */
int criu_add_veth_pair(const char *in, const char *out);
int criu_local_add_veth_pair(criu_opts *opts, const char *in, const char *out);

/* CLONE_NEWNET: network namespaces are saved and restored empty. Other bits are refused by the service. */
void criu_set_empty_ns(int namespaces);
void criu_local_set_empty_ns(criu_opts *opts, int namespaces);

/*
 * Restore: the tree comes into the namespace of kind NS ("ipc", "net", "time", "uts") at the path NS_FILE. extra_opt may
 * be NULL. -1: the first two are needed; no memory.
 */
int criu_join_ns_add(const char *ns, const char *ns_file, const char *extra_opt);
int criu_local_join_ns_add(criu_opts *opts, const char *ns, const char *ns_file, const char *extra_opt);

/* How the network is kept still during a dump. -1: there is no such method. */
int criu_set_network_lock(enum criu_network_lock_method method);
int criu_local_set_network_lock(criu_opts *opts, enum criu_network_lock_method method);

/* Restore: sysctls that do not exist here are left out. */
void criu_set_weak_sysctls(bool value);
void criu_local_set_weak_sysctls(criu_opts *opts, bool value);

/* --- Cgroups, security, CPU ------------------------------------------------------------------------------ */

/* true is the mode SOFT, false IGNORE. */
void criu_set_manage_cgroups(bool value);
void criu_local_set_manage_cgroups(criu_opts *opts, bool value);

/* What is made of cgroups; goes before criu_set_manage_cgroups(). */
void criu_set_manage_cgroups_mode(enum criu_cg_mode mode);
void criu_local_set_manage_cgroups_mode(criu_opts *opts, enum criu_cg_mode mode);

/* Restore: the tree's topmost cgroup of this controller is PATH; ctrl NULL: of all. */
int criu_add_cg_root(const char *ctrl, const char *path);
int criu_local_add_cg_root(criu_opts *opts, const char *ctrl, const char *path);

/* Dump: further properties of cgroups to save, as --cgroup-props. */
int criu_local_add_cg_props(criu_opts *opts, const char *stream);

/* The same from a file. */
int criu_local_add_cg_props_file(criu_opts *opts, const char *path);

/* Dump: only cgroups of this controller (and of others that are named so). */
int criu_local_add_cg_dump_controller(criu_opts *opts, const char *name);

/* A directory in which the hierarchies are mounted. */
int criu_local_add_cg_yard(criu_opts *opts, const char *path);

/* Restore: the security label of the tasks, "apparmor:NAME" or "selinux:CONTEXT". */
int criu_set_lsm_profile(const char *name);
int criu_local_set_lsm_profile(criu_opts *opts, const char *name);

/* Restore: the SELinux context of mounts that had one. */
int criu_set_lsm_mount_context(const char *name);
int criu_local_set_lsm_mount_context(criu_opts *opts, const char *name);

/* What of the CPU must match, bits: 1 FPU, 2 all, 4 instructions. The image of the CPU is always written and checked. */
void criu_set_cpu_cap(unsigned int cap);
void criu_local_set_cpu_cap(criu_opts *opts, unsigned int cap);

/*
 * --- Requests ---------------------------------------------------------------------------------------------
 *
 * 0, or what is said; failures are
 *	-EBADE		the service says no; errno says why, if that is known (ESRCH: no such process, EEXIST: a pid is
 *			taken, EBADRQC: options or directories, others), and the log does
 *	-ECONNREFUSED	the service cannot be reached, or its program not be started; errno says why
 *	-ECOMM		the connection broke, also because the service was killed
 *	-EINVAL		the service does not know the request
 *	-EBADMSG	what it sent is no answer to this request
 * or what the callback of criu_set_notify_cb() returned. The calling thread waits.
 */

/* What is missing for the service to work on this machine. Directories and other options do not matter. */
int criu_check(void);
int criu_local_check(criu_opts *opts);

/* Saves the tree. In a caller that dumped itself and was restored it gives 1. */
int criu_dump(void);
int criu_local_dump(criu_opts *opts);

/* Saves memory and lets the tasks run on, once. */
int criu_pre_dump(void);
int criu_local_pre_dump(criu_opts *opts);

/* Makes the tree again. Gives the pid of the root task, whose parent is the service. */
int criu_restore(void);
int criu_local_restore(criu_opts *opts);

/* The same, but the root task becomes a child of the caller. Starts the program, whatever way was chosen. */
int criu_restore_child(void);
int criu_local_restore_child(criu_opts *opts);

/*
 * more() is called after each pre-dump: > 0 wants another one, 0 the dump, < 0 ends with that. Its argument is NULL.
 * -EINVAL: no pid is set, or no function.
 */
int criu_dump_iters(int (*more)(criu_predump_info pi));
int criu_local_dump_iters(criu_opts *opts, int (*more)(criu_predump_info pi));

/* major * 10000 + minor * 100 + sublevel; what was built between two releases counts as the next. */
int criu_get_version(void);
int criu_local_get_version(criu_opts *opts);

/* 1: the service has that version or a newer one; 0: an older one. */
int criu_check_version(int minimum);
int criu_local_check_version(criu_opts *opts, int minimum);

/*
 * Asks for those that are true in *features, which then tells what there is. size: what the caller knows of the
 * structure, in bytes; -1: more than there is.
 */
int criu_feature_check(struct criu_feature_check *features, size_t size);
int criu_local_feature_check(criu_opts *opts, struct criu_feature_check *features, size_t size);

#ifdef __cplusplus
}
#endif
#endif
