/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* orders.test.mjs - orders on the page, from waiting to revoked. The tests
 * build on one another. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { complaints, hold, logIn, logInElsewhere, open, shoot, start, stop,
	url } from './browser.mjs';
import { accessible, fits, focused, shows, tabTo } from './eyes.mjs';

before(start);
after(stop);

const { env } = process;
const numberOf = (name) => env[`PSM_ORDER_${name}`];
const wordOf = (name) =>
	readFileSync(`${env.PSM_ACCOUNTS}/${name}.pw`, 'utf8').trim();
const said = (page) => page.locator('#said');
const rows = (page) => page.locator('#order-rows tr');
const row = (page, name) => rows(page).filter({ hasText: numberOf(name) });
const command = (...words) =>
	execFileSync(env.PSM_PSMD, ['order', ...words, '-c', env.PSM_CONF]);

/* Logged in as somebody who decides, with the orders in sight. */
async function enter(t, options, name = 'opal') {
	const page = await open(t, options);

	await logIn(page, wordOf(name), name);
	await page.locator('#orders:visible').waitFor();
	await page.locator('#order-rows tr, #no-orders:visible').first()
		.waitFor();
	return page;
}

async function choose(page, state) {
	await page.getByRole('radio', { name: state }).check({ force: true });
}

async function show(page, name) {
	await page.getByRole('button', { name: numberOf(name), exact: true })
		.click();
	await page.locator('#order[open]').waitFor();
}

async function press(page, name) {
	await page.getByRole('button', { name, exact: true }).click();
}

/* An answer of the API, asked from inside the page. */
function asked(page, query, options = {}) {
	return page.evaluate(async ([parameters, more]) => {
		const response = await fetch(`/api/orders?${parameters}`, {
			headers: { 'X-PSM-Token': 'none' }, ...more,
		});

		return response.json();
	}, [query, options]);
}

/* --- who sees them -------------------------------------------------------- */

test('orders: who has no privilege for them sees none', async (t) => {
	const page = await open(t);

	await page.goto(`${url}#orders`);
	await logIn(page, wordOf('sys'), 'sys');
	await page.locator('#rows tr').first().waitFor();
	assert.ok(await page.locator('#views').isHidden());
	assert.ok(await page.locator('#orders').isHidden());
	assert.equal((await asked(page, '')).error.code, 10);
	assert.equal((await asked(page, '', {
		method: 'POST',
		body: `number=${numberOf('plain')}&action=approve`,
	})).success, false);
	await page.goto(`${url}#orders`);
	assert.ok(await page.locator('#orders').isHidden());
});

test('orders: who has no privilege at all is told', async (t) => {
	const page = await open(t);

	await logIn(page, wordOf('none'), 'none');
	await shows(page.locator('#trouble-text'), 'Order Control');
	assert.ok(await page.locator('#orders').isHidden());
});

test('orders: who decides about them sees them alone', async (t) => {
	const page = await enter(t);

	assert.ok(await page.locator('#views').isHidden());
	assert.ok(await page.locator('#certificates').isHidden());
	assert.equal(await page.title(), 'Orders (7)');
	await shows(page.locator('#title'), 'Orders');
	assert.equal(await page.locator('#rows tr').count(), 0);
});

test('orders: who may see both turns from one to the other', async (t) => {
	const page = await open(t);

	await logIn(page);
	await page.locator('#rows tr').first().waitFor();
	await shows(page.locator('#waiting'), '7');
	await page.getByRole('link', { name: 'Orders 7 waiting' }).click();
	await rows(page).first().waitFor();
	assert.ok(await page.locator('#certificates').isHidden());
	assert.equal(await page.getByRole('link', { name: /Orders/ })
		.getAttribute('aria-current'), 'page');
	await page.goBack();
	await page.locator('#certificates:visible').waitFor();
	assert.equal(await page.title(), 'Certificates (7)');
});

/* --- the list ------------------------------------------------------------- */

