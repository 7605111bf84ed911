/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* views.js - certificates or orders: what is in sight, as the address says and
 * the account may. */

import { may, session } from './api.js';
import { $, tell, unseen } from './dom.js';

const VIEWS = {
	certificates: { title: 'Certificates', privilege: 'system-control' },
	orders: { title: 'Orders', privilege: 'order-control' },
};

let seen = null;
let waiting = '';  /* how many orders are */
let show;          /* called with the name of a view, to show it */

/* Of somebody who is not logged in nobody knows yet. */
const choices = () => Object.keys(VIEWS).filter((name) =>
	session.account === null || may(VIEWS[name].privilege));

export const isSeen = (name) => seen === name;

function showTitle() {
	const { title } = VIEWS[seen];

	$('title').textContent = title;
	document.title = waiting === '' ? title : `${title} (${waiting})`;
}

export function tellWaiting(count) {
	waiting = count;
	tell($('waiting'), count);
	if (count !== '')
		$('waiting').append(unseen(' waiting'));
	showTitle();
}

function turnTo(name) {
	if (name === seen)
		return;
	seen = name;
	for (const other of Object.keys(VIEWS))
		$(other).hidden = other !== name;
	for (const link of $('views').querySelectorAll('a'))
		link.ariaCurrent = link.hash === `#${name}` ? 'page' : null;
	showTitle();
	show(name);
}

/* Turn to what the address names, or else to the first that may be seen. open:
 * no login is needed. */
export function settle(open) {
	const names = choices();
	const wanted = location.hash.slice(1);
	const many = names.length > 1 && (open || session.account !== null);

	$('views').hidden = !many;
	$('title').classList.toggle('unseen', many);
	turnTo(names.includes(wanted) ? wanted : names[0] ?? 'certificates');
}

export function startViews(onShow) {
	show = onShow;
	addEventListener('hashchange', () => settle(!$('views').hidden));
}
