/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* order.js - an order as the page sees it, and words for it. */

import { fromNow } from './cert.js';
import { plain } from './dom.js';
import { copied, foreign, heading, moment, text } from './fields.js';

/* In the order in which they are offered. */
export const STATES = {
	applied: 'Waiting',
	approved: 'Approved',
	issued: 'Issued',
	rejected: 'Rejected',
	revoked: 'Revoked',
};

const KINDS = { csr: 'CSR', crmf: 'CRMF', pkcs12: 'PKCS#12' };

const daysWords = (n) => (n === 1 ? '1 day' : `${n} days`);

/* "CSR, profile client, 365 days" */
export function whatWords({ kind, profile, days }) {
	return [KINDS[kind] ?? plain(kind), profile && plain(profile),
		days && daysWords(days)].filter(Boolean).join(' \u00b7 ');
}

/* The client's own name for it. */
export const foreignOf = (order) =>
	plain(order.foreignOrderNumber ?? order.applicationId ?? '');

/* When it came into its state; one that is revoked has a time for each of its
 * certificates, so that it is as for one that is issued. */
export function sinceOf({ state, applied, decided, issued }) {
	if (state === 'applied')
		return applied;
	if (state === 'issued' || state === 'revoked')
		return issued ?? applied;
	return decided ?? applied;
}

/* The server's clock may be ahead of this one. */
export function ago(when, now) {
	const time = Date.parse(when);

	return time > now - 60000 ? 'just now' : fromNow(time, now);
}

export function sinceWords(order, now) {
	const words = ago(sinceOf(order), now);

	return order.state === 'revoked' ? `issued ${words}` : words;
}

/* "Waiting: applied for 3 hours ago" */
export function stateWords(order, now) {
	const { state, kind } = order;

	if (state === 'applied')
		return `Waiting: applied for ${ago(order.applied, now)}`;
	if (state === 'approved')
		return kind === 'pkcs12'
			? 'Approved: made when it is asked for again'
			: 'Approved, but not issued yet';
	if (state === 'revoked')
		return 'Revoked';
	return `${STATES[state]} ${ago(sinceOf(order), now)}`;
}

/* --- fields --------------------------------------------------------------- */

const CURVES = { p256: 'EC P-256', p384: 'EC P-384', p521: 'EC P-521' };
const ALT_NAMES = { email: 'E-mail', host: 'Host', ip: 'Address', id: 'OID' };

const PROOFS = {
	proved: 'Proved',
	challenge: 'To be proved: the certificate is encrypted to the key',
	encrypted: 'To be proved: the certificate is encrypted to the key',
	failed: 'Failed',
};

export const keyWords = ({ keyType, keyBits }) =>
	CURVES[keyType] ?? `${keyType.toUpperCase()} ${keyBits}`;

function wishFields(wish, title) {
	return [
		heading(title),
		foreign('Subject', wish.subject ?? '(none)'),
		...wish.altNames.map(({ kind, value }) =>
			foreign(ALT_NAMES[kind], value)),
		wish.otherAltNames && text('Other names', 'of other kinds'),
		text('Key', keyWords(wish)),
		copied('Key SHA-256', wish.keyHash),
		text('Possession', PROOFS[wish.proof]),
		wish.disproof && foreign('', wish.disproof),
		wish.refused && foreign('Refused', wish.refusal ?? ''),
	];
}

function subjectWords({ subject, subjectParts = [] }, account) {
	return {
		account: `CN=${plain(account)}, the account\u2019s name`,
		parts: `of what is asked for: ${subjectParts.join(', ')}`,
		all: 'as asked for',
	}[subject];
}

const PURPOSES = {
	'1.3.6.1.5.5.7.3.1': 'server', '1.3.6.1.5.5.7.3.2': 'client',
	'1.3.6.1.5.5.7.3.3': 'code signing', '1.3.6.1.5.5.7.3.4': 'e-mail',
};

