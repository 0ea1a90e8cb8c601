/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* options.h: what the user asked for; const once parsed */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct string_list {
	const char **v;
	unsigned int n;
};

/*
 * In a list of "TYPE[KEY]:VALUE" (type "": of "KEY:VALUE"): the value of the last one with this type and key, "" if it has
 * none; NULL: there is no such one.
 */
const char *option_value(const struct string_list *l, const char *type, const char *key);

struct client;			/* run/script.h */

struct options {
#define OPT_FLAG(name, letter, field, help)		bool field;
#define OPT_INT(name, letter, field, def, arg, help)	int field;
#define OPT_SIZE(name, letter, field, def, help)	uint64_t field;
#define OPT_STR(name, letter, field, arg, help)		const char *field;
#define OPT_OPTSTR(name, letter, field, arg, def, help)	const char *field;
#define OPT_LIST(name, letter, field, arg, help)	struct string_list field;
#include "options.def"
	int verbosity;
	enum { FINAL_KILL, FINAL_RUN, FINAL_STOP } final_state;
	bool empty_net_ns;
	const char *command;		/* "dump", ... */
	char **args;			/* what follows it */
	int n_args;
	const struct client *client;	/* NULL: asked for from the command line */
};

/*
 * Default files, --config, environment and command line, in this order. 0, or a negative errno already reported.
 * 1: help or version was asked for and printed.
 */
int options_parse(int argc, char **argv, struct options *ret);
/* Defaults and configuration files only; those that `like` was told to read. */
int options_from_configs(const struct options *like, struct options *ret);
/*
 * Sets the option of that name, as on the command line; the text is copied. is_off is the no- form; options that cannot
 * be switched off ignore it.
 */
int options_set(struct options *o, const char *name, const char *arg, bool is_off);
bool options_know(const char *name);
/* A configuration file on top of what is set; one that does not exist is an empty one. */
int options_read_config(struct options *o, const char *path);
/* The text of a configuration file (it is cut up); path is for messages. */
int options_apply_config(struct options *o, const char *path, char *text);
