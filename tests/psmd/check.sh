#!/bin/sh
# check.sh - psmd check: what is wrong with a configuration, and where
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"

need run "$PSMD" init -n localhost -l 127.0.0.1:0 "$dir"
cp -a "$dir" "$tmp/good"

again() {
	rm -rf "$dir"
	cp -a "$tmp/good" "$dir"
}

judge() {
	run "$PSMD" check -c "$conf"
	[ $? -eq "${1:-0}" ]
}

# complains SENTENCE PATTERN: exit status 1, and a complaint fits
complains() {
	judge 1 && err "$2"
	tell "$?" "$1"
}

# wrong SENTENCE PATTERN LINE...: the lines as a configuration
wrong() {
	sentence=$1 pattern=$2
	shift 2
	printf '%s\n' "$@" >"$conf"
	complains "$sentence" "$pattern"
}

check 'what init makes is fine' judge
check 'and nothing is said about it' not test -s "$tmp/err"

wrong 'an unknown section has its line' \
	':2: there is no section \[sever\]' '' '[sever]' 'workers = 1'
wrong 'an unknown setting too' \
	':2: \[server\] has no setting "worker"' '[server]' 'worker = 1'
wrong 'a setting of another section too' \
	':2: \[tls\] has no setting "workers"' '[tls]' 'workers = 1'
wrong 'one in no section' ':1: the line is in no section' 'workers = 1'
wrong 'a number out of its range' ':2: workers is a number from 1 to 64' \
	'[server]' 'workers = 65'
wrong 'no number' ':2: .* not "4x"' '[server]' 'workers = 4x'
wrong 'a negative one' ':2: .* not "-4"' '[server]' 'workers = -4'
wrong 'a huge one' ':2: .* not "99999999999999999999"' \
	'[server]' 'workers = 99999999999999999999'
wrong 'neither yes nor no' ':2: page is yes or no, not "on"' \
	'[server]' 'page = on'
wrong 'an unknown word' \
	':2: transport is one of https, http, both, not "ftp"' \
	'[service system]' 'transport = ftp'
wrong 'the same name twice' ':3: workers stands there twice, first in line 2' \
	'[server]' 'workers = 4' 'workers = 4'
wrong 'also when its section is there twice' \
	':4: workers stands there twice, first in line 2' \
	'[server]' 'workers = 4' '[server]' 'workers = 4'
wrong 'a line that is nothing' ':2: neither a \[section\] nor' \
	'[server]' 'workers'
wrong 'the last one' ':3: neither a \[section\] nor' \
	'[server]' 'workers = 4' 'nothing'
wrong 'a section without an end' ':1: a section.s name ends with' \
	'[server'
wrong 'something after a section' ':1: there is something after' \
	'[server] workers = 4'
wrong 'a line that goes on' ':3: \[server\] has no setting' \
	'[server]' 'listen_https = 127.0.0.1:1' '  127.0.0.1:2'
wrong 'a line that is too long' ':2: the line is too long' \
	'[server]' "database = $(head -c 300 /dev/zero | tr '\0' a)"
wrong 'a control character' ':2: there is a control character' \
	'[accounts]' "$(printf 'realm = a\033b')"
wrong 'an address without a port' ':2: listen_http is a list' \
	'[server]' 'listen_http = localhost'
wrong 'a port that is none' ':2: listen_http is a list' \
	'[server]' 'listen_http = localhost:70000'
wrong 'an IPv6 address without brackets' ':2: listen_http is a list' \
	'[server]' 'listen_http = ::1:80'
wrong 'a quotation mark in the realm' ':2: realm has neither' \
	'[accounts]' 'realm = a"b'
wrong 'no realm' ':2: realm has 1 to 64 bytes' '[accounts]' 'realm ='
wrong 'no records' ':2: records is needed' '[server]' 'records ='
wrong 'an id that is none' ':1: "@x" is no internal id' '[id @x]'
wrong 'an id twice' ':3: \[id #x\] stands there twice' \
	'[id #x]' 'protected = no' '[id #x]'
wrong 'an unknown setting of one' ':2: \[id\] has no setting "secret"' \
	'[id #x]' 'secret = no'
printf '%s\n' '[server]' 'workers = 0' 'queue = 0' >"$conf"
check 'all complaints are made' eval \
	'judge 1 && err ":2: workers" && err ":3: queue"'

again
printf '%s\r\n' '; a comment' '# another' '[server] ; here too' \
	"password_file = nss.pin ; and here" 'listen_https=127.0.0.1:0' \
	'[id #my2n-utility]' 'protected: no' '[tls]' '  tls12 = no' >"$conf"
check 'comments, blanks and ends of lines of others are fine' judge
printf '\357\273\277[server]\npassword_file = nss.pin' >"$conf"
set_to server listen_https 127.0.0.1:0
check 'and so is a byte order mark' judge

again
mv "$dir/nss" "$dir/away"
complains 'a database that is not there' '\[server\] database: '
again
echo wrong >"$dir/nss.pin"
complains 'a wrong password' '\[server\] database: .*SEC_ERROR_BAD_PASSWORD'
again
rm "$dir/nss.pin"
complains 'no password' ':[0-9]*: \[server\] password_file: .*No such file'
check 'which is why the database does not open' \
	err 'database: .*nss.pin: No such file'
