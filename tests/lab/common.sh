# shellcheck shell=bash
# What the scripts of the lab that run on L0 share: the cache, and commands inside a root file system.

# shellcheck disable=SC2034 # used by those that source this
lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${VFPOOL_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vfpool-lab}

say() {
	printf 'lab: %s\n' "$*" >&2
}

# cached KIND SUITE WORD… : prints the folder that `make_KIND SUITE FOLDER` filled, making it when there is none for
# these WORDs (contents or names of all that it is made from). One is kept for each KIND and SUITE. The lock is held
# to the end of the script, so this comes last in one.
cached() {
	local kind=$1 suite=$2 folder lock
	folder=$cache/$kind-$suite-$(printf '%s\n' "${@:3}" | sha256sum | cut -c 1-12)
	mkdir -p "$cache"
	exec {lock}>"$cache/$kind-$suite.lock"
	flock "$lock"
	if [ ! -d "$folder" ]; then
		say "making $kind of $suite"
		rm -rf --one-file-system "$folder.new"
		mkdir "$folder.new"
		(exec {lock}>&- && "make_$kind" "$suite" "$folder.new") >&2
		find "$cache" -maxdepth 1 -type d -name "$kind-$suite-*" ! -path "$folder.new" \
			-exec rm -rf --one-file-system {} +
		mv "$folder.new" "$folder"
	fi
	printf '%s\n' "$folder"
}

# enter ROOT [NAME=FOLDER…] COMMAND [ARG…] : becomes COMMAND in the root file system ROOT, where each FOLDER
# is seen as /mnt/NAME. The mounts are COMMAND's own and end with it, as it ends with its parent.
enter() {
	# shellcheck disable=SC2016 # the inner shell expands
	exec setpriv --pdeathsig KILL unshare --mount sh -euc '
		root=$1 && shift
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs mnt "$root/mnt"
		while case $1 in *=/*) ;; *) false ;; esac; do
			mkdir "$root/mnt/${1%%=*}"
			mount --bind "${1#*=}" "$root/mnt/${1%%=*}"
			shift
		done
		unset TMPDIR
		exec chroot "$root" "$@"' enter "$@"
}
