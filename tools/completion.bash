# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of vfpool's command lines for bash.  The command itself knows what may come next
# (tools/complete.h); here its answer is put into the form that bash wants.

_vfpool() {
	local line=${COMP_LINE:0:COMP_POINT} words answer current cut='' word
	read -ra words <<<"$line"
	[[ $line == *[[:blank:]] ]] && words+=('')
	current=${words[-1]}
	mapfile -t answer < <("$1" --complete "${words[@]:1}" 2>/dev/null)
	COMPREPLY=()
	if [ "${answer[0]:-}" = files ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "${current##*=}")
		return
	fi
	# bash takes a word apart at these (MACs, --pool=NAME), and wants the last part alone.
	for word in : =; do
		[[ $COMP_WORDBREAKS == *"$word"* && ${current#"$cut"} == *"$word"* ]] &&
			cut=${current%"${current##*"$word"}"}
	done
	for word in "${answer[@]:1}"; do
		word=${word#"$cut"}
		printf -v word %q "$word"
		COMPREPLY+=("$word")
	done
}
complete -F _vfpool vfpool
