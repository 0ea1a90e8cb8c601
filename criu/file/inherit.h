/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/inherit.h: --inherit-fd fd[NUMBER]:KEY */
#include "base/compiler.h"

/* Reports nothing. */
int inherit_parse(const char *text, int *ret_fd, const char **ret_key) must_check;
