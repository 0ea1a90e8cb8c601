/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ns/kind.h"

const struct ns_kind cgroup_ns_kind = { 0 };
