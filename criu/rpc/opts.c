/* SPDX-License-Identifier: GPL-2.0-or-later */
/* criu_opts: each field is the option of its name, found by the message's descriptor, or a row of rpc/opts.def. */
#include <sched.h>
#include <stdio.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "options.h"
#include "rpc/opts.h"
#include "rpc/session.h"

struct setting {
	const struct session *session;
	const CriuOpts *opts;
	struct options *o;
	enum opts_for command;
};

static int printf_like(3, 4) set_text(const struct setting *s, const char *option, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	return n < 0 ? fail(ENOMEM, "--%s", option) : options_set(s->o, option, text, false);
}

/* --- fields that say it in a way of their own ----------------------------------------------------------- */

static int field_leave_running(const struct setting *s)
{
	if (s->opts->leave_running)
		s->o->final_state = FINAL_RUN;
	else if (s->o->final_state == FINAL_RUN)
		s->o->final_state = FINAL_KILL;
	return 0;
}

/* Behind leave_running, which has the smaller number: stopped wins. */
static int field_leave_stopped(const struct setting *s)
{
	if (s->opts->leave_stopped)
		s->o->final_state = FINAL_STOP;
	else if (s->o->final_state == FINAL_STOP)
		s->o->final_state = FINAL_KILL;
	return 0;
}

static int field_rst_sibling(const struct setting *s)
{
	if (s->opts->rst_sibling && !s->session->is_swrk)
		return fail(EBADRQC, "rst_sibling: the client is not the parent of the service; use criu swrk");
	return options_set(s->o, "restore-sibling", NULL, !s->opts->rst_sibling);
}

static int field_inherit_fd(const struct setting *s)
{
	int err = 0;

	if (!s->session->is_swrk)
		return fail(EBADRQC, "inherit_fd: the service has none of the client's descriptors; use criu swrk");
	for (size_t i = 0; i < s->opts->n_inherit_fd && !err; i++)
		err = set_text(s, "inherit-fd", "fd[%d]:%s", s->opts->inherit_fd[i]->fd,
			       s->opts->inherit_fd[i]->key);
	return err;
}

static int field_exec_cmd(const struct setting *s)
{
	s->o->args = calloc(s->opts->n_exec_cmd + 1, sizeof(char *));
	if (!s->o->args)
		return fail(ENOMEM, "exec_cmd");
	for (size_t i = 0; i < s->opts->n_exec_cmd; i++)
		s->o->args[i] = s->opts->exec_cmd[i];
	s->o->n_args = s->opts->n_exec_cmd;
	s->o->exec_cmd = true;
	return 0;
}

static int field_ps(const struct setting *s)
{
	if (s->opts->has_lazy_pages && s->opts->lazy_pages)
		return 0;
	return options_set(s->o, "page-server", NULL, false);
}

static int field_veths(const struct setting *s)
{
	int err = 0;

	for (size_t i = 0; i < s->opts->n_veths && !err; i++)
		err = set_text(s, "external", "veth[%s]:%s", s->opts->veths[i]->if_in, s->opts->veths[i]->if_out);
	return err;
}

static int field_ext_mnt(const struct setting *s)
{
	int err = 0;

	for (size_t i = 0; i < s->opts->n_ext_mnt && !err; i++)
		err = set_text(s, "external", "mnt[%s]:%s", s->opts->ext_mnt[i]->key, s->opts->ext_mnt[i]->val);
	return err;
}

static int field_auto_ext_mnt(const struct setting *s)
{
	const CriuOpts *o = s->opts;

	if (!o->auto_ext_mnt)
		return 0;
	return set_text(s, "external", "mnt[]:%s%s", o->has_ext_masters && o->ext_masters ? "m" : "",
			o->has_ext_sharing && o->ext_sharing ? "s" : "");
}

