/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* list.js - the table of certificates. Only the rows in sight are in the
 * document, so that 10,000 scroll as lightly as ten; aria-rowindex says where
 * each one is. */

import { COLUMNS, STATES, dayOf, endWords, stateOf } from './cert.js';
import { $, make, sign, unseen } from './dom.js';
import { cell, focusedRow, startRows } from './rows.js';
import { bar, endings, makeScale, marks } from './timeline.js';

const AROUND = 12; /* rows kept ready above and below what is in sight */
const BUCKETS = 60;

const table = $('list');
const head = $('columns');
const body = $('rows');

let shown = [];          /* the certificates, in order */
let places = new Map();  /* handle -> index in shown */
const rows = new Map();  /* handle -> its row in the document */
let scale;
let now;
let open;                /* called with the certificate of a row */

/* --- head ----------------------------------------------------------------- */

function makeHeads(onSort) {
	for (const [column, { title }] of Object.entries(COLUMNS)) {
		const button = make('button', { type: 'button' }, title);

		button.addEventListener('click', () => onSort(column));
		head.append(make('th', { role: 'columnheader', scope: 'col',
			className: column }, button));
	}
	head.append(make('th', { role: 'columnheader', scope: 'col',
		className: 'time' },
	unseen('Time of validity'),
	make('span', { className: 'axis', ariaHidden: 'true' })));
}

export function showSort({ column, descending }) {
	for (const th of head.children) {
		if (th.classList.contains(column))
			th.ariaSort = descending ? 'descending' : 'ascending';
		else
			th.ariaSort = null;
	}
}

function place(element, at) {
	element.style.setProperty('--at', at);
	return element;
}

/* The certificates that end at one part of the axis: of says how many. */
function makeColumn(at, of) {
	const state = at < scale.now ? 'expired'
		: at < scale.soon ? 'soon' : 'fine';
	const column = make('i', { className: `ends ${state}` });

	column.style.setProperty('--of', of);
	return place(column, at);
}

/* "today" stands to the left of its line, and at the end a word is cut off. */
const hasRoom = ({ at }) =>
	at < .93 && (at < scale.now - .25 || at > scale.now);

function drawAxis() {
	const counts = endings(shown, scale, BUCKETS);
	const most = Math.max(1, ...counts);
	const columns = counts.flatMap((count, i) => (count === 0 ? []
		: [makeColumn(i / BUCKETS, Math.sqrt(count / most))]));

	head.querySelector('.axis').replaceChildren(...columns,
		...marks(scale).filter(hasRoom).map(({ at, text }) =>
			place(make('span', { className: 'mark' }, text), at)),
		place(make('span', { className: 'today' }, 'today'),
			scale.now));
	table.style.setProperty('--axis-now', scale.now);
	table.style.setProperty('--axis-soon', scale.soon);
}

/* --- rows ----------------------------------------------------------------- */

function makeBar(cert, state) {
	const { a, b, before, after, off } = bar(cert, scale);
	const element = make('span', { className: `bar ${state}` });

	if (off !== null) {
		element.classList.add('off', off);
	} else {
		element.classList.toggle('before', before);
		element.classList.toggle('after', after);
		element.style.setProperty('--a', a);
		element.style.setProperty('--b', b);
	}
	return element;
}

function makeRow(cert) {
	const { startDate, endDate } = cert.raw;
	const state = stateOf(cert, now);
	const name = make('button', { type: 'button', className: 'name' },
		make('bdi', {}, cert.name));

	name.addEventListener('click', (event) => {
		event.stopPropagation();
		open(cert);
	});
	return make('tr', { role: 'row', className: state },
		cell('name', name, make('bdi', { className: 'owner' },
			cert.owner)),
		cell('issuer', make('bdi', {}, cert.issuer)),
		cell('id', make('bdi', {}, cert.id)),
		cell('key', cert.key),
		cell('expiry', sign(state),
			unseen(`${STATES[state]}: `),
			make('span', { className: 'when' },
				endWords(cert, now)),
			make('span', { className: 'date' }, dayOf(endDate))),
		cell('time',
			unseen(`${dayOf(startDate)} to ${dayOf(endDate)}`),
			makeBar(cert, state)));
}

function rowHeight() {
	const height = getComputedStyle(body).getPropertyValue('--row');
	const root = getComputedStyle(document.documentElement).fontSize;

	return parseFloat(height) * parseFloat(root);
}

