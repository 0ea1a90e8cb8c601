/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/feature.h: what the running kernel can do, found by trying */
#include <stddef.h>
#include "base/compiler.h"

enum feature_class {
	FEATURE_BASIC,			/* nothing works without it */
	FEATURE_EXTRA,			/* some trees need it */
	FEATURE_EXPERIMENTAL,
};

struct feature {
	const char *name;		/* as in `criu check --feature NAME` */
	enum feature_class class;
	const char *loss;		/* what does not work without it */
	int (*probe)(void);		/* 0: there; a negative errno: not. Reports nothing, leaves nothing behind. */
};

extern const struct feature features[];
extern const size_t n_features;
