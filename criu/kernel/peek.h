/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/peek.h: what the kernel knows of a task and no interface tells */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"

/*
 * Read by a BPF program that the tool loads: needs CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN), Linux 6.1 and type
 * information (kernel/btf.h). Nothing is changed. All of these are questions: they give a negative errno.
 */
struct peek {
	int map, prog, link;
};
enum { PEEK_MAX = 4095 };

/* iter_func: the type number of bpf_iter_task. */
int peek_open(struct peek *p, uint32_t iter_func) must_check;
void peek_close(struct peek *p);
/* The address of struct task_struct of this thread. */
int peek_task(struct peek *p, pid_t tid, uint64_t *ret_addr) must_check;
/* At most PEEK_MAX bytes; an address that is none gives zeros or -EFAULT. */
int peek_read(struct peek *p, uint64_t addr, void *ret, size_t len) must_check;
