/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options: one loop over the rows of options.def serves the command line, configuration files and the help text. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "help.h"
#include "options.h"

enum row_type { ROW_FLAG, ROW_INT, ROW_SIZE, ROW_STR, ROW_OPTSTR, ROW_LIST, ROW_CALL, ROW_IDLE, ROW_LATER, ROW_GONE };

struct row {
	const char *name;
	char letter;
	enum row_type type;
	int has_arg;			/* no_argument, required_argument, optional_argument */
	size_t offset;			/* of the field in struct options */
	uint64_t def;			/* of numbers */
	const char *def_text;		/* of ROW_OPTSTR without argument; why of ROW_IDLE */
	int (*call)(struct options *o, const char *arg);
};

/* Options live as long as the process: nothing frees them. */
static struct arena option_arena;

static int call_leave_running(struct options *o, const char *arg not_used)
{
	o->final_state = FINAL_RUN;
	return 0;
}

static int call_leave_stopped(struct options *o, const char *arg not_used)
{
	o->final_state = FINAL_STOP;
	return 0;
}

static int call_empty_ns(struct options *o, const char *arg)
{
	if (!streq(arg, "net"))
		return fail(EINVAL, "invalid argument for --empty-ns: %s (only net can be)", arg);
	o->empty_net_ns = true;
	return 0;
}

static int call_verbosity(struct options *o, const char *arg)
{
	if (!arg) {
		o->verbosity++;
	} else if (*arg == 'v') {
		for (o->verbosity++; *arg == 'v'; arg++)
			o->verbosity++;
	} else {
		/* Callers pass odd forms such as "erbosity=0": text that is no number has always meant 0. */
		o->verbosity = atoi(arg);
	}
	return 0;
}

static int call_close_fd(struct options *o not_used, const char *arg)
{
	int32_t fd;

	if (parse_i32(arg, 10, &fd) || close(fd) < 0)
		return fail(EINVAL, "invalid argument for --close: %s", arg);
	return 0;
}

static int call_version(struct options *o not_used, const char *arg not_used)
{
	printf("Version: " VERSION "\n");
	return 1;
}

/* Seen before the others are parsed, so that it wins. */
static int call_help(struct options *o not_used, const char *arg not_used)
{
	return 1;
}

#define FIELD(f) offsetof(struct options, f)
static const struct row rows[] = {
#define OPT_FLAG(n, l, f, h)		{ .name = n, .letter = l, .type = ROW_FLAG, .offset = FIELD(f) },
#define OPT_ALIAS(n, l, f, h)		{ .name = n, .letter = l, .type = ROW_FLAG, .offset = FIELD(f) },
#define OPT_INT(n, l, f, d, a, h)		{ .name = n, .letter = l, .type = ROW_INT, .has_arg = 1, .offset = FIELD(f), .def = d },
#define OPT_SIZE(n, l, f, d, h)		{ .name = n, .letter = l, .type = ROW_SIZE, .has_arg = 1, .offset = FIELD(f), .def = d },
#define OPT_STR(n, l, f, a, h)		{ .name = n, .letter = l, .type = ROW_STR, .has_arg = 1, .offset = FIELD(f) },
#define OPT_OPTSTR(n, l, f, a, d, h)	{ .name = n, .letter = l, .type = ROW_OPTSTR, .has_arg = 2, .offset = FIELD(f), .def_text = d },
#define OPT_LIST(n, l, f, a, h)		{ .name = n, .letter = l, .type = ROW_LIST, .has_arg = 1, .offset = FIELD(f) },
#define OPT_CALL(n, l, ha, a, c, h)	{ .name = n, .letter = l, .type = ROW_CALL, .has_arg = ha, .call = call_##c },
#define OPT_IDLE(n, l, ha, why)		{ .name = n, .letter = l, .type = ROW_IDLE, .has_arg = ha, .def_text = why },
#define OPT_LATER(n, l, ha)		{ .name = n, .letter = l, .type = ROW_LATER, .has_arg = ha },
#define OPT_GONE(n)			{ .name = n, .type = ROW_GONE },
#include "options.def"
};

