/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* decide.js - one order: all that is known of it, and the decision about it. */

import { ApiError, actOnOrder, getOrder } from './api.js';
import { $, make, plain, say, sign, tell } from './dom.js';
import { fill } from './fields.js';
import { briefFields, certFields, mayRevoke, orderFields, reasonsFor,
	stateWords } from './order.js';

const dialog = $('order');
const decision = $('decide');

let order;    /* the one in sight */
let cert;     /* the one to be revoked, or undefined */
let act;      /* what is being decided: of ACTS */
let turn = 0; /* an answer to an older question is of no use */
let changed;  /* called with an order as it is now */

/* --- what is known -------------------------------------------------------- */

/* "Refused" and the like is what who approves has to see first. */
function troubleWords({ trouble, state }) {
	if (!trouble)
		return null;
	return state === 'approved' ? `It cannot be issued: ${plain(trouble)}.`
		: `If it is approved it cannot be issued: ${plain(trouble)}.`;
}

function certPart(one) {
	const list = make('dl');
	const button = make('button', { type: 'button', className: 'danger' },
		one.revoked ? 'Release or revoke \u2026' : 'Revoke \u2026');

	fill(list, certFields(one));
	button.addEventListener('click', () => openDecision('revoke', one));
	return [list, ...(mayRevoke(one)
		? [make('p', { className: 'act' }, button)] : [])];
}

function showOrder() {
	const { state, certificates } = order;

	$('order-title').textContent = `Order ${order.number}`;
	$('order-state').replaceChildren(sign(state),
		stateWords(order, Date.now()));
	tell($('order-error'), null);
	tell($('order-trouble'), troubleWords(order));
	fill($('order-fields'), orderFields(order));
	$('order-certs').replaceChildren(...certificates.flatMap(certPart));
	$('order-approve').hidden = state !== 'applied' &&
		(state !== 'approved' || order.kind === 'pkcs12');
	$('order-approve').textContent = state === 'applied'
		? 'Approve \u2026' : 'Issue now \u2026';
	$('order-reject').hidden = state !== 'applied' && state !== 'approved';
}

/* --- deciding ------------------------------------------------------------- */

const isRelease = (reason) => reason === 'removeFromCRL';

const ACTS = {
	approve: {
		title: () => (order.state === 'applied'
			? `Approve order ${order.number}?`
			: `Issue order ${order.number} now?`),
		text: () => (order.kind === 'pkcs12'
			? 'The key and its certificate are made when the ' +
				'client asks for them again.'
			: 'The certificate is issued at once. It can be ' +
				'revoked, but not taken back.'),
		yes: () => (order.state === 'applied' ? 'Approve' : 'Issue'),
		button: 'main',
		hint: 'Kept with the order. The client does not see it.',
		done: ({ number, state }) => `Approved order ${number}` +
			(state === 'issued' ? ': it is issued.' : '.'),
	},
	reject: {
		title: () => `Reject order ${order.number}?`,
		text: () => 'The client is told so. There is no way back: a ' +
			'new order is needed then.',
		yes: () => 'Reject', button: 'danger',
		hint: 'Kept with the order. The client may be told.',
		done: ({ number }) => `Rejected order ${number}.`,
	},
	revoke: {
		title: () => 'Revoke this certificate?',
		text: () => 'From now on it is listed as revoked, for ' +
			'everybody to see. Only one that is on hold can be ' +
			'good again.',
		yes: () => (isRelease($('decide-choice').value) ? 'Release'
			: 'Revoke'),
		button: 'danger',
		done: (now, { reason, certificate }) =>
			`${isRelease(reason) ? 'Released' : 'Revoked'} ` +
			`certificate ${certificate}.`,
	},
};

function showReasons() {
	const revoking = act === ACTS.revoke;

	$('decide-text-field').hidden = revoking;
	$('decide-choice-field').hidden = !revoking;
	$('decide-optional').hidden = act === ACTS.reject;
	$('decide-reason').required = act === ACTS.reject;
	$('decide-reason').value = '';
	tell($('decide-reason-error'), null);
	$('decide-reason').removeAttribute('aria-invalid');
	tell($('decide-hint'), act.hint);
	if (revoking)
		$('decide-choice').replaceChildren(...reasonsFor(cert)
			.map(([value, words]) => make('option', { value },
				words)));
}

