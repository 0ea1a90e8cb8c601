/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --plain-images: what only an extension field of a core or mm record can say is taken out again, last of all kinds.
 * Where a program would go wrong without it the dump is refused; where it only runs differently, a warning names it.
 */
#include <linux/seccomp.h>
#include <stdbool.h>
#include "base/log.h"
#include "base/parse.h"
#include "mem/vmas.h"
#include "model/model.h"
#include "options.h"
#include "run/dump.h"
#include "task/kind.h"
#include "task/persona_word.h"
#include "task/plain.h"

enum { FIRST_EXTENSION = 1000, SPECULATION_ON = 2 /* PR_SPEC_ENABLE */, SLACK_NS = 50000, FILTER = 0x33 };

enum loss { LOSS_NONE, LOSS_WARN, LOSS_REFUSE };

static const struct plain_row {
	const char *field;
	uint64_t usual;			/* a value that every new process has: nothing is lost */
	enum loss loss;
	const char *what;
} rows[] = {
	{ "exit_signal",	 17,	  LOSS_REFUSE, "an exit signal other than SIGCHLD" },
	{ "personality_bits",	 0,	  LOSS_REFUSE, "a personality that is no decimal number in hexadecimal" },
	{ "coredump_filter",	 FILTER,  LOSS_WARN,   "the core dump filter" },
	{ "mcl_future",		 0,	  LOSS_REFUSE, "mlockall(MCL_FUTURE)" },
	{ "mdwe",		 0,	  LOSS_REFUSE, "the ban on writable code (MDWE)" },
	{ "memory_merge",	 0,	  LOSS_WARN,   "merging of equal pages (PR_SET_MEMORY_MERGE)" },
	{ "thp_disable",	 0,	  LOSS_WARN,   "huge pages for advised memory only" },
	{ "futex_slots",	 0,	  LOSS_NONE,   "the size of the futex table" },
	{ "stop_is_known",	 0,	  LOSS_WARN,   "that the parent knows of the stop" },
	{ "timer_slack",	 SLACK_NS, LOSS_WARN,  "the timer slack" },
	{ "personality",	 0,	  LOSS_REFUSE, "a personality of a thread's own" },
	{ "tsc_mode",		 0,	  LOSS_REFUSE, "the trap on reading the time stamp counter" },
	{ "mce_kill",		 0,	  LOSS_WARN,   "the machine check policy" },
	{ "speculation",	 SPECULATION_ON, LOSS_REFUSE, "speculation that is switched off" },
	{ "io_flusher",		 0,	  LOSS_WARN,   "the I/O flusher state" },
	{ "dispatch",		 0,	  LOSS_REFUSE, "system call dispatch" },
	{ "pkeys",		 1,	  LOSS_REFUSE, "allocated protection keys" },
	{ "mempolicies",	 0,	  LOSS_WARN,   "the NUMA policy of threads" },
	{ "name",		 0,	  LOSS_WARN,   "the name of a mapping" },
	{ "sealed",		 0,	  LOSS_REFUSE, "a sealed mapping" },
	{ "pkey",		 0,	  LOSS_REFUSE, "the protection key of a mapping" },
	{ "mpol_mode",		 0,	  LOSS_WARN,   "the NUMA policy of mappings" },
	{ "mpol_nodes",		 0,	  LOSS_NONE,   "nodes of that policy" },
	{ "lock_on_fault",	 0,	  LOSS_WARN,   "that pages of a mapping are locked only when they are touched" },
};

static const struct plain_row *row_of(const char *field)
{
	for (size_t i = 0; i < array_size(rows); i++)
		if (streq(rows[i].field, field))
			return &rows[i];
	return NULL;
}

bool plain_knows(const char *field)
{
	return row_of(field) != NULL;
}

static uint64_t value_at(const ProtobufCFieldDescriptor *f, const void *p)
{
	return f->type == PROTOBUF_C_TYPE_UINT64 ? *(const uint64_t *)p : *(const uint32_t *)p;
}

/* Takes the field out of the record; says whether it held more than every new process has. */
static bool take_out(const ProtobufCFieldDescriptor *f, void *rec, uint64_t usual)
{
	void *p = (char *)rec + f->offset;
	void *quantifier = (char *)rec + f->quantifier_offset;
	bool is_lost = false;

	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		const uint32_t *values = *(uint32_t **)p;

		for (size_t i = 0; i < *(size_t *)quantifier; i++)
			is_lost |= f->type == PROTOBUF_C_TYPE_MESSAGE || (values[i] && values[i] != usual);
		*(size_t *)quantifier = 0;
	} else if (f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING) {
		is_lost = *(void **)p != NULL;
		*(void **)p = NULL;
	} else {
		is_lost = *(protobuf_c_boolean *)quantifier && value_at(f, p) != usual;
		*(protobuf_c_boolean *)quantifier = false;
	}
	return is_lost;
}

/* told: rows that were lost before, of which one word is enough. */
static void make_plain(struct dump *d, ProtobufCMessage *rec, bool *told)
{
	for (unsigned int i = 0; i < rec->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &rec->descriptor->fields[i];
		const struct plain_row *row;

		if (f->id < FIRST_EXTENSION)
			continue;
		row = row_of(f->name);
		if (!row || !take_out(f, rec, row->usual) || row->loss == LOSS_NONE || told[row - rows])
			continue;
		told[row - rows] = true;
		if (row->loss == LOSS_REFUSE)
			refuse(&d->refusals, REFUSE_TASK_STATE, "%s has no place in plain images", row->what);
		else
			warn("%s is left out of plain images", row->what);
	}
}

static void make_mm_plain(struct dump *d, MmEntry *mm, bool *told)
{
	make_plain(d, &mm->base, told);
	for (size_t i = 0; i < mm->n_vmas; i++) {
		if (mm->vmas[i]->status & (VMA_VDSO | VMA_VVAR | VMA_VSYSCALL))
			mm->vmas[i]->has_sealed = false;	/* the kernel's doing: it seals those that it makes anew */
		make_plain(d, &mm->vmas[i]->base, told);
	}
}

static void make_thread_plain(struct dump *d, struct thread *th)
{
	ThreadCoreEntry *tc = th->core->thread_core;
	bool told[array_size(rows)] = { false };

	/* The strict mode brings the trap with it (prctl_set_seccomp, disable_TSC): nothing is lost. */
	if (tc->has_seccomp_mode && tc->seccomp_mode == SECCOMP_MODE_STRICT)
		tc->has_tsc_mode = false;
	make_plain(d, &tc->base, told);
}

static int plain_join(struct dump *d, struct task *t)
{
	TaskCoreEntry *tc = leader(t)->core->tc;
	bool told[array_size(rows)] = { false };

	if (!d->opt->plain_images)
		return 0;
	if (personality_from_plain(tc->personality) == tc->personality_bits)
		tc->has_personality_bits = false;
	make_plain(d, &tc->base, told);
	if (t->mm)
		make_mm_plain(d, t->mm, told);
	for (size_t i = 0; i < t->n_threads; i++) {
		IN_SCOPE("thread", t->threads[i].pid);
		make_thread_plain(d, &t->threads[i]);
	}
	return 0;
}

const struct task_kind plain_kind = {
	.name = "plain",
	.join = plain_join,
};
