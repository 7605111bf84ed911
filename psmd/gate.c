/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* gate.c - the framing of HTTP/1.1, byte by byte. */

#include "psmd/gate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum state {
	START, START_LF, METHOD, TARGET_FIRST, TARGET, VERSION, VERSION_CR,
	VERSION_LF, FIELD, NAME, VALUE, VALUE_LF, HEAD_LF, BODY, SIZE,
	EXTENSION, SIZE_LF, CHUNK, CHUNK_CR, CHUNK_LF, N_STATES
};

enum field { OTHER, LENGTH, ENCODING };

enum {
	SIZE_DIGITS = 15,    /* of a chunk; more would overflow */
	LENGTH_DIGITS = 18,
	EXTENSION_MAX = 256,
	SMALL_HEAD = 1024    /* libmicrohttpd takes any head of that */
};

static bool
go(struct gate *gate, enum state state)
{
	gate->state = (int)state;
	gate->n = 0;
	return true;
}

static bool
expect(struct gate *gate, unsigned char c, char wanted, enum state next)
{
	return c == (unsigned char)wanted && go(gate, next);
}

static bool
is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* What methods and names are made of: RFC 9110, 5.6.2. */
static bool
is_token(unsigned char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* What a field's value is made of. */
static bool
is_text(unsigned char c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

/* --- the request line ---------------------------------------------------- */

/* An empty line before it is allowed. */
static bool
on_start(struct gate *gate, unsigned char c)
{
	*gate = (struct gate){ .state = START, .head = gate->head };
	if (c == '\r')
		return go(gate, START_LF);
	return is_token(c) && go(gate, METHOD);
}

static bool
on_start_lf(struct gate *gate, unsigned char c)
{
	gate->head = 0;
	return expect(gate, c, '\n', START);
}

static bool
on_method(struct gate *gate, unsigned char c)
{
	return is_token(c) || expect(gate, c, ' ', TARGET_FIRST);
}

/* A path, "*", or http://...; CONNECT's "host:port" is for proxies. */
static bool
on_target_first(struct gate *gate, unsigned char c)
{
	return (c == '/' || c == '*' || (c | 0x20) == 'h') && go(gate, TARGET);
}

static bool
on_target(struct gate *gate, unsigned char c)
{
	return (c > ' ' && c < 0x7f) || expect(gate, c, ' ', VERSION);
}

static bool
on_version(struct gate *gate, unsigned char c)
{
	static const char before[] = "HTTP/1.";

	if (gate->n < sizeof before - 1)
		return c == (unsigned char)before[gate->n++];
	gate->is_old = c == '0';
	return c >= '0' && c <= '9' && go(gate, VERSION_CR);
}

static bool
on_version_cr(struct gate *gate, unsigned char c)
{
	return expect(gate, c, '\r', VERSION_LF);
}

static bool
on_version_lf(struct gate *gate, unsigned char c)
{
	return expect(gate, c, '\n', FIELD);
}

/* --- fields -------------------------------------------------------------- */

/* One that is too long for word is none that matters. */
static void
keep(struct gate *gate, unsigned char c)
{
	if (gate->n < sizeof gate->word - 1)
		gate->word[gate->n] = (char)c;
	gate->n++;
}

static bool
on_field(struct gate *gate, unsigned char c)
{
	if (c == '\r')
		return go(gate, HEAD_LF);
	if (!is_token(c))
		return false; /* a fold among them */
	go(gate, NAME);
	keep(gate, c);
	return true;
}

static const char *
word(struct gate *gate)
{
	size_t end = gate->n < sizeof gate->word ? gate->n
	                                         : sizeof gate->word - 1;

	gate->word[end] = '\0';
	return gate->word;
}

/* In a trailer nothing says anything about the body. */
static enum field
which_field(struct gate *gate)
{
	if (gate->in_trailer)
		return OTHER;
	if (strcasecmp(word(gate), "Content-Length") == 0)
		return LENGTH;
	if (strcasecmp(word(gate), "Transfer-Encoding") == 0)
		return ENCODING;
	return OTHER;
}

static bool
on_name(struct gate *gate, unsigned char c)
{
	if (c != ':') {
		keep(gate, c);
		return is_token(c);
	}
	gate->field = (int)which_field(gate);
	return go(gate, VALUE);
}

static bool
read_length(struct gate *gate, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	if (gate->has_length || digits == 0 || value[digits] != '\0' ||
	    digits > LENGTH_DIGITS)
		return false;
	gate->has_length = true;
	gate->left = strtoull(value, NULL, 10);
	return true;
}

static bool
read_encoding(struct gate *gate, const char *value)
{
	if (gate->has_encoding || strcasecmp(value, "chunked") != 0)
		return false;
	gate->has_encoding = true;
	return true;
}

static bool
judge_value(struct gate *gate)
{
	if (gate->field == OTHER)
		return true;
	if (gate->n >= sizeof gate->word)
		return false;
	while (gate->n > 0 && strchr(" \t", gate->word[gate->n - 1]) != NULL)
		gate->n--;
	return gate->field == LENGTH ? read_length(gate, word(gate))
	                             : read_encoding(gate, word(gate));
}

static bool
on_value(struct gate *gate, unsigned char c)
{
	if (c == '\r')
		return judge_value(gate) && go(gate, VALUE_LF);
	if (gate->field != OTHER &&
	    (gate->n > 0 || (c != ' ' && c != '\t')))
		keep(gate, c);
	return is_text(c);
}

static bool
on_value_lf(struct gate *gate, unsigned char c)
{
	return expect(gate, c, '\n', FIELD);
}

/* --- the body ------------------------------------------------------------ */

static bool
next_request(struct gate *gate)
{
	gate->head = 0;
	return go(gate, START);
}

static bool
on_head_lf(struct gate *gate, unsigned char c)
{
	if (c != '\n' || (gate->has_encoding &&
	                  (gate->has_length || gate->is_old)))
		return false;
	if (gate->in_trailer)
		return next_request(gate);
	if (gate->has_encoding)
		return go(gate, SIZE);
	return gate->left > 0 ? go(gate, BODY) : next_request(gate);
}

static bool
add_digit(struct gate *gate, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, is_alnum(c) ? c | 0x20 : c)
	                           : NULL;

	if (at == NULL || gate->n++ == SIZE_DIGITS)
		return false;
	gate->left = gate->left << 4 | (uint64_t)(at - digits);
	return true;
}

static bool
on_size(struct gate *gate, unsigned char c)
{
	if (gate->n == 0)
		gate->left = 0;
	else if (c == ';')
		return go(gate, EXTENSION);
	else if (c == '\r')
		return go(gate, SIZE_LF);
	return add_digit(gate, c);
}

static bool
on_extension(struct gate *gate, unsigned char c)
{
	if (c == '\r')
		return go(gate, SIZE_LF);
	return is_text(c) && gate->n++ < EXTENSION_MAX;
}

static bool
on_size_lf(struct gate *gate, unsigned char c)
{
	gate->in_trailer = gate->left == 0;
	return expect(gate, c, '\n', gate->in_trailer ? FIELD : CHUNK);
}

static bool
on_chunk_cr(struct gate *gate, unsigned char c)
{
	return expect(gate, c, '\r', CHUNK_LF);
}

static bool
on_chunk_lf(struct gate *gate, unsigned char c)
{
	return expect(gate, c, '\n', SIZE);
}

/* --- the whole ----------------------------------------------------------- */

static bool (*const on[N_STATES])(struct gate *gate, unsigned char c) = {
	[START] = on_start, [START_LF] = on_start_lf, [METHOD] = on_method,
	[TARGET_FIRST] = on_target_first, [TARGET] = on_target,
	[VERSION] = on_version, [VERSION_CR] = on_version_cr,
	[VERSION_LF] = on_version_lf, [FIELD] = on_field, [NAME] = on_name,
	[VALUE] = on_value, [VALUE_LF] = on_value_lf, [HEAD_LF] = on_head_lf,
	[SIZE] = on_size, [EXTENSION] = on_extension, [SIZE_LF] = on_size_lf,
	[CHUNK_CR] = on_chunk_cr, [CHUNK_LF] = on_chunk_lf,
};

/* Of a body, whatever it is. */
static size_t
pass_body(struct gate *gate, size_t len)
{
	size_t n = gate->left < len ? (size_t)gate->left : len;

	gate->left -= n;
	if (gate->left > 0)
		return n;
	if (gate->state == BODY)
		next_request(gate);
	else
		go(gate, CHUNK_CR);
	return n;
}

size_t
gate_pass(struct gate *gate, const unsigned char *bytes, size_t len)
{
	size_t i = 0;

	while (i < len) {
		if (gate->state == BODY || gate->state == CHUNK) {
			i += pass_body(gate, len - i);
			continue;
		}
		gate->head++;
		if (!on[gate->state](gate, bytes[i]))
			return i;
		i++;
	}
	return i;
}

bool
gate_is_in_head(const struct gate *gate)
{
	return gate->state <= HEAD_LF && !gate->in_trailer &&
	       gate->head <= SMALL_HEAD;
}
