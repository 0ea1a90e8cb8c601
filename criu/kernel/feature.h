/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/feature.h: what the running kernel can do, found by trying */
#include <stddef.h>
#include <sys/types.h>
#include "base/compiler.h"

enum feature_class {
	FEATURE_BASIC,			/* nothing works without it */
	FEATURE_EXTRA,			/* some trees need it */
	FEATURE_EXPERIMENTAL,
	FEATURE_NAMED,			/* asked for by name only: what needs it has another way, or does not exist yet */
};

/* A row stands in the kind or the area that needs it; criu/features.def lists the tables. */
struct feature {
	const char *name;		/* as in `criu check --feature NAME` */
	enum feature_class class;
	const char *loss;		/* what does not work without it */
	int (*probe)(void);		/* 0: there; a negative errno: not. Reports nothing, leaves nothing behind. */
};

/* For probes. */
int feature_result(long r);		/* 0 or -errno of a call that gives -1 for an error */
int feature_readable(const char *path);
int feature_fdinfo_has(int fd, const char *word);
/* The answer of a child, which has left these namespaces (CLONE_NEW*) before it asks; what it makes goes away with it. */
int feature_in_child(int namespaces, int (*probe)(void));
/* Runs ask(pid) on a stopped child. */
int feature_of_tracee(int (*ask)(pid_t pid));
