/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of the kinds of namespace, and the namespaces of a model. */
#include <sched.h>
#include <linux/sched.h>
#include "ns/kind.h"

#define NS_KIND(stem, type, flag) extern const struct ns_kind stem##_ns_kind;
#include "ns/kinds.def"
#undef NS_KIND

const struct ns_row ns_rows[NS_COUNT] = {
#define NS_KIND(stem, type, flag)                                                                      \
	[NS_##type] = { #stem, flag, offsetof(TaskKobjIdsEntry, has_##stem##_ns_id),                   \
			offsetof(TaskKobjIdsEntry, stem##_ns_id), &stem##_ns_kind },
#include "ns/kinds.def"
#undef NS_KIND
};

uint32_t ns_id_get(const TaskKobjIdsEntry *ids, enum ns_type type)
{
	const char *p = (const char *)ids;

	return *(const protobuf_c_boolean *)(p + ns_rows[type].has_id) ? *(const uint32_t *)(p + ns_rows[type].id) : 0;
}

void ns_id_set(TaskKobjIdsEntry *ids, enum ns_type type, uint32_t id)
{
	*(protobuf_c_boolean *)((char *)ids + ns_rows[type].has_id) = true;
	*(uint32_t *)((char *)ids + ns_rows[type].id) = id;
}

struct ns *ns_by_id(const struct model *m, enum ns_type type, uint32_t id)
{
	for (size_t i = 0; i < m->namespaces.n; i++)
		if (m->namespaces.v[i]->type == type && m->namespaces.v[i]->id == id)
			return m->namespaces.v[i];
	return NULL;
}

struct ns *ns_of(const struct model *m, const struct task *t, enum ns_type type)
{
	return m->namespaces.n && t->ids ? ns_by_id(m, type, ns_id_get(t->ids, type)) : NULL;
}

struct ns *ns_of_root(const struct model *m, enum ns_type type)
{
	return ns_of(m, m->tasks.v[0], type);
}

struct ns *ns_add(struct model *m, enum ns_type type, uint32_t id, const struct task *t)
{
	struct ns *ns = arena_new(&m->arena, struct ns);

	*ns = (struct ns){ .type = type, .id = id, .kind = ns_rows[type].kind, .task = t, .index = m->namespaces.n,
			   .fd = -1, .root = -1 };
	vec_push(&m->arena, &m->namespaces, ns);
	return ns;
}

uint32_t ns_free_id(const struct model *m)
{
	uint32_t last = NS_COUNT;

	for (size_t i = 0; i < m->namespaces.n; i++)
		last = max(last, m->namespaces.v[i]->id);
	return last + 1;
}

struct ns *ns_first(const struct model *m, enum ns_type type)
{
	for (size_t i = 0; i < m->namespaces.n; i++)
		if (m->namespaces.v[i]->type == type)
			return m->namespaces.v[i];
	return NULL;
}
