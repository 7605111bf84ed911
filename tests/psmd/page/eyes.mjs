/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* eyes.mjs - what people see of the page, or hear, or reach by keyboard. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url)
	.resolve('axe-core/axe.min.js'), 'utf8');

export const focused = (page) => page.evaluate(() =>
	document.activeElement.id || document.activeElement.textContent);

export async function shows(locator, pattern) {
	await locator.filter({ hasText: pattern }).waitFor();
}

/* Press Tab until the element of that name has the focus. */
export async function tabTo(page, name) {
	for (let i = 0; i < 60; i++) {
		await page.keyboard.press('Tab');
		if (await page.evaluate((wanted) => {
			const { id, textContent } = document.activeElement;

			return id === wanted || textContent.trim() === wanted;
		}, name))
			return;
	}
	assert.fail(`Tab never comes to ${name}`);
}

export async function fits(page, what) {
	const [inner, all] = await page.evaluate(() =>
		[innerWidth, document.documentElement.scrollWidth]);

	assert.ok(all <= inner, `${what}: ${all} in ${inner}`);
	assert.deepEqual(await page.evaluate(() =>
		[...document.querySelectorAll('dialog[open]')]
			.filter((d) => d.scrollWidth > d.clientWidth)
			.map(({ id }) => id)), [], what);
}

export async function accessible(page, what) {
	await page.evaluate(AXE);
	const { violations } = await page.evaluate(() => globalThis.axe.run());

	assert.deepEqual(violations.map(({ id, nodes }) =>
		[id, nodes.map(({ html }) => html)]), [], what);
}
