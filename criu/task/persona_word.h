/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/persona_word.h: how images write a personality */
#include <stdint.h>

/*
 * The plain format holds the hexadecimal text of /proc/PID/personality ("00040000"), read as if it were decimal, up to the
 * first letter: 40000. What has a letter in it is lost there, so an extension field holds the bits too.
 */
uint32_t personality_to_plain(uint32_t bits);
uint32_t personality_from_plain(uint32_t plain);
