/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/features.h: what the area net needs of a kernel */
#include "kernel/feature.h"

extern const struct feature net_features[];	/* ends with a row without a name */
