/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test-cgi-challenge.js - its challenge: the answer goes into a form. */

function answerChallenge(form) {
	form.ChallResponse.value = crypto.popChallengeResponse("{{CHALLENGE}}");
	form.submit();
}

answerChallenge(document.forms[0]);
