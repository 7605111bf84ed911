/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* portal-install.js - the portal's install button: a nickname, a backup, and
 * whatever is thrown counts as a failure. */

var portalAnswer = "{{ANSWER}}";

function installCertificate() {
	var said = null;

	try {
		said = crypto.importUserCertificates("{{NICKNAME}}",
			portalAnswer, true);
	} catch (problem) {
		said = "exception: " + problem;
	}
	if (said == "") {
		document.write("<p>installed</p>");
		return true;
	}
	document.write("<p>failed: " + said + "</p>");
	return false;
}

installCertificate();
