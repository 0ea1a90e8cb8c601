/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cmd/features.h: the features of all areas */
#include "kernel/feature.h"

/* One after another: the first after NULL, NULL after the last. */
const struct feature *feature_next(const struct feature *f);
const struct feature *feature_by_name(const char *name);
