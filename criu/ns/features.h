/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ns/features.h: what the area ns needs of a kernel */
#include "kernel/feature.h"

extern const struct feature ns_features[];	/* ends with a row without a name */
