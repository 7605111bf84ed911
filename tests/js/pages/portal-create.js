/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* portal-create.js - a portal: one key, the script waits for its request. */

var portalRequest = null;

function createRequest(dn, size) {
	try {
		portalRequest = crypto.generateCRMFRequest(dn, null, null, null,
			"requestReady()", size, null, "rsa-dual-use");
	} catch (problem) {
		alert(problem);
		return false;
	}
	return true;
}

function requestReady() {
	var form = document.forms.form;

	form.browserRequest.value = portalRequest.request;
	if (form.browserRequest.value.indexOf("error:") == 0)
		return;
	form.submit();
}