test('orders: those that wait come first in sight', async (t) => {
	const page = await enter(t);

	assert.equal(await rows(page).count(), 7);
	await shows(rows(page).first(), numberOf('pkcs12'));
	await shows(row(page, 'plain'), /Waiting.*anna.*A-1.*365 days/s);
	await choose(page, 'Issued');
	await shows(page.locator('#no-orders'), 'No order has been issued');
	await shoot(page, 'orders-empty');
	await choose(page, 'All');
	await shows(page.locator('#order-count'), '7 orders');
});

test('orders: one is found by account or number', async (t) => {
	const page = await enter(t);
	const find = page.getByRole('searchbox');

	await find.fill('berta');
	await shows(page.locator('#order-count'), '2 orders');
	await find.fill(numberOf('plain'));
	await shows(page.locator('#order-count'), '1 order');
	await shows(rows(page), 'anna');
	await find.fill('999999');
	await shows(page.locator('#no-orders'), 'Nothing is found');
	await find.fill('<script>');
	await shows(page.locator('#no-orders'), '\u201c<script>\u201d');
	await find.fill('');
	await shows(page.locator('#order-count'), '7 orders');
});

test('orders: strings of an attacker are text', async (t) => {
	const page = await enter(t);

	await shows(row(page, 'attack'), '<b onmouseover=alert(3)>&#39;');
	await show(page, 'attack');
	await shows(page.locator('#order-fields'),
		/O="<script>alert\(2\).*CN="<img src=x onerror=alert\(1\)/s);
	await shows(page.locator('#order-fields'), '<svg/onload=alert(4)>');
	await shoot(page, 'orders-attack');
	await press(page, 'Approve \u2026');
	await shows(page.locator('#decide-fields'), '<img src=x onerror');
	await page.keyboard.press('Escape');
	await page.keyboard.press('Escape');
	await show(page, 'turned');
	await shows(page.locator('#order-fields'), 'abc\u27e8U+202E\u27e9gpj');
	await page.keyboard.press('Escape');
	await show(page, 'pkcs12');
	await shows(page.locator('#order-fields'),
		/<i>app<\/i>.*<u>Robot<\/u>/s);
	assert.equal(await page.locator('img').count(), 1); /* the sign */
	assert.equal(await page.locator('script').count(), 1);
	assert.equal(await page.locator('#order :is(b, u, i)').count(), 0);
});

/* --- deciding ------------------------------------------------------------- */

test('orders: one shows what is asked for and what is granted', async (t) => {
	const page = await enter(t);

	await show(page, 'plain');
	await shows(page.locator('#order-state'), 'Waiting');
	await shows(page.locator('#order-fields'), /O=Example,CN=Anna Novak/);
	await shows(page.locator('#order-fields'), /anna@example\.org.*P-256/s);
	await shows(page.locator('#order-fields'), /PossessionProved/);
	await shows(page.locator('#order-fields'), /CN=anna, the account/);
	assert.ok(await page.locator('#order-trouble').isHidden());
});

test('orders: approving asks first, and issues', async (t) => {
	const page = await enter(t);

	await show(page, 'plain');
	await press(page, 'Approve \u2026');
	await shows(page.locator('#decide-title'), numberOf('plain'));
	assert.equal(await focused(page), 'decide-cancel');
	await press(page, 'Cancel');
	assert.equal((await asked(page, `number=${numberOf('plain')}`))
		.result.order.state, 'applied');
	await press(page, 'Approve \u2026');
	await press(page, 'Approve');
	await shows(said(page), /Approved order \d+: it is issued/);
	await page.locator('#order').waitFor({ state: 'hidden' });
	assert.equal(await row(page, 'plain').count(), 0);
	assert.ok(await page.evaluate(() =>
		document.activeElement.matches('#order-rows button')));
	await shows(page.locator('#order-states'), /Waiting 6/);
	await choose(page, 'Issued');
	await shows(row(page, 'plain'), 'Issued');
	await show(page, 'plain');
	await shows(page.locator('#order-certs'), /CN=anna.*Serial number/s);
	assert.ok(await page.locator('#order-approve').isHidden());
	await shoot(page, 'orders-issued');
});

