#!/bin/sh
# init.sh - psm init, and passwords from files and descriptors
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

check 'init makes a database without a password' \
	psm init -d "$tmp/open" --no-password
check 'it has both files' test -f "$tmp/open/cert9.db" -a -f "$tmp/open/key4.db"
check 'certutil reads it' quietly certutil -L -d "sql:$tmp/open"
refused 'init refuses a directory that has one' 10 \
	init -d "$tmp/open" --no-password
refused 'without a terminal, init needs to be told about the password' 6 \
	init -d "$tmp/none"
check 'it then makes nothing' test ! -e "$tmp/none/key4.db"

printf 'secret word\n' >"$tmp/pin"
printf 'wrong\n' >"$tmp/wrong"
check 'init takes a password from a file' psm init -d "$tmp/db" -f "$tmp/pin"
check 'init prints JSON' psm init -d "$tmp/json" --no-password --json
check 'it names the directory' out "\"dir\": \"$tmp/json\""

check 'the file opens the database' \
	psm request -d "$tmp/db" -f "$tmp/pin" -k ec -s CN=a
check 'certutil opens it with that file too' \
	quietly certutil -K -d "sql:$tmp/db" -f "$tmp/pin"
refused 'a wrong password has its status' 6 \
	request -d "$tmp/db" -f "$tmp/wrong" -k ec -s CN=a
check 'the remedy names --password-file' err 'password-file'
refused 'a password nobody can be asked for has it too' 6 \
	request -d "$tmp/db" -k ec -s CN=a
refused 'a missing password file has the status of files' 17 \
	request -d "$tmp/db" -f "$tmp/missing" -k ec -s CN=a
check 'it is named' err "no password from $tmp/missing"

printf 'secret word\nnext line' >"$tmp/lines"
check 'a descriptor gives its first line' \
	psm request -d "$tmp/db" --password-fd 3 -k ec -s CN=a 3<"$tmp/lines"
refused 'a closed descriptor has the status of files' 17 \
	request -d "$tmp/db" --password-fd 9 -k ec -s CN=a 9<&-
printf 'other token:no\r\nNSS Certificate DB:secret word\r\n' >"$tmp/tokens"
check 'a line that names the token comes first, as for certutil' \
	psm request -d "$tmp/db" -f "$tmp/tokens" -k ec -s CN=a
printf 'secret word\0tail' >"$tmp/nul"
refused 'a NUL in a password file is refused' 17 \
	request -d "$tmp/db" -f "$tmp/nul" -k ec -s CN=a
head -c 9000 /dev/zero | tr '\0' a >"$tmp/long"
refused 'an endless password file is refused' 17 \
	request -d "$tmp/db" -f "$tmp/long" -k ec -s CN=a
verdict
