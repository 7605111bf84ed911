/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* dom.js - what every part of the page does with the document. Text goes in as
 * text, never as markup. */

export const $ = (id) => document.getElementById(id);

/* An element with properties, and children or texts in it. */
export function make(tag, properties = {}, ...children) {
	const element = document.createElement(tag);

	for (const [name, value] of Object.entries(properties)) {
		if (name in element)
			element[name] = value;
		else
			element.setAttribute(name, value);
	}
	element.append(...children);
	return element;
}

export const unseen = (text) => make('span', { className: 'unseen' }, text);

const UNSEEN = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c' +
	'\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-' +
	'\\ufffb\\u{e0000}-\\u{e007f}]', 'gu');

/* A name comes from whoever made the certificate: characters that are unseen,
 * or turn the order of others, are written out. */
export function plain(text) {
	return text.replace(UNSEEN, (c) => '\u27e8U+' +
		c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0') +
		'\u27e9');
}

/* Show text in an element that is hidden when there is none. */
export function tell(element, text) {
	element.textContent = text ?? '';
	element.hidden = !text;
}

export const capitalized = (text) =>
	text.charAt(0).toUpperCase() + text.slice(1);

let quietSoon;

/* What was done, for the eye and for a screen reader: in the dialog that is
 * open, as it covers what is outside, and makes that inert. */
export function say(text) {
	const said = $('said');
	const place = [...document.querySelectorAll('dialog[open]')].at(-1) ??
		document.body;

	clearTimeout(quietSoon);
	if (said.parentElement !== place)
		place.append(said);
	said.textContent = text;
	quietSoon = setTimeout(() => { said.textContent = ''; }, 8000);
}

/* A group of radio buttons: choices are [value, text]. */
export function radios(fieldset, name, choices, chosen, onChange) {
	for (const [value, text] of choices) {
		const input = make('input', {
			type: 'radio', name, value, checked: value === chosen,
		});

		input.addEventListener('change', () => onChange(value));
		fieldset.append(make('label', {}, input,
			make('span', { className: 'text' }, text)));
	}
}

const SVG = 'http://www.w3.org/2000/svg';
const SHAPES = {
	expired: 'M3 3l10 10M13 3L3 13',
	soon: 'M8 2l6.500 12h-13zM8 6.500v3.500M8 12v.5',
	fine: 'M2.500 8.500l3.500 4 7.500-9',
	future: 'M8 1.500a6.500 6.500 0 1 0 .01 0zM8 4.500v4l2.500 1.500',
	applied: 'M4 1.500h8M4 14.500h8M5 1.500c0 4 6 9 6 13' +
		'M11 1.500c0 4-6 9-6 13',
	approved: 'M2 8h10M8.500 4l4 4-4 4',
	issued: 'M2.500 8.500l3.500 4 7.500-9',
	rejected: 'M3 3l10 10M13 3L3 13',
	revoked: 'M8 1.500a6.500 6.500 0 1 0 .01 0zM3.500 3.500l9 9',
};

/* A state's sign: a shape of its own, so that colour says nothing alone. */
export function sign(state) {
	const svg = document.createElementNS(SVG, 'svg');
	const path = document.createElementNS(SVG, 'path');

	svg.setAttribute('viewBox', '0 0 16 16');
	svg.setAttribute('class', `sign ${state}`);
	svg.setAttribute('aria-hidden', 'true');
	path.setAttribute('d', SHAPES[state]);
	svg.append(path);
	return svg;
}
