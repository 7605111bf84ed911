#!/bin/sh
# usage.sh - options, help and the way errors are told
. "${top_srcdir:-$(dirname "$0")/../..}/tests/cli/lib.sh"

check 'psm --help succeeds' psm --help
for c in init request recover pending cancel import list show backup restore \
	delete 'ca init' 'ca issue' pfx-request pfx-answer; do
	check "psm --help prints $c" out "^  $c  "
done
check 'psm --version prints the version' psm --version
check 'the version has three numbers' out '^psm [0-9]*\.[0-9]*\.[0-9]*$'
check 'psm ca --help succeeds' psm ca --help
check 'psm ca --help prints what is below ca' out '^  ca issue  '
check 'and nothing else' not out '^  init  '
for c in init request recover pending cancel import list show backup restore \
	delete 'ca init' 'ca issue' pfx-request pfx-answer; do
	# shellcheck disable=SC2086 # two words
	check "psm $c --help succeeds" psm $c --help
	check "psm $c --help starts with its usage" out "^usage: psm $c "
done

refused 'without a subcommand the status is 2' 2
refused 'an unknown subcommand is refused' 2 frobnicate -d "$tmp"
check 'it is named' err '"frobnicate" is no subcommand'
refused 'psm ca alone is refused' 2 ca
refused 'an unknown subcommand of ca is refused' 2 ca frob
refused 'a word too many is refused' 2 list "$tmp" -d "$tmp"
refused 'an unknown long option is refused' 2 list -d "$tmp" --frob
check 'it is named' err '^psm: --frob is no option'
refused 'an unknown letter is refused' 2 list -d "$tmp" -Z
refused 'the colon is no letter' 2 list -d "$tmp" -:
refused 'an option without its value is refused' 2 list -d
check 'that option is named' err '^psm: -d is no option of psm, lacks'
refused 'a value for an option that takes none is refused' 2 list --json=no
refused 'an option of another subcommand is refused' 2 list -d "$tmp" --force
refused 'an option given twice is refused' 2 list -d "$tmp" -d "$tmp"
refused 'two nicknames are refused where one is meant' 2 \
	show -d "$tmp" -n a -n b
refused 'no directory is a usage error' 2 list
check 'the remedy points to --help' err '^--help shows'
refused 'an empty directory name is a usage error' 2 list -d ''
refused 'two sources for one password are refused' 2 \
	list -d "$tmp" -f x --password-fd 3
refused 'an id that is no number is refused' 2 cancel -d "$tmp" --id 7x
refused 'an id of zero is refused' 2 cancel -d "$tmp" --id 0
refused 'a signed id is refused' 2 cancel -d "$tmp" --id +7
refused 'an unknown curve is refused' 2 request -d "$tmp" -s CN=x -q nistp111
refused 'a curve for RSA is refused' 2 \
	request -d "$tmp" -s CN=x -k rsa -q nistp256
refused 'an unknown key usage is refused' 2 \
	request -d "$tmp" -s CN=x --usage digitalSignature,frob
refused 'an unknown dialect is refused' 2 ca issue -d "$tmp" --dialect x

refused 'no database has a status of its own' 7 list -d "$tmp"
check 'the error names psm and the subcommand' err '^psm: list: .'
check 'a second line has the remedy' err "^Make one with 'psm init -d DIR'"
refused 'the same with --json' 7 list -d "$tmp" --json
check 'the error is an object' out '"name": "PSM_E_DATABASE"'
check 'it has the string for pages' out '"js": "error:internalError"'
check 'standard error stays empty' test ! -s "$tmp/err"
refused 'a usage error with --json' 2 list --json --frob
check 'is an object too' out '"name": "PSM_E_ARGUMENT"'
refused 'control characters in an argument' 7 list -d "$tmp/$(printf '\033[2J')"
check 'are escaped in the error' err '\\x1B\[2J'

PSM_DIR=$tmp/none
export PSM_DIR
refused 'PSM_DIR stands in for --dir' 7 list
check 'its directory is the one named' err "$tmp/none"
unset PSM_DIR

"$PSM" --help >/dev/full 2>"$tmp/err"
check 'a full standard output has the status of files' test "$?" -eq 17
verdict
