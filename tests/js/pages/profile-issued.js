/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* profile-issued.js - the answer page: no nickname, no backup. */

var answer = "{{ANSWER}}";

if (answer != "" && typeof(crypto.importUserCertificates) == "function") {
	var failure = crypto.importUserCertificates(null, answer, false);

	if (failure != '') {
		alert("The certificate was not stored: " + failure);
	} else {
		alert("Your certificate is stored.");
	}
}
