/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --cpu-cap=LIST: what of the CPU must match. */
#include <errno.h>
#include <string.h>
#include "arch/cpuinfo.h"
#include "base/log.h"

static bool is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(s, word, len);
}

static int apply_word(const char *s, size_t len, bool on, struct cpu_cap *c)
{
	if (is_word(s, len, "none"))
		*c = (struct cpu_cap){ 0 };
	else if (is_word(s, len, "all"))
		c->cpu = c->fpu = c->ins = on;
	else if (is_word(s, len, "cpu"))
		c->cpu = on;
	else if (is_word(s, len, "fpu"))
		c->fpu = on;
	else if (is_word(s, len, "ins"))
		c->ins = on;
	else if (!is_word(s, len, "image"))
		return fail(EINVAL, "--cpu-cap: unknown word '%.*s'; known are cpu, fpu, ins, all, none", (int)len, s);
	c->image = !is_word(s, len, "none");
	return 0;
}

int cpu_cap_parse(const char *list, struct cpu_cap *ret)
{
	struct cpu_cap c = { .fpu = true, .ins = true };
	int err = 0;

	for (bool is_first = true; list && *list && !err; is_first = false) {
		bool on = *list != '^';
		size_t len;

		list += !on;
		len = strcspn(list, ",");
		if (is_first && on)	/* a list that begins with an exception is one to the default */
			c = (struct cpu_cap){ 0 };
		err = apply_word(list, len, on, &c);
		list += len + (list[len] == ',');
	}
	if (!err)
		*ret = c;
	return err;
}