static int field_unix_sk_ino(const struct setting *s)
{
	int err = 0;

	for (size_t i = 0; i < s->opts->n_unix_sk_ino && !err; i++)
		err = set_text(s, "external", "unix[%u]", s->opts->unix_sk_ino[i]->inode);
	return err;
}

static int field_cpu_cap(const struct setting *s)
{
	uint32_t c = s->opts->cpu_cap;

	/* the image is always written and checked */
	return set_text(s, "cpu-cap", "image%s%s%s", c & 1 ? ",fpu" : "", c & 2 ? ",cpu" : "", c & 4 ? ",ins" : "");
}

static int field_manage_cgroups(const struct setting *s)
{
	return options_set(s->o, "manage-cgroups", s->opts->manage_cgroups ? "soft" : "ignore", false);
}

static int field_manage_cgroups_mode(const struct setting *s)
{
	static const char *const modes[] = {
		[CRIU_CG_MODE__IGNORE] = "ignore", [CRIU_CG_MODE__CG_NONE] = "none",
		[CRIU_CG_MODE__PROPS] = "props",   [CRIU_CG_MODE__SOFT] = "soft",
		[CRIU_CG_MODE__FULL] = "full",	   [CRIU_CG_MODE__STRICT] = "strict",
		[CRIU_CG_MODE__DEFAULT] = "soft",
	};
	unsigned int mode = s->opts->manage_cgroups_mode;

	if (mode >= array_size(modes))
		return fail(EBADRQC, "manage_cgroups_mode: %u is no mode", mode);
	return options_set(s->o, "manage-cgroups", modes[mode], false);
}

static int field_cg_root(const struct setting *s)
{
	int err = 0;

	for (size_t i = 0; i < s->opts->n_cg_root && !err; i++) {
		const CgroupRoot *r = s->opts->cg_root[i];

		err = set_text(s, "cgroup-root", "%s%s%s", r->ctrl ?: "", r->ctrl ? ":" : "", r->path);
	}
	return err;
}

static int field_empty_ns(const struct setting *s)
{
	if (s->opts->empty_ns & ~(uint32_t)CLONE_NEWNET)
		return fail(EBADRQC, "empty_ns 0x%x: only the network namespace can be made empty", s->opts->empty_ns);
	return s->opts->empty_ns ? options_set(s->o, "empty-ns", "net", false) : 0;
}

static int field_join_ns(const struct setting *s)
{
	int err = 0;

	for (size_t i = 0; i < s->opts->n_join_ns && !err; i++) {
		const JoinNamespace *j = s->opts->join_ns[i];

		err = set_text(s, "join-ns", "%s:%s%s%s", j->ns, j->ns_file, j->extra_opt ? "," : "",
			       j->extra_opt ?: "");
	}
	return err;
}

static int field_pre_dump_mode(const struct setting *s)
{
	if (s->opts->pre_dump_mode != CRIU_PRE_DUMP_MODE__SPLICE &&
	    s->opts->pre_dump_mode != CRIU_PRE_DUMP_MODE__VM_READ)
		return fail(EBADRQC, "pre_dump_mode: %d is no mode", s->opts->pre_dump_mode);
	return 0;	/* of pre-dumps, which are answered before anybody asks how */
}

static int field_network_lock(const struct setting *s)
{
	static const char *const methods[] = {
		[CRIU_NETWORK_LOCK_METHOD__IPTABLES] = "iptables",
		[CRIU_NETWORK_LOCK_METHOD__NFTABLES] = "nftables",
		[CRIU_NETWORK_LOCK_METHOD__SKIP] = "skip",
	};
	unsigned int method = s->opts->network_lock;

	if (method >= array_size(methods) || !methods[method])
		return fail(EBADRQC, "network_lock: %u is no method", method);
	return options_set(s->o, "network-lock", methods[method], false);
}

static int field_pidfd_store_sk(const struct setting *s not_used)
{
	return fail(EBADRQC, "pidfd_store_sk: there is nothing to keep in it without pre-dumps, which are not supported "
		    "yet; FEATURE_CHECK says so");
}

