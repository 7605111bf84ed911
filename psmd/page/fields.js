/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fields.js - lists of what is known: a title, and what stands there. */

import { make, plain, say } from './dom.js';

/* With colons, after each of which the line may break. */
function pairs(text) {
	return (text.match(/..?/g) ?? []).flatMap((pair, i) => (i === 0 ? [pair]
		: [':', make('wbr'), pair]));
}

/* Without a secure context there is no clipboard: then it is marked, ready to
 * be copied. */
async function copy(source, title, button) {
	try {
		await navigator.clipboard.writeText(source.dataset.text);
		button.textContent = 'Copied';
		say(`${title} copied`);
	} catch {
		getSelection().selectAllChildren(source);
		button.textContent = 'Ctrl+C';
		say(`${title} is marked: copy it with Ctrl+C`);
	}
	setTimeout(() => { button.textContent = 'Copy'; }, 3000);
}

/* Hexadecimal that people copy. */
export function copied(title, text) {
	const code = make('code', {}, ...pairs(text));
	const button = make('button', { type: 'button', className: 'plain',
		ariaLabel: `Copy ${title}` }, 'Copy');

	code.dataset.text = text;
	button.addEventListener('click', () => copy(code, title, button));
	return [title, [code, ' ', button]];
}

export const heading = (text) => [text, null];
export const text = (title, value) => [title, [make('bdi', {}, value)]];
/* What others wrote. */
export const foreign = (title, value) => text(title, plain(value));

export const moment = (when) =>
	when?.replace('T', ' ').replace('Z', ' UTC') ?? 'unknown';

/* fields: as above; those that are not there may be false or undefined. */
export function fill(list, fields) {
	list.replaceChildren(...fields.filter(Boolean)
		.map(([title, content]) => (content === null
			? make('div', { className: 'part' },
				make('dt', {}, title), make('dd', {}))
			: make('div', {}, make('dt', {}, title),
				make('dd', {}, ...content)))));
}
