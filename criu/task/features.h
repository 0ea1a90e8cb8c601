/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/features.h: what the area task needs of a kernel */
#include "kernel/feature.h"

extern const struct feature task_features[];	/* ends with a row without a name */