static void *field(struct options *o, const struct row *r)
{
	return (char *)o + r->offset;
}

static int bad_argument(const struct row *r, const char *arg)
{
	return fail(EINVAL, "invalid argument for --%s: %s", r->name, arg);
}

static int set_int(struct options *o, const struct row *r, const char *arg)
{
	/* All our integers count something. */
	int *v = field(o, r);

	if (parse_i32(arg, 10, v) || *v < 0)
		return bad_argument(r, arg);
	return 0;
}

static void list_add(struct string_list *l, const char *arg)
{
	const char **v = arena_array(&option_arena, const char *, l->n + 1);

	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	v[l->n++] = arg;
	l->v = v;
}

static int apply(struct options *o, const struct row *r, const char *arg, bool is_negated)
{
	switch (r->type) {
	case ROW_FLAG:
		*(bool *)field(o, r) = !is_negated;
		return 0;
	case ROW_INT:
		return set_int(o, r, arg);
	case ROW_SIZE:
		return parse_size(arg, field(o, r)) ? bad_argument(r, arg) : 0;
	case ROW_STR:
		*(const char **)field(o, r) = arg;
		return 0;
	case ROW_OPTSTR:
		*(const char **)field(o, r) = arg ? arg : r->def_text;
		return 0;
	case ROW_LIST:
		list_add(field(o, r), arg);
		return 0;
	case ROW_CALL:
		return r->call(o, arg);
	case ROW_IDLE:
		if (!is_negated)
			warn("--%s has no effect: %s", r->name, r->def_text);
		return 0;
	case ROW_LATER:
		if (is_negated)
			return 0;
		return fail(EOPNOTSUPP, "--%s is not supported by this version; leave it out", r->name);
	case ROW_GONE:
		return fail(EINVAL, "--%s is deprecated and does nothing; leave it out", r->name);
	}
	return 0;
}

static const struct row *row_by_name(const char *name, bool *ret_negated)
{
	*ret_negated = false;
	for (size_t i = 0; i < array_size(rows); i++) {
		bool has_no = rows[i].type == ROW_FLAG || (rows[i].type >= ROW_IDLE && !rows[i].has_arg);

		if (streq(rows[i].name, name))
			return &rows[i];
		if (has_no && has_prefix(name, "no-") && streq(rows[i].name, name + 3)) {
			*ret_negated = true;
			return &rows[i];
		}
	}
	return NULL;
}

/* --- configuration files: one option a line, "name [argument]", # comments, quotes ------------------------- */

static int config_bad(const char *path, unsigned int line)
{
	return fail(EINVAL, "%s:%u: Unsupported configuration file format. Please consult man page criu(8)", path,
		    line);
}

/* Cuts the next word; quotes may surround it, \" inside stands for a quote. NULL: none left; bad sets *ret_err. */
static char *next_word(char **text, bool *ret_bad)
{
	char *in = *text + strspn(*text, " \t"), *out, *word;
	bool is_quoted = *in == '"';

	if (!*in || *in == '#')
		return NULL;
	in += is_quoted;
	for (word = out = in; *in; in++) {
		if (is_quoted ? *in == '"' : (*in == ' ' || *in == '\t' || *in == '#'))
			break;
		if (is_quoted && in[0] == '\\' && in[1] == '"')
			in++;
		*out++ = *in;
	}
	if (is_quoted && *in != '"')
		*ret_bad = true;
	else if (*in == '#')
		in[1] = 0;
	*text = *in ? in + 1 : in;
	*out = 0;
	return word;
}

int options_apply_config(struct options *o, const char *path, char *text)
{
	unsigned int n = 0;
	char *line;

	while ((line = next_line(&text))) {
		bool is_bad = false, is_negated;
		char *name, *arg, *more;
		const struct row *r;
		int err;

		n++;
		name = next_word(&line, &is_bad);
		arg = name ? next_word(&line, &is_bad) : NULL;
		more = arg ? next_word(&line, &is_bad) : NULL;
		if (is_bad || more)
			return config_bad(path, n);
		if (!name)
			continue;
		r = row_by_name(name, &is_negated);
		if (!r || (r->has_arg == 1 && !arg) || (!r->has_arg && arg))
			return config_bad(path, n);
		err = apply(o, r, arg ? arena_strdup(&option_arena, arg) : NULL, is_negated);
		if (err)
			return err;
	}
	return 0;
}

