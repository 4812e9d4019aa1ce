# SPDX-License-Identifier: LGPL-2.1-or-later
# Puts the recorded session into a manual page:
#
#	awk -v version=0.1 -f expand.awk docs/session docs/man/PAGE.in
#
# A line "@session COMMAND@" of the page becomes an example: the command, and what the screen said.  @version@ becomes
# the version.  A command that the session does not have says so in the page, for tests/man.sh to find: the program has
# to be built before a session can be recorded.

function flush_block() {
	sub(/\n+$/, "", block)
	if (command != "" && !(command in screen))
		screen[command] = block
}

# What roff would take for its own.
function escaped(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	gsub(/'/, "\\(aq", text)
	sub(/^[.]/, "\\\\\\&.", text)
	return text
}

FILENAME == ARGV[1] && /^# / {
	flush_block()
	command = substr($0, 3)
	block = ""
	next
}
FILENAME == ARGV[1] {
	block = block $0 "\n"
	next
}

FNR == 1 { flush_block() }

/^@session .*@$/ {
	name = substr($0, 10, length($0) - 10)
	if (after_example)
		print ".PP"
	print ".EX"
	print "\\fB# " escaped(name) "\\fR"
	if (!(name in screen))
		screen[name] = "not recorded: tests/lab/session.sh"
	n_lines = split(screen[name], lines, "\n")
	for (i = 1; i <= n_lines; i++)
		if (n_lines > 1 || lines[i] != "")
			print escaped(lines[i])
	print ".EE"
	after_example = 1
	next
}

{
	after_example = 0
	gsub(/@version@/, version)
	print
}
