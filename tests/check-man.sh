#!/bin/sh
# check-man.sh - the manual pages know every call, struct, flag, subcommand,
# option and setting, and mandoc finds no fault with them.
. "${top_srcdir:-$(dirname "$0")/..}/tests/check-lib.sh"

man1=$top_srcdir/doc/man/psm.1
man3=$top_srcdir/doc/man/psm.3
MANDOC=${MANDOC:-mandoc}
PSM=${PSM:-$top_builddir/cli/psm}
PSMD=${PSMD:-$top_builddir/psmd/psmd}
man5=$top_srcdir/doc/man/psmd.conf.5

# missing PATTERN FILE: of the words on standard input, those that have no line
# in FILE; @ in PATTERN, a basic regular expression, stands for the word.
missing() {
	while read -r word; do
		grep -q -e "$(printf '%s\n' "$1" | sed "s/@/$word/g")" "$2" ||
			echo "$word"
	done >"$tmp/missing"
}

psm_calls | missing '^\.Fo @$' "$man3"
rule 'psm.3 gives every call of psm.h its synopsis' "$tmp/missing"
psm_calls | missing '^\.Fn @\|^\.It Fn @' "$man3"
rule 'psm.3 describes every call of psm.h' "$tmp/missing"
psm_calls | missing '^\.Nm @\( ,\)\{0,1\}$' "$man3"
rule 'psm.3 names every call of psm.h at its top' "$tmp/missing"

sed -n 's/^struct \(psm_[a-z0-9_]*\) {$/\1/p
	s/^enum \(psm_[a-z0-9_]*\) {.*/\1/p' "$top_srcdir/psm/psm.h" |
	missing '\(Vt\|Ft\) .*\(struct\|enum\) @' "$man3"
rule 'psm.3 shows every struct and enum of psm.h' "$tmp/missing"

sed 's:/\*.*::' "$top_srcdir/psm/psm.h" | grep -v PSM_E_COUNT_ |
	grep -oE '\<PSM_[A-Z0-9_]+' | sort -u |
	grep -vxE 'PSM_(H|MUST|.*_)' | missing 'Dv @\>' "$man3"
rule 'psm.3 explains every constant of psm.h' "$tmp/missing"

# members: the names in each struct of psm.h
sed -n '/^struct psm_[a-z0-9_]* {$/,/^};/p' "$top_srcdir/psm/psm.h" |
	tr '\n\t' '  ' | sed 's:/\*[^*]*\(\*[^/][^*]*\)*\*/::g' | tr ';{' '\n\n' |
	sed -n 's/.*(\*\([a-z0-9_]*\))(.*/\1/p; t
		/^ *\(struct\|enum\) psm_[a-z0-9_]* *$/d
		s/\[[0-9]*\]//g
		s/.*[ *]\([a-z0-9_]*\), *\([a-z0-9_]*\)$/\1\n\2/p; t
		s/.*[ *]\([a-z0-9_][a-z0-9_]*\)$/\1/p' | sort -u |
	missing '\(Va\|Fa\) @\>' "$man3"
rule 'psm.3 explains every member of the structs of psm.h' "$tmp/missing"

# check_help PROGRAM PAGE: the page names what the program's --help prints.
check_help() {
	name=${1##*/} page=${2##*/}
	if [ ! -x "$1" ]; then
		skip "$page names what $name --help prints: it is not built"
		return
	fi
	# A subcommand is a word or two at the start of an indented line.
	"$1" --help >"$tmp/help" || exit 99
	sed -n 's/^  \([a-z][a-z ]*[a-z]\)  .*/\1/p' "$tmp/help" \
		>"$tmp/subcommands"
	[ -s "$tmp/subcommands" ] || exit 99
	missing '^\.It Cm @\( \|$\)' "$2" <"$tmp/subcommands"
	rule "$page names every subcommand that $name --help prints" \
		"$tmp/missing"

	while read -r sub; do
		# shellcheck disable=SC2086 # "ca init" is two words
		"$1" $sub --help </dev/null || exit 99
	done <"$tmp/subcommands" >>"$tmp/help"
	# mdoc writes --long as Fl Fl long, and -x as Fl x.
	grep -oE '(^|[^a-zA-Z0-9-])--[a-z][a-z0-9-]*' "$tmp/help" |
		sed 's/.*--//' | sort -u |
		missing 'Fl \(Fl \|\\-\|-\)@\>' "$2"
	rule "$page names every long option that --help prints" "$tmp/missing"
	grep -oE '(^|[[ ,|(])-[a-zA-Z]\>' "$tmp/help" | sed 's/.*-//' |
		sort -u | missing 'Fl @\>' "$2"
	rule "$page names every short option that --help prints" \
		"$tmp/missing"
}

check_help "$PSM" "$man1"
check_help "$PSMD" "$top_srcdir/doc/man/psmd.8"

# A setting is a row that begins { "section", "name".
sed -n 's/^	{ "[a-z ]*", "\([a-z0-9_]*\)",.*/\1/p' \
	"$top_srcdir/psmd/config_table.c" >"$tmp/settings"
[ -s "$tmp/settings" ] || exit 99
missing '^\.It Cm @ No = ' "$man5" <"$tmp/settings"
rule 'psmd.conf.5 explains every setting' "$tmp/missing"

if command -v "$MANDOC" >/dev/null; then
	for page in "$man1" "$man3" "$man5" "$top_srcdir/doc/man/psmd.8"; do
		"$MANDOC" -T lint -W style "$page" 2>/dev/null |
			grep -v 'referenced manual not found' >"$tmp/lint"
		rule "mandoc finds no fault with ${page##*/}" "$tmp/lint"
	done
else
	skip 'mandoc finds no fault with the manual pages: there is no mandoc'
fi
verdict
