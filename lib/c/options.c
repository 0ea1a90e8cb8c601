/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The object: fields of a request, set one by one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "object.h"

criu_opts *criu_global_opts;

/* Memory is given back with the object: what is set twice is small. */
struct kept {
	struct kept *next;
	_Alignas(16) char bytes[];
};

static void *keep(criu_opts *o, size_t size)
{
	struct kept *k = calloc(1, sizeof(*k) + size);

	if (!k)
		return NULL;
	k->next = o->kept;
	o->kept = k;
	return k->bytes;
}

static int set_string(criu_opts *o, char **field, const char *s)
{
	char *copy;

	if (!s) {
		*field = NULL;
		return 0;
	}
	copy = keep(o, strlen(s) + 1);
	if (!copy)
		return -ENOMEM;
	*field = strcpy(copy, s);
	return 0;
}

/* One more element at the end of an array of pointers. */
static int append(criu_opts *o, void *array, size_t *n, void *element)
{
	void **old = *(void ***)array, **grown = element ? keep(o, (*n + 1) * sizeof(void *)) : NULL;

	if (!grown)
		return -ENOMEM;
	if (*n)
		memcpy(grown, old, *n * sizeof(void *));
	grown[(*n)++] = element;
	*(void ***)array = grown;
	return 0;
}

static int append_string(criu_opts *o, char ***array, size_t *n, const char *s)
{
	char *copy = NULL;
	int err = set_string(o, &copy, s);

	return err ? err : append(o, array, n, copy);
}

int criu_local_init_opts(criu_opts **opts)
{
	criu_opts *o = calloc(1, sizeof(*o));

	if (!o)
		return -1;
	criu_opts__init(&o->rpc);
	criu_page_server_info__init(&o->ps);
	o->comm = CRIU_COMM_BIN;
	o->fd = -1;
	criu_local_free_opts(*opts);
	*opts = o;
	return 0;
}

int criu_init_opts(void)
{
	return criu_local_init_opts(&criu_global_opts);
}

void criu_local_free_opts(criu_opts *o)
{
	while (o && o->kept) {
		struct kept *k = o->kept;

		o->kept = k->next;
		free(k);
	}
	free(o);
}

void criu_free_opts(void)
{
	criu_local_free_opts(criu_global_opts);
	criu_global_opts = NULL;
}

void criu_local_free_service(criu_opts *o)
{
	o->address = o->binary = NULL;
}

void criu_free_service(void)
{
	criu_local_free_service(criu_global_opts);
}

#define SET(name, type, ...)                                                                       \
	void criu_local_set_##name(criu_opts *o, type v)                                           \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}                                                                                          \
	void criu_set_##name(type v)                                                               \
	{                                                                                          \
		criu_local_set_##name(criu_global_opts, v);                                        \
	}
#define FIELD(name, type)	SET(name, type, o->rpc.has_##name = true; o->rpc.name = v)
#define SET_INT(name, type, ...)                                                                   \
	int criu_local_##name(criu_opts *o, type v)                                                \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}                                                                                          \
	int criu_##name(type v)                                                                    \
	{                                                                                          \
		return criu_local_##name(criu_global_opts, v);                                     \
	}
#define TEXT(name, field)	SET_INT(name, const char *, return set_string(o, &o->rpc.field, v))
#define LIST(name, field)	SET_INT(name, const char *, return append_string(o, &o->rpc.field, &o->rpc.n_##field, v))

