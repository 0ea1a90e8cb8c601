/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules as text: what iptables-save(8) and "nft list ruleset" print. Only those programs understand it, so it is given to
 * them: to libnftables in this process, and to iptables-restore(8).
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "net/net.h"
#include "net/text.h"
#include "run/cancel.h"
#include "run/restore.h"

static const struct text_row {
	const char *what;
	enum image_type image;
	void (*unlock)(char *text);
	const char *programs[3];	/* the first that is there; none: libnftables */
} rows[NET_TEXTS] = {
	/* The established tool has asked the old kind, where it tells them apart. */
	[TEXT_IPTABLES] = { "iptables", IMG_IPTABLES, text_unlock_iptables,
			    { "iptables-legacy-restore", "iptables-restore" } },
	[TEXT_IP6TABLES] = { "ip6tables", IMG_IP6TABLES, text_unlock_iptables,
			     { "ip6tables-legacy-restore", "ip6tables-restore" } },
	[TEXT_NFTABLES] = { "nftables", IMG_NFTABLES, text_unlock_nft, { NULL } },
};

/* --- what is in it --------------------------------------------------------------------------------------------- */

/* Calls keep() for each line, and moves those together that it wants. */
static void filter_lines(char *text, bool (*keep)(const char *line, size_t len, void *arg), void *arg)
{
	char *to = text;

	for (char *line = text; *line;) {
		size_t len = strcspn(line, "\n"), whole = len + (line[len] == '\n');

		if (keep(line, len, arg)) {
			memmove(to, line, whole);
			to += whole;
		}
		line += whole;
	}
	*to = 0;
}

static bool begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(line, with, strlen(with));
}

static bool ends(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(line + len - strlen(with), with, strlen(with));
}

/* The chain CRIU of the table filter, and the ways into it. */
static bool keep_iptables(const char *line, size_t len, void *arg not_used)
{
	return !begins(line, len, ":CRIU ") && !begins(line, len, "-A CRIU ") && !ends(line, len, " -j CRIU");
}

void text_unlock_iptables(char *text)
{
	filter_lines(text, keep_iptables, NULL);
}

struct nft_place {
	bool is_skipped;
	const char *until;		/* the line that ends what is skipped */
	bool is_filter;			/* inside the tables that iptables has made of its own */
};

static bool keep_nft(const char *line, size_t len, void *arg)
{
	struct nft_place *p = arg;

	if (p->is_skipped) {
		p->is_skipped = !(len == strlen(p->until) && begins(line, len, p->until));
		return false;
	}
	if (begins(line, len, "table "))
		p->is_filter = begins(line, len, "table ip filter {") || begins(line, len, "table ip6 filter {");
	if (begins(line, len, "table inet CRIU-")) {
		*p = (struct nft_place){ true, "}", false };
		return false;
	}
	if (p->is_filter && begins(line, len, "\tchain CRIU {")) {
		*p = (struct nft_place){ true, "\t}", true };
		return false;
	}
	return !(p->is_filter && begins(line, len, "\t\t") && ends(line, len, " jump CRIU"));
}

void text_unlock_nft(char *text)
{
	struct nft_place p = { 0 };

	filter_lines(text, keep_nft, &p);
}

/* A line that needs not be there: a frame around nothing, a comment, a chain that lets everything pass. */
static bool is_frame(const char *line, size_t len)
{
	static const char *const frames[] = { "*", "#", "COMMIT", "table ", "}", "\t}" };

	if (!len || ends(line, len, "policy accept;") || (begins(line, len, "\tchain ") && ends(line, len, "{")))
		return true;
	if (begins(line, len, ":"))
		return memmem(line, len, " ACCEPT [", strlen(" ACCEPT ["));
	for (size_t i = 0; i < array_size(frames); i++)
		if (begins(line, len, frames[i]))
			return true;
	return false;
}

bool text_has_rules(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!is_frame(text, len))
			return true;
		text += len + (text[len] == '\n');
	}
	return false;
}

/* --- libnftables ----------------------------------------------------------------------------------------------- */

struct nft_ctx;

/* Of libnftables(3). It comes with libraries of its own that few runs need. */
struct libnftables {
	struct nft_ctx *(*nft_ctx_new)(uint32_t flags);
	void (*nft_ctx_free)(struct nft_ctx *ctx);
	int (*nft_ctx_buffer_output)(struct nft_ctx *ctx);
	const char *(*nft_ctx_get_output_buffer)(struct nft_ctx *ctx);
	int (*nft_ctx_buffer_error)(struct nft_ctx *ctx);
	const char *(*nft_ctx_get_error_buffer)(struct nft_ctx *ctx);
	int (*nft_run_cmd_from_buffer)(struct nft_ctx *ctx, const char *words);
};

