/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/load.h: an image directory to a checked model */
#include "base/compiler.h"

struct restore;

int load_model(struct restore *r) must_check;