FIELD(pid, int)
SET(images_dir_fd, int, o->rpc.images_dir_fd = v)
FIELD(work_dir_fd, int)
FIELD(leave_running, bool)
FIELD(ext_unix_sk, bool)
FIELD(tcp_established, bool)
FIELD(tcp_skip_in_flight, bool)
FIELD(tcp_close, bool)
FIELD(weak_sysctls, bool)
FIELD(evasive_devices, bool)
FIELD(shell_job, bool)
FIELD(skip_file_rwx_check, bool)
FIELD(unprivileged, bool)
FIELD(orphan_pts_master, bool)
FIELD(file_locks, bool)
FIELD(track_mem, bool)
FIELD(auto_dedup, bool)
FIELD(force_irmap, bool)
FIELD(link_remap, bool)
FIELD(manage_cgroups, bool)
FIELD(auto_ext_mnt, bool)
FIELD(ext_sharing, bool)
FIELD(ext_masters, bool)
FIELD(mntns_compat_mode, bool)
SET(manage_cgroups_mode, enum criu_cg_mode, o->rpc.has_manage_cgroups_mode = true; o->rpc.manage_cgroups_mode = (CriuCgMode)v)
FIELD(log_level, int)
FIELD(cpu_cap, unsigned int)
FIELD(ghost_limit, unsigned int)
FIELD(empty_ns, int)
FIELD(pidfd_store_sk, int)
FIELD(timeout, unsigned int)
SET(service_fd, int, o->comm = CRIU_COMM_FD; o->fd = v)

TEXT(set_parent_images, parent_img)
TEXT(set_log_file, log_file)
TEXT(set_root, root)
TEXT(set_freeze_cgroup, freeze_cgroup)
TEXT(set_lsm_profile, lsm_profile)
TEXT(set_lsm_mount_context, lsm_mount_context)
TEXT(set_config_file, config_file)
LIST(add_enable_fs, enable_fs)
LIST(add_skip_mnt, skip_mnt)
LIST(add_irmap_path, irmap_scan_paths)
LIST(add_external, external)
SET_INT(set_service_address, const char *, o->comm = CRIU_COMM_SK; return set_string(o, &o->address, v))
SET_INT(set_service_binary, const char *, o->comm = CRIU_COMM_BIN; return set_string(o, &o->binary, v))

int criu_local_add_cg_props(criu_opts *o, const char *stream)
{
	return set_string(o, &o->rpc.cgroup_props, stream);
}

int criu_local_add_cg_props_file(criu_opts *o, const char *path)
{
	return set_string(o, &o->rpc.cgroup_props_file, path);
}

int criu_local_add_cg_dump_controller(criu_opts *o, const char *name)
{
	return append_string(o, &o->rpc.cgroup_dump_controller, &o->rpc.n_cgroup_dump_controller, name);
}

int criu_local_add_cg_yard(criu_opts *o, const char *path)
{
	return set_string(o, &o->rpc.cgroup_yard, path);
}

void criu_local_set_notify_cb(criu_opts *o, int (*cb)(char *action, criu_notify_arg_t na))
{
	o->notify = cb;
	o->rpc.has_notify_scripts = o->rpc.notify_scripts = true;
}

void criu_set_notify_cb(int (*cb)(char *action, criu_notify_arg_t na))
{
	criu_local_set_notify_cb(criu_global_opts, cb);
}

void criu_local_set_progress_cb(criu_opts *o, void (*tell)(const CriuProgress *progress), unsigned int every_ms)
{
	o->tell = tell;
	o->every_ms = tell ? every_ms : 0;
}

void criu_set_progress_cb(void (*tell)(const CriuProgress *progress), unsigned int every_ms)
{
	criu_local_set_progress_cb(criu_global_opts, tell, every_ms);
}

int criu_local_set_exec_cmd(criu_opts *o, int argc, char *argv[])
{
	int err = 0;

	o->rpc.n_exec_cmd = 0;
	for (int i = 0; i < argc && !err; i++)
		err = append_string(o, &o->rpc.exec_cmd, &o->rpc.n_exec_cmd, argv[i]);
	return err;
}

int criu_set_exec_cmd(int argc, char *argv[])
{
	return criu_local_set_exec_cmd(criu_global_opts, argc, argv);
}

int criu_local_set_page_server_address_port(criu_opts *o, const char *address, int port)
{
	o->rpc.ps = &o->ps;
	o->ps.has_port = true;
	o->ps.port = port;
	return set_string(o, &o->ps.address, address);
}

int criu_set_page_server_address_port(const char *address, int port)
{
	return criu_local_set_page_server_address_port(criu_global_opts, address, port);
}

SET_INT(set_pre_dump_mode, enum criu_pre_dump_mode,
	if (v != CRIU_PRE_DUMP_SPLICE && v != CRIU_PRE_DUMP_READ) return -1;
	o->rpc.has_pre_dump_mode = true; o->rpc.pre_dump_mode = (CriuPreDumpMode)v; return 0)
