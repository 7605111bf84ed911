/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test-cgi-answer.js - its answer: the base64 in pieces, one a line. */

var said = crypto.importUserCertificates("{{NICKNAME}}",
{{PIECES}},
	true);

if (said == '') {
	document.write("<b>stored</b>");
} else {
	document.write("importUserCertificates returned <b>");
	document.write(said);
	document.write("</b>");
}
