/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of all kinds have an id, nearly all flags and an owner: found by reflection, not by a switch. */
#include "file/record.h"

static void *field_of(const struct file_kind *kind, void *rec, const char *name, ProtobufCType type)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(kind->record, name);

	if (!f || f->type != type)
		return NULL;
	return (char *)rec + f->offset;
}

uint32_t *record_u32(const struct file_kind *kind, void *rec, const char *field)
{
	return field_of(kind, rec, field, PROTOBUF_C_TYPE_UINT32);
}

uint64_t *record_u64(const struct file_kind *kind, void *rec, const char *field)
{
	return field_of(kind, rec, field, PROTOBUF_C_TYPE_UINT64);
}

FownEntry **record_fown(const struct file_kind *kind, void *rec)
{
	return field_of(kind, rec, "fown", PROTOBUF_C_TYPE_MESSAGE);
}

uint32_t record_flags(const struct file *f)
{
	const uint32_t *flags = record_u32(f->kind, f->rec, "flags");

	return flags ? *flags : 0;
}

void **record_slot(const struct file_kind *kind, FileEntry *entry)
{
	const ProtobufCMessageDescriptor *d = &file_entry__descriptor;

	for (unsigned int i = 0; i < d->n_fields; i++)
		if (d->fields[i].descriptor == kind->record)
			return (void **)((char *)entry + d->fields[i].offset);
	return NULL;
}

unsigned int record_slots_used(const FileEntry *entry)
{
	const ProtobufCMessageDescriptor *d = &file_entry__descriptor;
	unsigned int n = 0;

	for (unsigned int i = 0; i < d->n_fields; i++)
		if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE &&
		    *(void *const *)((const char *)entry + d->fields[i].offset))
			n++;
	return n;
}

void record_begin(struct model *m, struct file *f, uint32_t flags, uint64_t pos)
{
	uint32_t *id = record_u32(f->kind, f->rec, "id"), *fl = record_u32(f->kind, f->rec, "flags");
	uint64_t *p = record_u64(f->kind, f->rec, "pos");
	FownEntry **own = record_fown(f->kind, f->rec);

	*id = f->entry->id;
	if (fl)
		*fl = flags;
	if (p)
		*p = pos;
	if (own)
		*own = arena_msg(&m->arena, FownEntry, fown_entry__init);
	*record_slot(f->kind, f->entry) = f->rec;
}
