/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* api.js - the session, /api/cert/user and /api/orders. A call that finds the
 * session ended has the user log in, and is made again. */

import { capitalized } from './dom.js';

const CERTS = '/api/cert/user';
const ORDERS = '/api/orders';

const badStatus = ({ status }) => `The server answered with ${status}.`;

/* What the API says is wrong: code, param, and a description as message. */
export class ApiError extends Error {
	constructor({ code = 0, param = null, description }) {
		super(capitalized(description));
		this.name = 'ApiError';
		this.code = code;
		this.param = param;
	}
}

export const CODE = { disabled: 4, https: 7, method: 8, privilege: 10,
	tooBig: 13 };

export const session = { account: null, token: null, privileges: [] };

export const may = (privilege) => session.privileges.includes(privilege);

let askToLogIn;
let showRenewed;
let asking = null;

/* ask() returns a promise of the user having logged in; renewed() is called
 * when another window has begun a session. */
export function onLoginNeeded(ask, renewed) {
	askToLogIn = ask;
	showRenewed = renewed;
}

function keepSession({ account, token = null, privileges = [] }) {
	Object.assign(session, { account, token, privileges });
}

/* The header also says that it is the page that asks: the browser is then not
 * made to ask for a password itself. */
const withToken = () => ({ 'X-PSM-Token': session.token ?? 'none' });

async function reach(path, options = {}) {
	try {
		return await fetch(path, {
			cache: 'no-store', credentials: 'same-origin',
			redirect: 'error', ...options,
			headers: withToken(),
		});
	} catch {
		throw new ApiError({
			description: 'The server does not answer.',
		});
	}
}

async function readJson(response) {
	try {
		return await response.json();
	} catch {
		throw new ApiError({
			description: badStatus(response),
		});
	}
}

export async function findSession() {
	const response = await reach('/session');

	if (!response.ok)
		throw new ApiError({ description: 'The server is busy.' });
	keepSession(await readJson(response));
}

const LOGIN_ERRORS = {
	loginFailed: 'The account or the password is wrong.',
	httpsRequired: 'Logging in needs HTTPS here.',
	crossSite: 'The browser says that another site asks.',
	busy: 'There is too much to do. Try again in a few seconds.',
	malformed: 'The server cannot read this account or password.',
};

export async function logIn(name, password) {
	const response = await reach('/session', {
		method: 'POST',
		body: new URLSearchParams({ name, password }),
	});
	const answer = await readJson(response);

	if (!response.ok)
		throw new ApiError({
			param: response.status === 401 ? 'password' : null,
			description: LOGIN_ERRORS[answer.error] ??
				badStatus(response),
		});
	keepSession(answer);
}

export async function logOut() {
	const response = await reach('/session', { method: 'DELETE' });

	if (response.status === 403 && await isRenewed()) {
		await logOut();
		return;
	}
	if (!response.ok)
		throw new ApiError({
			description: 'Logging out failed. Try again.',
		});
	keepSession({ account: null });
}

/* Another window may have begun a new session, which this one then shares. */
async function isRenewed() {
	const { token } = session;

	await findSession();
	return session.token !== null && session.token !== token;
}

/* Nobody does something under a name that was not in sight. */
function beRenewed(before) {
	const { account } = session;

	showRenewed();
	if (before !== null && account !== before)
		throw new ApiError({
			description: 'Another window has logged in as ' +
				`${account}. Try again to go on as that ` +
				'account.',
		});
}

async function beAuthorized() {
	const { account } = session;

	if (await isRenewed()) {
		beRenewed(account);
		return;
	}
	asking ??= askToLogIn().finally(() => { asking = null; });
	await asking;
}

async function authorized(send) {
	for (;;) {
		const response = await send();

		if (response.status !== 401)
			return response;
		await beAuthorized();
	}
}

async function result(response) {
	const answer = await readJson(response);

	if (answer.success !== true)
		throw new ApiError(answer.error ?? {
			description: badStatus(response),
		});
	return answer.result ?? {};
}

function address(path, parameters) {
	const query = new URLSearchParams(parameters).toString();

	return query === '' ? path : `${path}?${query}`;
}

async function ask(method, path, parameters) {
	return result(await authorized(
		() => reach(address(path, parameters), { method })));
}

export async function getAll() {
	return (await ask('GET', CERTS, {})).certificates;
}

export async function getOne(id) {
	return (await ask('GET', CERTS, { id })).certificates[0];
}

export async function remove(id) {
	await ask('DELETE', CERTS, { id });
}

/* The certificate itself, as a Blob; format: pem or der. */
export async function getFile(id, format) {
	const response = await authorized(
		() => reach(address(CERTS, { id, format })));

	const type = response.headers.get('Content-Type') ?? '';

	if (type.startsWith('application/json'))
		await result(response);
	if (!response.ok)
		throw new ApiError({
			description: badStatus(response),
		});
	return response.blob();
}

/* fetch() does not tell how far an upload is. */
function sendForm(form, onProgress, signal) {
	return new Promise((resolve, reject) => {
		const xhr = new XMLHttpRequest();
		const stop = () => xhr.abort();

		xhr.open('PUT', CERTS);
		for (const [name, value] of Object.entries(withToken()))
			xhr.setRequestHeader(name, value);
		xhr.upload.onprogress = ({ loaded, total, lengthComputable }) =>
			onProgress(lengthComputable ? loaded / total : 0);
		xhr.onload = () => resolve(new Response(
			xhr.responseText, { status: xhr.status }));
		xhr.onerror = () => reject(new ApiError({
			description: 'The server does not answer.',
		}));
		xhr.onabort = () => reject(signal.reason);
		xhr.onloadend = () => signal.removeEventListener('abort', stop);
		signal.addEventListener('abort', stop);
		xhr.send(form);
	});
}

/* { fingerprint, replaced } of what was stored. onProgress is told a part of 1.
 * parts: the API's parameters, with Blobs or texts. */
export async function put(parts, onProgress, signal) {
	const form = new FormData();

	for (const [name, value] of Object.entries(parts))
		form.append(name, value);
	const { certificates } = await result(await authorized(
		() => sendForm(form, onProgress, signal)));

	return certificates[0];
}

/* --- orders --------------------------------------------------------------- */

/* { orders, more, waiting }; parameters: state, account, before, limit. */
export const getOrders = (parameters) => ask('GET', ORDERS, parameters);

/* The same, or null when nobody is logged in any more: nobody is asked to. */
export async function glanceAtOrders(parameters) {
	const response = await reach(address(ORDERS, parameters));

	return response.status === 401 ? null : result(response);
}

export async function getOrder(number) {
	return (await ask('GET', ORDERS, { number })).order;
}

/* { order, warning }; parameters: number, action, reason, certificate. What is
 * written goes into the body, not into an address. */
export async function actOnOrder(parameters) {
	return result(await authorized(() => reach(ORDERS, {
		method: 'POST', body: new URLSearchParams(parameters),
	})));
}
