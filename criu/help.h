/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* help.h: what the tool says of its commands and options */
#include <stdio.h>

/* Which of argv is the command; NULL: none that exists. */
const char *help_command_of(int argc, char **argv);
/* One line for each command. */
void help_usage(FILE *to);
/* --help: the options, in groups; of one command, or NULL: of all. */
void help_print(const char *command);
/* The command or the long option that a wrong word is nearest to; NULL: none is near. */
const char *help_nearest_command(const char *word);
const char *help_nearest_option(const char *word);
