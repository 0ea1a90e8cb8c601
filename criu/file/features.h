/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/features.h: what the area file needs of a kernel */
#include "kernel/feature.h"

extern const struct feature file_features[];	/* ends with a row without a name */
