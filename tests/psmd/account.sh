#!/bin/sh
# account.sh - psmd account, also while the daemon runs
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl
api=/api/cert/user

# account SUBCOMMAND [OPTION...]: without a terminal
account() {
	run setsid -w "$PSMD" account "$@" -c "$conf"
}

fails() {
	code=$1
	shift
	account "$@"
	[ $? -eq "$code" ]
}

# typed TEXT COMMAND...: TEXT on standard input
typed() {
	text=$1
	shift
	printf '%s' "$text" | setsid -w "$PSMD" account "$@" -c "$conf" \
		>"$tmp/out" 2>"$tmp/err"
}

listed() {
	account list && out "$1"
}

# may ACCOUNT PASSWORD: log in
may() {
	ask --digest -u "$1:$2" "$https$api"
	status_is 200
}

fresh
start

check 'an account with a password made' \
	account add alice -p system-control --generate
alice=$(cat "$tmp/out")
check 'of 20 characters' test "${#alice}" -eq 20
check 'is known to the daemon at once' may alice "$alice"
check 'another one of that name is refused' fails 1 add alice --generate
check 'which says so' err 'there is an account "alice" already'
check 'a password by standard input' typed 'pass word 1
more' add bob -f - -p all
check 'is its first line' may bob 'pass word 1'
check 'a password is changed' account passwd bob --generate
bob=$(cat "$tmp/out")
check 'the new one is good' may bob "$bob"
check 'the old one is not' not may bob 'pass word 1'
check 'a short one is refused' not typed 'short7.
' passwd bob -f -
check 'so is a long one' not typed "$(head -c 129 /dev/zero | tr '\0' a)
" passwd bob -f -
check 'the last one stays' may bob "$bob"
check 'without a terminal nobody is asked' fails 1 passwd bob
check 'a disabled account' account change bob --disable
check 'is shown as that' listed '^disabled .* bob$'
check 'and cannot log in' not may bob "$bob"
check 'enabled again' account change bob --enable
check 'it can' may bob "$bob"
check 'privileges are taken away' account change bob -p ''
check 'which the list shows' listed '^enabled .*  -  bob$'
ask --digest -u "bob:$bob" "$https$api"
check 'and the daemon says' failed_with 10
check 'a privilege that is none is refused' \
	fails 1 change bob -p everything
check 'an account without Digest' \
	account add carol -p all --no-digest --generate
carol=$(cat "$tmp/out")
check 'is shown as that' listed '^enabled  *basic .* carol$'
check 'and cannot log in so' not may carol "$carol"
check 'a new password keeps it so' account passwd carol --generate
check 'until it is wished for' eval \
	'listed "basic .* carol$" &&
	account passwd carol --generate --digest'
carol=$(cat "$tmp/out")
check 'then it can' may carol "$carol"

# two commands at a time: carol is read, then changed by another

reads() {
	readlink "/proc/$1/fd/"* 2>/dev/null | grep -q "^$2\$"
}

mkfifo "$tmp/fifo"
"$PSMD" account passwd carol -f "$tmp/fifo" -c "$conf" >"$tmp/late" 2>&1 &
late=$!
exec 9<>"$tmp/fifo"
check 'while a password is waited for' in_time reads "$late" "$tmp/fifo"
check 'an account is disabled' account change carol --disable
printf 'pass word 2\n' >&9
exec 9>&-
check 'the password comes' wait "$late"
check 'and enables nothing' listed '^disabled .* carol$'
check 'enabled again' account change carol --enable
carol='pass word 2'
check 'it has that password' may carol "$carol"

set_to accounts lock_after 3
kill -HUP "$psmd_pid"
in_time logged 'was read again'
for try in 1 2 3; do
	may alice "wrong $try"
done
check 'wrong passwords lock an account' listed '^locked .* alice$'
check 'for the right one too' not may alice "$alice"
check 'unlocked' account change alice --unlock
check 'it is not' may alice "$alice"

check 'an account is removed' account remove bob
check 'once' fails 1 remove bob
check 'which says why' err 'there is no account "bob"'
check 'nobody logs in as it' not may bob "$bob"
check 'a name with a colon is refused' fails 2 add a:b --generate
check 'two sources of a password are one too many' \
	fails 2 add dave --generate -f x
check 'enabled and disabled exclude each other' \
	fails 2 change alice --enable --disable
check 'no password is in the log' \
	not logged "$alice\\|$carol\\|pass word 1"
conf=$tmp/none
check 'without a configuration it has its own exit status' fails 3 list

# --- lost

conf=$dir/psmd.conf
check 'psmd ends well' stop
mv "$dir/records.db" "$tmp/records.db"
check 'without the records there is no list' fails 1 list
check 'and that is why' err 'records.db: '
check 'a password that is too short makes none' eval \
	'typed short add carol -f -; not test -e "$dir/records.db"'
check 'the first account does' account add carol --generate -p all
password=$(cat "$tmp/out")
check 'and says so' err 'records.db was not there, and is made anew'
check 'nobody else may read them' \
	test "$(stat -c %a "$dir/records.db")" = 600
start
check 'with them it works again' may carol "$password"
check 'and ends well' stop
verdict
