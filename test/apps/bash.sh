# SPDX-License-Identifier: GPL-2.0-or-later
# Bash: a pipeline with background jobs, traps, command substitution, and a coprocess; numbers arrive in order.
# zdtm-ignore: .
fail() { echo "FAIL: $*" >> "$ZDTM_DIR/verdict"; failed=1; }
over=0 failed=0
trap 'over=1' TERM

# numbers go through three stages; each is a process of its own
( trap '' TERM; n=0; while [ ! -e stop ]; do echo $((n++)); sleep 0.005; done ) |
	( trap '' TERM; while read -r n; do echo $((n * 3)); done ) |
	( trap '' TERM; expect=0; while read -r n; do
		[ "$n" = "$expect" ] || echo "pipeline: $n, should be $expect" >> bad
		expect=$((expect + 3)); echo "$n" >> passed; done ) &
pipeline=$!
( trap '' TERM; while [ ! -e stop ]; do echo beat >> beats; sleep 0.01; done; exit 17 ) &
job=$!
coproc ADD { trap '' TERM; while read -r a b; do echo $((a + b)); done; }
adder=$ADD_PID
declare -A table=([one]=1 [two]=2)
while [ ! -s passed ] || [ ! -s beats ]; do sleep 0.01; done
before=$(wc -l < passed)
: > "ready.$$"

turns=0
while [ $over = 0 ]; do
	echo $turns 5 >&"${ADD[1]}"
	read -r sum <&"${ADD[0]}"
	[ "$sum" = $((turns + 5)) ] || fail "coprocess: $turns + 5 is $sum"
	turns=$((turns + 1))
	sleep 0.01
done
for _ in 1 2 3 4 5 6 7 8 9 10; do [ "$(wc -l < passed)" -gt $((before + 3)) ] || sleep 0.1; done
: > stop
wait $pipeline || fail "the pipeline ends with $?"
wait $job; [ $? = 17 ] || fail "the job's exit status is lost"
eval "exec ${ADD[1]}>&-"
wait "$adder" 2>/dev/null || true
[ -e bad ] && fail "$(head -3 bad)"
[ "$(wc -l < passed)" -gt "$before" ] || fail "the pipeline did not go on"
[ "${table[one]}${table[two]}" = 12 ] || fail "the table is lost"
[ "$(echo sub shell | tr a-z A-Z)" = "SUB SHELL" ] || fail "command substitution"
[ $failed = 0 ] && echo PASS >> "$ZDTM_DIR/verdict"
exit $failed
