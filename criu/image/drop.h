/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* image/drop.h: an image directory is whole or absent */
#include "base/compiler.h"

/*
 * Removes the inventory, so that from then on the directory holds no snapshot, and then every file that has the name of
 * an image, as well as it can. An error: the inventory may still be there.
 */
int images_drop(const char *dir) must_check;
/* For the journal; the value is not used. */
void images_take_back(const char *path, const char *not_a_value);
