// SPDX-License-Identifier: GPL-2.0-or-later
/* ebtables-legacy, which the test machine's kernel lacks: what it would tell, built as its source has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_bridge/ebtables.h>
#include "kernel/netlink.h"
#include "net/ebtables.h"

/* What nfnetlink_hook tells of one hook of bridges; NULL: a kernel without names. */
static unsigned int tables_of(const char *function, int32_t priority)
{
	struct nfgenmsg g = { .nfgen_family = NFPROTO_BRIDGE };
	struct nl_msg *auto_msg m = netlink_request(12 << 8, 0, &g, sizeof(g));

	netlink_put_u32(m, 1, htonl(NF_BR_FORWARD));
	netlink_put_u32(m, 2, htonl(priority));
	if (function)
		netlink_put_str(m, 4, function);
	return ebtables_of_hook(nlmsg_hdr(m));
}

static void tables_of_ebtables_are_seen_by_their_hooks(void **state not_used)
{
	struct nfgenmsg g = { 0 };
	struct nl_msg *auto_msg bare = netlink_request(12 << 8, 0, &g, sizeof(g));

	assert_int_equal(tables_of("ebt_do_table", NF_BR_PRI_FILTER_BRIDGED), EBTABLES_FILTER);
	assert_int_equal(tables_of("ebt_out_hook", NF_BR_PRI_FILTER_OTHER), EBTABLES_FILTER);
	assert_int_equal(tables_of("ebt_nat_in", NF_BR_PRI_NAT_DST_BRIDGED), EBTABLES_NAT);
	assert_int_equal(tables_of("ebt_do_table", NF_BR_PRI_NAT_SRC), EBTABLES_NAT);
	assert_int_equal(tables_of("ebt_broute", NF_BR_PRI_FIRST), EBTABLES_BROUTE);
	assert_int_equal(tables_of("ebt_new_one", 5), EBTABLES_ALL);
	assert_int_equal(tables_of("nft_do_chain_bridge", NF_BR_PRI_FILTER_BRIDGED), 0);
	assert_int_equal(tables_of("br_nf_pre_routing", NF_BR_PRI_BRNF), 0);
	assert_int_equal(tables_of(NULL, NF_BR_PRI_BRNF), 0);
	assert_int_equal(tables_of(NULL, NF_BR_PRI_FILTER_OTHER), EBTABLES_FILTER);
	assert_int_equal(ebtables_of_hook(nlmsg_hdr(bare)), EBTABLES_ALL);
}

static void a_table_of_ebtables_as_it_was_born_is_no_loss(void **state not_used)
{
	struct ebt_entries chains[4] = {
		{ .name = "INPUT", .policy = EBT_ACCEPT }, { .name = "FORWARD", .policy = EBT_ACCEPT },
		{ .name = "OUTPUT", .policy = EBT_ACCEPT }, { .name = "mine", .policy = EBT_ACCEPT },
	};
	struct ebt_replace info = {
		.valid_hooks = 1 << NF_BR_LOCAL_IN | 1 << NF_BR_FORWARD | 1 << NF_BR_LOCAL_OUT, .entries_size = 3 * sizeof(chains[0]),
	};

	assert_true(ebtables_is_default(&info, chains));
	chains[1].policy = EBT_DROP;
	assert_false(ebtables_is_default(&info, chains));
	chains[1].policy = EBT_ACCEPT;
	info.entries_size = sizeof(chains);
	assert_false(ebtables_is_default(&info, chains));
	info.entries_size = 3 * sizeof(chains[0]);
	info.nentries = 1;
	assert_false(ebtables_is_default(&info, chains));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_of_ebtables_are_seen_by_their_hooks),
		cmocka_unit_test(a_table_of_ebtables_as_it_was_born_is_no_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
