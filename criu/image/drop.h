/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* image/drop.h: an image directory is whole or absent */
/* Removes the inventory first, then every file in the directory that has the name of an image. Best effort. */
void images_drop(const char *dir);
/* Only the inventory: from now on the directory holds no valid snapshot. */
int images_invalidate(int dir);