test('orders: rejecting needs a reason, which shows', async (t) => {
	const page = await enter(t);

	await show(page, 'refused');
	await press(page, 'Reject \u2026');
	assert.equal(await focused(page), 'decide-reason');
	await page.keyboard.press('Enter');
	await shows(page.locator('#decide-reason-error'), 'needs a reason');
	assert.equal(await page.locator('#decide-reason')
		.getAttribute('aria-invalid'), 'true');
	await page.keyboard.type('Who is <b>Anna</b>?');
	await page.keyboard.press('Enter');
	await shows(said(page), /Rejected order/);
	await choose(page, 'Rejected');
	await shows(row(page, 'refused'), 'Who is <b>Anna</b>?');
});

test('orders: a reason that is too long is said at its field', async (t) => {
	const page = await enter(t);

	await show(page, 'turned');
	await press(page, 'Reject \u2026');
	await page.locator('#decide-reason').evaluate((input) =>
		input.removeAttribute('maxlength'));
	await page.locator('#decide-reason').fill('\u00e9'.repeat(128));
	await press(page, 'Reject');
	await shows(page.locator('#decide-reason-error'), '255 bytes');
	assert.equal(await focused(page), 'decide-reason');
});

test('orders: a PKCS#12 is approved, and made when asked for', async (t) => {
	const page = await enter(t);

	await show(page, 'pkcs12');
	await shows(page.locator('#order-fields'), /KeyAlgorithmAndSize/);
	await press(page, 'Approve \u2026');
	await shows(page.locator('#decide-text'), 'when the client asks');
	await press(page, 'Approve');
	await shows(said(page), /Approved order \d+\.$/);
	assert.equal(await row(page, 'pkcs12').count(), 0);
	await page.getByRole('searchbox').fill(numberOf('pkcs12'));
	await shows(row(page, 'pkcs12'), 'Approved');
	await show(page, 'pkcs12');
	assert.ok(await page.locator('#order-approve').isHidden());
	assert.ok(await page.locator('#order-reject').isVisible());
});

test('orders: what another has decided is said', async (t) => {
	const page = await enter(t);

	await show(page, 'raced');
	await press(page, 'Approve \u2026');
	command('reject', numberOf('raced'), '--reason', 'by command');
	await press(page, 'Approve');
	await shows(page.locator('#decide-error'), 'rejected already');
	await shoot(page, 'orders-raced');
	await press(page, 'Cancel');
	await shows(page.locator('#order-state'), 'Rejected');
	await shows(page.locator('#order-fields'), 'by command');
	assert.ok(await page.locator('#order-approve').isHidden());
});

test('orders: a late answer does not change what is decided', async (t) => {
	const page = await enter(t);
	const late = numberOf('keys');
	const posted = page.waitForRequest((request) =>
		request.method() === 'POST' &&
		request.url().endsWith('/api/orders'));
	const answer = await hold(page, `**/api/orders?number=${late}`,
		() => true);

	await page.getByRole('button', { name: late, exact: true }).click();
	await show(page, 'turned');
	await press(page, 'Reject \u2026');
	const came = page.waitForResponse(`**/api/orders?number=${late}`);

	answer();
	await (await came).finished();
	await page.evaluate(() => new Promise(requestAnimationFrame));
	await shows(page.locator('#order-title'), numberOf('turned'));
	await page.route('**/api/orders', (route) => route.fulfill({
		json: { success: false,
			error: { code: 14, description: 'not now' } },
	}));
	await page.locator('#decide-reason').fill('Why?');
	await press(page, 'Reject');
	assert.equal(new URLSearchParams((await posted).postData())
		.get('number'), numberOf('turned'));
	await shows(page.locator('#decide-error'), 'Not now');
});

test('orders: a decision is said of the order that it was about', async (t) => {
	const page = await enter(t);
	const number = Number(numberOf('keys'));
	const answer = await hold(page, '**/api/orders',
		(request) => request.method() === 'POST', {
			success: true, result: { order: {
				number, kind: 'csr', account: 'anna',
				state: 'issued', certificates: [],
				applied: '2026-01-01T00:00:00Z',
			} },
		});

	await show(page, 'keys');
	await press(page, 'Approve \u2026');
	await press(page, 'Approve');
	await page.keyboard.press('Escape');
	await page.keyboard.press('Escape');
	await show(page, 'turned');
	await press(page, 'Reject \u2026');
	answer();
	await shows(said(page), `Approved order ${number}: it is issued`);
	await shows(page.locator('#decide-title'), numberOf('turned'));
	assert.ok(await page.locator('#decide').isVisible());
	await shows(page.locator('#order-title'), numberOf('turned'));
});

