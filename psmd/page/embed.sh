#!/bin/sh
# embed.sh FILE... - the files as C, for page_files.h.
set -eu
LC_ALL=C
export LC_ALL

echo '/* Made by psmd/page/embed.sh. */'
echo
echo '#include "psmd/page_files.h"'

n=0
for file; do
	printf '\nstatic const unsigned char data_%d[] = {\n' "$n"
	od -An -v -tu1 "$file" | sed -e 's/  */,/g' -e 's/^,//' -e 's/$/,/'
	echo '};'
	n=$((n + 1))
done

printf '\nconst struct page_file page_files[] = {\n'
n=0
for file; do
	sum=$(sha256sum <"$file" | cut -c 1-32)
	printf '\t{ "%s", "\\"%s\\"", data_%d, sizeof data_%d },\n' \
		"${file##*/}" "$sum" "$n" "$n"
	n=$((n + 1))
done
printf '};\nconst size_t page_n_files = %d;\n' "$n"