/* Which rows are in sight, with some around them. */
function sight(height) {
	const top = body.getBoundingClientRect().top;
	const first = Math.floor(-top / height) - AROUND;
	const last = Math.ceil((innerHeight - top) / height) + AROUND;

	return [Math.max(0, first), Math.min(shown.length, last)];
}

const handleOf = (row) => row?.dataset.handle;

/* The row of index i, made where there is none yet. */
function putRow(i, height) {
	const cert = shown[i];
	let row = rows.get(cert.handle);

	if (row === undefined) {
		row = makeRow(cert);
		row.dataset.handle = cert.handle;
		row.style.setProperty('--top', `${i * height}px`);
		row.ariaRowIndex = i + 2;
		row.dataset.at = i;
		rows.set(cert.handle, row);
	}
	return row;
}

/* Put them in order without moving what has its place already: that would lose
 * the focus. */
function arrange(wanted) {
	let next = body.firstElementChild;

	for (const row of wanted) {
		if (row === next)
			next = next.nextElementSibling;
		else
			body.insertBefore(row, next);
	}
}

function draw() {
	const height = rowHeight();
	const [first, last] = sight(height);
	const kept = handleOf(focusedRow(body));
	const wanted = [];

	for (const [handle, row] of rows) {
		const i = places.get(handle);

		if (handle !== kept && (i < first || i >= last)) {
			row.remove();
			rows.delete(handle);
		}
	}
	for (let i = first; i < last; i++)
		wanted.push(putRow(i, height));
	if (kept !== undefined && !wanted.includes(rows.get(kept))) {
		wanted.push(rows.get(kept));
		wanted.sort((a, b) => a.dataset.at - b.dataset.at);
	}
	arrange(wanted);
}

/* All anew: other certificates, another order, another axis. */
function redraw() {
	const kept = handleOf(focusedRow(body));

	body.style.setProperty('--height', `${shown.length * rowHeight()}px`);
	table.ariaRowCount = shown.length + 1;
	rows.clear();
	body.replaceChildren();
	drawAxis();
	draw();
	if (kept !== undefined)
		focusCert(kept);
}

export function show(certs, range) {
	now = Date.now();
	scale = makeScale(range, now);
	shown = certs;
	places = new Map(certs.map(({ handle }, i) => [handle, i]));
	redraw();
}

/* --- moving about --------------------------------------------------------- */

/* Move the focus to row i, scrolling no more than needed. */
function focusRow(i) {
	const height = rowHeight();
	const top = body.getBoundingClientRect().top + i * height;
	const room = head.getBoundingClientRect().bottom;

	if (top < room)
		scrollBy(0, top - room);
	else if (top + height > innerHeight)
		scrollBy(0, top + height - innerHeight);
	draw();
	rows.get(shown[i].handle)?.querySelector('button.name')
		.focus({ preventScroll: true });
}

/* false: it is not in the list now. */
export function focusCert(handle) {
	const i = places.get(handle);

	if (i !== undefined)
		focusRow(i);
	return i !== undefined;
}

/* A certificate that goes leaves the focus to its neighbour. */
export function neighbour(handle) {
	const i = places.get(handle);

	return (shown[i + 1] ?? shown[i - 1])?.handle;
}

export function flash(handle) {
	const row = rows.get(handle);

	row?.classList.add('new');
	setTimeout(() => row?.classList.remove('new'), 4000);
}

const page = () => Math.max(1, Math.floor(innerHeight / rowHeight()) - 2);

const indexOf = (row) => places.get(handleOf(row));

let awaited = false;

/* Once a frame is enough. */
function drawSoon() {
	if (awaited)
		return;
	awaited = true;
	requestAnimationFrame(() => {
		awaited = false;
		draw();
	});
}

export function startList({ onSort, onOpen }) {
	open = onOpen;
	makeHeads(onSort);
	startRows(body, { indexOf, page, count: () => shown.length,
		open: (row) => open(shown[indexOf(row)]), focus: focusRow });
	addEventListener('scroll', drawSoon, { passive: true });
	let width = 0;
	new ResizeObserver(([entry]) => {
		if (width !== entry.contentRect.width && scale)
			redraw();
		width = entry.contentRect.width;
	}).observe(table);
	addEventListener('resize', drawSoon);
}
