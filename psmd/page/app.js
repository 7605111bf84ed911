/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* app.js - the certificate manager: what is shown when, and who is told. */

import { ApiError, CODE, findSession, getAll, getOne, logOut, may,
	onLoginNeeded, session } from './api.js';
import { COLUMNS, STATES, makeCert, matcher, stateOf } from './cert.js';
import { openDetails, startDetails } from './details.js';
import { openOrder, startDecide } from './decide.js';
import { $, make, radios, say, tell } from './dom.js';
import { flash, focusCert, neighbour, show, showSort, startList }
	from './list.js';
import { askToLogIn, startLogin } from './login.js';
import { focusOrders, loadOrders, onChanged, showOrders, startOrders,
	watchOrders } from './orders.js';
import { RANGES } from './timeline.js';
import { openUpload, startUpload } from './upload.js';
import { isSeen, settle, startViews, tellWaiting } from './views.js';

const OLD = 60000; /* ms, after which a page that is looked at again reloads */

let certs = new Map(); /* handle -> certificate */
let loaded = 0;        /* when */
let used = false;      /* somebody was logged in */

const view = {
	words: '', state: 'all', range: 'year',
	sort: { column: 'expiry', descending: false },
};

/* --- the list ------------------------------------------------------------- */

function chosen(now) {
	const { column, descending } = view.sort;
	const fits = matcher(view.words);
	const sign = descending ? -1 : 1;
	const compare = COLUMNS[column].compare;

	return [...certs.values()]
		.filter((cert) => (view.state === 'all' ||
			stateOf(cert, now) === view.state) && fits(cert))
		.sort((a, b) => sign * compare(a, b) || a.to - b.to);
}

const number = new Intl.NumberFormat('en');

function countWords(n) {
	const all = certs.size === 1 ? '1 certificate'
		: `${number.format(certs.size)} certificates`;

	return n === certs.size ? all : `${number.format(n)} of ${all}`;
}

function showStateCounts(now) {
	const counts = { all: certs.size };

	for (const cert of certs.values()) {
		const state = stateOf(cert, now);

		counts[state] = (counts[state] ?? 0) + 1;
	}
	for (const input of $('states').querySelectorAll('input'))
		input.parentElement.querySelector('.n').textContent =
			number.format(counts[input.value] ?? 0);
}

function refresh() {
	const now = Date.now();
	const list = chosen(now);

	$('store').hidden = certs.size === 0;
	$('first').hidden = certs.size > 0;
	$('no-match').hidden = list.length > 0;
	$('list').hidden = list.length === 0;
	$('count').textContent = countWords(list.length);
	showStateCounts(now);
	showSort(view.sort);
	$('sorting').value = view.sort.column;
	show(list, view.range);
}

function sortBy(column) {
	const { sort } = view;

	view.sort = {
		column,
		descending: sort.column === column && !sort.descending,
	};
	refresh();
}

function showEverything() {
	view.words = '';
	view.state = 'all';
	$('find').value = '';
	$('states').querySelector('input').checked = true;
	refresh();
}

/* --- loading -------------------------------------------------------------- */

function showAccount() {
	used ||= session.account !== null;
	$('who').hidden = session.account === null;
	$('account').textContent = session.account ?? '';
	watchOrders(may('order-control'));
	settle(loaded > 0);
}

const TROUBLES = {
	[CODE.https]: 'This page works over HTTPS only. Open it with ' +
		'https:// in its address.',
	[CODE.privilege]: 'This account has neither the privilege ' +
		'\u201cSystem Control\u201d, which managing certificates ' +
		'needs, nor \u201cOrder Control\u201d.',
	[CODE.disabled]: 'The certificate service is switched off in the ' +
		'server\u2019s configuration.',
};

/* An account that may not see this view has turned to another. */
function onTrouble(name, error) {
	if (!isSeen(name))
		return;
	if (error !== null)
		tell($('trouble-text'), TROUBLES[error.code] ?? error.message);
	$('trouble').hidden = error === null;
}

async function loadCerts() {
	$('main').ariaBusy = 'true';
	try {
		const list = await getAll();

		certs = new Map(list.map(makeCert)
			.map((cert) => [cert.handle, cert]));
		loaded = Date.now();
		onTrouble('certificates', null);
		refresh();
	} catch (error) {
		if (!(error instanceof ApiError))
			throw error;
		onTrouble('certificates', error);
	} finally {
		showAccount();
		$('main').ariaBusy = 'false';
	}
}

const load = () => (isSeen('orders') ? loadOrders() : loadCerts());