/* A question. */
static int find_nft(struct libnftables *ret)
{
	void *handle = dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return -ENOENT;
#define FIND(name)                                                                                                     \
	ret->name = (__typeof__(ret->name))dlsym(handle, #name);                                                       \
	if (!ret->name)                                                                                                \
		return -ENOSYS;
	FIND(nft_ctx_new)
	FIND(nft_ctx_free)
	FIND(nft_ctx_buffer_output)
	FIND(nft_ctx_get_output_buffer)
	FIND(nft_ctx_buffer_error)
	FIND(nft_ctx_get_error_buffer)
	FIND(nft_run_cmd_from_buffer)
#undef FIND
	return 0;
}

/* In the namespace that the thread is in. ret_output: what is printed, or NULL. A question; ret_why: its words. */
static int run_nft(struct arena *a, const char *words, char **ret_output, const char **ret_why)
{
	struct libnftables lib;
	struct nft_ctx *ctx;
	int err = find_nft(&lib);

	*ret_why = "there is no libnftables";
	if (err)
		return err;
	ctx = lib.nft_ctx_new(0);
	if (!ctx || lib.nft_ctx_buffer_output(ctx) || lib.nft_ctx_buffer_error(ctx)) {
		*ret_why = "libnftables cannot be set up";
		return -ENOMEM;
	}
	if (lib.nft_run_cmd_from_buffer(ctx, words)) {
		*ret_why = arena_strdup(a, lib.nft_ctx_get_error_buffer(ctx));
		err = -EINVAL;
	} else if (ret_output) {
		*ret_output = arena_strdup(a, lib.nft_ctx_get_output_buffer(ctx));
	}
	lib.nft_ctx_free(ctx);
	return err;
}

int text_scan_nft(struct arena *a, struct net_ns *ns)
{
	const char *why;
	char *text;

	if (run_nft(a, "list ruleset", &text, &why))
		return -EOPNOTSUPP;
	/* Extensions of iptables are shown, but cannot be read back. */
	if (strstr(text, "xt match") || strstr(text, "xt target"))
		return -EOPNOTSUPP;
	text_unlock_nft(text);
	ns->texts[TEXT_NFTABLES] = text;
	return 0;
}

static int make_nft(const char *text)
{
	struct arena a = { 0 };
	const char *why;
	int err = run_nft(&a, text, NULL, &why);

	if (err)
		err = fail_with(err, "give nftables rules back: %.*s", (int)strcspn(why, "\n"), why);
	arena_free(&a);
	return err;
}

/* --- iptables-restore ------------------------------------------------------------------------------------------ */

static bool is_in_path(const char *name)
{
	static const char *const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin" };
	char path[128];

	for (size_t i = 0; i < array_size(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

static const char *find_program(const struct text_row *row)
{
	for (const char *const *p = row->programs; *p; p++)
		if (is_in_path(*p))
			return *p;
	return NULL;
}

static void no_return exec_program(const char *name, int input)
{
	static char path[] = "PATH=/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin";

	cancel_reset();
	putenv(path);
	dup2(input, STDIN_FILENO);
	dup2(log_fd(), STDOUT_FILENO);
	dup2(log_fd(), STDERR_FILENO);
	execlp(name, name, "-w", NULL);
	_exit(127);
}

static int run_program(const char *name, const char *text)
{
	auto_fd int input = memfd_create(name, MFD_CLOEXEC);
	int status;
	pid_t pid;

	if (input < 0 || pwrite(input, text, strlen(text), 0) != (ssize_t)strlen(text))
		return fail_errno("keep rules for %s", name);
	pid = fork();
	if (pid < 0)
		return fail_errno("fork for %s", name);
	if (!pid)
		exec_program(name, input);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno("wait for %s", name);
	return status ? fail(EINVAL, "give rules back: %s fails (status 0x%x)", name, status) : 0;
}

/* --- both ------------------------------------------------------------------------------------------------------ */

static int load_one(struct restore *r, struct net_ns *ns, enum net_text which)
{
	const struct text_row *row = &rows[which];
	struct libnftables lib;
	struct image_in in;
	char *text;
	int err = image_in_open(&in, &r->m.arena, r->img_dir, row->image, ns->id);

	if (err || !in.exists || !in.len)
		return err;
	text = arena_printf(&r->m.arena, "%.*s", (int)in.len, (const char *)in.data);
	row->unlock(text);
	if (!text_has_rules(text))
		return 0;
	if (*row->programs ? !find_program(row) : !!find_nft(&lib))
		return fail(EOPNOTSUPP, "%s has rules as text, which only %s can load; install it, or load them by hand "
			    "into the namespace and remove the file", in.name, row->programs[0] ?: "libnftables.so.1");
	ns->texts[which] = text;
	return 0;
}

int text_load(struct restore *r, struct net_ns *ns)
{
	int err = 0;

	for (enum net_text i = 0; i < NET_TEXTS && !err; i++)
		err = load_one(r, ns, i);
	return err;
}

int text_make(const struct net_ns *ns)
{
	int err = 0;

	for (enum net_text i = 0; i < NET_TEXTS && !err; i++) {
		IN_SCOPE(rows[i].what, -1);
		if (!ns->texts[i])
			continue;
		err = *rows[i].programs ? run_program(find_program(&rows[i]), ns->texts[i]) : make_nft(ns->texts[i]);
	}
	return err;
}
