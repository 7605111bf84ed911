/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* orders.js - the list of orders, for those who decide about them. It is loaded
 * in pages, the newest first, and kept up to date while somebody is there. */

import { ApiError, getOrder, getOrders, glanceAtOrders } from './api.js';
import { $, make, plain, radios, sign, tell } from './dom.js';
import { moment } from './fields.js';
import { STATES, foreignOf, sinceOf, sinceWords, whatWords }
	from './order.js';
import { cell, focusedRow, startRows } from './rows.js';

const PAGE = 50;         /* orders that come at a time */
const PAGE_MAX = 200;    /* and the most that the server gives */
const EVERY = 20000;     /* ms between two glances */
const THERE = 5 * 60000; /* ms after a key or click: the session is to end when
                          * nobody is there, so nothing is asked then */
const MANY = 1000;       /* where the server stops counting */

const body = $('order-rows');
const ANY = 'all';

const view = { state: 'applied', find: '' };
let orders = [];         /* as the server has them, the newest first */
let more = false;
let listed = '';         /* the view that they are of */
let shown = false;       /* this view is the one in sight */
let active = 0;          /* when somebody was there last */
let turn = 0;            /* an answer to an older question is of no use */
let open;                /* called with the number of an order */
let onTrouble;           /* called with an ApiError, or null */
let onWaiting;           /* called with how many wait, as text */

const number = new Intl.NumberFormat('en');
const countOf = (n) => (n < MANY ? number.format(n)
	: `${number.format(MANY - 1)}+`);

/* --- rows ----------------------------------------------------------------- */

function numberCell(order) {
	const button = make('button', { type: 'button', className: 'number' },
		`${order.number}`);

	button.addEventListener('click', (event) => {
		event.stopPropagation();
		open(order.number);
	});
	return cell('number', button);
}

function fillRow(row, order, now) {
	const since = sinceOf(order);

	row.className = order.state;
	row.dataset.number = order.number;
	row.replaceChildren(
		cell('state', sign(order.state), make('span', {
			className: 'when' }, STATES[order.state])),
		numberCell(order),
		cell('account', make('bdi', {}, plain(order.account)),
			make('bdi', { className: 'minor' }, foreignOf(order))),
		cell('what', make('bdi', {}, whatWords(order)),
			make('bdi', { className: 'minor' },
				plain(order.reason ?? ''))),
		cell('since', make('time', { dateTime: since,
			title: moment(since) }, sinceWords(order, now)),
		make('span', { className: 'minor' },
			moment(since).slice(0, 16))));
}

const rowOf = (n) => body.querySelector(`[data-number="${Number(n)}"]`);

/* A row that stays keeps its place in the document, and so the focus; what is
 * in sight stays there. */
function drawRows() {
	const now = Date.now();
	const kept = focusedRow(body)?.dataset.number;
	let next = body.firstElementChild;

	for (const order of orders) {
		const row = rowOf(order.number) ?? make('tr', { role: 'row' });

		fillRow(row, order, now);
		if (row === next)
			next = next.nextElementSibling;
		else
			body.insertBefore(row, next);
	}
	while (next !== null) {
		const gone = next;

		next = next.nextElementSibling;
		gone.remove();
	}
	if (kept !== undefined) {
		rowOf(kept)?.querySelector('button')
			.focus({ preventScroll: true });
		focusOrders();
	}
}

/* --- the whole ------------------------------------------------------------ */

const NOTHING = {
	applied: 'No order waits for a decision.',
	approved: 'No order is approved and not issued yet.',
	issued: 'No order has been issued.',
	rejected: 'No order has been rejected.',
	revoked: 'No order has been revoked.',
	[ANY]: 'There are no orders yet.',
};

function nothingWords() {
	return view.find === '' ? NOTHING[view.state]
		: `Nothing is found for \u201c${plain(view.find)}\u201d.`;
}

function countWords() {
	const n = orders.length;
	const one = n === 1 ? 'order' : 'orders';

	return n === 0 ? '' : `${number.format(n)} ${one}` +
		(more ? ', and there are older ones' : '');
}

function draw() {
	drawRows();
	$('order-list').hidden = orders.length === 0;
	$('order-more').hidden = !more;
	tell($('no-orders'), orders.length === 0 ? nothingWords() : null);
	if ($('order-count').textContent !== countWords())
		$('order-count').textContent = countWords();
}

function tellWaiting(n) {
	$('order-states').querySelector('.n').textContent = countOf(n);
	onWaiting(n === 0 ? '' : countOf(n), n);
}

/* --- loading -------------------------------------------------------------- */

const isNumber = (text) => /^[0-9]{6,18}$/.test(text);

function filter(limit) {
	const parameters = { limit };

	if (view.state !== ANY)
		parameters.state = view.state;
	if (view.find !== '')
		parameters.account = view.find;
	return parameters;
}

/* By its number, in whatever state. An account may be called so, too. */
async function findOne() {
	try {
		return [await getOrder(view.find)];
	} catch (error) {
		if (error instanceof ApiError && error.param === 'number')
			return [];
		throw error;
	}
}

async function ask(limit) {
	const answer = await getOrders(filter(limit));

	if (!isNumber(view.find) || answer.orders.length > 0)
		return answer;
	return { ...answer, orders: await findOne(), more: false };
}

