/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* install.js - the page's part: what CollectCCC's script calls when it has
 * declared g_ccc, g_errorCode and g_errorMessage. */

function installCertificate() {
	var said;

	if (g_errorCode < 0) {
		alert(g_errorMessage);
		return;
	}
	if (g_errorCode != 2) {
		document.write("<p>Your order is being processed.</p>");
		return;
	}
	said = crypto.importUserCertificates(null, g_ccc, true);
	if (said == "")
		document.write("<p>Your certificate is installed.</p>");
	else
		document.write("<p>It was not installed: " + said + "</p>");
}