again
: >"$dir/nss.pin"
complains 'an empty one' 'database: .*nss.pin: it is empty'
again
chmod 644 "$dir/nss.pin"
complains 'a password that others may read' 'password_file: others may read'
again
chmod 644 "$dir/records.db"
complains 'records that others may read' 'records: others may read'
again
chmod 640 "$dir/nss/key4.db"
complains 'keys that others may read' 'database: others may read'
again
chmod 666 "$conf"
complains 'a configuration that others may write' 'others may write'
again
rm "$dir/records.db"
complains 'records that are not there' 'records: '
again
head -c 8192 /dev/urandom >"$dir/records.db"
complains 'records that are none' 'records: '
again
chmod 400 "$dir/records.db"
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod go+x "$tmp"
	chown -R nobody "$dir"
	run setpriv --reuid nobody --clear-groups "$PSMD" check -c "$conf"
else
	run "$PSMD" check -c "$conf"
fi
check 'records that may not be written are told' \
	err 'records: .*the file may not be written'
if [ "$(id -u)" -eq 0 ]; then
	again
	chmod go+x "$tmp"
	chown -R nobody "$dir"
	chown root "$dir"
	set_to server user nobody
	complains 'a folder that the user cannot enter' \
		'database: nobody cannot use .*/nss: Permission denied'
	check 'the records are in it too' err 'records: nobody cannot use'
	chmod go-x "$tmp"
else
	skip 'what another user may reach is for root to see'
fi
again
set_to tls server_cert nothing
complains 'a certificate that is not there' \
	':[0-9]*: \[tls\] server_cert: no server certificate "nothing"'
again
set_to tls server_cert '#ca'
complains 'one that is not a server'\''s' 'server_cert: '
again
set_to tls client_cert require
set_to tls client_ca '#server'
complains 'a CA that is none' '"#server" is no CA'
again
set_to server user 'nosuchuser'
complains 'a user who is none' 'user: there is no user "nosuchuser"'
again
set_to server listen_http 192.0.2.1:80
complains 'an address of another machine' \
	':[0-9]*: \[server\] listen_http: 192.0.2.1 port 80: Cannot assign'
again
set_to server listen_http 127.0.0.1:8443
set_to server listen_https 127.0.0.1:8443
complains 'an address that is there twice' \
	':[0-9]*: \[server\] listen_http: 127.0.0.1 port 8443: it is listened'
set_to server listen_http ''
set_to server listen_https '*:8443, [::1]:8443'
complains 'one beside every one' \
	':[0-9]*: \[server\] listen_https: ::1 port 8443: it is listened'
set_to server listen_https '127.0.0.1:0, 127.0.0.1:0'
check 'two free ports are fine' judge
again
set_to 'service system' transport http
complains 'HTTP without an address for it' 'transport: http, but listen_http'
again
set_to accounts realm other
complains 'a realm that no password was made for' \
	'auth: no account can log in by digest in realm "other"'
again
need run "$PSMD" account remove admin -c "$conf"
set_to 'service system' auth basic
complains 'no account at all' 'auth: no account can log in'

# --- what is issued, and to whom