/* Run get(), whose answer is given to use() if it is still wanted. */
async function load(get, use) {
	const mine = ++turn;

	$('main').ariaBusy = 'true';
	try {
		const answer = await get();

		if (mine !== turn)
			return;
		use(answer);
		tellWaiting(answer.waiting);
		draw();
		onTrouble(null);
	} catch (error) {
		if (!(error instanceof ApiError))
			throw error;
		if (mine === turn)
			onTrouble(error);
	} finally {
		if (mine === turn)
			$('main').ariaBusy = 'false';
	}
}

const nameView = () => JSON.stringify(view);

function take(answer) {
	({ orders, more } = answer);
	listed = nameView();
}

export async function loadOrders() {
	await load(() => ask(PAGE), take);
}

/* The focus goes to the first of those that are new. */
async function loadMore() {
	const last = orders.at(-1)?.number;

	if (listed !== nameView()) {
		await loadOrders();
		return;
	}
	await load(() => getOrders({ ...filter(PAGE), before: last }),
		(answer) => {
			orders = [...orders, ...answer.orders];
			({ more } = answer);
		});
	focusRow(orders.findIndex((order) => order.number < last));
}

/* --- up to date ----------------------------------------------------------- */

const isThere = () => !document.hidden && Date.now() - active < THERE;

function flashNew(before) {
	for (const order of orders)
		if (before !== undefined && order.number > before)
			rowOf(order.number)?.classList.add('new');
}

/* What was loaded beyond what one glance can show stays as it was. */
function renew(answer) {
	const old = listed === nameView() ? orders : [];
	const last = answer.more ? answer.orders.at(-1).number : 0;

	if (view.find !== '' && isNumber(view.find))
		return;
	orders = [...answer.orders,
		...old.filter((order) => order.number < last)];
	if (orders.length === answer.orders.length)
		({ more } = answer);
	listed = nameView();
	draw();
	flashNew(old[0]?.number);
}

/* What goes wrong here shows when somebody does something. */
async function glance() {
	const mine = turn;
	const limit = Math.min(PAGE_MAX, Math.max(PAGE, orders.length));

	try {
		const answer = await glanceAtOrders(
			shown ? filter(limit) : { state: 'applied', limit: 1 });

		if (answer === null || mine !== turn)
			return;
		tellWaiting(answer.waiting);
		if (shown && !document.querySelector('dialog[open]'))
			renew(answer);
	} catch (error) {
		if (!(error instanceof ApiError))
			throw error;
	}
}

async function glanceNow() {
	active = Date.now();
	await glance();
}

let timer = null;

/* From time to time, as long as the account is one that decides. */
export function watchOrders(on) {
	if (on === (timer !== null))
		return;
	clearInterval(timer);
	timer = on ? setInterval(() => isThere() && glance(), EVERY) : null;
	if (on)
		glanceNow();
}

/* --- changes -------------------------------------------------------------- */

/* An order was decided about. One that does not belong here any more goes, and
 * its neighbour has the focus. */
export function onChanged(order) {
	const i = orders.findIndex(({ number: n }) => n === order.number);
	const stays = view.state === ANY || view.state === order.state ||
		isNumber(view.find);

	if (i >= 0 && stays)
		orders[i] = order;
	else if (i >= 0)
		orders.splice(i, 1);
	turn++;
	$('main').ariaBusy = 'false';
	draw();
	if (i >= 0 && orders.length > 0)
		focusRow(Math.min(i, orders.length - 1));
	focusOrders();
	glanceNow();
}

/* The row that had the focus may have gone meanwhile. */
export function focusOrders() {
	const { activeElement } = document;

	if (activeElement === document.body || !activeElement.checkVisibility())
		(body.querySelector('button') ??
			$('order-states').querySelector('input:checked'))
			.focus();
}

/* --- moving about --------------------------------------------------------- */

function focusRow(i) {
	body.children[i]?.querySelector('button').focus();
}

/* --- start ---------------------------------------------------------------- */

/* on: the view comes in sight. */
export async function showOrders(on) {
	shown = on;
	$('orders').hidden = !on;
	if (on)
		await loadOrders();
}

function makeStates() {
	const states = [...Object.entries(STATES), [ANY, 'All']];

	radios($('order-states'), 'order-state', states, view.state,
		(state) => {
			view.state = state;
			loadOrders();
		});
	$('order-states').querySelector('.text')
		.append(' ', make('span', { className: 'n' }));
}

let findSoon;

function onFind(event) {
	clearTimeout(findSoon);
	findSoon = setTimeout(() => {
		view.find = event.target.value.trim();
		loadOrders();
	}, 300);
}

function makeHeads() {
	const titles = { state: 'State', number: 'Number', account: 'Account',
		what: 'Order', since: 'When' };

	for (const [name, title] of Object.entries(titles))
		$('order-columns').append(make('th', { role: 'columnheader',
			scope: 'col', className: name }, title));
}

export function startOrders({ onOpen, ...told }) {
	open = onOpen;
	({ onTrouble, onWaiting } = told);
	makeStates();
	makeHeads();
	startRows(body, {
		indexOf: (row) => [...body.children].indexOf(row),
		page: () => 10, count: () => body.children.length,
		open: (row) => open(Number(row.dataset.number)),
		focus: focusRow,
	});
	$('order-more').addEventListener('click', loadMore);
	$('order-find').addEventListener('input', onFind);
	for (const event of ['pointerdown', 'keydown', 'pointermove'])
		addEventListener(event, () => { active = Date.now(); },
			{ passive: true });
}
