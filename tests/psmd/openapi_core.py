# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""openapi_core.py - an OpenAPI description as a judge of answers: whether they
are as described, and what of the description was never seen."""

import http.client
import json
import re
import ssl
import urllib.parse

import yaml

DESCRIBES = {'description', 'summary', 'x-unseen', 'contentEncoding', 'default'}
TYPES = {'object': dict, 'array': list, 'string': str, 'boolean': bool,
         'integer': int, 'null': type(None)}

failed = []  # sentences


def tell(good, sentence, why=''):
    """A line for each sentence, as the shell's tests have it."""
    print(('ok - ' if good else 'not ok - ') + sentence, flush=True)
    if not good:
        failed.append(sentence)
        print('#   ' + str(why)[:2000], flush=True)


class Wrong(Exception):
    """An answer that is not as described."""


def escape(step):
    """A step of a JSON pointer (RFC 6901)."""
    return step.replace('~', '~0').replace('/', '~1')


def references(node):
    """Every $ref below a node."""
    if isinstance(node, dict):
        if '$ref' in node:
            yield node['$ref']
        node = list(node.values())
    for below in node if isinstance(node, list) else []:
        yield from references(below)


class Description:
    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            self.root = yaml.safe_load(file)
        self.seen = set()
        for reference in references(self.root):
            self.at(reference)  # it leads somewhere

    def at(self, pointer):
        node = self.root
        for step in pointer[2:].split('/'):
            node = node[int(step) if isinstance(node, list) else
                        step.replace('~1', '/').replace('~0', '~')]
        return node

    def resolve(self, pointer):
        """Where a reference leads, and what is there."""
        node = self.at(pointer)
        while '$ref' in node:
            pointer = node['$ref']
            node = self.at(pointer)
        return pointer, node

    def resolve_node(self, node):
        return self.resolve(node['$ref'])[1] if '$ref' in node else node

    # --- a value against a schema

    def judge(self, value, pointer, seen):
        pointer, schema = self.resolve(pointer)
        seen.add(pointer)
        for keyword, wanted in schema.items():
            if keyword in DESCRIBES:
                continue
            rule = getattr(self, 'judge_' + keyword, None)
            if rule is None:
                raise Wrong(f'{pointer}: this test does not know {keyword}')
            rule(value, wanted, pointer, seen)

    def judge_type(self, value, wanted, pointer, seen):
        kinds = wanted if isinstance(wanted, list) else [wanted]
        if not any(isinstance(value, TYPES[kind]) and
                   not (kind == 'integer' and isinstance(value, bool))
                   for kind in kinds):
            raise Wrong(f'{pointer}: {value!r} is no {wanted}')
        seen.add(f'{pointer}:{kind_of(value)}')
        if wanted == 'boolean':
            seen.add(f'{pointer}={value}')

    def judge_const(self, value, wanted, pointer, seen):
        if type(value) is not type(wanted) or value != wanted:
            raise Wrong(f'{pointer}: {value!r} is not {wanted!r}')

    def judge_enum(self, value, wanted, pointer, seen):
        if value not in wanted:
            raise Wrong(f'{pointer}: {value!r} is none of {wanted}')
        seen.add(f'{pointer}={value}')

    def judge_pattern(self, value, wanted, pointer, seen):
        if not re.search(re.sub(r'\$\Z', r'\\Z', wanted), value):
            raise Wrong(f'{pointer}: {value!r} does not match {wanted}')

    def judge_minimum(self, value, wanted, pointer, seen):
        if value < wanted:
            raise Wrong(f'{pointer}: {value} is less than {wanted}')

    def judge_minItems(self, value, wanted, pointer, seen):
        if len(value) < wanted:
            raise Wrong(f'{pointer}: fewer than {wanted}')

    def judge_maxItems(self, value, wanted, pointer, seen):
        if len(value) > wanted:
            raise Wrong(f'{pointer}: more than {wanted}')

    def judge_required(self, value, wanted, pointer, seen):
        missing = [name for name in wanted if name not in value]
        if missing:
            raise Wrong(f'{pointer}: {missing} are missing')

    def judge_additionalProperties(self, value, wanted, pointer, seen):
        known = self.at(pointer).get('properties', {})
        more = [name for name in value if name not in known]
        if more:
            raise Wrong(f'{pointer}: {more} are not described')

    def judge_properties(self, value, wanted, pointer, seen):
        for name in value:
            if name in wanted:
                seen.add(f'{pointer}/properties/{name}')
                self.judge(value[name], f'{pointer}/properties/{name}', seen)

    def judge_items(self, value, wanted, pointer, seen):
        for item in value:
            self.judge(item, f'{pointer}/items', seen)

    def judge_oneOf(self, value, wanted, pointer, seen):
        good, why = [], []
        for i in range(len(wanted)):
            branch = {f'{pointer}/oneOf/{i}'}
            try:
                self.judge(value, f'{pointer}/oneOf/{i}', branch)
                good.append(branch)
            except Wrong as wrong:
                why.append(str(wrong))
        if len(good) != 1:
            raise Wrong(f'{pointer}: {len(good)} fit, not one; {why}')
        seen |= good[0]

    # --- an answer against an operation

    def operation(self, path, method):
        return self.root['paths'][path][method]

    def judge_answer(self, path, method, answer):
        """Also notes what is seen. path, method: as in the description."""
        where = f'#/paths/{escape(path)}/{method}/responses/{answer.status}'
        if str(answer.status) not in self.operation(path, method)['responses']:
            raise Wrong(f'status {answer.status} is not described')
        seen = {where}
        where, response = self.resolve(where)
        seen.add(where)
        kind = answer.headers.get('Content-Type')
        if kind not in response['content']:
            raise Wrong(f'{kind} is not described')
        content = f'{where}/content/{escape(kind)}'
        seen.add(content)
        for name in response.get('headers', {}):
            if answer.headers.get(name) is not None:
                seen.add(f'{where}/headers/{name}')
                self.judge(answer.headers.get(name),
                           f'{where}/headers/{name}/schema', seen)
        self.judge(answer.value(), f'{content}/schema', seen)
        self.seen |= seen

    # --- what there is to see

    def schema_nodes(self, pointer, found):
        """Every member, choice and value below a schema."""
        pointer, schema = self.resolve(pointer)
        if pointer in found:
            return
        found.add(pointer)
        unseen = schema.get('x-unseen', [])
        for value in schema.get('enum', []):
            if value not in unseen:
                found.add(f'{pointer}={value}')
        if schema.get('type') == 'boolean':
            found |= {f'{pointer}={value}' for value in (True, False)
                      if value not in unseen}
        if isinstance(schema.get('type'), list):
            found |= {f'{pointer}:{kind}' for kind in schema['type']
                      if kind not in unseen}
        for name, member in schema.get('properties', {}).items():
            if isinstance(member.get('x-unseen'), str):
                continue  # that is why
            found.add(f'{pointer}/properties/{name}')
            self.schema_nodes(f'{pointer}/properties/{name}', found)
        for i in range(len(schema.get('oneOf', []))):
            found.add(f'{pointer}/oneOf/{i}')
            self.schema_nodes(f'{pointer}/oneOf/{i}', found)
        if 'items' in schema:
            self.schema_nodes(f'{pointer}/items', found)

    def everything(self):
        found = set()
        for path, item in self.root['paths'].items():
            for method, operation in item.items():
                for status in operation['responses']:
                    self.response_nodes(
                        f'#/paths/{escape(path)}/{method}/responses/{status}',
                        found)
        return found

    def response_nodes(self, where, found):
        pointer, response = self.resolve(where)
        if 'x-unseen' in response:
            return
        found |= {where, pointer}
        for name in response.get('headers', {}):
            found.add(f'{pointer}/headers/{name}')
        for kind in response['content']:
            content = f'{pointer}/content/{escape(kind)}'
            found.add(content)
            self.schema_nodes(f'{content}/schema', found)


