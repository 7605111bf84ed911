#!/bin/sh
# firefox.sh - a browser logs in with a certificate that psm gave its profile
. "${top_srcdir:-$(dirname "$0")/../..}/tests/interop/lib.sh"
uses openssl certutil
firefox=$(command -v firefox-esr || command -v firefox) || {
	skip 'Firefox is not installed'
	exit 77
}

make_ca
make_db profile
enrol profile alice -k ec
serve profile

cat >"$tmp/profile/user.js" <<'END'
user_pref("security.default_personal_cert", "Select Automatically");
user_pref("security.osclientcerts.autoload", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
user_pref("network.proxy.type", 0);
END
mkdir "$tmp/home"

# visits: the server says whose certificate it saw
visits() {
	: >"$tmp/server.err"
	HOME=$tmp/home run timeout 60 "$firefox" --headless --no-remote \
		--profile "$tmp/profile" --screenshot "$tmp/page.png" \
		"https://localhost:$port/"
	cp "$tmp/server.err" "$tmp/err"
}
visits
check 'Firefox logs in with a certificate of psm' err '^depth=0.*CN *= *alice$'
check 'psm still reads the profile' psm list -d "$tmp/profile"
check 'with the certificate and its key' out '^alice .* yes '
need psm delete -d "$tmp/profile" -n alice --yes
enrol profile bob
visits
check 'Firefox logs in with the one that took its place' \
	err '^depth=0.*CN *= *bob$'
verdict
