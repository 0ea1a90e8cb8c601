/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/record.h: the fields that records of all kinds have in common */
#include "file/kind.h"
#include "model/model.h"

/* Names are those of the schema: id, flags, pos, fown. Each returns NULL for a record without it. */
uint32_t *record_u32(const struct file_kind *kind, void *rec, const char *field);
uint64_t *record_u64(const struct file_kind *kind, void *rec, const char *field);
FownEntry **record_fown(const struct file_kind *kind, void *rec);
/* The open flags, 0 if the record has none. */
uint32_t record_flags(const struct file *f);

/* The member of the union file_entry that holds records of this kind. */
void **record_slot(const struct file_kind *kind, FileEntry *entry);
/* How many members of the union are set. */
unsigned int record_slots_used(const FileEntry *entry);
/* Fills id, flags, pos and an empty fown; the entry gets its member. */
void record_begin(struct model *m, struct file *f, uint32_t flags, uint64_t pos);
