# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""openapi_doors.py - how the requests of each path are written, what its
answers say went wrong, and what is tried beside the examples.

A door asks for an example; outcome() is what went wrong, which an example
expects under the door's name for it; more() yields a sentence, an answer, the
method whose answer it should be, and the status and outcome that are wanted."""

import base64
import json
import os
import re
import subprocess
import urllib.parse

from openapi_core import multipart, tell

METHODS = ('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'get',
           'PROPFIND')


def basic(name, password):
    pair = f'{name}:{password}'.encode()
    return {'Authorization': 'Basic ' + base64.b64encode(pair).decode()}


def with_changes(good, changes):
    """The members of changes in place of good's; None: left out."""
    return {name: value for name, value in {**good, **changes}.items()
            if value is not None}


class Door:
    wrong = 'error'  # the member of an example

    def __init__(self, values, folder, description):
        self.values, self.folder = values, folder
        self.description = description

    def file(self, name):
        return os.path.join(self.folder, name)

    def text(self, name):
        with open(self.file(name), encoding='utf-8') as file:
            return file.read().strip()

    def too_often(self, client, path, example, outcome):
        """Again and again, until that comes of it."""
        for _ in range(100):
            answer = self.ask(client, path, 'post', example)
            if self.outcome(answer) == outcome:
                break
        return answer

    def check(self, trial, path):
        """What can be said when all was tried."""

    def other_methods(self, client, path, wanted):
        """Those that are not described, answered as the first that is."""
        known = self.description.root['paths'][path]
        for method in METHODS:
            if method.lower() not in known or method == 'get':
                yield (f'{method} {path}', client.ask(method, path),
                       next(iter(known)), wanted)


# --- createPKCS12ById -------------------------------------------------------