function nameAct() {
	$('decide-yes').textContent = act.yes();
}

function openDecision(name, one) {
	act = ACTS[name];
	cert = one;
	$('decide-title').textContent = act.title();
	$('decide-text').textContent = act.text();
	$('decide-yes').className = `${act.button} sure`;
	fill($('decide-fields'), cert
		? certFields(cert).filter((field) => field && field[1])
			.slice(0, 3) : briefFields(order));
	showReasons();
	nameAct();
	tell($('decide-error'), null);
	decision.showModal();
	(name === 'approve' ? $('decide-cancel')
		: name === 'reject' ? $('decide-reason')
			: $('decide-choice')).focus();
}

const nameOf = () => Object.keys(ACTS).find((name) => ACTS[name] === act);

function parameters() {
	const sent = { number: order.number, action: nameOf() };
	const reason = cert ? $('decide-choice').value
		: $('decide-reason').value.trim();

	if (reason !== '')
		sent.reason = reason;
	if (cert)
		sent.certificate = cert.id;
	return sent;
}

/* The order as it is now comes in sight; false: another one was asked for
 * meanwhile. */
async function look(number) {
	const mine = ++turn;
	const answer = await getOrder(number);

	if (mine !== turn)
		return false;
	order = answer;
	showOrder();
	return true;
}

/* What others did meanwhile shows behind the message. */
async function showAgain() {
	try {
		await look(order.number);
	} catch (error) {
		if (!(error instanceof ApiError))
			throw error;
	}
}

/* sent: what was to be done, which may not be in sight any more. */
async function fail(error, sent) {
	if (!(error instanceof ApiError))
		throw error;
	if (!decision.open || sent.number !== order.number) {
		say(error.message);
	} else if (error.param === 'reason' && !sent.certificate) {
		tell($('decide-reason-error'), error.message);
		failReason();
	} else {
		tell($('decide-error'), error.message);
		await showAgain();
	}
}

function failReason() {
	$('decide-reason').setAttribute('aria-invalid', 'true');
	$('decide-reason').focus();
}

async function send() {
	const button = $('decide-yes');
	const { done } = act;
	const sent = parameters();

	button.disabled = true;
	try {
		const answer = await actOnOrder(sent);

		if (sent.number === order.number)
			finish(answer, sent);
		changed(answer.order);
		say(done(answer.order, sent));
	} catch (error) {
		await fail(error, sent);
	} finally {
		button.disabled = false;
	}
}

/* One that was revoked stays in sight, and so does what went wrong. */
function finish({ order: now, warning }, { certificate }) {
	order = now;
	decision.close();
	if (certificate === undefined) {
		dialog.close();
		return;
	}
	showOrder();
	$('order-close').focus();
	tell($('order-error'), warning && 'It is done, but the list of what ' +
		`is revoked is not published: ${plain(warning)}`);
}

function onSubmit(event) {
	event.preventDefault();
	if ($('decide-yes').disabled)
		return;
	tell($('decide-error'), null);
	if (act === ACTS.reject && $('decide-reason').value.trim() === '') {
		tell($('decide-reason-error'), 'A rejection needs a reason.');
		failReason();
		return;
	}
	send();
}

/* --- start ---------------------------------------------------------------- */

export async function openOrder(number) {
	try {
		if (!await look(number))
			return;
	} catch (error) {
		if (!(error instanceof ApiError))
			throw error;
		say(error.message);
		return;
	}
	if (!dialog.open)
		dialog.showModal();
	dialog.scrollTop = 0;
}

export function startDecide({ onChanged, onClosed }) {
	changed = onChanged;
	$('order-approve').addEventListener('click',
		() => openDecision('approve'));
	$('order-reject').addEventListener('click',
		() => openDecision('reject'));
	$('order-close').addEventListener('click', () => dialog.close());
	dialog.addEventListener('close', onClosed);
	$('decide-cancel').addEventListener('click', () => decision.close());
	$('decide-choice').addEventListener('change', nameAct);
	$('decide-form').addEventListener('submit', onSubmit);
}