# give_client [NAME VALUE]...: a client that may have PKCS#12 files made, in
# files of its own
give_client() {
	head -c 32 /dev/urandom | base64 >"$dir/aes"
	echo 0123456789abcdef0123456789abcdef01234567 >"$dir/em"
	cp "$tmp/signer.pem" "$dir/signer.pem"
	chmod 600 "$dir/aes" "$dir/em"
	set_to 'client admin' aes_key_file aes
	set_to 'client admin' em_key_file em
	set_to 'client admin' certificate signer.pem
	set_to 'client admin' addresses 127.0.0.1
	set_to 'service pkcs12' enabled yes
	while [ $# -gt 1 ]; do
		set_to 'client admin' "$1" "$2"
		shift 2
	done
}

# with_client: a good configuration, and a client in it
with_client() {
	again
	give_client "$@"
}

make_cert signer
again
set_to 'service orders' enabled yes
check 'that there is no authority yet is no fault' judge
check 'but said' err ': \[ca\] nickname: .*"psmd ca init"'
set_to ca nickname far:away
check 'by its name, with a token that is not there' eval 'judge &&
	err "no certificate \"far:away\" is here"'
set_to ca nickname '#issuer'
need run "$PSMD" ca init -c "$conf"
check 'with one all is fine' judge
check 'and nothing more is said' not test -s "$tmp/err"
set_to server listen_https ''
set_to server listen_http 127.0.0.1:0
set_to 'service system' enabled no
complains 'orders without HTTPS' \
	':[0-9]*: \[service orders\] enabled: https, but listen_https is empty'
again
set_to 'service orders' enabled yes
set_to ca crl_file away/ca.crl
complains 'a CRL in a folder that is not there' \
	':[0-9]*: \[ca\] crl_file: .*/away/: no file can be made there'
again
set_to ca token_password_file pin
complains 'a password of a token that is not there' \
	':[0-9]*: \[ca\] token_password_file: .*No such file'
echo 1234 >"$dir/pin"
chmod 644 "$dir/pin"
complains 'one that others may read' 'token_password_file: others may read'
again
set_to 'service pkcs12' enabled yes
complains 'PKCS#12 files for nobody' \
	'\[service pkcs12\] enabled: .*there is no \[client name\]'
with_client
set_to 'service pkcs12' transport http
complains 'PKCS#12 files over HTTP without an address for it' \
	'\[service pkcs12\] transport: http, but listen_http is empty'
with_client
check 'a client with all that it needs is fine' judge
check 'and nothing is said about it' not err 'client'
sed 's/^\[client admin\]/[client nobody-here]/' "$conf" >"$tmp/conf"
cat "$tmp/conf" >"$conf"
check 'that it has no account yet is no fault' judge
check 'but said too' \
	err ':[0-9]*: \[client nobody-here\]: there is no account'

with_client aes_key_file none
complains 'a key that is not there' \
	':[0-9]*: \[client admin\] aes_key_file: .*No such file'
with_client
fold -w 11 "$dir/aes" | sed 's/$/\r/' >"$tmp/aes"
cat "$tmp/aes" >"$dir/aes"
check 'ends of lines in a key are fine' judge
head -c 31 /dev/urandom | base64 >"$dir/aes"
complains 'a key that is too short' 'aes_key_file: .*base64 of 32 bytes'
head -c 33 /dev/urandom | base64 >"$dir/aes"
complains 'one that is too long' 'aes_key_file: .*base64 of 32 bytes'
head -c 32 /dev/urandom >"$dir/aes"
complains 'one that is not base64' 'aes_key_file: .*base64 of 32 bytes'
with_client
chmod 640 "$dir/aes"
complains 'a key that others may read' 'aes_key_file: others may read'

with_client
head -c 128 /dev/zero | tr '\0' '~' >"$dir/em"
check '128 characters of emKey are fine' judge
head -c 129 /dev/zero | tr '\0' '~' >"$dir/em"
complains 'more are not' \
	':[0-9]*: \[client admin\] em_key_file: .*one line of 1 to 128'
printf 'one\ntwo\n' >"$dir/em"
complains 'nor are two lines' 'em_key_file: .*one line'
: >"$dir/em"
complains 'nor is none' 'em_key_file: .*one line'
printf 'caf\303\251\n' >"$dir/em"
complains 'nor what is not ASCII' 'em_key_file: .*one line'
printf 'a\0b\n' >"$dir/em"
complains 'nor a NUL' 'em_key_file: .*one line'
with_client
chmod 604 "$dir/em"
complains 'an emKey that others may read' 'em_key_file: others may read'

with_client
chmod 644 "$dir/signer.pem"
check 'a certificate is no secret' judge
cat "$tmp/signer.pem" >>"$dir/signer.pem"
complains 'two of them' \
	':[0-9]*: \[client admin\] certificate: .*PEM with one certificate'
cat "$tmp/signer.key" >"$dir/signer.pem"
complains 'a key in its place' 'certificate: .*PEM with one certificate'
openssl x509 -in "$tmp/signer.pem" -outform der -out "$dir/signer.pem"
complains 'DER in its place' 'certificate: .*PEM with one certificate'
printf -- '-----BEGIN CERTIFICATE-----\nMAMCAQE=\n%s\n' \
	'-----END CERTIFICATE-----' >"$dir/signer.pem"
complains 'what is not even one' 'certificate: .*signer.pem: this is no cert'
rm "$dir/signer.pem"
complains 'no certificate' 'certificate: .*No such file'

if [ "$(id -u)" -eq 0 ]; then
	with_client
	chmod go+x "$tmp"
	chown -R nobody "$dir"
	chown root "$dir/aes" "$dir/em"
	set_to server user nobody
	complains 'a key that the user cannot read' \
		'\[client admin\] aes_key_file: nobody cannot use .*/aes'
	check 'an emKey too' err 'em_key_file: nobody cannot use .*/em'
	check 'the certificate is its own' not err 'certificate: nobody'
	mkdir "$dir/www"
	set_to ca crl_file www/ca.crl
	complains 'a CRL in a folder that the user cannot write' \
		'\[ca\] crl_file: .*/www/: no file can be made there: Perm'
	chmod go-x "$tmp"
else
	skip 'what another user may use is for root to see'
fi
again
set_to 'profile client' days 364
set_to 'profile client' max_days 364
check 'short days are none of its business without orders' judge
check 'and nothing is said about them' not err 'max_days'
set_to 'service orders' enabled yes
check 'with orders they are told' judge
check 'as what they are' err '\[orders\] profile: max_days of "client" is less'
set_to 'profile client' max_days 365
check 'a year is fine' judge
check 'and nothing is said about it' not err 'max_days'

conf=$tmp/none
complains 'a configuration that is not there' 'none: No such file'
conf=$tmp
complains 'a folder' 'Is a directory'
verdict