int options_read_config(struct options *o, const char *path)
{
	enum { CONFIG_MAX = 1 << 20 };
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;
	ssize_t n;

	if (fd < 0)
		return 0;	/* a configuration file need not exist */
	text = arena_alloc(&option_arena, CONFIG_MAX + 1);
	n = read(fd, text, CONFIG_MAX);
	if (n < 0)
		return fail_errno("read %s", path);
	return options_apply_config(o, path, text);
}

static int read_configs(struct options *o, const char *config, bool no_default)
{
	const char *home = getenv("HOME"), *env = getenv("CRIU_CONFIG_FILE");
	int err = 0;

	if (!no_default && !config) {
		err = options_read_config(o, "/etc/criu/default.conf");
		if (!err && home)
			err = options_read_config(o, arena_printf(&option_arena, "%s/.criu/default.conf", home));
	}
	if (!err && env)
		err = options_read_config(o, env);
	if (!err && config)
		err = options_read_config(o, config);
	return err;
}

static int read_wanted_configs(struct options *o, int argc, char **argv)
{
	const char *config = NULL;
	bool no_default = false;

	/* These two decide what is read before the command line is. */
	for (int i = 1; i < argc && !streq(argv[i], "--"); i++) {
		if (streq(argv[i], "--no-default-config"))
			no_default = true;
		else if (streq(argv[i], "--config") && i + 1 < argc)
			config = argv[i + 1];
		else if (has_prefix(argv[i], "--config="))
			config = argv[i] + strlen("--config=");
	}
	return read_configs(o, config, no_default);
}

/* --- the command line ---------------------------------------------------------------------------------------- */

enum { LONG_BASE = 0x1000, NEGATED_BASE = 0x2000, MAX_LONG = 2 * array_size(rows) + 1 };

static void build_getopt(struct option *ret_long, char *ret_short)
{
	size_t n = 0;

	*ret_short++ = ':';	/* it tells nobody anything, and tells a missing argument from an unknown option */
	for (size_t i = 0; i < array_size(rows); i++) {
		const struct row *r = &rows[i];

		ret_long[n++] = (struct option){ r->name, r->has_arg, NULL, LONG_BASE + i };
		if (r->type == ROW_FLAG || (r->type >= ROW_IDLE && !r->has_arg))
			ret_long[n++] = (struct option){ arena_printf(&option_arena, "no-%s", r->name), 0, NULL,
							 NEGATED_BASE + i };
		if (!r->letter)
			continue;
		*ret_short++ = r->letter;
		for (int c = 0; c < r->has_arg; c++)
			*ret_short++ = ':';
	}
	ret_long[n] = (struct option){ 0 };
	*ret_short = 0;
}

/* getopt_long(3) takes the beginning of a name for it, if there is only one. */
static unsigned int n_beginning_with(const char *text)
{
	unsigned int n = 0;

	for (size_t i = 0; i < array_size(rows); i++)
		n += has_prefix(rows[i].name, text);
	return n;
}

static const struct row *row_by_getopt(int c, bool *ret_negated)
{
	*ret_negated = c >= NEGATED_BASE;
	for (size_t i = 0; i < array_size(rows); i++)
		if (rows[i].letter == c || c == LONG_BASE + (int)i || c == NEGATED_BASE + (int)i)
			return &rows[i];
	return NULL;
}

