/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/check.h: one record of files.img */
#include "model/model.h"

/* Checks a loaded entry and finds its kind and record. Reports. */
int file_entry_check(FileEntry *e, struct file *ret) must_check;
