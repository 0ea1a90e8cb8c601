/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/btf.h: where the running kernel has the fields of its structures */
#include <stddef.h>
#include <stdint.h>
#include "base/compiler.h"

struct btf_field {
	const char *type, *member;
	uint32_t offset;		/* found, in bytes */
};

/*
 * Finds all fields and the type number of a function in /sys/kernel/btf/vmlinux. A question: -ENOENT if one of them is
 * missing, or the kernel was built without.
 */
int btf_find(struct btf_field *fields, size_t n, const char *func, uint32_t *ret_func) must_check;
