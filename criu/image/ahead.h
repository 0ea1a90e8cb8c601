/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* image/ahead.h: new image files, made before anybody needs them */
#include <stddef.h>

/*
 * On another CPU, while the tree is still being asked: up to n_files without a name (O_TMPFILE), so that there is
 * nothing to see and nothing to take back. Few are not worth a thread; where the file system cannot, nothing happens.
 */
void images_make_ahead(int dir, size_t n_files);
/* Those that nobody took are gone. Harmless when none were asked for. */
void images_end_ahead(void);

/* An empty file of that name, for writing: one made ahead where there is one. Reports errors. */
int image_create(int dir, const char *name);