class Pkcs12(Door):
    wrong = 'failure'

    def __init__(self, values, folder, description):
        super().__init__(values, folder, description)
        self.user = self.text('client.name')
        self.key = base64.b64decode(self.text('client.aes'))
        self.n = 0

    def openssl(self, data, *arguments):
        done = subprocess.run(('openssl', *arguments), input=data, check=True,
                              capture_output=True)
        return done.stdout

    def sign(self, content, signer):
        name = 'other' if signer == 'other' else 'client'
        options = ['-md', 'sha1' if signer == 'sha1' else 'sha256']
        if signer != 'detached':
            options.append('-nodetach')
        return self.openssl(content.encode(), 'cms', '-sign', '-binary',
                            '-outform', 'DER', *options, '-signer',
                            self.file(name + '.pem'), '-inkey',
                            self.file(name + '.key'))

    def seal(self, text, example):
        key = os.urandom(32) if 'key' in example else self.key
        if example.get('cipher') == 'ecb':
            return self.openssl(text, 'enc', '-aes-256-ecb', '-K', key.hex())
        iv = os.urandom(16)
        return iv + self.openssl(text, 'enc', '-aes-256-cbc', '-K', key.hex(),
                                 '-iv', iv.hex())

    @staticmethod
    def base64(data, example):
        text = base64.b64encode(data).decode()
        width = example.get('wrap')
        if width is None:
            return text
        return ''.join(text[i:i + width] + '\r\n'
                       for i in range(0, len(text), width))

    def content(self, example):
        fields = example.get('fields', 'O=Example')
        if 'KeyAlgorithmAndSize' not in fields:
            fields += '~KeyAlgorithmAndSize=EC-P256'
        return example.get('signed', f'CN=Test~{fields}~Password=secret')

    def good(self):
        self.n += 1
        return {'userName': self.user, 'password': self.text('client.pw'),
                'profileID': 'usual', 'subscriberId': '17',
                'applicationId': f'application {self.n}'}

    def sealed(self, example):
        if 'sealed' in example:
            return example['sealed'].encode()
        ask = with_changes(self.good(), example.get('ask', {}))
        if 'signature' not in example.get('ask', {}):
            ask['signature'] = self.base64(
                self.sign(self.content(example), example.get('signer')),
                example)
        return json.dumps(ask).encode()

    def body(self, example):
        if 'body' in example:
            return example['body']
        outer = {'userName': self.user, 'requestData': self.base64(
            self.seal(self.sealed(example), example), example)}
        return json.dumps(with_changes(outer, example.get('outer', {})))

    def ask(self, client, path, method, example):
        headers = with_changes({'emKey': self.text('client.em')},
                               example.get('headers', {}))
        kind = example.get('type', 'application/json')
        if kind is not None:
            headers['Content-Type'] = kind
        return client.ask(method.upper(), path, self.body(example).encode(),
                          headers)

    def outcome(self, answer):
        value = answer.value()
        return value['result'] if value['status'] == 'failure' else None

    def limits(self, client, path):
        """Each length of RequestData: at it and above it."""
        schema = self.description.at('#/components/schemas/RequestData')
        good = self.good()
        for name, of_name in schema['properties'].items():
            longest = of_name.get('maxLength')
            if longest is None:
                continue
            at = good[name] if name in ('userName', 'password') else \
                'x' * longest
            assert len(at.encode()) == longest
            for value, fits in ((at, True), (at + 'x', False),
                                ('ü' * (longest // 2) + 'xx', False)):
                answer = self.ask(client, path, 'post', {'ask': {name: value}})
                got = self.outcome(answer)
                wanted = 'Profile does not exist' if name == 'profileID' \
                    else None
                yield (f'{name} of {len(value.encode())} bytes', answer,
                       'post', (200, wanted if fits else 'Invalid parameter'))

    def without_key(self, client, path):
        """The service's own trouble."""
        os.rename(self.file('client.aes'), self.file('away'))
        answer = self.ask(client, path, 'post', {})
        os.rename(self.file('away'), self.file('client.aes'))
        yield ('the AES key is not there', answer, 'post',
               (200, 'Internal server error'))

    def more(self, trial, path):
        client = trial.tls
        if trial.phase == 'automatic':
            yield from self.limits(client, path)
            yield from self.without_key(client, path)
            yield ('malformed', client.ask_malformed('POST', path), 'post',
                   (400, 'Invalid input data'))
            yield from self.other_methods(
                client, path, (405, 'Only POST is answered here'))
        if trial.phase == 'throttled':
            wanted = 'Too many requests, try again later'
            answer = self.too_often(client, path,
                                    {'ask': {'password': 'wrong'}}, wanted)
            yield 'too many wrong passwords', answer, 'post', (503, wanted)
        if trial.phase == 'disabled':
            yield ('switched off', self.ask(client, path, 'post', {}), 'post',
                   (404, 'This service is switched off'))


# --- below /products --------------------------------------------------------

class Products(Door):
    def __init__(self, values, folder, description):
        super().__init__(values, folder, description)
        self.tried = []  # name, value, and whether that was to blame

    def good(self):
        return {'loginName': 'shop', 'loginPassword': self.text('shop.pw')}

    def ask(self, client, path, method, example):
        form = with_changes(self.good(), example.get('form', {}))
        pairs = [*form.items(), *map(tuple, example.get('more', []))]
        body = example.get('body', urllib.parse.urlencode(pairs)).encode()
        headers = {'Content-Type': 'application/x-www-form-urlencoded'}
        if example.get('multipart'):
            body, headers = multipart(pairs)
        answer = client.ask(method.upper(), path, body, headers)
        outcome = self.outcome(answer)
        self.tried += [(name, value, outcome == [-4, name])
                       for name, value in form.items()]
        return answer

    def untried(self, schema):
        """Limits that no example has found where they are described."""
        for name, of_name in schema['properties'].items():
            of_name = self.description.resolve_node(of_name)
            longest, choices = of_name.get('maxLength'), of_name.get('enum')
            good = [value for tried, value, bad in self.tried
                    if tried == name and not bad]
            bad = [value for tried, value, bad in self.tried
                   if tried == name and bad]
            if longest is not None:
                if longest not in map(len, good):
                    yield f'{name} of {longest}'
                if longest + 1 not in map(len, bad):
                    yield f'{name} of {longest + 1}'
            if choices is not None:
                yield from (f'{name}={choice}' for choice in choices
                            if choice not in good)
                if not any(value not in choices for value in bad):
                    yield f'{name} of none of its choices'

    def check(self, trial, path):
        if trial.phase != 'automatic':
            return
        body = self.description.operation(path, 'post')['requestBody']
        kind = 'application/x-www-form-urlencoded'
        schema = self.description.resolve_node(body['content'][kind]['schema'])
        missing = list(self.untried(schema))
        tell(not missing, f'every limit of {path} was tried', missing)

    def more(self, trial, path):
        client = trial.tls
        if trial.phase == 'automatic':
            yield ('malformed', client.ask_malformed('POST', path), 'post',
                   (400, [-14, None]))
            yield from self.other_methods(client, path, (200, [-17, None]))
        if trial.phase == 'throttled':
            form = {**self.anything, 'loginPassword': 'wrong'}
            answer = self.too_often(client, path, {'form': form}, [-42, None])
            yield ('too many wrong passwords', answer, 'post',
                   (200, [-42, None]))
        if trial.phase == 'disabled':
            yield ('switched off',
                   self.ask(client, path, 'post', {'form': self.anything}),
                   'post', (404, [-14, None]))


class Orders(Products):
    anything = {'csr': 'x'}

    def outcome(self, answer):
        value = answer.value()
        if 'errorCode' in value:
            code, item = int(value['errorCode']), value.get('errorItem')
        else:
            code, item = value['error']['code'], value['error']['item']
        return [code, item] if code != 0 else None


class Collect(Products):
    anything = {'orderNumber': '100001'}

    def good(self):
        return {**super().good(), **({'orderNumber': self.values.one('ORDER')}
                if 'ORDER' in self.values.saved else {})}

    def outcome(self, answer):
        text = answer.body.decode('latin-1')
        found = re.match(r'(-[0-9]+)\n(.*)', text) or re.search(
            r'g_errorCode = (-[0-9]+);\nvar g_errorMessage = "(.*)"', text)
        if found is None:
            return None
        item = re.search(r"(?:'|\\u0027)(\w+)(?:'|\\u0027)", found[2])
        return [int(found[1]), item[1] if item else None]


# --- for everybody, and for those who decide --------------------------------

class Open(Door):
    def ask(self, client, path, method, example):
        return client.ask(method.upper(), path)

    def outcome(self, answer):
        return None

    def more(self, trial, path):
        if trial.phase == 'automatic':
            yield from self.other_methods(trial.tls, path, (405, None))
            yield ('over HTTP too', trial.plain.ask('GET', path), 'get',
                   (200, None))
        if trial.phase == 'disabled':
            yield ('there is none', trial.tls.ask('GET', path), 'get',
                   (404, None))


class Accounts(Door):
    """/api/orders, in the manner of /api."""

    def headers(self, example):
        name = example.get('account', 'decider')
        return basic(name, self.text(name + '.pw')) if name else {}

    def ask(self, client, path, method, example):
        query = example.get('query', {})
        if not isinstance(query, str):
            query = urllib.parse.urlencode(query)
        headers = {**self.headers(example), **example.get('headers', {})}
        body = None
        if 'form' in example:
            body = urllib.parse.urlencode(example['form']).encode()
            headers['Content-Type'] = 'application/x-www-form-urlencoded'
        elif 'body' in example:
            body = example['body'].encode()
            headers['Content-Type'] = 'application/x-www-form-urlencoded'
        return client.ask(method.upper(), path + ('?' + query if query else ''),
                          body, headers)

    def outcome(self, answer):
        return answer.error()

    def revocations(self, client, path):
        """Each reason there is, for an order of its own."""
        reasons = self.description.at('#/components/schemas/Certificate'
                                      '/properties/revocationReason/enum')
        orders = self.ask(client, path, 'get', {'query': {
            'state': 'issued', 'account': 'shop'}}).value()['result']['orders']
        for reason, order in zip(reasons, orders, strict=False):
            form = {'number': order['number'], 'action': 'revoke',
                    'reason': reason}
            yield (f'revoked: {reason}',
                   self.ask(client, path, 'post', {'form': form}), 'post',
                   (200, None))
            if reason == 'certificateHold':
                form['reason'] = 'removeFromCRL'
                yield ('and released',
                       self.ask(client, path, 'post', {'form': form}), 'post',
                       (200, None))

    def more(self, trial, path):
        client = trial.tls
        if trial.phase == 'manual':
            yield from self.revocations(client, path)
        if trial.phase == 'automatic':
            for method in ('GET', 'POST'):
                yield (f'{method} malformed',
                       client.ask_malformed(method, path), method.lower(),
                       (400, [14, None]))
            for method in ('PUT', 'DELETE', 'PATCH', 'get'):
                yield (f'{method} is not there',
                       client.ask(method, path, headers=self.headers({})),
                       'get', (200, [3, None]))
        if trial.phase == 'disabled':
            for method in ('get', 'post'):
                yield (f'{method} of a service that is switched off',
                       self.ask(client, path, method, {}), method,
                       (200, [4, None]))
