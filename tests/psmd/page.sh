#!/bin/sh
# page.sh - the page of psmd in Chromium, as people use it.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"

. "$top_srcdir/tests/psmd/page-lib.sh"

# --- files to upload ---------------------------------------------------------

ssl() {
	need run openssl "$@"
}

# make NAME SUBJECT DAYS: $work/NAME.pem and $work/NAME.key
make() {
	ssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-utf8 -subj "$2" -days "$3" \
		-keyout "$work/$1.key" -out "$work/$1.pem"
}

# p12 NAME: $work/NAME.p12, opened by "open sesame"
p12() {
	ssl pkcs12 -export -in "$work/$1.pem" -inkey "$work/$1.key" \
		-passout 'pass:open sesame' -out "$work/$1.p12"
}

make anna '/C=CZ/O=Example/CN=Anna' 300
make anna-new '/C=CZ/O=Example/CN=Anna' 600
make berta '/O=Example/CN=Berta' 20
make cyril '/CN=Cyril' 100
make dora '/CN=Dora' 40
make emil '/CN=Emil' 50
make franz '/CN=Franz' 60
make greta '/CN=Greta' 70
make hanna '/CN=Hanna' 80
make attack '/CN=<img src=x onerror=alert(1)>/OU=<script>alert(2)<\/script>' 90
make turned "/CN=abc$(printf '\342\200\256')gpj.exe" 95
cat "$work/anna.key" "$work/anna.pem" >"$work/both.pem"
ssl pkcs8 -topk8 -v2 aes-256-cbc -passout 'pass:open sesame' \
	-in "$work/berta.key" -out "$work/berta-locked.key"
p12 cyril
for name in dora; do
	ssl x509 -in "$work/$name.pem" -outform DER -out "$work/$name.der"
	ssl pkcs8 -topk8 -nocrypt -in "$work/$name.key" -outform DER \
		-out "$work/$name.pk8"
done
head -c 70000 /dev/zero >"$work/big.pem"
echo 'remember the milk' >"$work/notes.txt"

# --- the daemon, and the page of it ------------------------------------------

if [ -z "${PSM_PAGE_URL-}" ]; then
	fresh
	start
	PSM_PAGE_URL=$https/ PSM_PAGE_PASSWORD=$password
fi
page_tests page.test.mjs

if [ -n "$psmd_pid" ]; then
	check 'the page leaves psmd running' is_running
	check 'no password is in its log' not logged 'open sesame'
	check 'psmd ends well' stop
fi
verdict