/* `word`: where getopt_long(3) stopped. ':' an argument is missing, '?' everything else. */
static int bad_option(int c, const char *word)
{
	const char *name = has_prefix(word, "--") ? word + 2 : "", *near;
	bool is_negated;
	const struct row *r = optopt ? row_by_getopt(optopt, &is_negated) : NULL;

	if (c == ':' && r)
		return fail(EINVAL, "--%s wants an argument; see criu --help", r->name);
	if (r)
		return fail(EINVAL, "--%s takes no argument; leave out what is behind \"=\"", r->name);
	if (!*name)
		return fail(EINVAL, "unknown option: -%c; see criu --help", optopt);
	name = arena_printf(&option_arena, "%.*s", (int)strcspn(name, "="), name);
	if (n_beginning_with(name))
		return fail(EINVAL, "ambiguous option: --%s; see criu --help", name);
	near = help_nearest_option(name);
	if (near)
		return fail(EINVAL, "unknown option: --%s; did you mean --%s?", name, near);
	return fail(EINVAL, "unknown option: --%s; see criu --help", name);
}

static int parse_argv(struct options *o, int argc, char **argv)
{
	struct option longs[MAX_LONG];
	char shorts[3 * array_size(rows) + 2];
	int c;

	build_getopt(longs, shorts);
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		bool is_negated;
		const struct row *r;
		int err;

		if (c == '?' || c == ':')
			return bad_option(c, argv[optind - 1]);
		r = row_by_getopt(c, &is_negated);
		err = apply(o, r, optarg, is_negated);
		if (err)
			return err;
	}
	return 0;
}

static bool wants(int argc, char **argv, const char *word, const char *letter)
{
	for (int i = 1; i < argc && !streq(argv[i], "--"); i++)
		if (streq(argv[i], word) || streq(argv[i], letter))
			return true;
	return false;
}

static void set_defaults(struct options *o)
{
	*o = (struct options){ .verbosity = LOG_WARN };
	for (size_t i = 0; i < array_size(rows); i++) {
		if (rows[i].type == ROW_INT)
			*(int *)field(o, &rows[i]) = rows[i].def;
		else if (rows[i].type == ROW_SIZE)
			*(uint64_t *)field(o, &rows[i]) = rows[i].def;
	}
}

int options_from_configs(const struct options *like, struct options *ret)
{
	struct options o;
	int err;

	set_defaults(&o);
	err = read_configs(&o, like->config, like->no_default_config);
	if (!err)
		*ret = o;
	return err;
}

bool options_know(const char *name)
{
	bool is_negated;

	return row_by_name(name, &is_negated) && !is_negated;
}

int options_set(struct options *o, const char *name, const char *arg, bool is_off)
{
	bool is_negated;
	const struct row *r = row_by_name(name, &is_negated);

	if (!r || is_negated)
		return fail(EOPNOTSUPP, "--%s is not supported by this version; leave it out", name);
	if (is_off && r->type != ROW_FLAG && r->type < ROW_IDLE)
		return 0;
	return apply(o, r, arg ? arena_strdup(&option_arena, arg) : NULL, is_off);
}

const char *option_value(const struct string_list *l, const char *type, const char *key)
{
	size_t type_len = strlen(type), key_len = strlen(key);

	for (unsigned int i = l->n; i--;) {
		const char *s = l->v[i];

		if (*type && (strncmp(s, type, type_len) || s[type_len] != '['))
			continue;
		s += *type ? type_len + 1 : 0;
		if (strncmp(s, key, key_len) || (*type && s[key_len] != ']'))
			continue;
		s += key_len + (*type ? 1 : 0);
		if (!*s || *s == ':')
			return *s ? s + 1 : s;
	}
	return NULL;
}

int options_parse(int argc, char **argv, struct options *ret)
{
	struct options o;
	int err;

	set_defaults(&o);
	if (wants(argc, argv, "--help", "-h")) {
		help_print(help_command_of(argc, argv));
		return 1;
	}
	err = read_wanted_configs(&o, argc, argv);
	if (!err)
		err = parse_argv(&o, argc, argv);
	if (err)
		return err;
	if (optind >= argc)
		return fail(EINVAL, "no command; one of dump, restore, check, cpuinfo, service; see criu --help");
	o.command = argv[optind];
	o.args = argv + optind + 1;
	o.n_args = argc - optind - 1;
	*ret = o;
	return 0;
}