function grantFields({ grants, account }) {
	return [
		heading('The profile grants'),
		text('Subject', subjectWords(grants, account)),
		text('Other names', grants.altNames ? 'as asked for' : 'none'),
		grants.purposes.length > 0 && text('Good for', grants.purposes
			.map((oid) => PURPOSES[oid] ?? oid).join(', ')),
		text('Validity', daysWords(grants.days)),
	];
}

/* What is asked for in a PKCS#12's own words. */
function askedFields(asked) {
	return [
		heading('Asked for'),
		...asked.map(({ kind = '', value }) =>
			foreign(plain(kind), value)),
	];
}

const REASONS = {
	keyCompromise: 'The key may be known to others',
	superseded: 'Replaced by another certificate',
	cessationOfOperation: 'No longer needed',
	affiliationChanged: 'The owner has left, or has another name',
	privilegeWithdrawn: 'The owner may not have it any more',
	certificateHold: 'On hold, until it is released or revoked',
	unspecified: 'Another reason, or none to be told',
};
const RELEASE = { removeFromCRL: 'Released: good again' };

const isOnHold = ({ revoked, revocationReason }) =>
	Boolean(revoked) && revocationReason === 'certificateHold';
export const mayRevoke = (cert) => !cert.revoked || isOnHold(cert);

/* [reason, words] for a certificate's revocation. */
export function reasonsFor(cert) {
	if (!isOnHold(cert))
		return Object.entries(REASONS);
	return Object.entries({ ...RELEASE, ...REASONS })
		.filter(([reason]) => reason !== 'certificateHold');
}

const reasonWords = (reason) => REASONS[reason] ?? plain(reason ?? 'unknown');

/* A serial number has no zeros in front. */
const octets = (hex) => hex.padStart(hex.length + hex.length % 2, '0');

export function certFields(cert) {
	return [
		heading('Certificate'),
		foreign('Subject', cert.subject ?? '(none)'),
		text('Id', cert.id),
		copied('Serial number', octets(cert.serial)),
		text('Valid from', moment(cert.notBefore)),
		text('Valid until', moment(cert.notAfter)),
		cert.encrypted && text('Handed out', 'encrypted to its key'),
		cert.users.length > 0 && foreign('Also used by',
			cert.users.join(', ')),
		cert.revoked && text('Revoked', moment(cert.revoked)),
		cert.revoked && text('Reason',
			reasonWords(cert.revocationReason)),
	];
}

/* All of an order but its certificates. */
export function orderFields(order) {
	const { wishes = [] } = order;

	return [
		foreign('Account', order.account),
		order.foreignOrderNumber &&
			foreign('Foreign number', order.foreignOrderNumber),
		order.applicationId &&
			foreign('Application', order.applicationId),
		order.subscriberId && foreign('Subscriber', order.subscriberId),
		text('Order', whatWords(order)),
		text('Applied for', moment(order.applied)),
		order.decided && text('Decided', moment(order.decided)),
		order.issued && text('Issued', moment(order.issued)),
		order.reason && foreign('Reason', order.reason),
		...wishes.flatMap((wish, i) => wishFields(wish,
			wishes.length > 1 ? `Asked for, ${i + 1} of ` +
				`${wishes.length}` : 'Asked for')),
		...(order.asked ? askedFields(order.asked) : []),
		...(order.grants ? grantFields(order) : []),
	];
}

/* The same in short, for who is to say yes or no. */
export function briefFields(order) {
	const { wishes = [] } = order;

	return [
		foreign('Account', order.account),
		foreignOf(order) && text('Number', foreignOf(order)),
		text('Order', whatWords(order)),
		...wishes.flatMap((wish) => [
			foreign('Asked for', wish.subject ?? '(none)'),
			text('Key', keyWords(wish))]),
		order.grants && text('Granted',
			subjectWords(order.grants, order.account)),
		...(order.asked ?? []).map(({ kind = '', value }) =>
			foreign(plain(kind), value)),
	];
}
