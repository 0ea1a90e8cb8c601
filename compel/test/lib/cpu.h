/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* cpu.h: code whose registers are known, to see that they survive */

#include <stdint.h>

/*
 * Hold values made from `seed` in all general and vector registers for a while; returns how many
 * have changed.
 */
long check_registers(uint64_t seed);

/* check_registers() for ever; ends the process with 1 when one has changed. */
_Noreturn void check_registers_forever(void);
