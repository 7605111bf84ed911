#!/bin/sh
# store.sh - psm list, show and delete
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

make_ca
make_db db
check 'list prints nothing for an empty database' empty list db
answer db 'CN=Zoë,O=Example'
need psm import -d "$tmp/db" -i "$tmp/db.answer" -n zoe
answer db 'CN=Alice,O=Example'
need psm import -d "$tmp/db" -i "$tmp/db.answer" -n alice

check 'list succeeds' psm list -d "$tmp/db"
check 'it has a head' out '^NICKNAME  *KEY  *OWN  *EXPIRES  *SHA-256$'
check 'a line has key, date and fingerprint' \
	out '^alice  *EC 256  *yes  *20[0-9-]*  *[0-9a-f]\{16\}$'
check 'lines are sorted' \
	test "$(sed -n '2s/ .*//p' "$tmp/out")" = Test -o \
	"$(grep -n '^alice' "$tmp/out" | cut -d: -f1)" -lt \
	"$(grep -n '^zoe' "$tmp/out" | cut -d: -f1)"
check 'the CA has no key here' out '  EC 256  *-  '
check 'list --json succeeds' psm list -d "$tmp/db" --json
check 'and has every fingerprint' \
	test "$(grep -c '"sha256": "[0-9a-f]\{64\}"' "$tmp/out")" -eq 3
check 'list -h of another token is empty' psm list -d "$tmp/db" -h nowhere
check 'as it should be' test ! -s "$tmp/out"

check 'show prints a certificate' psm show -d "$tmp/db" -n zoe
check 'its subject in UTF-8' out '^Subject  *CN=Zoë,O=Example$'
check 'and whether the key is here' out '^Private key  *here$'
sha256=$(sed -n 's/^SHA-256  *//p' "$tmp/out")
check 'show finds a fingerprint' psm show -d "$tmp/db" -n "$sha256"
check 'the certificate is the same' out '^Nickname  *zoe$'
check 'show -a prints PEM' psm show -d "$tmp/db" -n zoe -a
check 'that openssl reads' \
	test "$(openssl x509 -in "$tmp/out" -noout -fingerprint -sha256 |
		sed 's/.*=//; s/://g' | tr A-F a-f)" = "$sha256"
check 'show -r prints DER' psm show -d "$tmp/db" -n zoe -r -o "$tmp/der"
check 'that openssl reads too' \
	test "$(sha256sum <"$tmp/der" | cut -d' ' -f1)" = "$sha256"
refused 'show -a -r is refused' 2 show -d "$tmp/db" -n zoe -a -r
refused 'show of nobody has its status' 9 show -d "$tmp/db" -n nobody

refused 'delete needs --yes without a terminal' 2 delete -d "$tmp/db" -n alice
check 'and then deletes nothing' psm show -d "$tmp/db" -n alice
check 'delete --yes deletes' psm delete -d "$tmp/db" -n alice --yes --json
check 'the key too' out '"keyDeleted": true'
refused 'so it is gone' 9 show -d "$tmp/db" -n alice
check 'delete --keep-key keeps the key' \
	psm delete -d "$tmp/db" -n zoe --yes --keep-key
psm pending -d "$tmp/db"
check 'as an orphan' out orphan
refused 'delete of nobody has its status' 9 \
	delete -d "$tmp/db" -n nobody --yes

# Two certificates of one subject share their nickname.
make_db twin
for n in first second; do
	answer twin 'CN=Twin,O=Example'
	need psm import -d "$tmp/twin" -i "$tmp/twin.answer" -n "$n"
done
refused 'a nickname of two is ambiguous to delete' 11 \
	delete -d "$tmp/twin" -n first --yes
check 'show shows both' psm show -d "$tmp/twin" -n first
check 'one after the other' test "$(grep -c ^SHA-256 "$tmp/out")" -eq 2
refused 'show -r of two is ambiguous' 11 \
	show -d "$tmp/twin" -n first -r

# A name may hold what upsets a terminal.
make_db evil
answer evil "CN=$(printf 'Evil\302\233\342\200\256'),O=Example"
check 'import of a name with control characters' \
	psm import -d "$tmp/evil" -i "$tmp/evil.answer" -n evil
psm show -d "$tmp/evil" -n evil
check 'show escapes C1' not out "$(printf '\302\233')"
check 'and what turns the direction of writing' \
	not out "$(printf '\342\200\256')"
psm show -d "$tmp/evil" -n evil --json
LC_ALL=C
check 'JSON is plain ASCII' not out '[^ -~]'
verdict
