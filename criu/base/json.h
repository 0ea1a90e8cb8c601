/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/json.h: strings as JSON */
/* The text in double quotes to stdout, with what JSON and terminals cannot take escaped. */
void json_print_string(const char *s);
