/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/name.h: names that the tool gave, taken back by the journal */

/* Removes a name, and so many directories above it (a number as text). */
void name_take_back(const char *name, const char *n_parents);
/* The same from the root of a mount namespace (a path that is it); "": from here. */
void name_take_back_inside(const char *path, const char *ns);
