/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* details.js - one certificate: all its fields, its file, its deletion. */

import { getFile, remove } from './api.js';
import { dayOf, nameParts, stateOf, stateWords, whyKept } from './cert.js';
import { $, capitalized, make, plain, say, sign, tell } from './dom.js';
import { copied, fill, heading, moment, text } from './fields.js';

const dialog = $('details');
const removal = $('remove');

let cert;
let removed;   /* called with the certificate that went */
let replace;   /* called with the one that is to be replaced */

/* --- fields --------------------------------------------------------------- */

function fieldsOf({ raw, key }) {
	return [
		raw.id && text('Id', plain(raw.id)),
		text('Valid from', moment(raw.startDate)),
		text('Valid until', moment(raw.endDate)),
		key && text('Key', key),
		heading('Subject'),
		...nameParts(raw.subject).map((part) => text(...part)),
		heading('Issuer'),
		...nameParts(raw.issuer).map((part) => text(...part)),
		heading('Fingerprints'),
		raw.fingerprint256 && copied('SHA-256', raw.fingerprint256),
		copied('SHA-1', raw.fingerprint),
		raw.serialNumber && copied('Serial number', raw.serialNumber),
		raw.systemUseOnly && text('Use', 'the system\u2019s only'),
	];
}

/* Where it was asked for, if that is still in sight. */
function fail(where, chosen, error) {
	if (where.open && chosen === cert)
		tell($(`${where.id}-error`), error.message);
	else
		say(error.message);
}

/* --- download ------------------------------------------------------------- */

const fileName = ({ id, name, raw }) => (id.slice(1) || name)
	.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[-.]+/, '') ||
	raw.fingerprint;

async function download(format, extension) {
	const chosen = cert;

	tell($('details-error'), null);
	try {
		const url = URL.createObjectURL(await getFile(chosen.handle,
			format));

		make('a', { href: url,
			download: `${fileName(chosen)}.${extension}` }).click();
		setTimeout(() => URL.revokeObjectURL(url), 60000);
	} catch (error) {
		fail(dialog, chosen, error);
	}
}

/* --- deletion ------------------------------------------------------------- */

function openRemoval() {
	$('remove-name').textContent = cert.name;
	fill($('remove-fields'), [
		cert.id && text('Id', cert.id),
		text('Issuer', cert.issuer),
		text('Valid until', `${dayOf(cert.raw.endDate)}, ` +
			stateWords(cert, Date.now())),
	]);
	tell($('remove-error'), null);
	removal.showModal();
}

async function removeIt() {
	const button = $('remove-yes');
	const gone = cert;

	button.disabled = true;
	try {
		await remove(gone.handle);
		if (gone === cert) {
			removal.close();
			dialog.close();
		}
		removed(gone);
	} catch (error) {
		fail(removal, gone, error);
	} finally {
		button.disabled = false;
	}
}

/* --- the dialog ----------------------------------------------------------- */

export function openDetails(chosen) {
	const now = Date.now();
	const kept = whyKept(chosen);
	const state = stateOf(chosen, now);

	cert = chosen;
	$('details-title').replaceChildren(make('bdi', {}, cert.name));
	$('details-state').replaceChildren(sign(state),
		capitalized(stateWords(cert, now)));
	fill($('details-fields'), fieldsOf(cert));
	tell($('details-error'), null);
	tell($('details-protected'), kept);
	$('details-delete').hidden = kept !== null;
	$('details-replace').hidden = !cert.id.startsWith('@');
	dialog.showModal();
	dialog.scrollTop = 0;
}

export function startDetails({ onRemoved, onReplace }) {
	removed = onRemoved;
	replace = onReplace;
	$('details-pem').addEventListener('click',
		() => download('pem', 'pem'));
	$('details-der').addEventListener('click',
		() => download('der', 'cer'));
	$('details-delete').addEventListener('click', openRemoval);
	$('details-close').addEventListener('click', () => dialog.close());
	$('details-replace').addEventListener('click', () => {
		dialog.close();
		replace(cert);
	});
	$('remove-cancel').addEventListener('click', () => removal.close());
	$('remove-yes').addEventListener('click', removeIt);
}
