/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* arch/features.h: what the CPU's side of the tool needs of a kernel */
#include "kernel/feature.h"

extern const struct feature arch_features[];	/* ends with a row without a name */