test('orders: a certificate is put on hold, released, revoked', async (t) => {
	const page = await enter(t);
	const certs = page.locator('#order-certs');

	await choose(page, 'Issued');
	await show(page, 'plain');
	await press(page, 'Revoke \u2026');
	await page.locator('#decide-choice').selectOption('certificateHold');
	await shoot(page, 'orders-revoke');
	await press(page, 'Revoke');
	await shows(page.locator('#order-state'), 'Revoked');
	await shows(certs, /On hold/);
	await press(page, 'Release or revoke \u2026');
	await page.locator('#decide-choice').selectOption('removeFromCRL');
	await press(page, 'Release');
	await shows(said(page), /Released/);
	await shows(page.locator('#order-state'), 'Issued');
	await press(page, 'Revoke \u2026');
	await page.locator('#decide-choice').selectOption('keyCompromise');
	await press(page, 'Revoke');
	await shows(page.locator('#order-state'), 'Revoked');
	await shows(certs, /may be known to others/);
	assert.equal(await certs.getByRole('button', { name: /evoke/ })
		.count(), 0);
	assert.equal(await focused(page), 'order-close');
	await page.keyboard.press('Enter');
	await page.locator('#order').waitFor({ state: 'hidden' });
	await page.waitForFunction(() => document.activeElement
		.matches('#orders input, #orders button'));
});

test('orders: when the session has ended, the decision is kept', async (t) => {
	const page = await enter(t);

	await show(page, 'turned');
	await press(page, 'Reject \u2026');
	await page.locator('#decide-reason').fill('Not this name');
	await page.context().clearCookies();
	await press(page, 'Reject');
	await shows(page.locator('#login-why'), /session has ended/);
	await logIn(page, wordOf('opal'), 'opal');
	await shows(said(page), /Rejected order/);
});

test('orders: nothing is done as somebody who was not in sight', async (t) => {
	const page = await enter(t);

	await show(page, 'keys');
	await press(page, 'Approve \u2026');
	await logInElsewhere(page, 'admin', env.PSM_PAGE_PASSWORD);
	await press(page, 'Approve');
	await shows(page.locator('#decide-error'), 'logged in as admin');
	await shows(page.locator('#account'), 'admin');
	assert.equal((await asked(page, `number=${numberOf('keys')}`))
		.result.order.state, 'applied');
});

/* --- by keyboard alone ---------------------------------------------------- */

test('orders: decides by keyboard alone', async (t) => {
	const page = await enter(t);

	await tabTo(page, numberOf('keys'));
	await page.keyboard.press('Home');
	await page.keyboard.press('End');
	await page.keyboard.press('ArrowUp');
	await page.keyboard.press('End');
	for (let i = 0; i < 9 && await focused(page) !== numberOf('keys'); i++)
		await page.keyboard.press('ArrowUp');
	await page.keyboard.press('Enter');
	await page.locator('#order[open]').waitFor();
	await tabTo(page, 'order-approve');
	await page.keyboard.press('Enter');
	await page.locator('#decide[open]').waitFor();
	await tabTo(page, 'decide-yes');
	await page.keyboard.press('Enter');
	await shows(said(page), /Approved order/);
	assert.equal(await row(page, 'keys').count(), 0);
});

/* --- many, and new ones --------------------------------------------------- */

function makeMany(n, state = 'applied') {
	return Array.from({ length: n }, (_, i) => ({
		number: 100000 + n - i, kind: 'csr', account: 'anna',
		profile: 'client', days: 365, state,
		applied: '2026-01-01T00:00:00Z',
	}));
}

/* Answer lists from these, as the server does; what is pushed comes, too. */
async function pretend(page, orders) {
	await page.route('**/api/orders?**', (route) => {
		const query = new URL(route.request().url()).searchParams;
		const before = Number(query.get('before') ?? Infinity);
		const limit = Number(query.get('limit') ?? 50);
		const all = orders.filter(({ number }) => number < before);

		return route.fulfill({ json: { success: true, result: {
			orders: all.slice(0, limit), more: all.length > limit,
			waiting: Math.min(orders.length, 1000),
		} } });
	});
}

