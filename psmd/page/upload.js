/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* upload.js - the dialog that puts a certificate into the store. */

import { ApiError, CODE, put } from './api.js';
import { stateWords } from './cert.js';
import { $, make, plain, say, tell } from './dom.js';
import { FILE_MAX, combine, itemWords, readFile } from './files.js';

const dialog = $('put');
const zone = $('put-zone');
const ID = /^@[A-Za-z0-9_-]{1,40}$/;

/* Which field an error's param belongs to. */
const FIELDS = {
	'blob-cert': 'put-files', 'blob-pk': 'put-files',
	'password': 'put-password', 'id': 'put-id',
};

let items = [];
let turn = 0;        /* files that were chosen before are of no use */
let stop = null;     /* an AbortController while it uploads */
let findById;        /* the certificate that has an id, or undefined */
let stored;          /* called with the API's answer */

/* --- errors at their fields ----------------------------------------------- */

function setError(field, text) {
	tell($(`${field}-error`), text);
	if (field === 'put')
		return;
	if (text)
		$(field).setAttribute('aria-invalid', 'true');
	else
		$(field).removeAttribute('aria-invalid');
}

function clearErrors() {
	for (const field of ['put', 'put-files', 'put-password', 'put-id'])
		setError(field, null);
}

function fail(field, text) {
	if (field === 'put-password')
		$('put-password-field').hidden = false;
	setError(field, text);
	(field === 'put' ? $('put-send') : $(field)).focus();
	$(`${field}-error`).scrollIntoView({ block: 'nearest' });
}

/* --- files ---------------------------------------------------------------- */

function showItems(unknown) {
	const lines = items.map((item) => make('li', {},
		make('bdi', { className: 'file' }, plain(item.file)), ' ',
		make('span', { className: 'what' }, plain(itemWords(item)))));

	for (const [name, why] of unknown)
		lines.push(make('li', { className: 'unknown' },
			make('bdi', { className: 'file' }, plain(name)), ' ',
			make('span', { className: 'what' }, why)));
	$('put-found').replaceChildren(...lines);
}

function judgeFiles() {
	const parts = combine(items);

	$('put-password-field').hidden = !parts.locked;
	setError('put-files', parts.problem);
	return parts;
}

/* Why a file is of no use. */
const whyNot = (read) => (read === null ? 'it cannot be read'
	: 'no certificate or key in it');

async function takeFiles(files) {
	const big = files.find(({ size }) => size > FILE_MAX);
	const mine = ++turn;

	items = [];
	showItems([]);
	clearErrors();
	if (big) {
		setError('put-files', `${plain(big.name)} is too big: a file ` +
			'may have 64 KiB.');
		return;
	}
	const read = await Promise.all(files.map(readFile));

	if (mine !== turn)
		return;
	items = read.flatMap((found) => found ?? []);
	showItems(files.map(({ name }, i) => [name, whyNot(read[i])])
		.filter((file, i) => !read[i]?.length));
	if (files.length > 0)
		judgeFiles();
}

/* --- id ------------------------------------------------------------------- */

function judgeId() {
	const id = $('put-id').value.trim();
	const taken = id === '' ? undefined : findById(id);

	tell($('put-id-note'), taken && `Takes the place of ${taken.name}, ` +
		`which ${stateWords(taken, Date.now())}.`);
	return id === '' || ID.test(id);
}

function onId() {
	if (judgeId())
		setError('put-id', null);
}

/* --- sending -------------------------------------------------------------- */

function showProgress(part) {
	const percent = Math.round(part * 100);

	$('put-progress').hidden = false;
	$('put-bar').value = part;
	$('put-percent').textContent = percent < 100 ? `${percent} %`
		: 'storing …';
}

function setBusy(busy) {
	$('put-send').disabled = busy;
	if (!busy)
		$('put-progress').hidden = true;
}

function parameters(parts) {
	const id = $('put-id').value.trim();
	const password = $('put-password').value;
	const sent = { 'blob-cert': parts.cert };

	if (parts.key !== null)
		sent['blob-pk'] = parts.key;
	if (!$('put-password-field').hidden && password !== '')
		sent.password = password;
	if (id !== '')
		sent.id = id;
	return sent;
}

function showFailure(error) {
	if (error.name === 'AbortError') {
		say('The upload was stopped. If the server had all of it ' +
			'already, it is stored: reload to see.');
		return;
	}
	if (!(error instanceof ApiError))
		throw error;
	const field = FIELDS[error.param] ?? 'put';
	const text = error.code === CODE.tooBig
		? 'This is too big: a certificate or key may have 64 KiB.'
		: error.message;

	fail(field, error.param === 'blob-pk' ? `Private key: ${text}` : text);
}

/* The API's answer, or null when there was none. */
async function send(parts) {
	stop = new AbortController();
	setBusy(true);
	showProgress(0);
	try {
		return await put(parameters(parts), showProgress, stop.signal);
	} catch (error) {
		setBusy(false);
		showFailure(error);
		return null;
	} finally {
		stop = null;
		setBusy(false);
	}
}

async function store(parts) {
	const answer = await send(parts);

	if (answer === null)
		return;
	dialog.close();
	stored(answer);
}

function onSubmit(event) {
	event.preventDefault();
	if (stop !== null)
		return;
	clearErrors();
	const parts = judgeFiles();

	if (parts.problem)
		fail('put-files', parts.problem);
	else if (!judgeId())
		fail('put-id',
			'An id is @ and 1 to 40 letters, digits, _ or -.');
	else
		store(parts);
}

/* --- the dialog ----------------------------------------------------------- */

/* files: those that were dropped; id: that of a certificate to be replaced. */
export function openUpload(files = [], id = '') {
	if (!dialog.open) {
		$('put-form').reset();
		$('put-id').value = id;
		setBusy(false);
		dialog.showModal();
		judgeId();
	}
	takeFiles([...files]);
	if (files.length > 0)
		$('put-id').focus();
}

function onClose() {
	stop?.abort();
	turn++;
	items = [];
	$('put-found').replaceChildren();
	$('put-form').reset(); /* the password with it */
}

const holdsFiles = (event) => event.dataTransfer?.types.includes('Files');

/* Files may be dropped anywhere, unless another dialog is open. */
function listenForDrops(mayDrop) {
	const veil = $('drop');

	const mark = (on) => {
		veil.hidden = !on || dialog.open;
		zone.classList.toggle('over', on);
	};

	addEventListener('dragover', (event) => {
		if (!holdsFiles(event))
			return;
		event.preventDefault();
		event.dataTransfer.dropEffect = mayDrop() ? 'copy' : 'none';
		mark(mayDrop());
	});
	addEventListener('dragleave', (event) => {
		if (event.relatedTarget === null)
			mark(false);
	});
	addEventListener('drop', (event) => {
		if (!holdsFiles(event))
			return;
		event.preventDefault();
		mark(false);
		if (mayDrop())
			openUpload(event.dataTransfer.files);
	});
}

export function startUpload({ onStored, byId, isReady }) {
	stored = onStored;
	findById = byId;
	$('put-form').addEventListener('submit', onSubmit);
	$('put-files').addEventListener('change', (event) =>
		takeFiles([...event.target.files]));
	$('put-id').addEventListener('input', onId);
	$('put-cancel').addEventListener('click', () => dialog.close());
	dialog.addEventListener('close', onClose);
	listenForDrops(() => stop === null && isReady() &&
		(dialog.open || !document.querySelector('dialog[open]')));
}