function onShow(name) {
	$('trouble').hidden = true;
	showOrders(name === 'orders');
	if (name === 'certificates')
		loadCerts();
}

async function reload() {
	await load();
	if ($('trouble').hidden)
		say('Reloaded');
}

/* --- changes -------------------------------------------------------------- */

const focusFallback = () =>
	($('store').hidden ? $('first-upload') : $('find')).focus();

function storedWords(cert, old, replaced) {
	const words = `Stored ${cert.name}${cert.id && ` as ${cert.id}`}.`;

	if (!replaced)
		return words;
	return old && old.handle !== cert.handle
		? `${words} It replaced ${old.name} ` +
			`(${replaced.slice(0, 8)}\u2026).`
		: `${words} It was here before.`;
}

/* Show it, even where it does not fit what was searched for. */
function reveal(cert) {
	refresh();
	if (!focusCert(cert.handle)) {
		showEverything();
		focusCert(cert.handle);
	}
	flash(cert.handle);
}

async function onStored({ fingerprint, replaced }) {
	const old = [...certs.values()]
		.find(({ raw }) => raw.fingerprint === replaced);

	try {
		const cert = makeCert(await getOne(fingerprint));

		if (old)
			certs.delete(old.handle);
		certs.set(cert.handle, cert);
		reveal(cert);
		say(storedWords(cert, old, replaced));
	} catch (error) {
		if (!(error instanceof ApiError))
			throw error;
		onTrouble('certificates', error);
	}
}

function onRemoved(cert) {
	const next = neighbour(cert.handle);

	certs.delete(cert.handle);
	refresh();
	if (next === undefined || !focusCert(next))
		focusFallback();
	say(`Deleted ${cert.name} and its private key.`);
}

function byId(id) {
	return [...certs.values()].find((cert) => cert.id === id);
}

/* --- session -------------------------------------------------------------- */

async function haveThemLogIn() {
	document.body.classList.toggle('out', !used);
	await askToLogIn(used);
	document.body.classList.remove('out');
	showAccount();
}

async function onLogOut() {
	try {
		await logOut();
	} catch (error) {
		say(error.message);
		return;
	}
	/* nothing of it stays in this window */
	location.reload();
}

/* --- start ---------------------------------------------------------------- */

function makeChoices() {
	const states = [['all', 'All'], ...Object.entries(STATES)];

	radios($('states'), 'state', states, view.state, (state) => {
		view.state = state;
		refresh();
	});
	for (const label of $('states').querySelectorAll('.text'))
		label.append(' ', make('span', { className: 'n' }));
	radios($('ranges'), 'range', Object.entries(RANGES)
		.map(([range, { title }]) => [range, title]), view.range,
	(range) => {
		view.range = range;
		refresh();
	});
	for (const [column, { title }] of Object.entries(COLUMNS))
		$('sorting').append(make('option', { value: column }, title));
	$('sorting').addEventListener('change', (event) => {
		view.sort = { column: event.target.value, descending: false };
		refresh();
	});
}

function listen() {
	$('find').addEventListener('input', (event) => {
		view.words = event.target.value;
		refresh();
	});
	$('reload').addEventListener('click', reload);
	$('order-reload').addEventListener('click', reload);
	$('retry').addEventListener('click', load);
	$('logout').addEventListener('click', onLogOut);
	$('show-all').addEventListener('click', () => {
		showEverything();
		$('find').focus();
	});
	$('upload').addEventListener('click', () => openUpload());
	$('first-upload').addEventListener('click', () => openUpload());
	document.addEventListener('visibilitychange', () => {
		const old = loaded > 0 && Date.now() - loaded > OLD;

		if (old && !document.hidden && isSeen('certificates') &&
		    !document.querySelector('dialog[open]'))
			loadCerts();
	});
}

async function start() {
	onLoginNeeded(haveThemLogIn, showAccount);
	startLogin();
	startList({ onSort: sortBy, onOpen: openDetails });
	startDetails({ onRemoved,
		onReplace: (cert) => openUpload([], cert.id) });
	startUpload({ onStored, byId,
		isReady: () => loaded > 0 && isSeen('certificates') });
	startOrders({ onOpen: openOrder, onWaiting: tellWaiting,
		onTrouble: (error) => onTrouble('orders', error) });
	startDecide({ onChanged, onClosed: focusOrders });
	startViews(onShow);
	makeChoices();
	listen();
	try {
		await findSession();
	} catch (error) {
		settle(false);
		onTrouble('certificates', error);
		return;
	}
	showAccount();
}

start();
