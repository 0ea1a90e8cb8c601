/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/run_id.h: a name for one run, in its log and in its images */

#define RUN_ID_SIZE 37

/* A random UUID as text. */
void run_id_make(char ret_id[RUN_ID_SIZE]);
