#!/bin/sh
# systemd.sh - what psmd.service allows is what psmd does
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl setpriv strace systemd-analyze
unit=$top_srcdir/doc/systemd/psmd.service.in

if [ "$(id -u)" -ne 0 ] || is_sanitized; then
	skip 'it takes root, and no sanitizer'
	exit 77
fi
if ! run strace -qq -o "$tmp/calls" true; then
	skip 'nothing can be traced here'
	exit 77
fi
if ! run setpriv --reuid nobody --clear-groups "$PSMD" --version; then
	skip 'others cannot reach psmd here'
	exit 77
fi

# expand NAME...: system calls, and for @NAME those of the set
expand() {
	for name in "$@"; do
		case $name in
		@*)
			# shellcheck disable=SC2046 # words
			expand $(systemd-analyze syscall-filter "$name" |
				sed -n 's/^ *\(@*[a-z0-9_-]*\)$/\1/p' |
				grep -vx -e "$name")
			;;
		*) echo "$name" ;;
		esac
	done
}

# allow: the calls that the unit's lines leave, in $tmp/allowed
allow() {
	: >"$tmp/allowed"
	sed -n 's/^SystemCallFilter=//p' "$unit" >"$tmp/filters"
	while read -r filter; do
		# shellcheck disable=SC2086 # words
		expand ${filter#\~} >"$tmp/set"
		case $filter in
		\~*) grep -vxF -f "$tmp/set" "$tmp/allowed" >"$tmp/left" ;;
		*) cat "$tmp/allowed" "$tmp/set" >"$tmp/left" ;;
		esac
		mv "$tmp/left" "$tmp/allowed"
	done <"$tmp/filters"
}

fresh
need run "$PSMD" ca init -c "$conf"
set_to 'service orders' enabled yes
set_to 'service pkcs12' enabled yes
set_to pkcs12 pool_rsa_2048 1
set_to pkcs12 pool_rsa_3072 0
make_cert signer
cp "$tmp/signer.pem" "$dir/signer.pem"
(umask 077 && openssl rand -base64 32 >"$dir/aes" && echo key >"$dir/em")
set_to 'client admin' aes_key_file aes
set_to 'client admin' em_key_file em
set_to 'client admin' certificate signer.pem
set_to 'client admin' addresses 127.0.0.1
chmod go+x "$tmp"
: >"$tmp/calls"
chown -R nobody "$dir" "$tmp/calls"
wrapper="setpriv --reuid nobody --clear-groups strace -D -f -qq -o $tmp/calls"
start
check 'it serves' healthy
make_cert one
put one @one
check 'and writes' succeeded
ask "$https/ca/chain"
check 'and signs' status_is 200
kill -HUP "$psmd_pid"
check 'and reads its configuration again' in_time logged 'was read again'
check 'and makes keys ahead, after everything else' \
	in_time grep -q ' setpriority(' "$tmp/calls"
check 'psmd ends well' stop
need allow
sed -n 's/^[0-9]* *\([a-z][a-z0-9_]*\)(.*/\1/p' "$tmp/calls" | sort -u \
	>"$tmp/used"
check 'which are many calls' test "$(wc -l <"$tmp/used")" -gt 40
check 'none that the unit does not allow' eval \
	'! grep -vxF -f "$tmp/allowed" "$tmp/used" >"$tmp/out"'
verdict
