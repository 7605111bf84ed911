# page-lib.sh - Chromium, and what drives it.
# Read after lib.sh by ". $top_srcdir/tests/psmd/page-lib.sh".
#
# playwright-core and axe-core come from npm's registry, as package-lock.json
# pins them; without them, or without Chromium, there is nothing to test here.
# PSM_SHOTS=FOLDER keeps pictures of what was seen.

for CHROMIUM in chromium chromium-browser google-chrome; do
	CHROMIUM=$(command -v "$CHROMIUM") && break
done
[ -n "$CHROMIUM" ] || {
	echo 'skip - there is no Chromium'
	exit 77
}
uses node npm openssl

npm_config_cache=$tmp/npm
npm_config_logs_max=0
npm_config_update_notifier=false
export npm_config_cache npm_config_logs_max npm_config_update_notifier

work=$tmp/page
need mkdir "$work"
need cp "$top_srcdir"/tests/psmd/page/*.json \
	"$top_srcdir"/tests/psmd/page/*.mjs "$work"
chmod -R u+w "$work"
(cd "$work" && quietly npm ci --ignore-scripts --no-audit --no-fund) || {
	echo "skip - npm's registry does not answer"
	exit 77
}

# page_tests FILE: of those in $work, at the page that PSM_PAGE_URL names
page_tests() {
	export CHROMIUM PSM_PAGE_URL PSM_PAGE_PASSWORD
	node --test --test-reporter="$(realpath \
		"$top_srcdir")/tests/js/reporter.mjs" "$work/$1" || failed=1
}
