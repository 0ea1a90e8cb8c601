#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces made by ip(8) and its like, through the tool's code and back: see roundtrip.c.

    test/net/net.py [-t NAME] [-v]
"""
import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(TOP, "build/net/roundtrip")

# What must be the same afterwards. What ages, counts or is drawn by lot is left out.
STATE = r"""
ip -d link | sed -E 's/ (gc_timer|hello_timer|tcn_timer|topology_change_timer|message_age_timer|forward_delay_timer|hold_timer) +[0-9.]+//g; s/(bridge_id|designated_root|designated_bridge|root_id) [0-9a-f.:]+//g; s/fdb_n_learned [0-9]+//; s/ state [A-Z]+//; s/NO-CARRIER,//; s/@if[0-9]+//; s/(mcast_querier_[a-z_]* [^ ]*)//; s/,M-DOWN//'
ip -d addr | grep -v link/ | grep inet | sed -E 's/(valid|preferred)_lft [0-9]+sec//g; s/ tentative//; s/ stable-privacy//'
ip -4 route show table all | sed 's/ linkdown//g'
ip -6 route show table all | sed -E 's/ expires [0-9]+sec//' | sort
ip -4 rule
ip -6 rule
ip nexthop
ip -d neigh | sed -E 's/ (used|probes) [^ ]+//g; s/(REACHABLE|DELAY|PROBE|STALE)/CACHED/' | grep -v -e FAILED -e INCOMPLETE | sort; true
ip neigh show proxy
bridge fdb | grep -e permanent -e static -e dst | grep -v 33:33: | sort
bridge vlan
bridge mdb | grep -v temp | sort
ip addrlabel | sort
tc qdisc | sed 's/direct_packets_stat [0-9]*//' | sort
tc class show dev lo
for d in $(ls /sys/class/net); do for p in root ingress egress; do tc -d filter show dev $d $p; done; tc chain show dev $d ingress; done 2>/dev/null | sed -E 's/ref [0-9]+ bind/bind/; s/(installed|used|expires) [0-9]+ sec//g'; true
ip xfrm policy; ip xfrm policy getdefault; ip -s xfrm policy count
tc actions ls action mirred 2>/dev/null | sed -E 's/(installed|used) [0-9]+ sec//g'
! command -v nft >/dev/null || nft -s list ruleset
! command -v iptables-nft-save >/dev/null || iptables-nft-save | grep -v '^#' | sed 's/\[[0-9:]*\]//'
! command -v ipset >/dev/null || ipset save | sort
! command -v iptables-legacy-save >/dev/null || iptables-legacy-save -c | grep -v '^#'; true
! command -v ip6tables-legacy-save >/dev/null || ip6tables-legacy-save | grep -v '^#'; true
! command -v conntrack >/dev/null || { conntrack -L -n; conntrack -L -g; } 2>/dev/null | sed -E 's/ [0-9]+ (ESTABLISHED|src)/ \1/' | sort
! command -v conntrack >/dev/null || { conntrack -L; conntrack -L -f ipv6; } 2>/dev/null | sed -E 's/ [0-9]+ (ESTABLISHED|src)/ \1/' | sort
cd /proc/sys/net; grep -r . core ipv4 ipv6 netfilter unix 2>/dev/null | grep -v -e /stable_secret -e nf_conntrack_count -e _ehash_entries -e /base_reachable | sort
"""

OUTER = "nsenter --net=$NS_TOOL sh -c "
LO = "ip link set lo up; "
PAIR = LO + "ip link add v0 index 7 type veth peer name v1 index 9; ip link set v0 up; ip link set v1 up; "

# A policy of a socket: what a key daemon has, so that its own packets are let through. The socket lives in the background for a while.
SOCKET_POLICY = ("import socket, struct, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); p = bytearray(168); struct.pack_into(\"<H\", p, 40, 2); "
                 "struct.pack_into(\"<4Q\", p, 56, *[2 ** 64 - 1] * 4); p[160] = 1; s.setsockopt(0, 17, bytes(p)); time.sleep(8)")

CASES = {
    "empty": [""],
    "lo": [LO],
    "lo_address": [LO + "ip addr add 10.1.2.3/24 dev lo; ip addr add 2001:db8::1/64 dev lo; ip addr del 127.0.0.1/8 dev lo"],
    "sysctl": [LO + "cd /proc/sys/net/ipv4; echo 1 >conf/all/forwarding; "
               "echo 2 >conf/lo/rp_filter; echo 1 >conf/default/arp_notify; echo 33 >../unix/max_dgram_qlen; "
               "echo 100 200 >ping_group_range; echo 1024 2048 >ip_local_port_range; echo 0 >tcp_sack; "
               "echo 77 >../core/somaxconn; echo 1 >../ipv6/conf/all/forwarding; echo 3 >../ipv6/conf/lo/router_solicitation_interval"],
    "veth": [PAIR + "ip addr add 10.0.0.1/24 dev v0; ip addr add 10.0.0.2/24 dev v1; ip addr add 2001:db8:1::1/64 dev v0; "
             "ip -6 addr flush dev v1; ip link set v0 alias 'the first'; ip link property add dev v0 altname a-longer-name-of-the-first; "
             "ip link set v0 group 5; ip link set v1 mtu 1400; ip link set v1 address 02:00:00:00:00:09; ip link set v1 txqueuelen 500; "
             "echo 1 >/proc/sys/net/ipv4/conf/v0/proxy_arp; echo 0 >/proc/sys/net/ipv6/conf/v1/accept_ra"],
    "veth_down": [LO + "ip link add v0 numtxqueues 4 numrxqueues 3 type veth peer name v1; ip addr add 10.0.0.1/24 dev v0"],
    "veth_between": [LO, PAIR + "ip link set v1 netns $NS_1; ip addr add 10.0.0.1/24 dev v0; "
                     "nsenter --net=$NS_1 sh -c 'ip link set v1 up; ip addr add 10.0.0.2/24 dev v1; ip route add default via 10.0.0.1; sleep 2'"],
    "bridge_plain": [LO + "ip link add br0 type bridge forward_delay 400 ageing_time 5000 priority 100 mcast_snooping 0; "
                     "for i in 1 2 3; do ip link add p$i type veth peer name q$i; ip link set p$i master br0 up; ip link set q$i up; done; "
                     "ip link set br0 up; ip addr add 10.9.0.1/16 dev br0; bridge link set dev p1 cost 77 priority 9 hairpin on learning off; "
                     "bridge fdb add 02:11:22:33:44:55 dev p2 master static"],
    "bridge": [LO + "ip link add br0 type bridge vlan_filtering 1 forward_delay 400 ageing_time 5000 stp_state 0 priority 100 "
               "mcast_snooping 0 vlan_default_pvid 5; "
               "for i in 1 2 3; do ip link add p$i type veth peer name q$i; ip link set p$i master br0 up; ip link set q$i up; done; "
               "ip link set br0 up; ip addr add 10.9.0.1/16 dev br0; bridge link set dev p1 cost 77 priority 9 hairpin on learning off; "
               "bridge vlan add dev p2 vid 20-25; bridge vlan del dev p3 vid 5; bridge vlan add dev p3 vid 9 pvid untagged; "
               "bridge vlan add dev br0 vid 9 self; bridge fdb add 02:11:22:33:44:55 dev p2 master static"],
    "macvlan": [PAIR + "ip link add m0 link v0 type macvlan mode bridge; ip link set m0 up; ip link add m1 link v0 type macvlan mode private; "
                "ip link add t0 link v1 type macvtap mode vepa; ip addr add 10.3.0.1/24 dev m0; "
                "ip link add m2 link v1 type macvlan mode source; ip link set link dev m2 type macvlan macaddr add 02:00:00:00:aa:01"],
    "vxlan": [PAIR + "ip addr add 10.0.0.1/24 dev v0; ip link add x0 type vxlan id 42 dev v0 group 239.1.1.1 dstport 4789 ttl 5; ip link set x0 up; "
              "ip link add x1 type vxlan id 43 local 10.0.0.1 remote 10.0.0.2 dstport 4790 nolearning; "
              "bridge fdb append 00:00:00:00:00:00 dev x0 dst 10.0.0.77; bridge fdb add 02:01:01:01:01:01 dev x0 dst 10.0.0.78"],
    "tun": [LO + "ip tuntap add t0 mode tun user 1 group 2; ip tuntap add t1 mode tap multi_queue vnet_hdr; ip link set t0 up; "
            "ip addr add 10.5.0.1 peer 10.5.0.2 dev t0; sleep 1.2"],
    "ifb": [LO + "ip link add i0 type ifb; ip link set i0 up"],
    "route": [PAIR + "ip addr add 10.0.0.1/24 dev v0; ip addr add 2001:db8:1::1/64 dev v0; ip route add default via 10.0.0.254; "
              "ip route add 10.7.0.0/16 via 10.0.0.9 metric 5 mtu 1300; ip route add 10.7.0.0/16 via 10.0.0.8 metric 6; "
              "ip route add 10.8.0.0/16 nexthop via 10.0.0.3 weight 2 nexthop via 10.0.0.4; ip route add blackhole 10.66.0.0/16; "
              "ip route add table 100 10.9.0.0/16 via 10.0.0.5 src 10.0.0.1; ip route add unreachable 10.67.0.0/16; "
              "ip -6 route add 2001:db8:2::/48 via 2001:db8:1::9; ip -6 route add table 100 default via 2001:db8:1::8; "
              "ip -6 route add 2001:db8:3::/48 nexthop via 2001:db8:1::3 nexthop via 2001:db8:1::4; "
              "ip route del 10.0.0.0/24 dev v0; ip route add 10.0.0.0/25 dev v0 scope link; "
              "ip -6 route add 2001:db8:4::/48 via 2001:db8:1::3 expires 1000"],
    "nexthop": [PAIR + "ip addr add 10.0.0.1/24 dev v0; ip nexthop add id 1 via 10.0.0.2 dev v0; ip nexthop add id 2 via 10.0.0.3 dev v0; "
                "ip nexthop add id 3 group 1/2; ip route add 10.7.0.0/16 nhid 3; ip route add 10.8.0.0/16 nhid 1"],
    "rule": [PAIR + "ip rule add pref 100 from 10.1.0.0/16 table 100; ip rule add pref 100 fwmark 5/7 table 101; ip -6 rule add pref 9 iif v0 table 7; "
             "ip rule del pref 32767; ip rule add not to 10.2.0.0/16 pref 77 prohibit; ip rule add pref 80 ipproto tcp dport 80-90 table 9"],
    "neigh": [PAIR + "ip addr add 10.0.0.1/24 dev v0; ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev v0; "
              "ip neigh add 10.0.0.8 lladdr 02:00:00:00:00:08 dev v0 nud stale; ip -6 neigh add fe80::7 lladdr 02:00:00:00:00:07 dev v0; "
              "ip neigh add proxy 10.0.0.99 dev v0; ip addrlabel add prefix 2001:db8:77::/64 label 55"],
    "neigh_settings": [PAIR + "cd /proc/sys/net; echo 7 >ipv4/neigh/v0/ucast_solicit; echo 5000 >ipv4/neigh/v0/retrans_time_ms; echo 77777 >ipv6/neigh/v1/gc_stale_time; "
                       "echo 100000 >ipv4/neigh/v1/unres_qlen_bytes; echo 9 >ipv4/neigh/lo/proxy_qlen"],
    "mdb": [PAIR + "ip link add br0 type bridge; ip link set v0 master br0; ip link set br0 up; sleep 2; bridge mdb add dev br0 port v0 grp 239.1.1.1 permanent; "
            "bridge mdb add dev br0 port v0 grp 239.1.1.2 src 10.0.0.7 permanent; bridge mdb add dev br0 port v0 grp ff1e::5 permanent"],
    "tc": [PAIR + "tc qdisc add dev v0 root handle 1: htb default 10; tc class add dev v0 parent 1: classid 1:1 htb rate 10mbit; "
           "tc class add dev v0 parent 1:1 classid 1:10 htb rate 2mbit ceil 5mbit; tc qdisc add dev v0 parent 1:10 handle 10: pfifo limit 77; "
           "tc qdisc add dev v1 root handle 5: tbf rate 1mbit burst 10kb latency 50ms; tc qdisc add dev lo clsact"],
    # the tables of the three priorities u32 are numbered in the order 10, 5, 49152
    "tc_filter": [PAIR + "tc qdisc add dev v0 clsact; "
                  "tc actions add action mirred egress mirror dev lo index 5; tc actions add action mirred egress mirror dev v1 index 77; "
                  "tc filter add dev v0 ingress pref 10 protocol ip u32 match ip dst 10.0.0.1/32 action mirred egress redirect dev v1; "
                  "tc filter add dev v0 ingress pref 5 protocol ip handle 1: u32 divisor 16; tc filter add dev v0 ingress pref 5 protocol ip handle 2: u32 divisor 1; "
                  "tc filter add dev v0 ingress pref 5 protocol ip u32 ht 1:3: match ip src 10.0.0.3/32 action mirred egress mirror dev v1 index 77; "
                  "tc filter add dev v0 ingress pref 5 protocol ip u32 ht 1:3: match ip src 10.0.0.4/32 flowid 1:7; "
                  "tc filter add dev v0 ingress pref 10 protocol ip u32 ht 800: match ip src 10.0.0.0/8 link 1: offset at 0 mask 0f00 shift 6 plus 0 eat hashkey mask 0xff at 12; "
                  "tc filter add dev v0 egress chain 7 protocol ip u32 match u32 0 0 action mirred egress mirror dev v1 index 77; "
                  "tc filter add dev v0 egress chain 3 protocol ip u32 match ip protocol 6 0xff match mark 5 0xff action mirred ingress redirect dev lo cookie aabbcc; "
                  "tc chain add dev v0 ingress chain 9; "
                  "tc qdisc add dev v1 root handle 1: htb; tc class add dev v1 parent 1: classid 1:7 htb rate 1mbit; "
                  "tc filter add dev v1 parent 1: protocol all u32 match u16 0x1234 0xffff at 2 flowid 1:7; tc filter add dev v1 parent 1:7 protocol all u32 match u32 0 0"],
    # of the priorities u32, the first two and one in between have gone
    "tc_gaps": [PAIR + "tc qdisc add dev v0 clsact; tc chain add dev v0 ingress chain 4; "
                "for i in 1 2 3 4 5; do tc filter add dev v0 ingress pref $i protocol ip u32 match ip dst 10.0.0.$i/32 action mirred egress mirror dev v1; done; "
                "tc filter add dev v0 egress pref 65535 protocol ip u32 match u32 0 0; tc filter add dev v0 egress chain 3 pref 5 protocol ip u32 match u32 0 0; "
                "for i in 1 2 4; do tc filter del dev v0 ingress pref $i; done"],
    "tc_block": [PAIR + "tc qdisc add dev v0 ingress_block 22 ingress; tc qdisc add dev v1 ingress_block 22 egress_block 23 clsact; "
                 "tc filter add block 22 protocol ip u32 match ip dst 10.0.0.1/32 action mirred egress redirect dev v1; "
                 "tc filter add block 23 chain 4 protocol ip u32 match ip dst 10.0.0.2/32 action mirred egress redirect dev v0"],
    "ipsec": [PAIR + "ip xfrm policy add src 10.0.0.1 dst 10.0.0.2 dir out index 401 priority 7 tmpl src 10.1.0.1 dst 10.1.0.2 proto esp reqid 5 mode tunnel; "
              "ip xfrm policy add src 10.0.0.1 dst 10.0.0.2 dir in ptype sub mark 3 mask 7 action block; ip xfrm policy add src 10.2.0.0/16 dst 10.3.0.0/16 dev v0 proto tcp dport 80 dir fwd; "
              "ip xfrm policy add src 2001:db8::/64 dst 2001:db8:1::/64 dir out tmpl proto comp mode transport level use tmpl proto esp mode transport; ip xfrm policy setdefault fwd block; "
              "ip xfrm policy set hthresh4 24 16"],
    "address": [PAIR + "ip addr add 10.0.0.1/24 brd + dev v0; ip addr add 10.0.0.2/24 dev v0 label v0:second; ip addr add 10.4.0.1/24 dev v0 valid_lft 1000 preferred_lft 500; "
                "ip addr add 10.0.1.1 peer 10.0.2.1/32 dev v0; ip addr add 2001:db8:1::5/64 dev v0 nodad; ip addr add 2001:db8:1::6/64 dev v0 noprefixroute; "
                "ip addr add 10.5.0.1/24 dev v0 noprefixroute metric 7; ip link set v1 addrgenmode none; ip addr add fe80::1234/64 dev v1; echo 1 >/proc/sys/net/ipv6/conf/v1/disable_ipv6"],
    "secret": [LO + "ip link add v0 index 7 type veth peer name v1 index 9; "
               # before it is up: otherwise it depends on the moment which addresses the kernel has made up
               "echo 2001:db8::77 >/proc/sys/net/ipv6/conf/v0/stable_secret; ip link set v0 up; ip link set v1 up; ip link add v2 type veth; ip link set v2 addrgenmode random"],
    "born_with_secret": [LO + "echo 2001:db8::77 >/proc/sys/net/ipv6/conf/default/stable_secret; ip link add v0 type veth peer name v1; "
                         "ip link set v1 addrgenmode eui64; ip link set v0 up; ip link set v1 up; ip addr add 2001:db8:1::5/64 dev v1"],
    "settings_in_files": [PAIR + "cd /proc/sys/net/ipv6/conf; echo 1 >default/regen_min_advance; echo 1 >v0/regen_min_advance; echo 9 >v1/regen_min_advance; "
                          "echo 7 >lo/regen_min_advance; test ! -e all/force_forwarding || { echo 1 >all/force_forwarding; echo 0 >v0/force_forwarding; echo 0 >default/force_forwarding; }"],
    # one device each for what addr_gen.c looks at: the route for multicast is gone; the address is; a token; all is there
    "made_up": [PAIR + "ip link add v2 type veth peer name v3; ip link set v2 up; ip link set v3 up; ip link add v4 type veth peer name v5; ip link set v4 up; ip link set v5 up; sleep 2; "
                "ip -6 addr flush dev v1; ip token set ::77 dev v2"],
    "born_quiet": [PAIR + "echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode; ip link add v2 type veth peer name v3; ip link set v2 up; ip link set v3 up"],
    "nft": [PAIR + "nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; policy accept; }'; nft add chain inet t other; "
            "nft add set inet t ports '{ type inet_service; flags interval; }'; nft add element inet t ports '{ 22, 80-90 }'; "
            "nft add map inet t verdicts '{ type ipv4_addr : verdict; }'; nft add element inet t verdicts '{ 10.0.0.1 : jump other, 10.0.0.2 : drop }'; "
            "nft add counter inet t c; nft add rule inet t in tcp dport @ports counter name c accept; nft add rule inet t in ip saddr vmap @verdicts; "
            "nft add rule inet t in tcp dport '{ 1, 2, 3 }' meta mark set 7; nft add rule inet t other limit rate 5/second log prefix hello; "
            "nft add table ip n; nft add chain ip n post '{ type nat hook postrouting priority 100; }'; nft add rule ip n post oifname v0 masquerade; "
            "nft add set ip n dyn '{ type ipv4_addr; flags dynamic,timeout; timeout 1h; }'; nft add element ip n dyn '{ 10.9.9.9 timeout 30m }'"],
    "iptables_nft": [LO + "iptables-nft -A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -m comment --comment 'a word' -j ACCEPT; iptables-nft -N mine; "
                     "iptables-nft -A INPUT -s 10.0.0.0/8 -m multiport -p tcp --dports 80,443 -j mine; iptables-nft -t nat -A POSTROUTING -j MASQUERADE; "
                     "iptables-nft -P FORWARD DROP; iptables-nft -A mine -m limit --limit 3/min -j LOG --log-prefix 'x '"],
    "iptables_legacy": [LO + "iptables-legacy -A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -m comment --comment 'a word' -j ACCEPT; "
                        "iptables-legacy -N mine; iptables-legacy -A INPUT -s 10.0.0.0/8 -m multiport -p tcp --dports 80,443 -j mine; "
                        "iptables-legacy -A mine -m limit --limit 3/min -j LOG --log-prefix 'x '; iptables-legacy -P FORWARD DROP; "
                        "iptables-legacy -t nat -A POSTROUTING -o v0 -j MASQUERADE; iptables-legacy -t mangle -A PREROUTING -j MARK --set-mark 7; "
                        # what ping leaves in the list of connections is not what this case is about, and ICMP is not kept
                        "iptables-legacy -A OUTPUT -d 127.0.0.1 -j ACCEPT; ping -c2 -i0.2 127.0.0.1 >/dev/null; conntrack -F 2>/dev/null; "
                        "ip6tables-legacy -A INPUT -p icmpv6 -j ACCEPT; ip6tables-legacy -A FORWARD -m mac --mac-source 02:00:00:00:00:01 -j REJECT"],
    # the set called gap is gone when the others are saved: those behind it keep their numbers, by which rules call them
    "ipset": [LO + "ipset create first hash:net comment counters skbinfo timeout 1000; ipset create gap hash:ip; ipset create ports bitmap:port range 0-1000; "
              "ipset create all list:set; ipset create six hash:ip,port family inet6; ipset destroy gap; ipset add first 10.0.0.0/8 comment hello timeout 0; "
              "ipset add first 10.9.0.0/16 nomatch timeout 0 skbmark 0x7; ipset add ports 20-300; ipset add all first; ipset create second hash:net; ipset add all second; "
              "ipset add six 2001:db8::1,tcp:80; for i in $(seq 200); do echo add second 10.1.$i.0/24; done | ipset restore; "
              "iptables-legacy -A INPUT -m set --match-set ports dst -j DROP; iptables-legacy -A INPUT -m set ! --match-set first src -j SET --add-set second src; "
              "iptables-nft -A FORWARD -m set --match-set ports dst -j DROP"],
    "conntrack": [LO + "conntrack -I -s 10.0.0.1 -d 10.0.0.2 -p tcp --sport 10 --dport 20 --state ESTABLISHED --timeout 1000 -u ASSURED,SEEN_REPLY; "
                  "conntrack -I -s 10.0.0.1 -d 10.0.0.3 -p udp --sport 5 --dport 6 --timeout 900 -m 3"],
    "conntrack_nat": [LO + "conntrack -I -s 10.0.0.1 -d 10.0.0.2 -p tcp --sport 10 --dport 20 --state ESTABLISHED --timeout 1000 -u ASSURED,SEEN_REPLY --src-nat 192.168.0.1:77; "
                      "conntrack -I -s 10.0.0.3 -d 10.0.0.4 -p udp --sport 5 --dport 6 --timeout 900 --dst-nat 192.168.0.2:8; "
                      "conntrack -I -s 2001:db8::1 -d 2001:db8::2 -p tcp --sport 10 --dport 20 --state ESTABLISHED --timeout 1000 --dst-nat [2001:db8::9]:80; "
                      "conntrack -L -n 2>/dev/null | grep -q 192.168.0.1; conntrack -L -g 2>/dev/null | grep -q 192.168.0.2"],
    "locked": [LO + "nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'; nft add rule inet t in accept"],
    "veth_outside": [LO + OUTER + "'ip link add br9 type bridge'; ip link add v0 type veth peer name o0; ip link set o0 netns $NS_TOOL; "
                     "ip link add v2 type veth peer name o2; ip link set o2 netns $NS_TOOL; ip link set v0 up; ip addr add 10.0.0.2/24 dev v0; "
                     "ip route add default via 10.0.0.1; " + OUTER + "'ip link set o0 up; ip link set o2 up'; sleep 2"],
    "macvlan_outside": [LO + OUTER + "'ip link add d0 type veth peer name d1; ip link set d0 up; ip link set d1 up; "
                        "ip link add m0 link d0 netns $NS_1 type macvlan mode bridge'; ip link set m0 up; ip addr add 10.0.0.2/24 dev m0"],
    "netdev_outside": [LO + OUTER + "'ip link add d0 type veth peer name d1'; ip link add moved index 40 address 02:00:00:00:00:40 type veth peer name m1 netns $NS_TOOL; "
                       "ip link set moved up; ip addr add 10.0.0.2/24 dev moved"],
    "plain": [PAIR + "ip addr add 10.0.0.1/24 dev v0; ip route add 10.7.0.0/16 via 10.0.0.9; ip rule add pref 100 table 5; echo 1 >/proc/sys/net/ipv4/conf/v0/proxy_arp"],
    "many": [LO + "for i in $(seq 100); do ip link add a$i type veth peer name b$i; ip link set a$i up; ip link set b$i up; done"],
}


# More options, and commands whose output must be there (and the same) afterwards.
WITH = {
    "veth_outside": (["--external", "veth[v0]:out0@br9", "--veth-pair", "v2=out2"],
                     [OUTER + "'ip link show out0 master br9 up | grep -o out0'", OUTER + "'ip link show out2 up | grep -o out2'"]),
    "macvlan_outside": (["--external", "macvlan[m0]:d1"], ["ip -d link show m0 | grep -o 'macvlan mode bridge'"]),
    "netdev_outside": (["--external", "netdev[moved]:d0"], ["ip link show moved | grep -o '^[0-9]*: moved'"]),
    "plain": (["--plain-images"], []),
}
# Not made, and what is said of it.
FAILS = {
    "veth_unnamed": ([], [LO + "ip link add v0 type veth peer name o0; ip link set o0 netns $NS_TOOL"], "--external veth[v0]:OUT"),
    "veth_taken": (["--external", "veth[v0]:o0"], [LO + "ip link add v0 type veth peer name o0; ip link set o0 netns $NS_TOOL"],
                   "o0 outside: that name is taken"),
    "bridge_missing": (["--external", "veth[v0]:o1@nobridge"], [LO + "ip link add v0 type veth peer name o0; ip link set o0 netns $NS_TOOL"],
                       "bridge nobridge outside"),
}

# What cannot be made again, and what is said of it.
REFUSED = {
    "arptables_legacy": (LO + "arptables-legacy -A INPUT -j DROP", "table filter of arptables-legacy"),
    "ipsec_state": (LO + "ip xfrm state allocspi src 10.0.0.1 dst 10.0.0.2 proto esp mode transport", "1 states of IPsec"),
    "ipsec_time": (LO + "ip xfrm policy add src 10.0.0.1 dst 10.0.0.2 dir out limit time-hard 1000 action block", "of IPsec, which ends at a certain time"),
    "ipsec_socket": (LO + "python3 -c '" + SOCKET_POLICY + "' >/dev/null 2>&1 & sleep 1", "of IPsec, which belongs to a socket"),
    "ipsec_plain": (LO + "ip xfrm policy setdefault in block", "policies of IPsec, which plain images have no place for", "net.rules", ["--plain-images"]),
    "tc_bpf": (PAIR + "tc qdisc add dev v0 clsact; tc filter add dev v0 ingress bpf bytecode '1,6 0 0 4294967295' action mirred egress mirror dev lo",
               "filter bpf of device 7: a classifier other than"),
    "tc_u32_numbers": (PAIR + "tc qdisc add dev v0 clsact; tc filter add dev v0 ingress pref 1 protocol ip u32 match u32 0 0; "
                       "tc filter add dev v0 ingress pref 1 protocol ip u32 divisor 1; tc filter add dev v0 ingress pref 2 protocol ip u32 match u32 0 0",
                       "whose table 802: would come back as 801:"),
    "tc_device_gone": (PAIR + "tc qdisc add dev v0 clsact; ip link add x0 type veth; tc filter add dev v0 ingress protocol ip u32 match u32 0 0 action mirred egress mirror dev x0; "
                       "ip link del x0", "mirred to a device that is gone"),
    "tc_plain": (PAIR + "tc qdisc add dev v0 clsact; tc filter add dev v0 ingress protocol ip u32 match u32 0 0", "which plain images have no place for", "net.rules",
                 ["--plain-images"]),
    "device_plain": (LO + "ip link add i0 type ifb", "which plain images have no place for", "net.link", ["--plain-images"]),
}


def run_failing(options, scripts, words):
    """The restore says why in one line, and leaves nothing outside."""
    with tempfile.TemporaryDirectory(prefix="net-") as directory:
        done = subprocess.run([PROGRAM, directory, "dump", "-t", "1", *options, "--", *scripts], input="true\n",
                              capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 4 and words in done.stderr and done.stderr.count("Error (") == 1:
        return 0
    print(done.returncode, done.stdout, done.stderr)
    return 1


def why_not_made(text):
    """With the last words of the program that was to make it."""
    return "this kernel cannot make it: " + (text.strip().splitlines() or ["no word of why"])[-1].split("): ")[-1]


def run_refused(scripts, words, code="net.rules", options=()):
    with tempfile.TemporaryDirectory(prefix="net-") as directory:
        done = subprocess.run([PROGRAM, directory, "dump", "-t", "1", *options, "--", "set -e; " + scripts], input="true\n",
                              capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 77:
        return 2, why_not_made(done.stderr)
    if done.returncode == 3 and words in done.stderr and f"[{code}]" in done.stderr:
        return 0, ""
    print(done.returncode, done.stdout, done.stderr)
    return 1, ""


def differences(text):
    """Only the lines that differ."""
    out = []
    for block in re.findall(r"^(namespace \d+: [^\n]*)\n--- before\n(.*?)--- after\n(.*?)(?=^namespace|\Z)", text, re.M | re.S):
        out.append(block[0][:100])
        out += [l for l in difflib.unified_diff(block[1].split("\n"), block[2].split("\n"), lineterm="", n=0)
                if not l.startswith(("---", "+++", "@@"))]
    return "\n".join(out) + "\n"


def run_case(name, scripts, verbose):
    directory = tempfile.mkdtemp(prefix="net-")
    try:
        options, more = WITH.get(name, ([], []))
        commands = more + STATE.strip().split("\n")
        # Duplicate address detection is over after a second, and more appears then.
        scripts = ["set -e; " + s.rstrip("; ") + "\nset +e; for i in $(seq 40); do ip -6 addr | grep -q tentative || break; sleep 0.1; done; true" for s in scripts]
        done = subprocess.run([PROGRAM, directory, "dump", "-t", "1", *options, "--", *scripts], input="\n".join(commands) + "\n", capture_output=True,
                              text=True, timeout=120, check=False,
                              env={**os.environ, "NET_LOCK": "1"} if name == "locked" else None)
    finally:
        shutil.rmtree(directory)
    if done.returncode == 77:
        return done.returncode, why_not_made(done.stderr)
    if verbose or done.returncode != 0:
        print(differences(done.stdout) + done.stderr)
    took = re.findall(r"(dump|restore) took (\d+) us", done.stderr)
    return done.returncode, ", ".join(f"{what} {us} us" for what, us in took)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-t", action="append")
    parser.add_argument("-v", action="store_true")
    args = parser.parse_args()
    counts = [0, 0, 0]
    for name, scripts in CASES.items():
        if args.t and name not in args.t:
            continue
        code, note = run_case(name, scripts, args.v)
        result = {0: 0, 77: 2}.get(code, 1)
        counts[result] += 1
        print(f"{name}: {('passed', 'failed', 'skipped')[result]} ({note})", flush=True)
    for name, how in FAILS.items():
        if args.t and name not in args.t:
            continue
        result = run_failing(*how)
        counts[result] += 1
        print(f"fails {name}: {('passed', 'failed')[result]}", flush=True)
    for name, how in REFUSED.items():
        if args.t and name not in args.t:
            continue
        result, note = run_refused(*how)
        counts[result] += 1
        print(f"refused {name}: {('passed', 'failed', 'skipped')[result]}" + (f" ({note})" if note else ""), flush=True)
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    return 1 if counts[1] or not sum(counts) else 0


sys.exit(main())
