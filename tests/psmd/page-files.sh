#!/bin/sh
# page-files.sh - how psmd serves the files of its page.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/psmd/lib.sh"
uses curl

fresh
start

# served PATH TYPE FILE: with that type, and byte by byte as it is in the source
served() {
	ask "$https$1" && status_is 200 && head_has "^content-type: $2" &&
		cmp "$tmp/out" "$top_srcdir/psmd/page/$3"
}

check 'the page is at /' served / 'text/html; charset=utf-8' index.html
check 'a module is a script' \
	served /page/app.js 'text/javascript; charset=utf-8' app.js
check 'a style sheet is one' \
	served /page/style.css 'text/css; charset=utf-8' style.css
check 'a picture is one' served /page/favicon.svg image/svg+xml favicon.svg

all_served() {
	for file in "$top_srcdir"/psmd/page/*.js; do
		ask "$https/page/${file##*/}"
		status_is 200 && cmp "$file" "$tmp/out" || return
	done
}
check 'every module is compiled in' all_served

guarded() {
	for path in / /page/app.js /page/style.css /page/favicon.svg; do
		ask "$https$path"
		head_has "^content-security-policy: default-src 'none';" &&
			not head_has unsafe &&
			head_has "frame-ancestors 'none'" &&
			head_has "require-trusted-types-for 'script'" &&
			head_has '^x-content-type-options: nosniff' &&
			head_has '^referrer-policy: no-referrer' &&
			head_has '^cross-origin-opener-policy: same-origin' &&
			head_has '^cache-control: no-cache' || return
	done
}
check 'each file has the strict policy' guarded

inline() {
	grep -E '<script[^>]*>[^<]|<style|[[:space:]](style|on[a-z]+)=' \
		"$top_srcdir/psmd/page/index.html"
}
check 'there is no inline script or style' not inline
check 'no module makes markup of text' not grep -E \
	'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(' \
	-r "$top_srcdir/psmd/page"
check 'nothing is asked of another host' not grep -E \
	"(src|href|action)=\"(https?:)?//|import.*https?:|url\(" \
	-r "$top_srcdir/psmd/page" --include='*.html' --include='*.js' \
	--include='*.css'

unchanged() {
	ask "$https/page/app.js"
	etag=$(tr -d '\r' <"$tmp/head" | sed -n 's/^[Ee][Tt]ag: //p')
	[ -n "$etag" ] && for tag in "$etag" "W/$etag" "\"x\", $etag" '*'; do
		: >"$tmp/out" # curl leaves it alone when nothing comes
		ask -H "If-None-Match: $tag" "$https/page/app.js"
		status_is 304 && [ ! -s "$tmp/out" ] || return
	done
}
changed() {
	ask -H 'If-None-Match: "0123456789abcdef"' "$https/page/app.js" &&
		status_is 200
}
check 'a file that the browser has is not sent again' unchanged
check 'one that has changed is' changed

head_only() {
	ask -I "$https/" && status_is 200 && head_has '^content-length: [1-9]'
}
check 'HEAD is answered' head_only

refuses_post() {
	ask -d name=x "$https/" && status_is 405 && head_has '^allow: GET, HEAD'
}
check 'another method is refused' refuses_post

no_others() {
	for path in /page/ /page /page/index.html /page/embed.sh /index.html \
		/page/../psmd.conf /page/%2e%2e/psmd.conf /page/app.js/ \
		/page/APP.JS /page//app.js /page/app.js%00.css; do
		ask --path-as-is "$https$path"
		[ "$status" = 404 ] || [ "$status" = 400 ] || {
			echo "$path: $status" >>"$tmp/err"
			return 1
		}
	done
}
check 'no other path is a file' no_others

check 'psmd ends well' stop
set_to server page no
start
hidden() {
	for path in / /page/app.js; do
		ask "$https$path" && status_is 404 || return
	done
}
check 'the page can be switched off' hidden
check 'psmd ends well' stop
verdict
