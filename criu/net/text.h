/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* net/text.h: packet filter rules as text, the form that the established tool keeps */
#include <stdbool.h>
#include <stddef.h>
#include "base/compiler.h"

struct arena;
struct net_ns;
struct restore;

/* By index of the images in net_ns.texts. */
enum net_text { TEXT_IPTABLES, TEXT_IP6TABLES, TEXT_NFTABLES, NET_TEXTS };

/* Restore: without the lock of the dump, and only if there is a rule in it and somebody who can load it. */
int text_load(struct restore *r, struct net_ns *ns) must_check;
/* Inside the namespace. */
int text_make(const struct net_ns *ns) must_check;
/* Dump, inside: what nft(8) lists. -EOPNOTSUPP: text cannot say it, or there is no libnftables; a question. */
int text_scan_nft(struct arena *a, struct net_ns *ns) must_check;

/* Takes out, in place, what the established tool's lock of a dump has put in; the rest may still be empty frames. */
void text_unlock_iptables(char *text);
void text_unlock_nft(char *text);
/* Is there anything but empty chains that let everything pass? */
bool text_has_rules(const char *text);
