/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* rpc/opts.h: criu_opts of a request as options */
#include <stdbool.h>
#include "base/compiler.h"
#include "rpc.pb-c.h"

struct options;
struct session;

enum opts_for { FOR_DUMP = 1, FOR_RESTORE = 2, FOR_ALL = 3 };

/* Sets in *o what the fields of the request say; what is absent stays. opts may be NULL. */
int opts_apply(const struct session *s, const CriuOpts *opts, enum opts_for command, struct options *o) must_check;
/* For the unit test: the field is an option, or rpc/opts.def knows it. */
bool opts_know_field(const char *field);
