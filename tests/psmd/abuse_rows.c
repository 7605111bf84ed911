/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* abuse_rows.c - hostile requests: RFC 9112 names most of what they get
 * wrong. Where two readers could disagree, a second request follows that must
 * not be answered. */

#include "tests/psmd/abuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(text) text, sizeof text - 1
#define ALONE(text) BYTES(text), NULL, 0, NULL, NULL
#define HOST "Host: x\r\n"
#define LINE "GET /healthz HTTP/1.1\r\n"
#define CLOSE HOST "Connection: close\r\n\r\n"
#define PUT "PUT /api/cert/user HTTP/1.1\r\n" HOST
#define SMUGGLED LINE HOST "\r\n"
#define LENGTH(value) \
	REFUSED, ALONE(PUT "Content-Length:" value "\r\n\r\n" SMUGGLED)
#define CHUNKED PUT "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKS(bytes) REFUSED, ALONE(CHUNKED bytes "0\r\n\r\n" SMUGGLED)
#define FORM "multipart/form-data; boundary=b"
#define PART "Content-Disposition: form-data; name="

const struct row rows[] = {
	/* --- what is strange and allowed */
	{ "an absolute-form target", GRANTED,
	  ALONE("GET http://x/healthz HTTP/1.1\r\n" CLOSE) },
	{ "an empty line before the request", GRANTED,
	  ALONE("\r\n" LINE CLOSE) },
	{ "HTTP/1.0 without a Host", GRANTED,
	  ALONE("GET /healthz HTTP/1.0\r\n\r\n") },
	{ "bytes over 0x7f in a field", GRANTED,
	  ALONE(LINE "X: \x80\xff\xc3\r\n" CLOSE) },

	/* --- the request line */
	{ "no request at all", REFUSED, ALONE("\x01\x02\x03\x04\r\n\r\n") },
	{ "zeros", REFUSED, ALONE("\0\0\0\0\0\0\0\0\r\n\r\n") },
	{ "a TLS record on the plain port", REFUSED,
	  ALONE("\x16\x03\x01\0\x05\x01\0\0\x01\0\r\n\r\n") },
	{ "HTTP/0.9", REFUSED, ALONE("GET /healthz\r\n\r\n") },
	{ "HTTP/2's preface", REFUSED,
	  ALONE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0") },
	{ "HTTP/1.2", ONCE, ALONE("GET /healthz HTTP/1.2\r\n" CLOSE) },
	{ "HTTP/9.9", REFUSED, ALONE("GET /healthz HTTP/9.9\r\n" CLOSE) },
	{ "a version in small letters", REFUSED,
	  ALONE("GET /healthz http/1.1\r\n" CLOSE) },
	{ "a version that is too long", REFUSED,
	  ALONE("GET /healthz HTTP/1.1111111111\r\n" CLOSE) },
	{ "an authority-form target", REFUSED,
	  ALONE("CONNECT x:443 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED) },
	{ "a target that is no path", REFUSED,
	  ALONE("GET healthz HTTP/1.1\r\n" CLOSE) },
	{ "an empty target", REFUSED, ALONE("GET  HTTP/1.1\r\n" CLOSE) },
	{ "an asterisk for a target", REFUSED,
	  ALONE("OPTIONS * HTTP/1.1\r\n" CLOSE) },
	{ "TRACE", REFUSED, ALONE("TRACE /healthz HTTP/1.1\r\n" CLOSE) },
	{ "a method of nobody's", REFUSED,
	  ALONE("G\x7f" "T /healthz HTTP/1.1\r\n" CLOSE) },
	{ "a blank in the target", REFUSED,
	  ALONE("GET /heal thz HTTP/1.1\r\n" CLOSE) },
	{ "a NUL in the target", REFUSED,
	  ALONE("GET /healthz\0x HTTP/1.1\r\n" CLOSE) },
	{ "an encoded NUL in the target", REFUSED,
	  ALONE("GET /healthz%00x HTTP/1.1\r\n" CLOSE) },
	{ "a request line that never ends", REFUSED, BYTES("GET /"), "a",
	  200000, NULL, NULL },
	{ "a request line of 100,000 bytes", REFUSED, BYTES("GET /"), "a",
	  100000, " HTTP/1.1\r\n" CLOSE, NULL },
	{ "a method of 100,000 bytes", REFUSED, BYTES(""), "G", 100000,
	  " / HTTP/1.1\r\n" CLOSE, NULL },
	{ "5,000 parameters", FAILED, BYTES("GET /api/cert/user?"), "a=b&",
	  5000, " HTTP/1.1\r\n" CLOSE, NULL },
	{ "500 parameters", FAILED, BYTES("GET /api/cert/user?"), "a=b&", 500,
	  " HTTP/1.1\r\n" CLOSE, NULL },

	/* --- fields */
	{ "no Host", REFUSED, ALONE(LINE "\r\n") },
	{ "two Hosts", REFUSED, ALONE(LINE HOST HOST "\r\n") },
	{ "a blank before the colon", REFUSED,
	  ALONE("PUT /healthz HTTP/1.1\r\n" HOST "Content-Length : 42\r\n\r\n"
	        SMUGGLED) },
	{ "a field without a name", REFUSED,
	  ALONE(LINE ": x\r\n" HOST "\r\n") },
	{ "a field without a colon", REFUSED,
	  ALONE(LINE HOST "nonsense\r\n\r\n") },
	{ "a NUL in a field", REFUSED,
	  ALONE(LINE HOST "X: a\0b\r\n\r\n") },
	{ "a NUL in a field's name", REFUSED,
	  ALONE(LINE HOST "X\0Y: a\r\n\r\n") },
	{ "a bare CR in a field", REFUSED,
	  ALONE(LINE HOST "X: a\rGET /metrics HTTP/1.1\r\n\r\n") },
	{ "a folded field", REFUSED,
	  ALONE(LINE HOST "X: a\r\n b\r\n\r\n") },
	{ "a fold before the first field", REFUSED,
	  ALONE(LINE " X: a\r\n" HOST "\r\n") },
	{ "a folded Transfer-Encoding", REFUSED,
	  ALONE(PUT "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"
	        SMUGGLED) },
	{ "bare line feeds", REFUSED,
	  ALONE("GET /healthz HTTP/1.1\nHost: x\n\n" SMUGGLED) },
	{ "a bare line feed that ends the head", REFUSED,
	  ALONE("PUT /healthz HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\n"
	        "abc") },
	{ "a bare line feed that hides a length", REFUSED,
	  ALONE(PUT "X: a\nContent-Length: 42\r\n\r\n" SMUGGLED) },
	{ "a field that never ends", REFUSED, BYTES(LINE "X: "), "a", 200000,
	  NULL, NULL },
	{ "a field of 100,000 bytes", REFUSED, BYTES(LINE "X: "), "a", 100000,
	  "\r\n" CLOSE, NULL },
	{ "a name of 100,000 bytes", REFUSED, BYTES(LINE), "a", 100000,
	  ": x\r\n" CLOSE, NULL },
	{ "10,000 fields", REFUSED, BYTES(LINE), "X: y\r\n", 10000, CLOSE,
	  NULL },
	{ "an Authorization of 20,000 bytes", ONCE,
	  BYTES("GET /api/cert/user HTTP/1.1\r\nAuthorization: Basic "), "QUJD",
	  5000, "\r\n" CLOSE, NULL },
	{ "a Cookie of 20,000 semicolons", ONCE, BYTES(LINE "Cookie: "), ";",
	  20000, "\r\n" CLOSE, NULL },

	/* --- where the body ends */
	{ "both length and chunks", REFUSED,
	  ALONE(PUT "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
	        "0\r\n\r\n" SMUGGLED) },
	{ "both chunks and length", REFUSED,
	  ALONE(PUT "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
	        "0\r\n\r\n" SMUGGLED) },
	{ "two lengths", REFUSED,
	  ALONE(PUT "Content-Length: 0\r\nContent-Length: 41\r\n\r\n"
	        SMUGGLED) },
	{ "the same length twice", REFUSED,
	  ALONE(PUT "Content-Length: 0\r\nContent-Length: 0\r\n\r\n") },
	{ "a list of lengths", LENGTH(" 0, 41") },
	{ "a length below zero", LENGTH(" -1") },
	{ "a length with a plus", LENGTH(" +0") },
	{ "a length in hexadecimal", LENGTH(" 0x29") },
	{ "an empty length", LENGTH("") },
	{ "a length of 2^64", LENGTH(" 18446744073709551616") },
	{ "a length of 2^64 - 1", LENGTH(" 18446744073709551615") },
	{ "a length of 2^63", LENGTH(" 9223372036854775808") },
	{ "a body that is cut short", REFUSED,
	  ALONE(PUT "Content-Length: 1000\r\n\r\nabc") },
	{ "chunks and something else", REFUSED,
	  ALONE(PUT "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
	        SMUGGLED) },
	{ "an encoding of nobody's", REFUSED,
	  ALONE(PUT "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SMUGGLED) },
	{ "an encoding after a tab", ONCE,
	  ALONE(PUT "Transfer-Encoding:\tchunked\r\nConnection: close\r\n\r\n"
	        "0\r\n\r\n" SMUGGLED) },
	{ "an encoding with a vertical tab", REFUSED,
	  ALONE(PUT "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" SMUGGLED) },
	{ "the encoding twice", REFUSED,
	  ALONE(PUT "Transfer-Encoding: chunked\r\n"
	        "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" SMUGGLED) },
	{ "chunks with HTTP/1.0", REFUSED,
	  ALONE("PUT /api/cert/user HTTP/1.0\r\n" HOST
	        "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
	        "0\r\n\r\n" SMUGGLED) },

	/* --- chunks */
	{ "a chunk of no size", CHUNKS("\r\nabc\r\n") },
	{ "a chunk whose size is no number", CHUNKS("xyz\r\nabc\r\n") },
	{ "a chunk of a size below zero", CHUNKS("-3\r\nabc\r\n") },
	{ "a chunk whose size begins with 0x", CHUNKS("0x3\r\nabc\r\n") },
	{ "a chunk of 2^64 bytes", CHUNKS("10000000000000003\r\nabc\r\n") },
	{ "a chunk of 2^64 - 1 bytes", CHUNKS("ffffffffffffffff\r\nabc\r\n") },
	{ "a chunk longer than it says", CHUNKS("1\r\nabc\r\n") },
	{ "chunks with bare line feeds", REFUSED,
	  ALONE(CHUNKED "3\nabc\n0\n\n" SMUGGLED) },
	{ "a chunk's extension that never ends", REFUSED,
	  BYTES(CHUNKED "1;"), "a", 200000, NULL, NULL },
	{ "a size of 100,000 zeros", REFUSED,
	  BYTES(CHUNKED), "0", 100000, "1\r\na\r\n0\r\n\r\n", NULL },
	{ "100,000 chunks of a byte", ONCE,
	  BYTES(PUT "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"),
	  "1\r\na\r\n", 100000, "0\r\n\r\n", NULL },
	{ "10,000 trailers", ONCE,
	  BYTES(PUT "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
	        "1\r\na\r\n0\r\n"), "X: y\r\n", 10000, "\r\n", NULL },
	{ "a trailer that is a length", ONCE,
	  ALONE(PUT "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
	        "0\r\nContent-Length: 41\r\n\r\n" SMUGGLED) },
	{ "chunks that never end", REFUSED,
	  BYTES(CHUNKED),
	  "400\r\n"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "\r\n", 20000, NULL, NULL },

	/* --- paths out of the folder */
#define PATH(path) REFUSED, ALONE("GET " path " HTTP/1.1\r\n" CLOSE)
	{ "a path with dots", PATH("/page/../../../../../../etc/passwd") },
	{ "a path that is dots", PATH("/..") },
	{ "a path with encoded dots",
	  PATH("/page/%2e%2e/%2e%2e/%2e%2e/etc/passwd") },
	{ "a path with encoded slashes", PATH("/page/..%2f..%2f..%2fetc/passwd") },
	{ "a path that is encoded twice",
	  PATH("/page/%252e%252e%252f%252e%252e%252fetc/passwd") },
	{ "a path with overlong dots", PATH("/page/%c0%ae%c0%ae/etc/passwd") },
	{ "a path with overlong slashes", PATH("/page/..%c0%af..%c0%afetc/passwd") },
	{ "a path with backslashes", PATH("/page/..\\..\\etc\\passwd") },
	{ "a path with encoded backslashes", PATH("/page/..%5c..%5cetc%5cpasswd") },
	{ "a path with semicolons", PATH("/page/..;/..;/etc/passwd") },
	{ "a path with a NUL behind", PATH("/page/app.js%00.css") },
	{ "a path with a NUL before", PATH("/page/%00app.js") },
	{ "a path that begins twice", PATH("//etc/passwd") },
	{ "a path of the page that begins twice", PATH("/page//etc/passwd") },
	{ "a path with a broken escape", PATH("/page/%zz") },
	{ "a path with half an escape", PATH("/page/%2") },
	{ "a folder of the page", PATH("/page/") },
	{ "a path of the API that is none",
	  FAILED, ALONE("GET /api/cert/user/../../x HTTP/1.1\r\n" CLOSE) },

	/* --- forms */
	{ "a form without a boundary", FAILED, BYTES("--b\r\n" PART
	  "\"id\"\r\n\r\n@a\r\n--b--\r\n"), NULL, 0, NULL,
	  "multipart/form-data" },
	{ "a form with an empty boundary", FAILED, BYTES("--\r\n" PART
	  "\"id\"\r\n\r\n@a\r\n----\r\n"), NULL, 0, NULL,
	  "multipart/form-data; boundary=" },
	{ "a form with an open quote", FAILED, BYTES("--b\r\n" PART
	  "\"id\"\r\n\r\n@a\r\n--b--\r\n"), NULL, 0, NULL,
	  "multipart/form-data; boundary=\"b" },
	{ "a form with a boundary of 265 bytes", FAILED, BYTES("--b--\r\n"),
	  NULL, 0, NULL, FORM
	  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" },
	{ "a form whose boundary never comes", FAILED, BYTES("nothing here"),
	  NULL, 0, NULL, FORM },
	{ "a form that is empty", FAILED, BYTES(""), NULL, 0, NULL, FORM },
	{ "a form without an end", FAILED,
	  BYTES("--b\r\n" PART "\"id\"\r\n\r\n@a"), NULL, 0, NULL, FORM },
	{ "a form that ends in a part's head", FAILED,
	  BYTES("--b\r\nContent-Dispo"), NULL, 0, NULL, FORM },
	{ "a part without a name", FAILED,
	  BYTES("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
	  NULL, 0, NULL, FORM },
	{ "a part without a head", FAILED, BYTES("--b\r\n\r\nx\r\n--b--\r\n"),
	  NULL, 0, NULL, FORM },
	{ "a part with an open quote", FAILED,
	  BYTES("--b\r\n" PART "\"id\r\n\r\n@a\r\n--b--\r\n"), NULL, 0, NULL,
	  FORM },
	{ "a part with NULs for a name", FAILED,
	  BYTES("--b\r\n" PART "\"i\0d\"\r\n\r\n@a\r\n--b--\r\n"), NULL, 0,
	  NULL, FORM },
	{ "parts of names of nobody's", FAILED,
	  BYTES("--b\r\n" PART "\"blob-\"\r\n\r\nx\r\n--b\r\n" PART
	        "\"BLOB-CERT\"\r\n\r\nx\r\n--b--\r\n"), NULL, 0, NULL, FORM },
	{ "a part whose name has 10,000 bytes", FAILED,
	  BYTES("--b\r\n" PART "\""), "n", 10000,
	  "\"\r\n\r\nx\r\n--b--\r\n", FORM },
	{ "a part whose head never ends", FAILED, BYTES("--b\r\nX: "), "a",
	  60000, NULL, FORM },
	{ "10,000 parts", FAILED, BYTES(""),
	  "--b\r\n" PART "\"a\"\r\n\r\nx\r\n", 10000, "--b--\r\n", FORM },
	{ "10,000 boundaries", FAILED, BYTES(""), "--b\r\n", 10000, "--b--\r\n",
	  FORM },
	{ "a form in a form", FAILED,
	  BYTES("--b\r\n" PART "\"id\"\r\nContent-Type: multipart/mixed; "
	        "boundary=c\r\n\r\n--c\r\n" PART "\"blob-cert\"; filename=x"
	        "\r\n\r\nx\r\n--c--\r\n--b--\r\n"), NULL, 0, NULL, FORM },
	{ "forms in forms", FAILED, BYTES(""),
	  "--b\r\n" PART "\"a\"\r\nContent-Type: multipart/mixed; "
	  "boundary=b\r\n\r\n", 200, "--b--\r\n", FORM },
	{ "a key that is urlencoded", FAILED,
	  BYTES("blob-cert=x&blob-pk=y&id=@a"), NULL, 0, NULL,
	  "application/x-www-form-urlencoded" },
	{ "broken escapes in a body", FAILED, BYTES(""), "%", 1000, "=%zz&%",
	  "application/x-www-form-urlencoded" },
	{ "10,000 parameters in a body", FAILED, BYTES(""), "a=b&", 10000, NULL,
	  "application/x-www-form-urlencoded" },
	{ "a body of JSON", FAILED, BYTES("{\"id\":\"@a\",\"blob-cert\":\"\"}"),
	  NULL, 0, NULL, "application/json" },
	{ "nonsense for certificate and key", FAILED,
	  BYTES("--b\r\n" PART "\"blob-cert\"\r\n\r\n\x30\x84\xff\xff\xff\xff"
	        "\r\n--b\r\n" PART "\"blob-pk\"\r\n\r\n\x30\x80\0\0"
	        "\r\n--b--\r\n"), NULL, 0, NULL, FORM },
	{ "a certificate of 30,000 nested sequences", FAILED,
	  BYTES("--b\r\n" PART "\"blob-pk\"\r\n\r\nx\r\n--b\r\n" PART
	        "\"blob-cert\"\r\n\r\n"), "\x30\x80", 30000, "\r\n--b--\r\n",
	  FORM },
};

const size_t n_rows = sizeof rows / sizeof *rows;

static size_t
body_len(const struct row *row)
{
	return row->before_len +
	       (row->unit != NULL ? row->times * strlen(row->unit) : 0) +
	       (row->after != NULL ? strlen(row->after) : 0);
}

static char *
append(char *at, const char *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

char *
row_bytes(const struct row *row, size_t *ret_len)
{
	size_t len = body_len(row);
	char *bytes = malloc(len + 2048), *at = bytes;

	if (bytes == NULL)
		return NULL;
	if (row->type != NULL)
		at += snprintf(at, 2048, PUT "Connection: close\r\n"
		               "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
		               row->type, len);
	at = append(at, row->before, row->before_len);
	for (unsigned i = 0; i < row->times; i++)
		at = append(at, row->unit, strlen(row->unit));
	if (row->after != NULL)
		at = append(at, row->after, strlen(row->after));
	*ret_len = (size_t)(at - bytes);
	return bytes;
}
