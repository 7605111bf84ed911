/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* login.js - the login dialog: at the start, and when the session has ended. */

import { ApiError, logIn, session } from './api.js';
import { $, tell } from './dom.js';

const dialog = $('login');

let loggedIn = null; /* resolves what waits for a login */

async function onSubmit(event) {
	const name = $('login-name');
	const password = $('login-password');
	const button = dialog.querySelector('button.main');

	event.preventDefault();
	if (button.disabled)
		return;
	tell($('login-error'), null);
	if (name.value === '' || password.value === '') {
		tell($('login-error'), 'Enter the account and its password.');
		(name.value === '' ? name : password).focus();
		return;
	}
	button.disabled = true;
	try {
		await logIn(name.value, password.value);
		password.value = '';
		dialog.close();
	} catch (error) {
		if (!(error instanceof ApiError))
			throw error;
		tell($('login-error'), error.message);
		password.select();
		password.focus();
	} finally {
		button.disabled = false;
	}
}

/* again: there was a session before. */
export function askToLogIn(again) {
	$('login-why').hidden = !again;
	tell($('login-error'), null);
	dialog.showModal();
	if (again && $('login-name').value !== '')
		$('login-password').focus();
	return new Promise((resolve) => { loggedIn = resolve; });
}

/* Escape may close a dialog; this one stays until somebody has logged in. */
function onClose() {
	if (session.token === null || loggedIn === null) {
		if (loggedIn !== null)
			dialog.showModal();
		return;
	}
	loggedIn();
	loggedIn = null;
}

export function startLogin() {
	$('login-form').addEventListener('submit', onSubmit);
	dialog.addEventListener('cancel', (event) => event.preventDefault());
	dialog.addEventListener('close', onClose);
}
