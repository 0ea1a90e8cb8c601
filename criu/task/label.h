/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/label.h: which security label a restored thread gets */
#include <stdbool.h>
#include "base/compiler.h"
#include "inventory.pb-c.h"

struct restore;
struct task;

/* What --lsm-profile and the machines say. */
struct label_rule {
	Lsmtype here, there;		/* the module of this machine, and of the one that dumped */
	bool is_given;			/* by --lsm-profile */
	const char *given;		/* NULL with is_given: none is restored */
};

/* --lsm-profile TYPE:NAME, or "none"; text may be NULL. Reports what is wrong with it. */
int label_rule_parse(const char *text, Lsmtype here, Lsmtype there, struct label_rule *ret) must_check;
/* From the label of the image (NULL: unconfined) to the one that is set; *ret NULL: none. Reports. */
int label_choose(const struct label_rule *rule, const char *saved, const char **ret) must_check;
/* The rows for the restorer (for the unit test). own: the label that the task has by birth; proc: a descriptor of /proc. */
int label_add_rows(struct restore *r, const struct task *t, const struct label_rule *rule, const char *own,
		   int proc) must_check;