/* --- all fields ------------------------------------------------------------------------------------------- */

static const struct field {
	const char *name, *option;
	enum opts_for when;
	int (*call)(const struct setting *s);
	bool is_elsewhere;
} fields[] = {
#define FIELD_ALIAS(field, opt, cmds)	{ #field, opt, cmds, NULL, false },
#define FIELD_CALL(field, cmds)		{ #field, NULL, cmds, field_##field, false },
#define FIELD_ELSEWHERE(field)		{ #field, NULL, FOR_ALL, NULL, true },
#include "rpc/opts.def"
};

static const struct field *find_field(const char *name)
{
	for (size_t i = 0; i < array_size(fields); i++)
		if (streq(fields[i].name, name))
			return &fields[i];
	return NULL;
}

/* lsm_profile is --lsm-profile */
static const char *same_name(const char *field, char *ret, size_t size)
{
	snprintf(ret, size, "%s", field);
	for (char *c = ret; *c; c++)
		if (*c == '_')
			*c = '-';
	return ret;
}

bool opts_know_field(const char *field)
{
	char name[64];

	return find_field(field) || options_know(same_name(field, name, sizeof(name)));
}

static const void *member(const CriuOpts *opts, unsigned int offset)
{
	return (const char *)opts + offset;
}

static bool is_present(const CriuOpts *opts, const ProtobufCFieldDescriptor *f)
{
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)member(opts, f->quantifier_offset);
	if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(void *const *)member(opts, f->offset);
	return f->label == PROTOBUF_C_LABEL_REQUIRED ||
	       *(const protobuf_c_boolean *)member(opts, f->quantifier_offset);
}

static int set_strings(const struct setting *s, const ProtobufCFieldDescriptor *f, const char *option)
{
	const size_t n = *(const size_t *)member(s->opts, f->quantifier_offset);
	char *const *v = *(char **const *)member(s->opts, f->offset);
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = options_set(s->o, option, v[i], false);
	return err;
}

static int set_plain(const struct setting *s, const ProtobufCFieldDescriptor *f, const char *option)
{
	const void *v = member(s->opts, f->offset);

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return set_strings(s, f, option);
	switch (f->type) {
	case PROTOBUF_C_TYPE_BOOL:
		/* "no" to something that does not exist is no demand */
		if (!*(const protobuf_c_boolean *)v && !options_know(option))
			return 0;
		return options_set(s->o, option, NULL, !*(const protobuf_c_boolean *)v);
	case PROTOBUF_C_TYPE_INT32:
		return set_text(s, option, "%d", *(const int32_t *)v);
	case PROTOBUF_C_TYPE_UINT32:
		return set_text(s, option, "%u", *(const uint32_t *)v);
	case PROTOBUF_C_TYPE_STRING:
		return options_set(s->o, option, *(const char *const *)v, false);
	default:
		return fail(EBADRQC, "%s: a field of this type has no option", f->name);
	}
}

static int apply_field(const struct setting *s, const ProtobufCFieldDescriptor *f)
{
	const struct field *row = find_field(f->name);
	char name[64];

	if (row && (row->is_elsewhere || !(row->when & s->command)))
		return 0;
	if (row && row->call)
		return row->call(s);
	return set_plain(s, f, row ? row->option : same_name(f->name, name, sizeof(name)));
}

int opts_apply(const struct session *session, const CriuOpts *opts, enum opts_for command, struct options *o)
{
	const struct setting s = { session, opts, o, command };
	const ProtobufCMessageDescriptor *d = &criu_opts__descriptor;

	for (unsigned int i = 0; opts && i < d->n_fields; i++) {
		int err = is_present(opts, &d->fields[i]) ? apply_field(&s, &d->fields[i]) : 0;

		if (err)
			return err;
	}
	return 0;
}
