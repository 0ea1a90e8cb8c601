/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/PID/task/TID/status: a line for a key, in an order that has changed over time. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include "base/parse.h"
#include "kernel/proc_status.h"
#include "kernel/read.h"

enum shape { LETTER, PID, DEC, OCT, FLAG, MASK, FOUR_IDS, IDS, PIDS, WORDS };

static const struct status_key {
	const char *key;
	enum shape shape;
	uint16_t off, has_off;		/* has_off 0: there is no has_ field */
} keys[] = {
#define KEY(name, shape, field) { name, shape, offsetof(struct proc_status, field), 0 }
#define KEY_HAS(name, shape, field)                                                                \
	{ name, shape, offsetof(struct proc_status, field), offsetof(struct proc_status, has_##field) }
	KEY_HAS("Umask", OCT, umask),
	KEY("State", LETTER, state),
	KEY("Tgid", PID, tgid),
	KEY("Pid", PID, pid),
	KEY("PPid", PID, ppid),
	KEY("TracerPid", PID, tracer_pid),
	KEY("Uid", FOUR_IDS, uid),
	KEY("Gid", FOUR_IDS, gid),
	KEY("Groups", IDS, groups),
	KEY("NStgid", PIDS, ns_tgid),
	KEY("NSpid", PIDS, ns_pid),
	KEY("NSpgid", PIDS, ns_pgid),
	KEY("NSsid", PIDS, ns_sid),
	KEY("Kthread", FLAG, is_kthread),
	KEY("CoreDumping", FLAG, is_dumping_core),
	KEY_HAS("THP_enabled", FLAG, thp_enabled),
	KEY("Threads", DEC, threads),
	KEY("SigPnd", MASK, sig_pnd),
	KEY("ShdPnd", MASK, shd_pnd),
	KEY("SigBlk", MASK, sig_blk),
	KEY("SigIgn", MASK, sig_ign),
	KEY("SigCgt", MASK, sig_cgt),
	KEY("CapInh", MASK, cap_inh),
	KEY("CapPrm", MASK, cap_prm),
	KEY("CapEff", MASK, cap_eff),
	KEY("CapBnd", MASK, cap_bnd),
	KEY("CapAmb", MASK, cap_amb),
	KEY("NoNewPrivs", FLAG, no_new_privs),
	KEY_HAS("Seccomp", DEC, seccomp),
	KEY("Seccomp_filters", DEC, seccomp_filters),
	KEY("Speculation_Store_Bypass", WORDS, store_bypass),
	KEY("SpeculationIndirectBranch", WORDS, indirect_branch),
#undef KEY
#undef KEY_HAS
};

static int parse_four(const char *val, uint32_t *ret)
{
	struct cursor c = { .p = val };

	for (int i = 0; i < 4; i++)
		ret[i] = take_u64(&c, 10);
	return c.bad ? -EINVAL : 0;
}

/* The next number of a list, or false at its end; a word that is none spoils the cursor. */
static bool take_item(struct cursor *c, uint64_t *ret)
{
	while (isspace((unsigned char)*c->p))
		c->p++;
	if (!*c->p || c->bad)
		return false;
	*ret = take_u64(c, 10);
	return !c->bad;
}

static int parse_groups(const char *val, struct arena *a, struct proc_status *s)
{
	struct cursor c = { .p = val };
	size_t n = 0;
	uint64_t id;

	/* At most one group for two characters. */
	s->groups = arena_array(a, uint32_t, strlen(val) / 2 + 1);
	while (take_item(&c, &id))
		s->groups[n++] = id;
	s->n_groups = n;
	return c.bad ? -EINVAL : 0;
}

static int parse_pids(const char *val, struct proc_pids *ret)
{
	struct cursor c = { .p = val };
	uint64_t pid;

	while (take_item(&c, &pid)) {
		if (ret->n == array_size(ret->level))
			return -EINVAL;
		ret->level[ret->n++] = pid;
	}
	return c.bad ? -EINVAL : 0;
}

static int parse_value(const struct status_key *k, const char *val, struct arena *a, struct proc_status *s)
{
	void *p = (char *)s + k->off;

	switch (k->shape) {
	case LETTER:
		*(char *)p = *val;
		return *val ? 0 : -EINVAL;
	case PID:
		return parse_i32(val, 10, p);
	case DEC:
		return parse_u32(val, 10, p);
	case OCT:
		return parse_u32(val, 8, p);
	case FLAG:
		return parse_bool(val, p);
	case MASK:
		return parse_u64(val, 16, p);
	case FOUR_IDS:
		return parse_four(val, p);
	case IDS:
		return parse_groups(val, a, s);
	case PIDS:
		return parse_pids(val, p);
	case WORDS:
		*(const char **)p = arena_strdup(a, val);
		return 0;
	}
	return -EINVAL;
}

/* The table is in the order of today's kernels, so the key after the last one found is the first to try. */
static const struct status_key *key_find(const char *key, const struct status_key *last)
{
	size_t next = last ? last + 1 - keys : 0;

	for (size_t i = 0; i < array_size(keys); i++) {
		const struct status_key *k = &keys[(next + i) % array_size(keys)];

		if (k->key[0] == key[0] && streq(k->key, key))
			return k;
	}
	return NULL;
}

int proc_status_parse(char *text, struct arena *a, struct proc_status *ret)
{
	const struct status_key *last = NULL;
	struct proc_status s = { 0 };
	const char *name, *val;
	char *line;

	while ((line = next_line(&text))) {
		const struct status_key *k;
		int err;

		if (!split_key(line, &name, &val))
			return -EINVAL;
		k = key_find(name, last);
		if (!k)
			continue;
		last = k;
		err = parse_value(k, val, a, &s);
		if (err)
			return err;
		if (k->has_off)
			*(bool *)((char *)&s + k->has_off) = true;
	}
	if (!s.pid || !s.state)
		return -EINVAL;
	*ret = s;
	return 0;
}

int proc_status_read(pid_t pid_real, pid_t tid_real, struct arena *a, struct proc_status *ret)
{
	auto_proc_text text;
	int err = tid_real ? proc_text_read(&text, "/proc/%d/task/%d/status", pid_real, tid_real) :
			     proc_text_read(&text, "/proc/%d/status", pid_real);

	return err ? err : proc_status_parse(text.s, a, ret);
}
