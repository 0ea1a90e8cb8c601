/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The help text: the rows of options.def as somebody reads them. */
#include <stdbool.h>
#include <string.h>
#include "base/compiler.h"
#include "base/nearest.h"
#include "base/parse.h"
#include "help.h"

static const struct usage {
	const char *command, *words, *text;
} usages[] = {
	{ "dump", "dump -t PID [-D DIR] [options]", "save the process PID and all below it" },
	{ "restore", "restore [-D DIR] [options]", "bring them back" },
	{ "check", "check [--extra|--all|--feature NAME]", "say what this machine can do" },
	{ "cpuinfo", "cpuinfo dump|check [-D DIR]", "store what this CPU can do; compare it" },
	{ "service", "service [--address PATH] [options]", "do what programs ask for through a socket" },
};

/* A row without a name begins a group. */
struct help_row {
	const char *name;
	char letter;
	int has_arg;
	const char *arg, *help;
};

static const struct help_row rows[] = {
#define OPT_GROUP(title)		{ .help = title },
#define OPT_FLAG(n, l, f, h)		{ n, l, 0, NULL, h },
#define OPT_ALIAS(n, l, f, h)		{ n, l, 0, NULL, h },
#define OPT_INT(n, l, f, d, a, h)	{ n, l, 1, a, h },
#define OPT_SIZE(n, l, f, d, h)		{ n, l, 1, "SIZE", h },
#define OPT_STR(n, l, f, a, h)		{ n, l, 1, a, h },
#define OPT_OPTSTR(n, l, f, a, d, h)	{ n, l, 2, a, h },
#define OPT_LIST(n, l, f, a, h)		{ n, l, 1, a, h },
#define OPT_CALL(n, l, ha, a, c, h)	{ n, l, ha, a, h },
#include "options.def"
};

static const struct usage *usage_of(const char *word, size_t len)
{
	for (size_t i = 0; i < array_size(usages); i++)
		if (strlen(usages[i].command) == len && !strncmp(usages[i].command, word, len))
			return &usages[i];
	return NULL;
}

const char *help_command_of(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct usage *u = usage_of(argv[i], strlen(argv[i]));

		if (u)
			return u->command;
	}
	return NULL;
}

/*
 * "dump, restore: text" is of these two, and "text" is left. Where something else stands before the colon, it is part
 * of the text, and the row is of all commands. NULL: not of this command.
 */
static const char *text_for(const char *help, const char *command)
{
	const char *end = strchr(help, ':');
	bool is_named = false;
	size_t len;

	for (const char *word = help; end && word < end; word += len + strspn(word + len, ", ")) {
		const struct usage *u;

		len = strcspn(word, ",: ");
		u = usage_of(word, len);
		if (!u)
			return help;
		is_named = is_named || streq(u->command, command);
	}
	if (!end)
		return help;
	return is_named ? end + strlen(": ") : NULL;
}

/* In the list of all options, those of both main commands need not say it. */
static const char *shown_text(const char *help, const char *command)
{
	const char *both = "dump, restore: ";

	if (command)
		return text_for(help, command);
	return has_prefix(help, both) ? help + strlen(both) : help;
}

void help_usage(FILE *to)
{
	fprintf(to, "Usage:\n");
	for (size_t i = 0; i < array_size(usages); i++)
		fprintf(to, "  criu %-38s %s\n", usages[i].words, usages[i].text);
	fprintf(to, "\n\"criu COMMAND --help\" lists the options of a command, criu(8) describes all.\n");
}

static void print_row(const struct help_row *r, const char *text)
{
	const char *arg = r->arg ?: "";
	char left[64];

	snprintf(left, sizeof(left), "%c%c%c --%s%s%s%s", r->letter ? '-' : ' ', r->letter ?: ' ', r->letter ? ',' : ' ',
		 r->name, *arg ? (r->has_arg == 2 ? "[=" : " ") : "", arg, *arg && r->has_arg == 2 ? "]" : "");
	printf("  %-34s %s\n", left, text);
}

/* The title comes with its first row: not every command has rows of each group. */
static void print_rows(const char *command)
{
	const char *title = NULL;

	for (size_t i = 0; i < array_size(rows); i++) {
		const char *text = rows[i].name ? shown_text(rows[i].help, command) : NULL;

		if (!rows[i].name)
			title = rows[i].help;
		if (!text)
			continue;
		if (title)
			printf("\n%s:\n", title);
		title = NULL;
		print_row(&rows[i], text);
	}
}

void help_print(const char *command)
{
	const struct usage *u = command ? usage_of(command, strlen(command)) : NULL;

	if (u)
		printf("Usage: criu %s\n%s\n", u->words, u->text);
	else
		help_usage(stdout);
	print_rows(command);
	if (!u || streq(command, "dump"))
		printf("\nWould it work, and if not, why?  criu dump -t PID --dry-run --explain\n");
}

const char *help_nearest_command(const char *word)
{
	struct nearest n = { .word = word };

	for (size_t i = 0; i < array_size(usages); i++)
		nearest_try(&n, usages[i].command);
	return n.best;
}

const char *help_nearest_option(const char *word)
{
	struct nearest n = { .word = word };

	for (size_t i = 0; i < array_size(rows); i++)
		if (rows[i].name)
			nearest_try(&n, rows[i].name);
	return n.best;
}
