/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* profile-enrol.js - a profile's enrolment form: the callback is a string that
 * hands the global object's request to the form. */

var keysObject;

function deliver() {
	var form = document.forms[0];

	if (keysObject.request.substring(0, 6) == "error:") {
		alert("No request: " + keysObject.request.substring(6));
		return;
	}
	form.cert_request.value = keysObject.request;
	form.submit();
}

function enrol(form) {
	var transport = "{{TRANSPORT}}" == "" ? null : "{{TRANSPORT}}";

	if (typeof(crypto.version) == "undefined") {
		alert("This browser cannot make keys.");
		return false;
	}
	keysObject = null;
	if (form.dual.value == "true") {
		keysObject = crypto.generateCRMFRequest(form.subject.value,
			"regToken", "authenticator", transport, "deliver();",
			2048, null, "rsa-ex",
			2048, null, "rsa-sign");
	} else {
		keysObject = crypto.generateCRMFRequest(form.subject.value,
			"regToken", "authenticator", null, "deliver();",
			parseInt(form.size.value), null, form.alg.value);
	}
	return keysObject != null;
}
