/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* portal.js - a portal where people enrol, as such portals were in 2012: the
 * browser makes the keys, the portal orders the certificates of psmd under its
 * own account, and psmd's script installs them.
 *
 *	node portal.js CONFIG
 *
 * CONFIG is JSON: {"psmd": "https://ca.example:8443", "ca": "ca.pem",
 * "login": "portal", "passwordFile": "portal.password", "port": 8080}. A true
 * portal asks its visitors who they are first, and speaks HTTPS itself. */

'use strict';

const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');

const BODY_MAX = 65536; /* bytes of a visitor's form */
const VISITS_MAX = 1000; /* of which the orders are remembered */

const enrolPage = `<!DOCTYPE html>
<title>Your certificate</title>
<script src="enrol.js"></script>
<form action="order" method="post">
<input name="dn" value="CN=Your name">
<input name="keys" value="one">
<input name="crmf" type="hidden" value="">
<input type="button" value="Go" onclick="makeKeys(this.form)">
</form>
`;

const installPage = (script) => `<!DOCTYPE html>
<title>Your certificate</title>
<script src="install.js"></script>
<script>
${script}</script>
`;

async function readAll(stream, max) {
	const pieces = [];
	let size = 0;

	for await (const piece of stream) {
		size += piece.length;
		if (size > max)
			throw new Error('too much data');
		pieces.push(piece);
	}
	return Buffer.concat(pieces).toString();
}

class Portal {
	constructor(config) {
		this.config = config;
		this.visits = new Map(); /* of each, the number of its order */
		this.server = http.createServer((request, response) => {
			this.answer(request, response).catch((problem) => {
				response.writeHead(500,
					{ 'Content-Type': 'text/plain' });
				response.end(`${problem.message}\n`);
			});
		});
	}

	/** A call of psmd's, under the portal's account. */
	call(name, fields) {
		const { psmd, ca, login, passwordFile } = this.config;
		const body = new URLSearchParams({ loginName: login,
			loginPassword: fs.readFileSync(passwordFile, 'utf8')
				.replace(/\n$/, ''), ...fields }).toString();

		return new Promise((resolve, reject) => {
			https.request(new URL(`/products/${name}`, psmd), {
				method: 'POST',
				ca: fs.readFileSync(ca),
				headers: { 'Content-Type':
					'application/x-www-form-urlencoded' },
			}, (response) => resolve(readAll(response, 1 << 20)))
				.on('error', reject).end(body);
		});
	}

	/** The visit is the order's number of ours: a retry is no new order. */
	async order(crmf) {
		const visit = randomBytes(16).toString('hex');
		const said = await this.call('!applyClientAuthCert',
			{ crmf, foreignOrderNumber: visit });
		const { orderNumber, error } = JSON.parse(said);

		if (error.code !== 0)
			throw new Error(error.description);
		this.visits.set(visit, orderNumber);
		if (this.visits.size > VISITS_MAX)
			this.visits.delete(this.visits.keys().next().value);
		return visit;
	}

	/** The script that has the certificates, as importUserCertificates()
	 * wants them, and calls the page's function. */
	collect(visit) {
		const orderNumber = this.visits.get(visit);

		if (orderNumber === undefined)
			throw new Error('there is no such visit');
		return this.call('download/CollectCCC', {
			orderNumber,
			queryType: '1',
			responseType: '4',
			responseEncoding: '2',
			callbackFunctionName: 'installCertificate',
		});
	}

	async answer(request, response) {
		const url = new URL(request.url, 'http://portal');
		const send = (type, text) => {
			response.writeHead(200, { 'Content-Type':
				`${type}; charset=utf-8` });
			response.end(text);
		};

		switch (`${request.method} ${url.pathname}`) {
		case 'GET /':
			return send('text/html', enrolPage);
		case 'GET /enrol.js':
		case 'GET /install.js':
			return send('text/javascript', fs.readFileSync(
				path.join(__dirname, url.pathname)));
		case 'POST /order': {
			const form = new URLSearchParams(
				await readAll(request, BODY_MAX));
			const visit = await this.order(form.get('crmf') ?? '');

			response.writeHead(303,
				{ Location: `certificate?visit=${visit}` });
			return response.end();
		}
		case 'GET /certificate':
			return send('text/html', installPage(await this.collect(
				url.searchParams.get('visit'))));
		default:
			response.writeHead(404);
			return response.end();
		}
	}

	/** Listen; the port, when it does. */
	listen(port) {
		return new Promise((resolve, reject) => {
			this.server.on('error', reject);
			this.server.listen(port, '127.0.0.1', () =>
				resolve(this.server.address().port));
		});
	}

	close() {
		this.server.close();
		this.server.closeAllConnections();
	}
}

module.exports = { Portal };

if (require.main === module) {
	const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

	new Portal(config).listen(config.port ?? 8080).then((port) =>
		console.log(`http://127.0.0.1:${port}/`));
}
