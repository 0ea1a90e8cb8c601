/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of the kinds of open file. */
#include "base/parse.h"
#include "file/kind.h"
#include "model/model.h"
#include "file/kinds.h"

#define FILE_KIND(stem) extern const struct file_kind stem##_kind;
#include "file/kinds.def"
#undef FILE_KIND

const struct file_kind *const file_kinds[] = {
#define FILE_KIND(stem) &stem##_kind,
#include "file/kinds.def"
#undef FILE_KIND
};
const size_t n_file_kinds = array_size(file_kinds);

const char *anon_name(const char *link)
{
	static const char prefix[] = "anon_inode:";

	return has_prefix(link, prefix) ? link + sizeof(prefix) - 1 : NULL;
}

static bool sign_matches(const struct file_sign *s, const struct file_facts *f)
{
	const char *anon = anon_name(f->link);

	if (s->anon && !(anon && streq(anon, s->anon)))
		return false;
	if (s->format && (f->st.st_mode & S_IFMT) != s->format)
		return false;
	return !s->link_prefix || has_prefix(f->link, s->link_prefix);
}

const struct file_kind *file_kind_of(const struct file_facts *f)
{
	for (size_t i = 0; i < n_file_kinds; i++)
		if (sign_matches(&file_kinds[i]->sign, f) &&
		    (!file_kinds[i]->claims || file_kinds[i]->claims(f)))
			return file_kinds[i];
	return NULL;
}

const struct file_kind *file_kind_by_type(FdTypes type)
{
	for (size_t i = 0; i < n_file_kinds; i++)
		if (file_kinds[i]->type == type)
			return file_kinds[i];
	return NULL;
}

void **file_kind_data(struct model *m, const struct file_kind *kind)
{
	size_t i = 0;

	if (!m->file_kind_data)
		m->file_kind_data = arena_array(&m->arena, void *, n_file_kinds);
	while (file_kinds[i] != kind)
		i++;
	return &m->file_kind_data[i];
}