test('orders: many come in pages', async (t) => {
	const page = await enter(t);

	await pretend(page, makeMany(120));
	await press(page, 'Reload');
	await shows(page.locator('#order-count'), '50 orders, and there are');
	await press(page, 'Show older orders');
	await shows(page.locator('#order-count'), '100 orders, and there are');
	assert.equal(await focused(page), '100070');
	await press(page, 'Show older orders');
	await shows(page.locator('#order-count'), /^120 orders$/);
	assert.ok(await page.locator('#order-more').isHidden());
	const numbers = await rows(page).evaluateAll((list) =>
		list.map((tr) => Number(tr.dataset.number)));

	assert.deepEqual(numbers, makeMany(120).map(({ number }) => number));
});

/* How often the page has asked for the list. It is counted where it asks:
 * playwright hears of it later. */
const countGlances = (page) => page.evaluate(() => {
	const { fetch } = globalThis;

	globalThis.glances = 0;
	globalThis.fetch = (path, options) => {
		globalThis.glances += path.includes('/api/orders?');
		return fetch(path, options);
	};
});
const glances = (page) => page.evaluate(() => globalThis.glances);

test('orders: a new one comes by itself, as long as somebody is there',
	async (t) => {
		const page = await open(t);
		const orders = makeMany(3);

		await page.clock.install();
		await logIn(page, wordOf('opal'), 'opal');
		await rows(page).first().waitFor();
		await pretend(page, orders);
		await countGlances(page);
		await press(page, 'Reload');
		await shows(page.locator('#order-count'), '3 orders');
		await rows(page).nth(1).getByRole('button').focus();
		orders.unshift({ ...orders[0], number: 200000 });
		await page.clock.runFor(21000);
		await shows(rows(page).first(), '200000');
		assert.equal(await page.title(), 'Orders (4)');
		assert.equal(await focused(page), '100002');
		orders.shift();
		await page.clock.runFor(21000);
		await shows(page.locator('#order-count'), '3 orders');
		await page.clock.runFor(6 * 60000);

		const before = await glances(page);

		assert.ok(before > 0);
		await page.clock.runFor(10 * 60000);
		assert.equal(await glances(page), before);
	});

test('orders: what is in sight stays there when new ones come', async (t) => {
	const page = await open(t, { viewport: { width: 1000, height: 400 } });
	const orders = makeMany(30);

	await page.clock.install();
	await logIn(page, wordOf('opal'), 'opal');
	await rows(page).first().waitFor();
	await pretend(page, orders);
	await press(page, 'Reload');
	await shows(page.locator('#order-count'), '30 orders');
	await rows(page).first().getByRole('button').focus();
	await page.evaluate(() => scrollTo(0, 900));
	orders[29].foreignOrderNumber = 'renewed';
	await page.clock.runFor(21000);
	await shows(rows(page).last(), 'renewed');
	assert.equal(await page.evaluate(() => scrollY), 900);
	assert.equal(await focused(page), '100030');
});

test('orders: a view that failed is not mixed with the last one', async (t) => {
	const page = await open(t);

	await page.clock.install();
	await logIn(page, wordOf('opal'), 'opal');
	await rows(page).first().waitFor();
	await pretend(page, makeMany(60));
	await press(page, 'Reload');
	await press(page, 'Show older orders');
	await shows(page.locator('#order-count'), '60 orders');
	await page.route('**/api/orders?**', (route) =>
		route.abort('connectionrefused'));
	await choose(page, 'Issued');
	await shows(page.locator('#trouble-text'), 'does not answer');
	await page.unrouteAll();
	await pretend(page, makeMany(260, 'issued').slice(0, 240));
	await page.clock.runFor(21000);
	await shows(rows(page).first(), 'Issued');
	assert.equal(await rows(page).filter({ hasText: 'Waiting' }).count(),
		0);
});

test('orders: very many are not counted to the end', async (t) => {
	const page = await enter(t);

	await pretend(page, makeMany(1200));
	await press(page, 'Reload');
	await shows(page.locator('#order-states'), /Waiting 999\+/);
});

