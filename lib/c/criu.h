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
 * Every criu_X() works on one set of options that belongs to the library; criu_local_X() on one of the caller's. Strings
 * are copied. Functions that return int give 0 or a negative errno, unless it is said otherwise.
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

extern const char *criu_lib_version;

/* Takes the place of an object that is there; -1 without memory. Only then do other functions have an object. */
int criu_init_opts(void);
void criu_free_opts(void);
int criu_local_init_opts(criu_opts **opts);
void criu_local_free_opts(criu_opts *opts);
void criu_free_service(void);
void criu_local_free_service(criu_opts *opts);

/* The pid of the root task at the steps where it is told, else 0. */
int criu_notify_pid(criu_notify_arg_t na);
/* The descriptor that came with the last message, or -1; the caller's from then on. */
int criu_get_orphan_pts_master_fd(void);

/* NAME(parameters): one line makes criu_NAME and criu_local_NAME. */
#define CRIU_BOTH(ret, name, ...) \
	ret criu_##name(__VA_ARGS__); \
	ret criu_local_##name(criu_opts *opts, __VA_ARGS__)
/* criu_set_NAME(bool) */
#define CRIU_FLAG(name) CRIU_BOTH(void, set_##name, bool value)
#define CRIU_BOTH_VOID(ret, name) \
	ret criu_##name(void); \
	ret criu_local_##name(criu_opts *opts)

/* How the service is reached: a socket (NULL: ./criu_service.socket), a connected descriptor, a program (NULL: criu). */
CRIU_BOTH(int, set_service_address, const char *path);
CRIU_BOTH(void, set_service_fd, int fd);
CRIU_BOTH(int, set_service_binary, const char *path);

/* Called at each step; 0 agrees, anything else ends the run and is what the request returns. */
CRIU_BOTH(void, set_notify_cb, int (*cb)(char *action, criu_notify_arg_t na));

/* Fields of the request; criu(8) says what they mean. */
CRIU_BOTH(void, set_pid, int pid);
CRIU_BOTH(void, set_images_dir_fd, int fd);
CRIU_BOTH(void, set_work_dir_fd, int fd);
CRIU_BOTH(int, set_parent_images, const char *path);
CRIU_FLAG(leave_running); CRIU_FLAG(ext_unix_sk); CRIU_FLAG(tcp_established); CRIU_FLAG(tcp_skip_in_flight);
CRIU_FLAG(tcp_close); CRIU_FLAG(weak_sysctls); CRIU_FLAG(evasive_devices); CRIU_FLAG(shell_job);
CRIU_FLAG(skip_file_rwx_check); CRIU_FLAG(unprivileged); CRIU_FLAG(orphan_pts_master); CRIU_FLAG(file_locks);
CRIU_FLAG(track_mem); CRIU_FLAG(auto_dedup); CRIU_FLAG(force_irmap); CRIU_FLAG(link_remap);
CRIU_FLAG(manage_cgroups); CRIU_FLAG(auto_ext_mnt); CRIU_FLAG(ext_sharing); CRIU_FLAG(ext_masters);
CRIU_FLAG(mntns_compat_mode);
CRIU_BOTH(void, set_manage_cgroups_mode, enum criu_cg_mode mode);
CRIU_BOTH(void, set_log_level, int log_level);
CRIU_BOTH(void, set_cpu_cap, unsigned int cap);
CRIU_BOTH(void, set_ghost_limit, unsigned int limit);
CRIU_BOTH(void, set_empty_ns, int namespaces);
CRIU_BOTH(void, set_pidfd_store_sk, int sk);
CRIU_BOTH(void, set_timeout, unsigned int seconds);
CRIU_BOTH(int, set_log_file, const char *log_file);
CRIU_BOTH(int, set_root, const char *root);
CRIU_BOTH(int, set_freeze_cgroup, const char *path);
CRIU_BOTH(int, set_lsm_profile, const char *name);
CRIU_BOTH(int, set_lsm_mount_context, const char *name);
CRIU_BOTH(int, set_config_file, const char *path);
CRIU_BOTH(int, set_exec_cmd, int argc, char *argv[]);
CRIU_BOTH(int, set_page_server_address_port, const char *address, int port);
/* -1: no such mode or method. */
CRIU_BOTH(int, set_pre_dump_mode, enum criu_pre_dump_mode mode);
CRIU_BOTH(int, set_network_lock, enum criu_network_lock_method method);
/* -1: ext_unix_sk was switched off. */
CRIU_BOTH(int, add_unix_sk, unsigned int inode);
CRIU_BOTH(int, add_ext_mount, const char *key, const char *val);
CRIU_BOTH(int, add_veth_pair, const char *in, const char *out);
/* ctrl NULL: all controllers */
CRIU_BOTH(int, add_cg_root, const char *ctrl, const char *path);
CRIU_BOTH(int, add_enable_fs, const char *fs);
CRIU_BOTH(int, add_skip_mnt, const char *mnt);
CRIU_BOTH(int, add_irmap_path, const char *path);
CRIU_BOTH(int, add_external, const char *key);
/* -1: only a program that is started gets descriptors. */
CRIU_BOTH(int, add_inherit_fd, int fd, const char *key);
/* extra_opt may be NULL */
CRIU_BOTH(int, join_ns_add, const char *ns, const char *ns_file, const char *extra_opt);
int criu_local_add_cg_props(criu_opts *opts, const char *stream);
int criu_local_add_cg_props_file(criu_opts *opts, const char *path);
int criu_local_add_cg_dump_controller(criu_opts *opts, const char *name);
int criu_local_add_cg_yard(criu_opts *opts, const char *path);

/*
 * Requests. 0, or for a restore the pid of the root task; criu_dump() gives 1 in a caller that was restored. Failures:
 * -EBADE the service says no (errno says why), -ECONNREFUSED it cannot be reached, -ECOMM the connection broke,
 * -EINVAL it does not know the request, -EBADMSG it gave another answer; or what the callback returned.
 */
CRIU_BOTH_VOID(int, check);
CRIU_BOTH_VOID(int, dump);
CRIU_BOTH_VOID(int, pre_dump);
CRIU_BOTH_VOID(int, restore);
/* The root task becomes a child of the caller; starts the program whatever way was chosen. */
CRIU_BOTH_VOID(int, restore_child);
/* more() after each pre-dump: > 0 another one, 0 the dump, < 0 ends with that. */
CRIU_BOTH(int, dump_iters, int (*more)(criu_predump_info pi));
/* major * 10000 + minor * 100 + sublevel */
CRIU_BOTH_VOID(int, get_version);
/* 1: at least that */
CRIU_BOTH(int, check_version, int minimum);
/* Wanted features in, available ones out; -1: size is larger than the structure. */
CRIU_BOTH(int, feature_check, struct criu_feature_check *features, size_t size);

#ifdef __cplusplus
}
#endif
#endif
