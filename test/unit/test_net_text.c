// SPDX-License-Identifier: GPL-2.0-or-later
/* Packet filter rules as text: the established tool's lock is taken out, and rules are told from frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail				/* base/log.h has one of its own */
#include "net/text.h"

static void the_lock_of_iptables_goes(void **state not_used)
{
	char text[] = "*filter\n:INPUT ACCEPT [0:0]\n:CRIU - [0:0]\n-A INPUT -j CRIU\n-A INPUT -p tcp -j DROP\n"
		      "-A CRIU -m mark --mark 0xc114 -j ACCEPT\n-A CRIU -j DROP\nCOMMIT\n";

	text_unlock_iptables(text);
	assert_string_equal(text, "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -j DROP\nCOMMIT\n");
	assert_true(text_has_rules(text));
}

/* As criu 4.1.1 with iptables of Debian 12 leaves it in nftables-ID.img. */
static void the_lock_of_iptables_nft_goes(void **state not_used)
{
	char text[] = "table ip filter {\n"
		      "\tchain CRIU {\n\t\tmeta mark 0x0000c114 counter packets 0 bytes 0 accept\n"
		      "\t\tcounter packets 0 bytes 0 drop\n\t}\n\n"
		      "\tchain INPUT {\n\t\ttype filter hook input priority filter; policy accept;\n"
		      "\t\tcounter packets 0 bytes 0 jump CRIU\n\t}\n}\n";

	text_unlock_nft(text);
	assert_string_equal(text, "table ip filter {\n\n\tchain INPUT {\n"
				  "\t\ttype filter hook input priority filter; policy accept;\n\t}\n}\n");
	assert_false(text_has_rules(text));
}

static void the_lock_of_nftables_goes_and_others_tables_stay(void **state not_used)
{
	char text[] = "table inet CRIU-77 {\n\tchain input {\n\t\tmeta mark 0x0000c114 accept\n\t}\n}\n"
		      "table inet t {\n\tchain CRIU {\n\t\tdrop\n\t}\n\n\tchain in {\n\t\tjump CRIU\n\t}\n}\n";

	text_unlock_nft(text);
	assert_string_equal(text, "table inet t {\n\tchain CRIU {\n\t\tdrop\n\t}\n\n\tchain in {\n\t\tjump CRIU\n\t}\n}\n");
}

static void what_does_something_is_a_rule(void **state not_used)
{
	assert_false(text_has_rules(""));
	assert_false(text_has_rules("# Generated\n*filter\n:INPUT ACCEPT [5:400]\nCOMMIT\n"));
	assert_true(text_has_rules("*filter\n:INPUT DROP [5:400]\nCOMMIT\n"));
	assert_true(text_has_rules("*filter\n:mine - [0:0]\nCOMMIT\n"));
	assert_true(text_has_rules("table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\t}\n}\n"));
	assert_true(text_has_rules("table ip t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n"));
	/* no end of a line */
	assert_true(text_has_rules("-A INPUT -j DROP"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lock_of_iptables_goes),
		cmocka_unit_test(the_lock_of_iptables_nft_goes),
		cmocka_unit_test(the_lock_of_nftables_goes_and_others_tables_stay),
		cmocka_unit_test(what_does_something_is_a_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
