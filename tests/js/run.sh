#!/bin/sh
# run.sh - build the addon against the libpsm of this build, and test it.
#
#	tests/js/run.sh [bench]
#
# The package is built in a directory of its own, by the node-gyp that comes
# with npm and without a network. PSM_NPM=1 fetches what package-lock.json
# pins, and checks the types with that TypeScript and with Node's own types.
# With "bench" the addon is measured.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

# unable WHY: there is no addon to test here
unable() {
	echo "skip - the addon for Node: $1"
	exit 77
}

for tool in node npm make python3; do
	command -v "$tool" >"$tmp/quiet" || unable "there is no $tool"
done
prefix=$(dirname "$(dirname "$(realpath "$(command -v node)")")")
for nodedir in "$prefix" /usr ''; do
	[ ! -f "$nodedir/include/node/node_api.h" ] || break
done
[ -n "$nodedir" ] || unable "there are no headers of Node's (libnode-dev)"

lib=$top_builddir/psm/.libs
[ -f "$lib/libpsm.so" ] || unable "there is no $lib/libpsm.so"
LD_LIBRARY_PATH=$lib
export LD_LIBRARY_PATH

# As if it was installed.
mkdir "$tmp/pkgconfig"
cat >"$tmp/pkgconfig/psm.pc" <<EOF
Name: psm
Description: the libpsm of this build
Version: 0
Libs: -L$lib -lpsm
Cflags: -I$(cd "$top_srcdir" && pwd)
EOF
PKG_CONFIG_PATH=$tmp/pkgconfig
export PKG_CONFIG_PATH

# alone NAME PROGRAM: the program without the sanitizer's runtime preloaded,
# since it has that already
alone() {
	printf '#!/bin/sh\nunset LD_PRELOAD\nexec "%s" "$@"\n' "$2" \
		>"$tmp/$1"
	chmod +x "$tmp/$1"
	echo "$tmp/$1"
}

PSM_CHALLENGE=$top_builddir/tests/js/challenge
PSMD=${PSMD:-$top_builddir/psmd/psmd}
CFLAGS=-Werror LDFLAGS=
preload=
if nm -D "$lib/libpsm.so" | grep -q __asan_init; then
	for runtime in "libclang_rt.asan-$(uname -m).so" libasan.so; do
		preload=$($CC -print-file-name="$runtime")
		[ ! -f "$preload" ] || break
		preload=
	done
	[ -n "$preload" ] || unable "no sanitizer's runtime to preload"
	CFLAGS="$CFLAGS -g -fsanitize=address,undefined"
	LDFLAGS=-fsanitize=address,undefined
	PSM=$(alone psm "$PSM")
	PSMD=$(alone psmd "$PSMD")
	PSM_CHALLENGE=$(alone challenge "$PSM_CHALLENGE")
fi
# What links is CXX; there is no C++ here, and one sanitizer is enough.
CXX=$CC
export CC CXX CFLAGS LDFLAGS PSM PSMD PSM_CHALLENGE

npm_config_cache=$tmp/npm
npm_config_logs_max=0
npm_config_update_notifier=false
export npm_config_cache npm_config_logs_max npm_config_update_notifier

PSM_CRYPTO=$tmp/psm-crypto
export PSM_CRYPTO
mkdir "$PSM_CRYPTO"
(cd "$top_srcdir/js/node" && tar cf - --exclude=node_modules \
	--exclude=build .) | (cd "$PSM_CRYPTO" && tar xf -)
chmod -R u+w "$PSM_CRYPTO"

build() {
	(cd "$PSM_CRYPTO" && npm run build -- --nodedir="$nodedir") \
		>"$tmp/out" 2>"$tmp/err"
}

# tests LEAKS FILE...: LEAKS is 1 where a process ends as it should
tests() {
	leaks=$1
	shift
	(
		[ -z "$preload" ] || export LD_PRELOAD="$preload"
		ASAN_OPTIONS="exitcode=99:detect_leaks=$leaks" \
		exec node --expose-gc --test \
			--test-reporter="$top_srcdir/tests/js/reporter.mjs" "$@"
	) || failed=1
}

check 'the addon builds without a warning' build
[ "$failed" -eq 0 ] || verdict
rm "$tmp/out" "$tmp/err"

if [ "${1-}" = bench ]; then
	exec node "$top_srcdir/bench/bench_addon.js" \
		"$top_builddir/bench/bench_addon"
fi

case $top_srcdir in
/*) ;;
*) top_srcdir=$PWD/$top_srcdir ;;
esac
cd "$PSM_CRYPTO" || exit 99
# threads.test.js ends processes halfway, which V8 itself calls a leak.
tests 1 test/open.test.js test/object.test.js test/callbacks.test.js \
	test/readme.test.js "$top_srcdir/tests/js/pages.test.js" \
	"$top_srcdir/tests/js/portal.test.js"
tests 0 test/threads.test.js

types() {
	(cd "$PSM_CRYPTO" && npm run types) >"$tmp/out" 2>"$tmp/err"
}
[ -z "${PSM_NPM-}" ] || need quietly npm ci --ignore-scripts
if [ -n "${PSM_NPM-}" ] || command -v tsc >"$tmp/quiet"; then
	check 'TypeScript accepts the types, and what they are for' types
else
	echo 'skip - TypeScript accepts the types: there is no tsc'
fi
verdict
