/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test-cgi-keys.js - a test suite's form: which keys, says a button. */

var made;

function takeRequest() {
	with (document.forms[0]) {
		if (made.request.substring(0, 6) == "error:") {
			alert("key generation failed: " + made.request);
			return;
		}
		CRMFRequest.value = made.request;
		submit();
	}
}

var buttons = {
	both: function (dn) {
		made = crypto.generateCRMFRequest(dn, null, null, null,
			"takeRequest()", 2048, null, "rsa-dual-use");
	},
	signing: function (dn) {
		made = crypto.generateCRMFRequest(dn, null, null, null,
			"takeRequest()", 2048, null, "rsa-sign");
	},
	encryption: function (dn) {
		made = crypto.generateCRMFRequest(dn, null, null, null,
			"takeRequest()", 2048, null, "rsa-ex");
	},
	curves: function (dn) {
		made = crypto.generateCRMFRequest(dn, null, null, null,
			"takeRequest()", 256, "curve=nistp256", "ec-sign",
			384, "curve=nistp384", "ec-dual-use");
	},
	wrong: function (dn) {
		made = crypto.generateCRMFRequest(dn, null, null, null,
			"takeRequest()", 2048, null, "dh-ex");
	}
};
