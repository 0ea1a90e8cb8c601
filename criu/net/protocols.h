/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/protocols.h: has a network namespace sockets that packets reach? */
#include <stdbool.h>
#include "base/compiler.h"

/* Asked of the namespace that the thread is in. A question: true also when there is no answer. */
bool protocols_hear(void) must_check;
/* The same of the text of /proc/net/protocols, which is cut into pieces. */
bool protocols_text_hears(char *text) must_check;