SET_INT(set_network_lock, enum criu_network_lock_method,
	if (v < CRIU_NETWORK_LOCK_IPTABLES || v > CRIU_NETWORK_LOCK_SKIP) return -1;
	o->rpc.has_network_lock = true; o->rpc.network_lock = (CriuNetworkLockMethod)v; return 0)

/* A message that is an element of a list of the request. */
#define ELEMENT(o, type, init) ({ type *element = keep(o, sizeof(type)); if (!element) return -ENOMEM; init(element); element; })

int criu_local_add_unix_sk(criu_opts *o, unsigned int inode)
{
	UnixSk *u;

	if (o->rpc.has_ext_unix_sk && !o->rpc.ext_unix_sk)
		return -1;
	criu_local_set_ext_unix_sk(o, true);
	u = ELEMENT(o, UnixSk, unix_sk__init);
	u->inode = inode;
	return append(o, &o->rpc.unix_sk_ino, &o->rpc.n_unix_sk_ino, u);
}

int criu_add_unix_sk(unsigned int inode)
{
	return criu_local_add_unix_sk(criu_global_opts, inode);
}

int criu_local_add_ext_mount(criu_opts *o, const char *key, const char *val)
{
	ExtMountMap *m = ELEMENT(o, ExtMountMap, ext_mount_map__init);

	if (set_string(o, &m->key, key) || set_string(o, &m->val, val))
		return -ENOMEM;
	return append(o, &o->rpc.ext_mnt, &o->rpc.n_ext_mnt, m);
}

int criu_add_ext_mount(const char *key, const char *val)
{
	return criu_local_add_ext_mount(criu_global_opts, key, val);
}

int criu_local_add_veth_pair(criu_opts *o, const char *in, const char *out)
{
	CriuVethPair *p = ELEMENT(o, CriuVethPair, criu_veth_pair__init);

	if (set_string(o, &p->if_in, in) || set_string(o, &p->if_out, out))
		return -ENOMEM;
	return append(o, &o->rpc.veths, &o->rpc.n_veths, p);
}

int criu_add_veth_pair(const char *in, const char *out)
{
	return criu_local_add_veth_pair(criu_global_opts, in, out);
}

int criu_local_add_cg_root(criu_opts *o, const char *ctrl, const char *path)
{
	CgroupRoot *r = ELEMENT(o, CgroupRoot, cgroup_root__init);

	if (set_string(o, &r->ctrl, ctrl) || set_string(o, &r->path, path))
		return -ENOMEM;
	return append(o, &o->rpc.cg_root, &o->rpc.n_cg_root, r);
}

int criu_add_cg_root(const char *ctrl, const char *path)
{
	return criu_local_add_cg_root(criu_global_opts, ctrl, path);
}

int criu_local_add_inherit_fd(criu_opts *o, int fd, const char *key)
{
	InheritFd *f;

	if (o->comm != CRIU_COMM_BIN)
		return -1;
	f = ELEMENT(o, InheritFd, inherit_fd__init);
	f->fd = fd;
	if (set_string(o, &f->key, key))
		return -ENOMEM;
	return append(o, &o->rpc.inherit_fd, &o->rpc.n_inherit_fd, f);
}

int criu_add_inherit_fd(int fd, const char *key)
{
	return criu_local_add_inherit_fd(criu_global_opts, fd, key);
}

int criu_local_join_ns_add(criu_opts *o, const char *ns, const char *ns_file, const char *extra_opt)
{
	JoinNamespace *j;

	if (!ns || !ns_file)
		return -1;
	j = ELEMENT(o, JoinNamespace, join_namespace__init);
	if (set_string(o, &j->ns, ns) || set_string(o, &j->ns_file, ns_file) ||
	    set_string(o, &j->extra_opt, extra_opt))
		return -1;
	return append(o, &o->rpc.join_ns, &o->rpc.n_join_ns, j) ? -1 : 0;
}

int criu_join_ns_add(const char *ns, const char *ns_file, const char *extra_opt)
{
	return criu_local_join_ns_add(criu_global_opts, ns, ns_file, extra_opt);
}
