/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/features.h: what the area mem needs of a kernel */
#include "kernel/feature.h"

extern const struct feature mem_features[];	/* ends with a row without a name */
