# SPDX-License-Identifier: GPL-2.0-or-later
# Perl: a forked child behind two pipes, alarms, select, regular expressions on a large hash, a file read and written.
# zdtm-ignore: fd \d+: pos
use strict;
use warnings;
use Time::HiRes qw(ualarm sleep);
use IO::Handle;

my $dir = $ENV{ZDTM_DIR};
my ($over, $alarms, @failures) = (0, 0);
sub check { my ($ok, $text) = @_; push @failures, $text unless $ok; }

pipe(my $ask_out, my $ask_in) or die;
pipe(my $tell_out, my $tell_in) or die;
my $child = fork() // die;
if (!$child) {
	$SIG{TERM} = 'IGNORE';
	close $ask_in;
	close $tell_out;
	$tell_in->autoflush(1);
	while (my $line = <$ask_out>) {
		chomp $line;
		print $tell_in scalar(reverse $line), "\n";
	}
	exit 23;
}
close $ask_out;
close $tell_in;
$ask_in->autoflush(1);
$SIG{TERM} = sub { $over = 1 };
$SIG{ALRM} = sub { $alarms++ };
ualarm(5000, 5000);
my %table = map { ("key$_" => $_ * $_) } 0 .. 50000;
open(my $log, '+>', "$dir/log") or die;
my $turns = 0;
sub turn {
	print $ask_in "word $turns\n";
	my $answer = <$tell_out>;
	chomp $answer;
	check($answer eq reverse("word $turns"), "turn $turns: answer '$answer'");
	print $log "$turns\n";
	$turns++;
}
turn() for 1 .. 10;
sleep 0.05 while $alarms < 2;
my ($alarms_before, $turns_before) = ($alarms, $turns);
open(my $ready, '>', "$dir/ready.$$") or die;
close $ready;
until ($over) {
	turn();
	select(undef, undef, undef, 0.003);
}
turn() for 1 .. 10;
for (1 .. 200) { last if $alarms > $alarms_before + 3; sleep 0.01; }
ualarm(0);
check($alarms > $alarms_before, "no alarm any more");
check($turns > $turns_before, "no turns");
check($table{"key$_"} == $_ * $_, "key$_") for 0 .. 50000;
seek($log, 0, 0);
my $expect = 0;
while (<$log>) { check($_ == $expect, "log: $_"); $expect++; }
check($expect == $turns, "log: $expect lines for $turns turns");
close $ask_in;
check(waitpid($child, 0) == $child && $? >> 8 == 23, "child: status $?");
open(my $verdict, '>>', "$dir/verdict") or die;
print $verdict @failures ? map { "FAIL: $_\n" } @failures[0 .. ($#failures < 9 ? $#failures : 9)] : "PASS\n";
exit(@failures ? 1 : 0);
