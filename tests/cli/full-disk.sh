#!/bin/sh
# full-disk.sh - a file system without room: nothing is half done
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

# A small file system of this test's own needs a mount name space.
if [ -z "${FULL_DISK_INSIDE-}" ]; then
	for unshare in 'unshare -m' 'unshare -rm'; do
		FULL_DISK_INSIDE=yes $unshare sh -c 'd=$(mktemp -d) &&
			mount -t tmpfs -o size=64k none "$d" && umount "$d" &&
			rmdir "$d"' 2>/dev/null || continue
		export FULL_DISK_INSIDE=yes
		exec $unshare sh "$0"
	done
	echo 'skip - a full disk: this needs leave to mount a small one'
	verdict
fi

mkdir "$tmp/small"
trap 'umount "$tmp/small"; rm -rf "$tmp"' EXIT
need mount -t tmpfs -o size=1m none "$tmp/small"
need psm init -d "$tmp/small/db" --no-password
make_ca
need psm request -d "$tmp/small/db" -k ec -s 'CN=Alice,O=Example' \
	-o "$tmp/request"
need psm ca issue -d "$tmp/ca" -i "$tmp/request" -o "$tmp/answer"
psm pending -d "$tmp/small/db"
cp "$tmp/out" "$tmp/pending"

fill() {
	head -c 2000000 /dev/zero >"$tmp/small/fill" 2>/dev/null
	[ "$(df --output=avail "$tmp/small" | tail -n 1)" -eq 0 ]
}

# unchanged: no certificate, and the request waits as it did
unchanged() {
	empty list small/db && psm pending -d "$tmp/small/db" &&
		cmp -s "$tmp/out" "$tmp/pending"
}

need fill
check 'an import into a full disk is an internal error' eval \
	'! psm import -d "$tmp/small/db" -i "$tmp/answer" --js &&
	out_is "error:internalError"'
check 'it stores nothing, and the request still waits' unchanged
check 'a request on a full disk fails' not \
	psm request -d "$tmp/small/db" -k ec -s 'CN=Bob,O=Example'
check 'it leaves no key' unchanged

rm "$tmp/small/fill"
check 'with room again the same answer is imported' \
	psm import -d "$tmp/small/db" -i "$tmp/answer"
check 'the certificate is there with its key' \
	says "Alice's Example ID *u,u,u" certutil -L -d "sql:$tmp/small/db"
need fill
check 'a backup onto a full disk fails' not psm backup -d "$tmp/small/db" \
	-n "Alice's Example ID" -o "$tmp/small/backup.p12" \
	--backup-password-file "$0"
check 'it leaves no file' eval '[ -z "$(ls "$tmp/small" | grep backup)" ]'
verdict
