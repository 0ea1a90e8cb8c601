/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* pie/kinds.h: the freestanding halves of all kinds */
/* Each is task/stem.pie.h or the like: flat structs and prototypes, includable with and without libc. */
#include "mem/unmap.pie.h"
#include "mem/vdso.pie.h"
#include "mem/vma.pie.h"
#include "mem/vma_early.pie.h"
#include "mem/fill.pie.h"
#include "mem/vdso_jump.pie.h"
#include "mem/vma_name.pie.h"
#include "mem/vma_final.pie.h"
#include "mem/mm.pie.h"
#include "mem/mempolicy.pie.h"
