/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/features.h: what the area ipc needs of a kernel */
#include "kernel/feature.h"

extern const struct feature ipc_features[];	/* ends with a row without a name */
