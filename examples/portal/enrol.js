/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* enrol.js - the page's part: keys, and the request for their certificates. */

var keys = null;

function makeKeys(form) {
	var dn = form.dn.value;

	if (typeof(crypto.generateCRMFRequest) == "undefined") {
		alert("This browser cannot make keys.");
		return;
	}
	try {
		if (form.keys.value == "two")
			keys = crypto.generateCRMFRequest(dn, null, null, null,
				"sendRequest();", 3072, null, "rsa-ex",
				3072, null, "rsa-sign");
		else if (form.keys.value == "curves")
			keys = crypto.generateCRMFRequest(dn, null, null, null,
				"sendRequest();", 256, null, "ec-ex",
				256, null, "ec-sign");
		else
			keys = crypto.generateCRMFRequest(dn, null, null, null,
				"sendRequest();", 3072, null, "rsa-dual-use");
	} catch (problem) {
		alert(problem);
	}
}

function sendRequest() {
	var form = document.forms[0];

	if (keys.request.substring(0, 6) == "error:") {
		alert("No keys were made: " + keys.request.substring(6));
		return;
	}
	form.crmf.value = keys.request;
	form.submit();
}
