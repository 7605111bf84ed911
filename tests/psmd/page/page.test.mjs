/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* page.test.mjs - the certificate manager as people use it. The tests build on
 * one store, one after the other. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { asked, complaints, enter, file, hold, idOf, logIn, logInElsewhere,
	open, openDetails, openUpload, password, pretend, row, shoot, start,
	stop, upload, url } from './browser.mjs';
import { accessible, fits, focused, shows, tabTo } from './eyes.mjs';

before(start);
after(stop);

const fingerprint = (name) => new X509Certificate(readFileSync(file(name)))
	.fingerprint.replaceAll(':', '').toLowerCase();
const said = (page) => page.locator('#said');

/* --- logging in ----------------------------------------------------------- */

test('page: a wrong password is said, and nothing is shown', async (t) => {
	const page = await open(t);

	await logIn(page, 'not the password');
	await shows(page.locator('#login-error'), /password is wrong/);
	assert.equal(await focused(page), 'login-password');
	assert.equal(await page.locator('#rows tr').count(), 0);
	await page.keyboard.press('Escape');
	await page.keyboard.press('Escape');
	await page.keyboard.press('Escape');
	await page.locator('#login[open]').waitFor();
});

test('page: a login shows the list, the password in no address', async (t) => {
	const page = await enter(t);
	const cookies = await page.context().cookies();

	assert.equal(page.url(), url);
	assert.equal(await page.locator('#account').textContent(), 'admin');
	assert.deepEqual(cookies.map((c) => [c.httpOnly, c.sameSite]),
		[[true, 'Strict']]);
	assert.equal(await page.getByLabel('Password', { exact: true })
		.inputValue(), '');
});

/* --- the list ------------------------------------------------------------- */

test('page: internal certificates cannot be deleted', async (t) => {
	const page = await enter(t);

	await row(page, '#server').getByRole('button').click();
	await shows(page.locator('#details-protected'), /internal certificate/);
	assert.ok(await page.locator('#details-delete').isHidden());
	assert.ok(await page.locator('#details-replace').isHidden());
});

test('page: a PEM file with key is uploaded', async (t) => {
	const page = await enter(t);

	await openUpload(page, 'both.pem');
	await shows(page.locator('#put-found'),
		/private key.*certificate of Anna/s);
	await idOf(page).fill('@anna');
	await shoot(page, 'upload');
	await page.getByRole('button', { name: 'Upload', exact: true }).click();
	await shows(said(page), /Stored Anna as @anna/);
	assert.equal(await focused(page), 'Anna');
	assert.equal((await asked(page, '@anna'))[0].fingerprint,
		fingerprint('anna.pem'));
});

test('page: a wrong password of a key is said at its field', async (t) => {
	const page = await enter(t);
	const field = page.getByLabel('Password of the file');

	await openUpload(page, 'berta-locked.key', 'berta.pem');
	await field.fill('wrong');
	await idOf(page).fill('@berta');
	await page.keyboard.press('Enter');
	await page.locator('#put-password-error').waitFor();
	assert.equal(await focused(page), 'put-password');
	assert.equal(await field.getAttribute('aria-invalid'), 'true');
	await shoot(page, 'upload-wrong-password');
	await field.fill('open sesame');
	await page.keyboard.press('Enter');
	await shows(said(page), /Stored Berta/);
	await shows(row(page, 'Berta'), /Within 30 days/);
});

