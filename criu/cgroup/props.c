/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files of a cgroup are saved: the built-in table, changed by the user. */
#include <errno.h>
#include "base/log.h"
#include "base/parse.h"
#include "cgroup/props.h"
#include "kernel/read.h"

static const struct prop table[] = {
#define PROP(controller, version, name, when, style, def) \
	{ controller, PROP_##version, name, PROP_##when, PROP_##style, def, false },
#define INHERITED(controller, version, name, when, style, def) \
	{ controller, PROP_##version, name, PROP_##when, PROP_##style, def, true },
#include "cgroup/props.def"
#undef INHERITED
#undef PROP
};

bool prop_name_matches(const char *pattern, const char *name)
{
	const char *star = strchr(pattern, '*');
	size_t head, tail, len = strlen(name);

	if (!star)
		return streq(pattern, name);
	head = star - pattern;
	tail = strlen(star + 1);
	return len > head + tail && !strncmp(name, pattern, head) && streq(name + len - tail, star + 1) &&
	       !memchr(name + head, '.', len - head - tail);
}

const struct prop *prop_by_name(const char *name, bool is_v2)
{
	static const struct prop other = { "", PROP_ANY, "", PROP_LATE, PROP_TEXT, NULL, false };

	for (size_t i = 0; i < array_size(table); i++)
		if (table[i].version & (is_v2 ? PROP_V2 : PROP_V1) && prop_name_matches(table[i].name, name))
			return &table[i];
	return &other;
}

static void drop_controller(struct props *p, const char *controller)
{
	size_t n = 0;

	for (size_t i = 0; i < p->v.n; i++)
		if (!streq(p->v.v[i].controller, controller))
			p->v.v[n++] = p->v.v[i];
	p->v.n = n;
}

static bool has(const struct props *p, const char *controller, const char *name)
{
	for (size_t i = 0; i < p->v.n; i++)
		if (streq(p->v.v[i].controller, controller) && streq(p->v.v[i].name, name))
			return true;
	return false;
}

/* Where the built-in table knows the file, it knows how it is written. */
static void add(struct arena *a, struct props *p, const char *controller, const char *name)
{
	bool is_known = false;

	for (size_t i = 0; i < array_size(table); i++)
		if (streq(table[i].name, name) && streq(table[i].controller, controller)) {
			vec_push(a, &p->v, table[i]);
			is_known = true;
		}
	if (!is_known)
		vec_push(a, &p->v, ((struct prop){ controller, PROP_ANY, name, PROP_LATE, PROP_TEXT, NULL, false }));
}

static void apply(struct arena *a, struct props *p, const struct prop_specs *specs)
{
	for (size_t i = 0; i < specs->v.n; i++) {
		const struct prop_spec *s = &specs->v.v[i];

		if (s->is_replace)
			drop_controller(p, s->controller);
		for (size_t n = 0; n < s->names.n; n++)
			if (!has(p, s->controller, s->names.v[n]))
				add(a, p, s->controller, s->names.v[n]);
	}
}

int props_build(struct arena *a, const char *text, const char *file, struct props *ret)
{
	struct prop_specs specs = { 0 };
	int err = 0;

	for (size_t i = 0; i < array_size(table); i++)
		vec_push(a, &ret->v, table[i]);
	if (file) {
		auto_proc_text content = { 0 };

		err = proc_text_read(&content, "%s", file);
		if (err)
			return fail_with(err, "read --cgroup-props-file %s", file);
		err = prop_specs_parse(a, file, arena_strdup(a, content.s), &specs);
	}
	if (!err && text)
		err = prop_specs_parse(a, "--cgroup-props", arena_strdup(a, text), &specs);
	if (!err)
		apply(a, ret, &specs);
	return err;
}
