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

# debian ROOT PACKAGE,… SUITE [MORE] : a minimal Debian in the folder ROOT, from the machine's own mirror. With the
# suite MORE beside SUITE, what both have comes from MORE.
debian() {
	local root=$1 packages=$2 suites=("${@:3}") mirror suite sources=()
	need mmdebstrap debian-archive-keyring
	mirror=$(mirror)
	for suite in "${suites[@]}"; do
		sources+=("deb $mirror $suite main")
	done
	INITRD=No DEBIAN_FRONTEND=noninteractive TMPDIR=$cache unshare --mount \
		mmdebstrap --quiet --mode=root --variant=minbase --format=directory --include="$packages" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='force-unsafe-io' \
		--aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
		--aptopt="Apt::Default-Release \"${suites[-1]}\"" "${suites[0]}" "$root" "${sources[@]}"
	rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
}

# need PACKAGE… : installs on this machine what it lacks.
need() {
	dpkg-query --show "$@" >/dev/null 2>&1 && return
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# The Debian archive among this machine's sources; security and third parties carry another label.
mirror() {
	# shellcheck disable=SC2016 # apt expands
	apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sed -n 1p
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
