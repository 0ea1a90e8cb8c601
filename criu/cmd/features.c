/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of features.def as one. */
#include "arch/features.h"
#include "base/parse.h"
#include "cmd/features.h"
#include "file/features.h"
#include "mem/features.h"
#include "ipc/features.h"
#include "net/features.h"
#include "ns/features.h"
#include "task/features.h"

static const struct feature *const areas[] = {
#define FEATURES(area) area##_features,
#include "features.def"
#undef FEATURES
};

/* The end of a table leads to the next one. */
static size_t area_of(const struct feature *end)
{
	for (size_t i = 0; i < array_size(areas); i++) {
		const struct feature *f = areas[i];

		while (f->name && f != end)
			f++;
		if (f == end)
			return i;
	}
	return array_size(areas);
}

const struct feature *feature_next(const struct feature *f)
{
	size_t next;

	if (!f)
		return areas[0];
	f++;
	if (f->name)
		return f;
	next = area_of(f) + 1;
	return next < array_size(areas) ? areas[next] : NULL;
}

const struct feature *feature_by_name(const char *name)
{
	const struct feature *f = NULL;

	while ((f = feature_next(f)))
		if (streq(f->name, name))
			return f;
	return NULL;
}
