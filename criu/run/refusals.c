/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reasons against a dump are gathered, then told together. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include "base/json.h"
#include "base/log.h"
#include "base/parse.h"
#include "run/refusals.h"

static const struct {
	const char *code, *hint;
} texts[] = {
#define REFUSAL(id, code, hint) { code, hint },
#include "run/refusals.def"
#undef REFUSAL
};

/* Tasks are scanned by several threads; the list is the one thing they share. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;

/* The tree is looked at until nobody new is found: what is in the way is met again. */
static bool is_known(const struct refusals *r, enum refusal_code code, const char *object, const char *text)
{
	for (size_t i = 0; i < r->list.n; i++)
		if (r->list.v[i].code == code && streq(r->list.v[i].object, object) && streq(r->list.v[i].text, text))
			return true;
	return false;
}

void refuse(struct refusals *r, enum refusal_code code, const char *fmt, ...)
{
	char object[512], text[1024];
	struct refusal item = { .code = code };
	va_list args;

	log_object_text(object, sizeof(object));
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	pthread_mutex_lock(&list_lock);
	if (is_known(r, code, object, text)) {
		pthread_mutex_unlock(&list_lock);
		return;
	}
	item.object = arena_strdup(r->arena, object);
	item.text = arena_strdup(r->arena, text);
	vec_push(r->arena, &r->list, item);
	pthread_mutex_unlock(&list_lock);
}

const char *refusal_code_text(enum refusal_code code)
{
	return texts[code].code;
}

const char *refusal_hint(enum refusal_code code)
{
	return texts[code].hint;
}

int refusals_report(const struct refusals *r, bool are_printed)
{
	if (are_printed && r->list.n)
		return fail(EOPNOTSUPP, "the dump is refused for %zu reason%s, listed on standard output", r->list.n,
			    r->list.n == 1 ? "" : "s");
	for (size_t i = 0; i < r->list.n; i++) {
		const struct refusal *f = &r->list.v[i];

		(void)fail(EOPNOTSUPP, "%s: %s [%s]; %s", f->object, f->text, texts[f->code].code,
			   texts[f->code].hint);
	}
	return r->list.n ? -EOPNOTSUPP : 0;
}

static void print_json(const struct refusals *r)
{
	printf("{\"can_dump\": %s, \"refusals\": [", r->list.n ? "false" : "true");
	for (size_t i = 0; i < r->list.n; i++) {
		const struct refusal *f = &r->list.v[i];

		printf("%s\n  {\"code\": ", i ? "," : "");
		json_print_string(texts[f->code].code);
		printf(", \"object\": ");
		json_print_string(f->object);
		printf(", \"text\": ");
		json_print_string(f->text);
		printf(", \"hint\": ");
		json_print_string(texts[f->code].hint);
		printf("}");
	}
	printf("%s]}\n", r->list.n ? "\n" : "");
}

/* Grouped: what helps is said once, and what it would help is read in one piece. */
static void print_code(const struct refusals *r, enum refusal_code code)
{
	bool is_first = true;

	for (size_t i = 0; i < r->list.n; i++) {
		const struct refusal *f = &r->list.v[i];

		if (f->code != code)
			continue;
		if (is_first)
			printf("\n%s: %s\n", texts[code].code, texts[code].hint);
		is_first = false;
		printf("    %s: %s\n", f->object, f->text);
	}
}

static void print_text(const struct refusals *r)
{
	if (!r->list.n) {
		printf("Nothing stands in the way of a dump.\n");
		return;
	}
	printf("%zu thing%s in the way of a dump:\n", r->list.n, r->list.n == 1 ? " stands" : "s stand");
	for (size_t code = 0; code < array_size(texts); code++)
		print_code(r, code);
}

void refusals_print(const struct refusals *r, bool is_json)
{
	if (is_json)
		print_json(r);
	else
		print_text(r);
	fflush(stdout);
}
