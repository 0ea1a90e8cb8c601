/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of --cgroup-props:
 *	"cpu":
 *	 - "strategy": "merge"
 *	 - "properties": ["cpu.shares", "cpu.idle"]
 * Strings in double quotes, and between them only the marks shown. White space is free; "\n" in the two characters
 * that a shell leaves of it is white space too.
 */
#include <errno.h>
#include "base/log.h"
#include "base/parse.h"
#include "cgroup/props.h"

struct reader {
	const char *where;
	char *p;
	unsigned int line;
};

static void skip_space(struct reader *r)
{
	for (;; r->p++) {
		if (r->p[0] == '\\' && (r->p[1] == 'n' || r->p[1] == 't'))
			r->p++;
		else if (*r->p == '\n')
			r->line++;
		else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r')
			return;
	}
}

static int bad(const struct reader *r, const char *wanted)
{
	return fail(EINVAL, "%s, line %u: %s is expected at \"%.20s\"", r->where, r->line, wanted, r->p);
}

static bool take(struct reader *r, char mark)
{
	skip_space(r);
	if (*r->p != mark)
		return false;
	r->p++;
	return true;
}

static int take_string(struct reader *r, const char *wanted, const char **ret)
{
	char *end;

	skip_space(r);
	end = *r->p == '"' ? strpbrk(r->p + 1, "\"\n") : NULL;
	if (!end || *end != '"' || end == r->p + 1)
		return bad(r, wanted);
	*end = 0;
	*ret = r->p + 1;
	r->p = end + 1;
	return 0;
}

static int take_strategy(struct reader *r, struct prop_spec *s)
{
	const char *word;
	int err = take_string(r, "\"merge\" or \"replace\"", &word);

	if (err)
		return err;
	s->is_replace = streq(word, "replace");
	if (!s->is_replace && !streq(word, "merge"))
		return fail(EINVAL, "%s, line %u: the strategy \"%s\" is unknown (merge or replace)", r->where, r->line,
			    word);
	return 0;
}

static int take_names(struct arena *a, struct reader *r, struct prop_spec *s)
{
	if (!take(r, '['))
		return bad(r, "[");
	if (take(r, ']'))
		return 0;
	do {
		const char *name;
		int err = take_string(r, "the name of a property in double quotes", &name);

		if (err)
			return err;
		if (strchr(name, '/'))
			return fail(EINVAL, "%s, line %u: \"%s\" is no name of a property", r->where, r->line, name);
		vec_push(a, &s->names, name);
	} while (take(r, ','));
	return take(r, ']') ? 0 : bad(r, ", or ]");
}

static int take_controller(struct arena *a, struct reader *r, struct prop_spec *ret)
{
	int err = take_string(r, "the name of a controller in double quotes", &ret->controller);

	if (err)
		return err;
	if (!take(r, ':'))
		return bad(r, ":");
	while (take(r, '-')) {
		const char *key;

		err = take_string(r, "\"strategy\" or \"properties\"", &key);
		if (err)
			return err;
		if (!take(r, ':'))
			return bad(r, ":");
		if (streq(key, "strategy"))
			err = take_strategy(r, ret);
		else if (streq(key, "properties"))
			err = take_names(a, r, ret);
		else
			return fail(EINVAL, "%s, line %u: the key \"%s\" is unknown (strategy or properties)", r->where,
				    r->line, key);
		if (err)
			return err;
	}
	return 0;
}

int prop_specs_parse(struct arena *a, const char *where, char *text, struct prop_specs *ret)
{
	struct reader r = { .where = where, .p = text, .line = 1 };

	for (;;) {
		struct prop_spec s = { 0 };
		int err;

		skip_space(&r);
		/* what YAML begins and ends a document with */
		if (has_prefix(r.p, "---") || has_prefix(r.p, "...")) {
			r.p += 3;
			continue;
		}
		if (!*r.p)
			return 0;
		err = take_controller(a, &r, &s);
		if (err)
			return err;
		vec_push(a, &ret->v, s);
	}
}
