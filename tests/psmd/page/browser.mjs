/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* browser.mjs - Chromium with the page in it, watched: what goes wrong anywhere
 * in the run is in complaints. */

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu',
	'--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];

export const url = process.env.PSM_PAGE_URL;
export const password = process.env.PSM_PAGE_PASSWORD;
export const complaints = [];

const folder = dirname(fileURLToPath(import.meta.url));
const origin = new URL(url).origin;
let browser;

export const file = (name) => join(folder, name);

export async function start() {
	browser = await chromium.launch({
		executablePath: process.env.CHROMIUM, args: FLAGS,
	});
}

export async function stop() {
	await browser.close();
}

/* Chromium itself writes a line for each answer of 401 or 403, and for a server
 * that is not there, which one test plays. */
const EXPECTED = new RegExp('^Failed to load resource: ' +
	'(the server responded with a status of 40[13]|' +
	'net::ERR_CONNECTION_REFUSED)');

function watch(page) {
	page.on('console', (message) => {
		if (['error', 'warning'].includes(message.type()) &&
		    !EXPECTED.test(message.text()))
			complaints.push(`console: ${message.text()}`);
	});
	page.on('pageerror', (error) => complaints.push(error.stack));
	page.on('dialog', (dialog) => {
		complaints.push(`a dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
	page.on('request', (request) => {
		const to = new URL(request.url());

		if (to.protocol !== 'blob:' && to.origin !== origin)
			complaints.push(`a request to ${request.url()}`);
	});
}

/* The page in a browser without any cookie; closed when the test t ends. */
export async function open(t, options = {}) {
	const context = await browser.newContext({
		ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 },
		...options,
	});
	const page = await context.newPage();

	t.after(() => context.close());
	page.setDefaultTimeout(60000);
	watch(page);
	await page.addInitScript(() =>
		addEventListener('securitypolicyviolation', (event) =>
			console.error(`policy: ${event.violatedDirective} ` +
				event.blockedURI)));
	await page.goto(url);
	return page;
}

export async function logIn(page, word = password, name = 'admin') {
	await page.locator('#login[open]').waitFor();
	await page.getByLabel('Account').fill(name);
	await page.getByLabel('Password', { exact: true }).fill(word);
	await page.getByRole('button', { name: 'Log in' }).click();
}

/* Logged in, with the list in sight. */
export async function enter(t, options) {
	const page = await open(t, options);

	await logIn(page);
	await page.locator('#rows tr, #first:visible').first().waitFor();
	return page;
}

/* Answer the list with other certificates than the store's. */
export async function pretend(page, certificates) {
	await page.route('**/api/cert/user', (route) =>
		(route.request().method() === 'GET' ? route.fulfill({
			json: { success: true, result: { certificates } },
		}) : route.fallback()));
}

/* Requests that fit() come to wait until the function that is returned is
 * called, and then have this answer, or else the server's. */
export async function hold(page, glob, fit, answer) {
	let release;
	const held = new Promise((resolve) => { release = resolve; });

	await page.route(glob, async (route) => {
		if (!fit(route.request())) {
			await route.fallback();
			return;
		}
		await held;
		await (answer ? route.fulfill({ json: answer })
			: route.continue());
	});
	return release;
}

/* Somebody logs in by another window of the same browser. */
export async function logInElsewhere(page, name, word) {
	const other = await page.context().newPage();

	await other.goto(url);
	await other.evaluate((fields) => fetch('/session', {
		method: 'POST', body: new URLSearchParams(fields),
	}), { name, password: word });
}

export const row = (page, text) =>
	page.getByRole('row').filter({ hasText: text });

export async function openDetails(page, name) {
	await page.getByRole('button', { name, exact: true }).first().click();
	await page.locator('#details[open]').waitFor();
}

export const idOf = (page) => page.getByRole('textbox', { name: /^Id/ });

export async function openUpload(page, ...names) {
	await page.getByRole('button', { name: 'Upload \u2026' }).click();
	await page.getByLabel('Files').setInputFiles(names.map(file));
}

export async function upload(page, id, ...names) {
	await openUpload(page, ...names);
	await idOf(page).fill(id);
	await page.getByRole('button', { name: 'Upload', exact: true }).click();
	await page.locator('#put').waitFor({ state: 'hidden' });
}

/* What the API says of a certificate, asked from inside the page. */
export function asked(page, id) {
	return page.evaluate(async (name) => {
		const response = await fetch('/api/cert/user?' +
			new URLSearchParams({ id: name }),
		{ headers: { 'X-PSM-Token': 'none' } });

		return (await response.json()).result?.certificates ?? [];
	}, id);
}

/* A picture, where PSM_SHOTS asks for them. */
export async function shoot(page, name) {
	const to = process.env.PSM_SHOTS;

	if (!to)
		return;
	mkdirSync(to, { recursive: true });
	await page.screenshot({ path: join(to, `${name}.png`) });
}
