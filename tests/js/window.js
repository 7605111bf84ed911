/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* window.js - as much of a browser of 2010 as a page for enrolment used. */

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

/** A form's elements by their names, as document.forms had them. */
function makeForm(values, onSubmit) {
	const form = { submit: () => onSubmit(form) };

	form.elements = form;
	for (const [name, value] of Object.entries(values))
		form[name] = { name, value };
	return form;
}

/** What the form would send. */
function formData(form) {
	return Object.fromEntries(Object.entries(form)
		.filter(([, it]) => typeof it?.value === 'string')
		.map(([name, it]) => [name, it.value]));
}

class Window {
	constructor(fields = {}) {
		this.written = '';
		this.alerts = [];
		this.submitted = [];
		const form = makeForm(fields, (it) =>
			this.submitted.push(formData(it)));
		const scope = {
			alert: (text) => this.alerts.push(`${text}`),
			document: {
				forms: [form],
				write: (...texts) => {
					this.written += texts.join('');
				},
			},
			setTimeout, clearTimeout,
		};

		scope.document.forms.form = form;
		scope.window = scope.self = scope.top = scope;
		this.scope = vm.createContext(scope);
	}

	/** Run source as a script element of the page. */
	run(source) {
		return vm.runInContext(source, this.scope);
	}

	/** Load a script of pages/, the server's values put in: {{NAME}}. */
	load(name, values = {}) {
		const file = path.join(__dirname, 'pages', name);
		const source = fs.readFileSync(file, 'utf8').replace(
			/\{\{(\w+)\}\}/g, (all, key) => values[key] ?? all);

		return vm.runInContext(source, this.scope, { filename: name });
	}
}

module.exports = { Window };
