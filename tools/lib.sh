# lib.sh - for tools/check and tools/demo: what they need of the machine.

# say SENTENCE: bold on a terminal
if [ -t 1 ]; then
	say() { printf '\033[1m%s\033[0m\n' "$*"; }
else
	say() { printf '%s\n' "$*"; }
fi

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# as_root COMMAND...: with sudo if we are somebody else
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root or sudo for: $*"
	fi
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
		installed ]
}

# need PACKAGE...: install those Debian packages that are missing. Nothing is
# asked of the network, nor of root, when there are none.
need() {
	command -v dpkg-query >/dev/null || {
		say "This is no Debian; the packages needed are: $*"
		return 0
	}
	missing=
	for package; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "Installing$missing"
	as_root apt-get -qq update
	# shellcheck disable=SC2086 # a list
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		--no-install-recommends $missing </dev/null >/dev/null
}

# need_unless COMMAND PACKAGE...: packages that are missing without COMMAND,
# which others than Debian provide too
need_unless() {
	command -v "$1" >/dev/null || {
		shift
		need "$@"
	}
}

need_to_build() {
	need autoconf automake curl gcc libc6-dev libinih-dev libjansson-dev \
		libmicrohttpd-dev libnspr4-dev libnss3-dev libsodium-dev \
		libsqlite3-dev libsystemd-dev libtool make pkg-config \
		libnss3-tools openssl
}

need_to_check() {
	need_to_build
	need clang dumpasn1 g++ gnutls-bin libbcpkix-java libclang-rt-dev \
		libcmocka-dev llvm mandoc node-typescript python3 \
		python3-yaml softhsm2 sqlite3 strace valgrind
	need_unless nginx nginx-light
	need_unless javac default-jdk-headless
	# A Node that is not Debian's brings its headers and npm along.
	need_unless node nodejs libnode-dev
	need_unless npm npm
	need_unless chromium chromium
	command -v firefox >/dev/null || need_unless firefox-esr firefox-esr
}

jobs=$(nproc 2>/dev/null || echo 2)