test('page: a PKCS#12 is uploaded, after a wrong password', async (t) => {
	const page = await enter(t);

	await openUpload(page, 'cyril.p12');
	await shows(page.locator('#put-found'), /PKCS#12/);
	await page.getByLabel('Password of the file').fill('wrong');
	await page.keyboard.press('Enter');
	await page.locator('#put-password-error').waitFor();
	await page.getByLabel('Password of the file').fill('open sesame');
	await page.keyboard.press('Enter');
	await shows(said(page), /Stored Cyril/);
	assert.equal((await asked(page, fingerprint('cyril.pem')))[0].id,
		undefined);
});

test('page: files in DER are uploaded, dropped anywhere', async (t) => {
	const page = await enter(t);
	const files = ['dora.pk8', 'dora.der'].map((name) =>
		[name, readFileSync(file(name)).toString('base64')]);
	const transfer = await page.evaluateHandle((list) => {
		const data = new DataTransfer();

		for (const [name, text] of list)
			data.items.add(new File([Uint8Array.from(atob(text),
				(c) => c.charCodeAt(0))], name));
		return data;
	}, files);

	const event = { dataTransfer: transfer };

	await page.dispatchEvent('body', 'dragover', event);
	assert.ok(await page.locator('#drop').isVisible());
	await shoot(page, 'drop');
	await page.dispatchEvent('body', 'drop', event);
	await shows(page.locator('#put-found'), /certificate of Dora/);
	assert.ok(await page.locator('#drop').isHidden());
	await page.getByRole('button', { name: 'Upload', exact: true }).click();
	await shows(said(page), /Stored Dora/);
});

test('page: the same id again replaces, and says so before and after',
	async (t) => {
		const page = await enter(t);

		await openDetails(page, 'Anna');
		await page.getByRole('button', { name: 'Replace' }).click();
		await shows(page.locator('#put-id-note'),
			/Takes the place of Anna/);
		await page.getByLabel('Files').setInputFiles(
			[file('anna-new.pem'), file('anna-new.key')]);
		await page.getByRole('button', { name: 'Upload', exact: true })
			.click();
		await shows(said(page), /It replaced Anna/);
		assert.equal(await row(page, '@anna').count(), 1);
		assert.equal((await asked(page, '@anna'))[0].fingerprint,
			fingerprint('anna-new.pem'));
	});

test('page: the same certificate again is said to be here', async (t) => {
	const page = await enter(t);

	await upload(page, '@berta', 'berta.pem', 'berta.key');
	await shows(said(page), /Stored Berta as @berta. It was here before/);
	assert.equal(await row(page, 'Berta').count(), 1);
});

test('page: what cannot be uploaded is said where it belongs', async (t) => {
	const page = await enter(t);
	const files = page.locator('#put-files-error');
	const send = page.getByRole('button', { name: 'Upload', exact: true });

	await openUpload(page, 'anna.key');
	await shows(files, /certificate is missing/);
	await page.getByLabel('Files').setInputFiles(file('big.pem'));
	await shows(files, /64 KiB/);
	await page.getByLabel('Files').setInputFiles(file('notes.txt'));
	await shows(page.locator('#put-found'), /no certificate or key/);
	await page.getByLabel('Files').setInputFiles(
		[file('emil.pem'), file('franz.key')]);
	await send.click();
	await shows(files, /^Private key: /);
	await page.getByLabel('Files').setInputFiles(
		[file('emil.pem'), file('emil.key')]);
	await idOf(page).fill('emil');
	await send.click();
	await shows(page.locator('#put-id-error'), /An id is @/);
	assert.equal(await focused(page), 'put-id');
	assert.equal(await row(page, 'Emil').count(), 0);
});

test('page: a file that cannot be read is said to be so', async (t) => {
	const page = await enter(t);

	await page.evaluate(() => {
		Blob.prototype.arrayBuffer = () => Promise.reject(
			new DOMException('a folder', 'NotFoundError'));
	});
	await openUpload(page, 'emil.pem');
	await shows(page.locator('#put-found'), 'cannot be read');
});

test('page: what is read late is not taken for what was chosen', async (t) => {
	const page = await enter(t);

	await page.evaluate(() => {
		const { arrayBuffer } = Blob.prototype;
		const late = new Promise((resolve) => {
			globalThis.readOn = resolve;
		});

		Blob.prototype.arrayBuffer = async function read() {
			Blob.prototype.arrayBuffer = arrayBuffer;
			await late;
			return arrayBuffer.call(this);
		};
	});
	await openUpload(page, 'emil.pem');
	await page.getByLabel('Files').setInputFiles(file('franz.pem'));
	await shows(page.locator('#put-found'), 'certificate of Franz');
	await page.evaluate(async () => {
		globalThis.readOn();
		await new Promise((resolve) => { setTimeout(resolve); });
	});
	await shows(page.locator('#put-found'), 'certificate of Franz');
	assert.equal(await page.locator('#put-found li').count(), 1);
});

test('page: an upload can be stopped halfway', async (t) => {
	const page = await enter(t);

	await page.route('**/api/cert/user', (route) =>
		(route.request().method() === 'PUT' ? undefined
			: route.fallback()));
	await openUpload(page, 'emil.pem', 'emil.key');
	await page.getByRole('button', { name: 'Upload', exact: true }).click();
	await page.locator('#put-progress').waitFor();
	await page.getByRole('button', { name: 'Cancel' }).click();
	await page.locator('#put').waitFor({ state: 'hidden' });
	await shows(said(page), /was stopped.*reload to see/);
	assert.equal(await row(page, 'Emil').count(), 0);
	await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('page: names of an attacker are text', async (t) => {
	const page = await enter(t);

	await upload(page, '@attack', 'attack.pem', 'attack.key');
	await upload(page, '@turned', 'turned.pem', 'turned.key');
	await shows(row(page, '@attack'), '<img src=x onerror=alert(1)>');
	await shows(row(page, '@turned'), 'abc\u27e8U+202E\u27e9gpj.exe');
	await shoot(page, 'attack');
	await row(page, '@attack').getByRole('button').click();
	await shows(page.locator('#details-fields'),
		'<script>alert(2)</script>');
	await page.getByRole('button', { name: 'Delete' }).click();
	await shows(page.locator('#remove-name'), '<img src=x');
	assert.equal(await page.locator('img').count(), 1); /* the sign */
	assert.equal(await page.locator('script').count(), 1);
});

test('page: search looks at every field', async (t) => {
	const page = await enter(t);
	const find = page.getByRole('searchbox');
	const print = fingerprint('dora.pem').match(/../g).join(':');

	for (const [words, name] of [['dor', 'Dora'], ['@anna', 'Anna'],
		[print, 'Dora'], [print.slice(0, 20), 'Dora'],
		['example ann', 'Anna']]) {
		await find.fill(words);
		await shows(page.locator('#count'), /^1 of/);
		await shows(page.locator('#rows tr'), name);
	}
	await find.fill('no such thing');
	await page.getByRole('button', { name: 'Show all' }).click();
	assert.ok(await page.locator('#rows tr').count() > 5);
	assert.equal(await focused(page), 'find');
});

test('page: a column\u2019s head sorts, and says how', async (t) => {
	const page = await enter(t);
	const head = page.getByRole('columnheader', { name: 'Subject' });
	const first = () => page.locator('#rows tr button').first()
		.textContent();

	await head.getByRole('button').click();
	assert.equal(await head.getAttribute('aria-sort'), 'ascending');
	const a = await first();

	await head.getByRole('button').click();
	assert.equal(await head.getAttribute('aria-sort'), 'descending');
	assert.notEqual(await first(), a);
});

test('page: states can be told apart, and chosen', async (t) => {
	const page = await enter(t);

	await page.getByRole('radio', { name: /Within 30 days/ })
		.check({ force: true });
	await shows(page.locator('#count'), /^1 of/);
	await shows(page.locator('#rows tr'), 'Berta');
});

test('page: the certificate is downloaded in PEM and DER', async (t) => {
	const page = await enter(t);
	const wanted = new X509Certificate(readFileSync(file('dora.pem')));

	await openDetails(page, 'Dora');
	for (const format of ['PEM', 'DER']) {
		const [download] = await Promise.all([
			page.waitForEvent('download'),
			page.getByRole('button', { name: `Download ${format}` })
				.click(),
		]);
		const bytes = readFileSync(await download.path());

		assert.equal(download.suggestedFilename(),
			format === 'PEM' ? 'Dora.pem' : 'Dora.cer');
		assert.equal(bytes.includes('BEGIN CERT'), format === 'PEM');
		assert.ok(new X509Certificate(bytes).raw.equals(wanted.raw));
	}
});

test('page: a fingerprint is copied', async (t) => {
	const page = await enter(t);

	await page.context().grantPermissions(
		['clipboard-read', 'clipboard-write']);
	await openDetails(page, 'Dora');
	await page.getByRole('button', { name: 'Copy SHA-1' }).click();
	await shows(page.locator('#details-fields'), 'Copied');
	await shows(page.locator('#details[open] #said'), 'SHA-1 copied');
	await shoot(page, 'copied');
	assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
		fingerprint('dora.pem'));
});

test('page: what was not copied is not said to be', async (t) => {
	const page = await enter(t);

	await page.evaluate(() => {
		navigator.clipboard.writeText = () => Promise.reject(
			new DOMException('no', 'NotAllowedError'));
	});
	await openDetails(page, 'Dora');
	await page.getByRole('button', { name: 'Copy SHA-1' }).click();
	await shows(page.locator('#details-fields button'), 'Ctrl+C');
	await shows(said(page), /marked/);
	assert.equal(await page.evaluate(() =>
		getSelection().toString().replaceAll(':', '')),
	fingerprint('dora.pem'));
});

/* --- deleting ------------------------------------------------------------- */

test('page: deleting asks first, and names the certificate and its key',
	async (t) => {
		const page = await enter(t);
		const print = fingerprint('dora.pem');

		await openDetails(page, 'Dora');
		await page.getByRole('button', { name: 'Delete' }).click();
		await shows(page.locator('#remove'), /Dora.*private key/s);
		assert.equal(await focused(page), 'remove-cancel');
		await shoot(page, 'delete');
		await page.keyboard.press('Enter');
		assert.equal((await asked(page, print)).length, 1);
		await page.getByRole('button', { name: 'Delete' }).click();
		await page.getByRole('button', { name: 'Delete certificate' })
			.click();
		await shows(said(page), /Deleted Dora/);
		assert.equal(await row(page, 'Dora').count(), 0);
		assert.equal((await asked(page, print)).length, 0);
		assert.ok(await page.evaluate(() =>
			document.activeElement.matches('#rows button')));
	});

test('page: what another has deleted is said to be gone', async (t) => {
	const one = await enter(t);
	const other = await enter(t);

	await upload(one, '@gone', 'hanna.pem', 'hanna.key');
	await other.getByRole('button', { name: 'Reload' }).click();
	await openDetails(other, 'Hanna');
	for (const page of [one, other]) {
		if (page === one)
			await openDetails(one, 'Hanna');
		await page.getByRole('button', { name: 'Delete' }).click();
		await page.getByRole('button', { name: 'Delete certificate' })
			.click();
		if (page === one)
			await shows(said(one), /Deleted Hanna/);
	}
	await shows(other.locator('#remove-error'), /no such certificate/);
});

function makeMany(n) {
	return Array.from({ length: n }, (_, i) => ({
		fingerprint: i.toString(16).padStart(40, '0'),
		subject: { CN: `User ${i}` },
		issuer: { CN: 'Users', O: ['A', 'B'] },
		startDate: '2020-01-01T00:00:00Z',
		endDate: new Date(Date.now() + (i - 100) * 36e5).toISOString(),
		protected: false, systemUseOnly: false,
	}));
}

test('page: what is said to be deleted is what was', async (t) => {
	const page = await open(t);

	await pretend(page, makeMany(3));
	await page.reload();
	await row(page, 'User 0').waitFor();
	const answer = await hold(page, '**/api/cert/user?*',
		(request) => request.method() === 'DELETE', { success: true });

	await openDetails(page, 'User 0');
	await page.getByRole('button', { name: 'Delete' }).click();
	await page.getByRole('button', { name: 'Delete certificate' }).click();
	await page.keyboard.press('Escape');
	await page.keyboard.press('Escape');
	await openDetails(page, 'User 1');
	answer();
	await shows(said(page), 'Deleted User 0');
	await shows(page.locator('#details-title'), 'User 1');
	assert.ok(await page.locator('#details').isVisible());
	assert.equal(await row(page, 'User 0').count(), 0);
	assert.equal(await page.locator('#rows tr').count(), 2);
});

/* --- the session ---------------------------------------------------------- */

test('page: when the session has ended, the work is kept', async (t) => {
	const page = await enter(t);

	await openUpload(page, 'greta.pem', 'greta.key');
	await idOf(page).fill('@greta');
	await page.context().clearCookies();
	await page.getByRole('button', { name: 'Upload', exact: true }).click();
	await shows(page.locator('#login-why'), /session has ended/);
	await shoot(page, 'session-ended');
	await logIn(page);
	await shows(said(page), /Stored Greta as @greta/);
});

test('page: a login in another window serves this one too', async (t) => {
	const page = await enter(t);

	await logInElsewhere(page, 'admin', password);
	await upload(page, '@franz', 'franz.pem', 'franz.key');
	assert.ok(await page.locator('#login').isHidden());
	await shows(said(page), /Stored Franz/);
});

test('page: logging out leaves nothing in the window', async (t) => {
	const page = await enter(t);

	await page.getByRole('button', { name: 'Log out' }).click();
	await page.locator('#login[open]').waitFor();
	assert.equal(await page.locator('#rows tr').count(), 0);
	assert.deepEqual(await page.context().cookies(), []);
	assert.deepEqual(await asked(page, '@anna'), []);
});

test('page: logs out after a login in another window, too', async (t) => {
	const page = await enter(t);

	await logInElsewhere(page, 'admin', password);
	await page.getByRole('button', { name: 'Log out' }).click();
	await page.locator('#login[open]').waitFor();
	assert.deepEqual(await page.context().cookies(), []);
});

/* --- by keyboard alone ---------------------------------------------------- */

test('page: uploads and deletes by keyboard alone', async (t) => {
	const page = await open(t);
	const chooser = page.waitForEvent('filechooser');

	await page.locator('#login[open]').waitFor();
	await page.keyboard.type('admin');
	await page.keyboard.press('Tab');
	await page.keyboard.type(process.env.PSM_PAGE_PASSWORD);
	await page.keyboard.press('Enter');
	await page.locator('#rows tr').first().waitFor();
	await tabTo(page, 'upload');
	await page.keyboard.press('Enter');
	await page.locator('#put[open]').waitFor();
	assert.equal(await focused(page), 'put-files');
	await page.keyboard.press('Enter');
	await (await chooser).setFiles([file('hanna.pem'), file('hanna.key')]);
	await shows(page.locator('#put-found'), /certificate of Hanna/);
	await tabTo(page, 'put-id');
	await page.keyboard.type('@keys');
	await page.keyboard.press('Enter');
	await shows(said(page), /Stored Hanna as @keys/);
	assert.equal(await focused(page), 'Hanna');

	await page.keyboard.press('Home');
	await page.keyboard.press('ArrowDown');
	assert.notEqual(await focused(page), 'Hanna');
	for (let i = 0; i < 20 && await focused(page) !== 'Hanna'; i++)
		await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	await page.locator('#details[open]').waitFor();
	await tabTo(page, 'details-delete');
	await page.keyboard.press('Enter');
	await page.locator('#remove[open]').waitFor();
	await tabTo(page, 'remove-yes');
	await page.keyboard.press('Enter');
	await shows(said(page), /Deleted Hanna/);
	assert.equal(await row(page, 'Hanna').count(), 0);
});

test('page: a dialog gives the focus back', async (t) => {
	const page = await enter(t);

	await openDetails(page, 'Anna');
	await page.keyboard.press('Escape');
	await page.locator('#details').waitFor({ state: 'hidden' });
	assert.equal(await focused(page), 'Anna');
	await page.getByRole('button', { name: 'Upload \u2026' }).click();
	await page.keyboard.press('Escape');
	await page.locator('#put').waitFor({ state: 'hidden' });
	assert.equal(await focused(page), 'upload');
});

/* --- other stores --------------------------------------------------------- */

test('page: of 10,000 certificates few are in the document', async (t) => {
	const page = await open(t);

	await pretend(page, makeMany(10000));
	await page.reload();
	await shows(page.locator('#count'), '10,000 certificates');
	assert.equal(await page.locator('#list').getAttribute('aria-rowcount'),
		'10001');
	await page.locator('#rows button').first().focus();
	await page.keyboard.press('End');
	await shows(page.locator('#rows tr:focus-within'), 'User 9999');
	assert.equal(await page.locator('#rows tr:focus-within')
		.getAttribute('aria-rowindex'), '10001');
	await page.evaluate(() => scrollTo(0, 0));
	await shows(page.locator('#rows tr[aria-rowindex="2"]'), 'User 0');
	assert.ok(await page.locator('#rows tr').count() < 100);
	assert.equal(await focused(page), 'User 9999');
	await page.getByRole('searchbox').fill('user 9876');
	await shows(page.locator('#count'), '1 of 10,000');
});

test('page: a certificate with odd fields is listed too', async (t) => {
	const page = await open(t);

	await pretend(page, [{
		fingerprint: 'ab'.repeat(20), subject: {},
		issuer: { OU: ['One', 'Two'] }, startDate: null,
		endDate: '12026-01-01T00:00:00Z', key: { type: 'other', bits: 0 },
		protected: true, systemUseOnly: false,
	}]);
	await page.reload();
	await openDetails(page, '(no name)');
	await shows(page.locator('#details-fields'),
		/unknown.*12026-01-01.*OTHER.*One, Two.*ab:ab/s);
	await shows(page.locator('#details-protected'), /configuration/);
});

test('page: a long id is seen to be cut off', async (t) => {
	const page = await open(t);
	const [cert] = makeMany(1);

	await pretend(page, [{ ...cert, id: `@${'W'.repeat(40)}` }]);
	await page.reload();
	await page.waitForFunction(() => {
		const id = document.querySelector('#rows td.id > *');

		return id?.scrollWidth > id?.clientWidth &&
			getComputedStyle(id).textOverflow === 'ellipsis';
	});
});

test('page: an empty store says what to do first', async (t) => {
	const page = await open(t);

	await pretend(page, []);
	await page.reload();
	await page.getByRole('heading', { name: 'The store is empty' })
		.waitFor();
	await shoot(page, 'empty');
	await page.getByRole('button', { name: 'Upload a certificate' })
		.click();
	assert.ok(await page.locator('#put').isVisible());
});

test('page: a server that is gone is said to be so', async (t) => {
	const page = await enter(t);

	await page.route('**/api/cert/user', (route) =>
		route.abort('connectionrefused'));
	await page.getByRole('button', { name: 'Reload' }).click();
	await shows(page.locator('#trouble-text'), 'does not answer');
	assert.ok(await row(page, 'Anna').isVisible());
	await page.unrouteAll();
	await page.getByRole('button', { name: 'Try again' }).click();
	await page.locator('#trouble').waitFor({ state: 'hidden' });
});

test('page: an account without the privilege is told', async (t) => {
	const page = await open(t);

	await page.route('**/api/cert/user', (route) => route.fulfill({
		json: { success: false,
			error: { code: 10, description: 'no' } },
	}));
	await page.reload();
	await shows(page.locator('#trouble-text'), 'System Control');
	await shoot(page, 'trouble');
});

/* --- every eye ------------------------------------------------------------ */

/* Every part of the page, one after the other. */
async function tour(page, look) {
	await page.locator('#login[open]').waitFor();
	await look(page, 'login');
	await logIn(page);
	await page.locator('#rows tr').first().waitFor();
	await look(page, 'list');
	await openDetails(page, 'Anna');
	await look(page, 'details');
	await page.getByRole('button', { name: 'Delete' }).click();
	await look(page, 'delete');
	await page.getByRole('button', { name: 'Keep it' }).click();
	await page.getByRole('button', { name: 'Close' }).click();
	await openUpload(page, 'berta-locked.key', 'berta.pem', 'notes.txt');
	await idOf(page).fill('@');
	await page.keyboard.press('Enter');
	await look(page, 'upload');
}

test('page: 320 pixels are wide enough', async (t) => {
	const page = await open(t, { viewport: { width: 320, height: 640 } });

	await tour(page, async (at, what) => {
		await fits(at, what);
		await shoot(at, `narrow-${what}`);
	});
});

for (const colorScheme of ['light', 'dark']) {
	test(`page: axe finds nothing in ${colorScheme} colours`, async (t) => {
		const page = await open(t, { colorScheme });

		await tour(page, async (at, what) => {
			await shoot(at, `${colorScheme}-${what}`);
			await accessible(at, what);
		});
	});
}

test('page: no error, no breach of its policy, no other host', () => {
	assert.deepEqual(complaints, []);
});