test('orders: what a profile does not grant is said before', async (t) => {
	const page = await enter(t);
	const [order] = makeMany(1);

	await pretend(page, [order]);
	await press(page, 'Reload');
	await shows(page.locator('#order-count'), '1 order');
	await page.unrouteAll();
	await page.route('**/api/orders?number=*', (route) => route.fulfill({
		json: { success: true, result: { order: {
			...order, trouble: 'the key is too weak',
			wishes: [{ keyType: 'rsa', keyBits: 1024,
				keyHash: 'ab'.repeat(32), altNames: [],
				proof: 'failed', disproof: 'it does not verify',
				refused: true }],
			certificates: [],
		} } },
	}));
	await rows(page).first().click();
	await shows(page.locator('#order-trouble'), 'the key is too weak');
	await shows(page.locator('#order-fields'), /none.*RSA 1024.*Failed/s);
	await shoot(page, 'orders-trouble');
});

test('orders: who decides sees everything that is asked for', async (t) => {
	const page = await enter(t);
	const [order] = makeMany(1);
	const wish = { keyType: 'p256', keyBits: 256, altNames: [],
		keyHash: 'ab'.repeat(32), proof: 'proved', refused: false };

	await pretend(page, [order]);
	await press(page, 'Reload');
	await shows(page.locator('#order-count'), '1 order');
	await page.route('**/api/orders?number=*', (route) => route.fulfill({
		json: { success: true, result: { order: {
			...order, kind: 'crmf', certificates: [],
			wishes: [{ ...wish, subject: 'CN=One' },
				{ ...wish, subject: 'CN=Other' }],
		} } },
	}));
	await rows(page).first().click();
	await press(page, 'Approve \u2026');
	await shows(page.locator('#decide-fields'), /CN=One.*CN=Other/s);
});

test('orders: a server that is gone is said to be so', async (t) => {
	const page = await enter(t);

	await page.route('**/api/orders?**', (route) =>
		route.abort('connectionrefused'));
	await press(page, 'Reload');
	await shows(page.locator('#trouble-text'), 'does not answer');
	await page.unrouteAll();
	await press(page, 'Try again');
	await page.locator('#trouble').waitFor({ state: 'hidden' });
});

/* --- every eye ------------------------------------------------------------ */

async function tour(page, look) {
	await rows(page).first().waitFor();
	await look(page, 'list');
	await choose(page, 'All'); /* a PKCS#12 is there while it waits */
	await shows(page.locator('#order-count'), '6 orders');
	await look(page, 'all');
	await show(page, 'attack');
	await look(page, 'one');
	await press(page, 'Approve \u2026');
	await look(page, 'approve');
	await press(page, 'Cancel');
	await press(page, 'Reject \u2026');
	await press(page, 'Reject');
	await look(page, 'reject');
	await press(page, 'Cancel');
	await press(page, 'Close');
	await show(page, 'keys');
	await look(page, 'issued');
	await press(page, 'Revoke \u2026');
	await look(page, 'revoke');
}

async function enterBoth(t, options) {
	const page = await open(t, options);

	await logIn(page);
	await page.getByRole('link', { name: /^Orders/ }).click();
	return page;
}

test('orders: 320 pixels are wide enough', async (t) => {
	const page = await enterBoth(t,
		{ viewport: { width: 320, height: 640 } });

	await page.getByRole('searchbox').fill('W'.repeat(64));
	await shows(page.locator('#no-orders'), 'W'.repeat(64));
	await fits(page, 'nothing');
	await page.getByRole('searchbox').fill('');
	await tour(page, async (at, what) => {
		await fits(at, what);
		await shoot(at, `orders-narrow-${what}`);
	});
});

for (const colorScheme of ['light', 'dark']) {
	test(`orders: axe finds nothing in ${colorScheme}`, async (t) => {
		const page = await enterBoth(t, { colorScheme });

		await tour(page, async (at, what) => {
			await shoot(at, `orders-${colorScheme}-${what}`);
			await accessible(at, what);
		});
	});
}

test('orders: no error, no breach of its policy, no other host', () => {
	assert.deepEqual(complaints, []);
});
