#!/bin/sh
# secrets.sh - no password and no key where it does not belong
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl openssl

fresh
cp "$tmp/out" "$tmp/init.out"
set_to 'service system' auth basic
start

# A password for each place it may come from.
p12_password=$(a_password) key_password=$(a_password) wrong=$(a_password)
make_cert one '/CN=Not a secret'
need run openssl pkcs8 -topk8 -in "$tmp/one.key" -out "$tmp/encrypted.key" \
	-passout "pass:$key_password" -v2 aes-256-cbc
need run openssl pkcs12 -export -in "$tmp/one.pem" -inkey "$tmp/one.key" \
	-out "$tmp/one.p12" -passout "pass:$p12_password"

cp "$tmp/encrypted.key" "$tmp/two.key"
cp "$tmp/one.pem" "$tmp/two.pem"
put two @two -F "password=$key_password"
check 'an encrypted key is stored' succeeded
put two @two -F "password=$wrong"
check 'not with a wrong password' failed_with 12 password
put one @one
check 'a plain key is stored' succeeded
as_user -X PUT -F "blob-cert=@$tmp/one.p12" -F "password=$p12_password" \
	"$https/api/cert/user?password=$wrong"
as_user -X DELETE "$https/api/cert/user?id=@two&password=$wrong"
as_user "$https/api/cert/user?password=$wrong"
ask -u "admin:$wrong" "$https/api/cert/user"
check 'a wrong password is refused' status_is 401
ask -u "$wrong:x" "$https/api/cert/user"
ask --data-urlencode name=admin --data-urlencode "password=$password" \
	"$https/session"
check 'the page logs in' status_is 200
ask --data-urlencode name=admin --data-urlencode "password=$wrong" \
	"$https/session"
ask -H "Cookie: __Host-psm=$wrong; psm=$wrong" -H "X-PSM-Token: $wrong" \
	"$https/api/cert/user"
ask -X PUT -d "password=$wrong&blob-pk=$wrong" "$https/api/cert/user"
printf 'GET /%s HTTP/1.1\r\nAuthorization: Basic %s\r\n\r\n' x \
	"$(printf 'admin:%s' "$password" | base64)" |
	"$ABUSE" talk "$plain_port" >"$tmp/out" 2>"$tmp/err"

# keeps SENTENCE FILE...: none of the secrets in these
keeps() {
	sentence=$1
	shift
	! grep -r -a -l -F -f "$tmp/secrets" "$@" >"$tmp/out" 2>"$tmp/err"
	tell $? "$sentence"
}
basic=$(printf 'admin:%s' "$password" | base64)
printf '%s\n' "$password" "$p12_password" "$key_password" "$wrong" \
	"${basic%%=*}" >"$tmp/secrets"
grep -v -e '-----' "$tmp/one.key" >>"$tmp/secrets"
# the key itself: hexadecimal, and as the bytes it is
openssl pkey -in "$tmp/one.key" -noout -text | sed -n '/^priv:/,/^pub:/p' |
	sed '1d;$d' | tr -d ' :\n' >"$tmp/hex"
cut -c 1-64 "$tmp/hex" >>"$tmp/secrets"
sed 's/../\\x&/g' "$tmp/hex" >"$tmp/bytes"

check 'the log has lines' logged 'request method=PUT path=/api/cert/user'
check 'and of the change' logged 'audit account=admin .*action='
check 'and no query' not logged '[?]'
keeps 'no secret in the log' "$log"
keeps 'none in the records, nor in the database' "$dir"
keeps 'none in the arguments' "/proc/$psmd_pid/cmdline"
keeps 'none in the environment' "/proc/$psmd_pid/environ"
# shellcheck disable=SC2046 # one word
check 'the database does not hold the bare key' not grep -r -a -q -P \
	"$(cat "$tmp/bytes")" "$dir" "$log"
keeps 'what init says has not this password' "$tmp/init.out"

# Nobody else can read what is there.
check 'nobody else can read the directory' test -z \
	"$(find "$dir" -maxdepth 0 -perm /077)"
for file in nss.pin records.db; do
	check "nobody else can read $file" test -z \
		"$(find "$dir/$file" -perm /077)"
done
check 'a core would not be written' test "$(awk '/^Max core file size/ {
	print $5 }' "/proc/$psmd_pid/limits")" = 0
check 'psmd ends well' stop
keeps 'no secret is left when it has ended' "$dir" "$log"
verdict
