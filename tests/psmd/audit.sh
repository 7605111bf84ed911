#!/bin/sh
# audit.sh - psmd audit list and verify
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses sqlite3

audit() {
	run "$PSMD" audit "$@" -c "$conf"
}

fails() {
	code=$1
	shift
	audit "$@"
	[ $? -eq "$code" ]
}

fresh
need run "$PSMD" account add eve -c "$conf" --generate
secret=$(cat "$tmp/out")
need run "$PSMD" account change eve -c "$conf" -p system-control
check 'the audit trail is intact' audit verify
check 'which counts its entries' out '^4 entries, intact'
noted=$(sed -n 2p "$tmp/out")
check 'and says the hash of the last' test "${#noted}" -eq 64
need run "$PSMD" account remove eve -c "$conf"
check 'the list has what became of accounts' audit list
check 'made by init' out \
	'^1 .*Z account=- address=local action=account.add object=admin '
check 'made' out ' action=account.add object=eve uid='
check 'changed' out \
	'^4 .* action=account.change object=eve .*privileges=0x1 '
check 'which kept the password' out ' action=account.change .* password=kept '
check 'a new password is told' out \
	'^2 .* action=account.change object=admin .* password=new '
check 'removed' out '^5 .* action=account.remove object=eve '
check 'an entry a line' test "$(wc -l <"$tmp/out")" -eq 5
check 'and no password' not out "$secret\\|argon2"
check 'an entry that was noted is found' audit verify --noted "$noted"
check 'one that was not is missed' \
	fails 1 verify --noted "$(printf '%064d' 0)"
check 'which is said' err 'no entry with that hash'

sql() {
	run sqlite3 "$dir/records.db" "$1"
}
check 'an entry is not changed' not sql 'UPDATE audit SET time = 0'
check 'nor deleted' not sql 'DELETE FROM audit'
check 'but by force' sql "DROP TRIGGER audit_update;
	UPDATE audit SET object = 'bob' || char(10) || 'x' WHERE number = 4"
check 'which shows' fails 1 verify
check 'and where' err 'changed at entry 4'
check 'the list is a line for an entry still' eval \
	'audit list && out "object=bob.x0ax " &&
	test "$(wc -l <"$tmp/out")" -eq 5'
check 'one is taken away' sql 'DROP TRIGGER audit_delete;
	DELETE FROM audit WHERE number = 5'
check 'a change before is told first' eval \
	'fails 1 verify && err "entry 4"'
check 'put right again' sql "UPDATE audit SET object = 'eve' WHERE number = 4"
check 'the loss is told' eval 'fails 1 verify && err "lost entry 5"'
need run "$PSMD" account add "$(printf 'bob action=x\302\240\\')" \
	-c "$conf" --generate
check 'a name with a blank does not look like fields' eval \
	'audit list && out "object=bob.x20action=x[^ ]*.x5c uid="'

check 'a list that nobody can take has failed' eval \
	'"$PSMD" audit list -c "$conf" >/dev/full 2>"$tmp/err"; test $? -eq 1'
check 'it has no other word' fails 2 verify now
rm "$dir/records.db"
check 'without records it fails' fails 1 verify
conf=$tmp/none
check 'without a configuration it has its own exit status' fails 3 list
verdict
