/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/buildid.h: the GNU build-id of an ELF file */
#include <stddef.h>
#include <stdint.h>
#include "base/compiler.h"

enum { BUILD_ID_WORDS = 8 };

/* Bytes packed into little-endian words, as images have them. Returns the number of words, 0 if there is none. */
size_t build_id_read(int fd, uint32_t ret_words[BUILD_ID_WORDS]);
/* The same from the first len bytes of the file. */
size_t build_id_find(const void *head, size_t len, uint32_t ret_words[BUILD_ID_WORDS]);
