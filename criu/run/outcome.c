/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the working process leaves for the one that answers a client. */
#include <stdio.h>
#include <sys/mman.h>
#include "base/compiler.h"
#include "run/outcome.h"

struct outcome *outcome_new(void)
{
	void *p = mmap(NULL, sizeof(struct outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void outcome_set(struct outcome *o, int err, const struct refusals *r)
{
	o->err = err;
	for (size_t i = 0; i < r->list.n && i < array_size(o->refusals); i++) {
		struct outcome_refusal *to = &o->refusals[i];

		to->code = r->list.v[i].code;
		snprintf(to->object, sizeof(to->object), "%s", r->list.v[i].object);
		snprintf(to->text, sizeof(to->text), "%s", r->list.v[i].text);
	}
	o->n_refusals = r->list.n;
}
