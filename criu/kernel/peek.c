/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A BPF iterator over one task that fills a map with its address, or with kernel memory from an address. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include "base/own.h"
#include "kernel/peek.h"

/* The only element of the map. */
struct window {
	uint64_t addr;			/* in: 0 asks for the task itself */
	uint32_t len;
	int32_t result;
	union {
		uint64_t task;
		char bytes[PEEK_MAX + 1];
	};
};

#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define LOAD(size, d, s, o)	INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, s, o)	INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define MOVE(d, s)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MATH(op, d, i)		INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define JUMP(op, d, i, o)	INSN(BPF_JMP | (op) | BPF_K, d, 0, o, i)
#define CALL(f)			INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)

static long bpf(int cmd, union bpf_attr *a)
{
	long got = syscall(SYS_bpf, cmd, a, sizeof(*a));

	return got < 0 ? -errno : got;
}

static int load(int map, uint32_t iter_func)
{
	/* r6: task, r7: window. Jumps count from the next instruction. */
	const struct bpf_insn insns[] = {
		LOAD(BPF_DW, 6, 1, sizeof(uint64_t)),		/* struct bpf_iter__task: meta, task */
		JUMP(BPF_JEQ, 6, 0, 18),			/* the end of the walk -> out */
		INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),	/* key 0 */
		MOVE(2, 10),
		MATH(BPF_ADD, 2, -4),
		INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),				/* its second half */
		CALL(BPF_FUNC_map_lookup_elem),
		JUMP(BPF_JEQ, 0, 0, 11),			/* -> out */
		MOVE(7, 0),
		LOAD(BPF_DW, 3, 7, offsetof(struct window, addr)),
		JUMP(BPF_JNE, 3, 0, 2),				/* -> read */
		STORE(BPF_DW, 7, 6, offsetof(struct window, task)),
		INSN(BPF_JMP | BPF_JA, 0, 0, 6, 0),		/* -> out */
		LOAD(BPF_W, 2, 7, offsetof(struct window, len)),	/* read: */
		MATH(BPF_AND, 2, PEEK_MAX),
		MOVE(1, 7),
		MATH(BPF_ADD, 1, offsetof(struct window, bytes)),
		CALL(BPF_FUNC_probe_read_kernel),
		STORE(BPF_W, 7, 0, offsetof(struct window, result)),
		MATH(BPF_MOV, 0, 0),				/* out: */
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr a = {
		.prog_type = BPF_PROG_TYPE_TRACING, .expected_attach_type = BPF_TRACE_ITER,
		.attach_btf_id = iter_func, .license = (uintptr_t)"GPL",
		.insns = (uintptr_t)insns, .insn_cnt = array_size(insns),
	};

	return bpf(BPF_PROG_LOAD, &a);
}

int peek_open(struct peek *p, uint32_t iter_func)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = sizeof(uint32_t),
			     .value_size = sizeof(struct window), .max_entries = 1 };

	*p = (struct peek){ -1, -1, -1 };
	p->map = bpf(BPF_MAP_CREATE, &a);
	if (p->map < 0)
		return p->map;
	p->prog = load(p->map, iter_func);
	return p->prog < 0 ? p->prog : 0;
}

void peek_close(struct peek *p)
{
	own_close_fd(&p->link);
	own_close_fd(&p->prog);
	own_close_fd(&p->map);
}

/* Lets the program run once on the window. */
static int look(struct peek *p, struct window *w)
{
	uint32_t key = 0;
	union bpf_attr elem = { .map_fd = p->map, .key = (uintptr_t)&key, .value = (uintptr_t)w };
	union bpf_attr iter = { .iter_create = { .link_fd = p->link } };
	auto_fd int fd = -1;
	long err = bpf(BPF_MAP_UPDATE_ELEM, &elem);
	char none;

	if (err)
		return err;
	fd = bpf(BPF_ITER_CREATE, &iter);
	if (fd < 0)
		return fd;
	if (read(fd, &none, sizeof(none)) < 0)
		return -errno;
	return bpf(BPF_MAP_LOOKUP_ELEM, &elem);
}

int peek_task(struct peek *p, pid_t tid, uint64_t *ret_addr)
{
	union bpf_iter_link_info which = { .task = { .tid = tid } };
	union bpf_attr a = { .link_create = { .prog_fd = p->prog, .attach_type = BPF_TRACE_ITER,
					      .iter_info = (uintptr_t)&which, .iter_info_len = sizeof(which) } };
	struct window w = { 0 };
	int err;

	own_close_fd(&p->link);
	p->link = bpf(BPF_LINK_CREATE, &a);
	if (p->link < 0)
		return p->link;
	err = look(p, &w);
	*ret_addr = w.task;
	return err ? err : w.task ? 0 : -ESRCH;
}

int peek_read(struct peek *p, uint64_t addr, void *ret, size_t len)
{
	struct window w = { .addr = addr, .len = len };
	int err = look(p, &w);

	if (!err)
		memcpy(ret, w.bytes, len);
	return err ? err : w.result;
}