def parse_form(text):
    pairs = urllib.parse.parse_qsl(text, keep_blank_values=True,
                                   strict_parsing=True, errors='strict')
    if len(dict(pairs)) != len(pairs):
        raise Wrong(f'{text}: a name is there twice')
    return dict(pairs)


def kind_of(value):
    return next(name for name, kind in TYPES.items()
                if isinstance(value, kind))


def multipart(pairs):
    """A body of multipart/form-data (RFC 7578), and its headers."""
    border, parts = b'a-border-that-is-in-no-part', []
    for name, value in pairs:
        value = value.encode() if isinstance(value, str) else value
        parts.append(b'--%s\r\nContent-Disposition: form-data; name="%s"'
                     b'\r\n\r\n%s\r\n' % (border, name.encode(), value))
    return b''.join(parts) + b'--%s--\r\n' % border, {
        'Content-Type': 'multipart/form-data; boundary=' + border.decode()}


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def value(self):
        kind = self.headers.get('Content-Type')
        if kind == 'application/json':
            return json.loads(self.body)
        if kind == 'application/x-www-form-urlencoded':
            return parse_form(self.body.decode('ascii'))
        return self.body.decode('latin-1')

    def error(self):
        """[code, param] as below /api, or None."""
        value = self.value()
        if not isinstance(value, dict) or value.get('success') is not False:
            return None
        return [value['error']['code'], value['error'].get('param')]


class Client:
    def __init__(self, url, files):
        self.url = urllib.parse.urlsplit(url)
        self.tls = ssl.create_default_context(cafile=files + '/ca.pem') \
            if self.url.scheme == 'https' else None

    def connect(self):
        where = self.url.hostname, self.url.port
        if self.tls is None:
            return http.client.HTTPConnection(*where, timeout=60)
        return http.client.HTTPSConnection(*where, timeout=60,
                                           context=self.tls)

    def ask(self, method, target, body=None, headers=None):
        connection = self.connect()
        connection.request(method, target, body, headers or {})
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def ask_malformed(self, method, target):
        """Two hosts: RFC 9112, 3.2."""
        connection = self.connect()
        connection.putrequest(method, target, skip_host=True)
        connection.putheader('Host', 'one')
        connection.putheader('Host', 'two')
        connection.endheaders()
        answer = Answer(connection.getresponse())
        connection.close()
        return answer


