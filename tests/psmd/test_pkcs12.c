/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pkcs12.c - createPKCS12ById: what a client signs, and its times. Linked
 * with --wrap=free. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "psmd/client_files.h"
#include "psmd/pkcs12.h"

#define KEY_AND_PASSWORD "~KeyAlgorithmAndSize=RSA-2048~Password=secret"

/* --- what is signed ------------------------------------------------------ */

static char text[8192];
static struct p12_content content;

static bool
read_bytes(const void *bytes, size_t len)
{
	content = (struct p12_content){ .text = (unsigned char *)text,
		                        .len = len };
	memcpy(text, bytes, len);
	text[len] = '\0';
	return p12_content_read(&content);
}

static bool
reads(const char *what)
{
	return read_bytes(what, strlen(what));
}

static void
is_part(size_t i, const char *type, const char *value)
{
	assert_true(i < content.n_parts);
	assert_string_equal(content.parts[i].type, type);
	assert_string_equal(content.parts[i].value, value);
}

static void
is_name(size_t i, enum ca_alt_kind kind, const char *value)
{
	assert_true(i < content.n_names);
	assert_int_equal(content.names[i].kind, kind);
	assert_string_equal(content.names[i].value, value);
}

static void
test_content_of_the_document_is_read(void **state)
{
	(void)state;
	assert_true(reads(
	        "CN=Test123~SERIALNUMBER=04f85bdd24773b66e0bf16b0f59194c78855c7"
	        "ffcb7c3cf40dce71ba4ff1e91~E=test987@test.com~O=eMudhra~OU=ESS~"
	        "S=KARNATAKA~C=IN~PostalCode=570004~STREET= Bengaluru~ "
	        "HOUSEIDENTIFIER=3-88~UID=test877~PSEUDONYM=test098~ "
	        "PHONE=0123456789~TITLE=Mr~2.5.4.4=kumar~"
	        "rfc822Name=arjun.kb@emudhra.com~dNSName=www.emudhra.com~"
	        "dNSName=*.emudhra.com~iPAddress=10.80.106.78~"
	        "iPAddress=10.80.106.79~registeredID=2.10.100.2.4.5~"
	        "KeyAlogirthmAndSize=RSA-2048~Password=eMudhra@1"));
	assert_int_equal(content.n_parts, 15);
	is_part(0, "CN", "Test123");
	is_part(1, "SERIALNUMBER", "04f85bdd24773b66e0bf16b0f59194c78855c7ff"
	                           "cb7c3cf40dce71ba4ff1e91");
	is_part(2, "E", "test987@test.com");
	is_part(3, "O", "eMudhra");
	is_part(4, "OU", "ESS");
	is_part(5, "S", "KARNATAKA");
	is_part(6, "C", "IN");
	is_part(7, "postalCode", "570004");
	is_part(8, "STREET", "Bengaluru");
	is_part(9, "houseIdentifier", "3-88");
	is_part(10, "UID", "test877");
	is_part(11, "pseudonym", "test098");
	is_part(12, "Phone", "0123456789");
	is_part(13, "T", "Mr");
	is_part(14, "2.5.4.4", "kumar");
	assert_int_equal(content.n_names, 6);
	is_name(0, CA_ALT_EMAIL, "arjun.kb@emudhra.com");
	is_name(1, CA_ALT_HOST, "www.emudhra.com");
	is_name(2, CA_ALT_HOST, "*.emudhra.com");
	is_name(3, CA_ALT_IP, "10.80.106.78");
	is_name(4, CA_ALT_IP, "10.80.106.79");
	is_name(5, CA_ALT_ID, "2.10.100.2.4.5");
	assert_int_equal(content.kind, PFX_RSA_2048);
	assert_string_equal(content.password, "eMudhra@1");
	assert_string_equal(content.cn, "Test123");
}

static void
test_content_with_commas_is_read(void **state)
{
	(void)state;
	assert_false(reads("CN=a b,O=Acme~0,Password=x"));
	assert_true(reads(
	        " cn = a b , o=Acme, KEYALGORITHMANDSIZE = ec-p256 ,password=x"));
	assert_int_equal(content.n_parts, 2);
	is_part(0, "CN", "a b");
	is_part(1, "O", "Acme");
	assert_int_equal(content.kind, PFX_EC_P256);
	assert_string_equal(content.password, "x");
}

static void
test_content_with_tildes_has_commas_in_values(void **state)
{
	(void)state;
	assert_true(reads("O=A, Inc.~CN=Last, First" KEY_AND_PASSWORD));
	is_part(0, "O", "A, Inc.");
	is_part(1, "CN", "Last, First");
	assert_true(reads("CN=a~O=b,Password=c" KEY_AND_PASSWORD));
	is_part(1, "O", "b,Password=c");
	assert_string_equal(content.password, "secret");
}

/* Neither is cut, nor decides what is between the fields before it. */
static void
test_content_password_takes_the_rest(void **state)
{
	static const char *const passwords[] = {
		"a~b", "a,b", "a=b", "~", "a~CN=b", "a,Password=b", "~~,,==",
		"Z\303\274rich ~ \xf0\x9f\x94\x91"
	};
	char what[200];

	(void)state;
	for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++) {
		snprintf(what, sizeof what,
		         "CN=a~KeyAlgorithmAndSize=RSA-2048~Password=%s",
		         passwords[i]);
		assert_true(reads(what));
		assert_string_equal(content.password, passwords[i]);
		snprintf(what, sizeof what,
		         "CN=a,KeyAlgorithmAndSize=RSA-2048,Password=%s",
		         passwords[i]);
		assert_true(reads(what));
		assert_string_equal(content.password, passwords[i]);
		is_part(0, "CN", "a");
	}
}

static void
test_content_blanks_around_are_not_read(void **state)
{
	(void)state;
	assert_true(reads("\r\n CN =  a  b ~ O  =  c "
	                  "~KeyAlgorithmAndSize= RSA-3072 ~ Password = p q \r\n"));
	is_part(0, "CN", "a  b");
	is_part(1, "O", "c");
	assert_int_equal(content.kind, PFX_RSA_3072);
	assert_string_equal(content.password, "p q");
}

static void
test_content_empty_values_are_none(void **state)
{
	(void)state;
	assert_true(reads("CN=a~O=~E= ~dNSName=~2.5.4.4=" KEY_AND_PASSWORD));
	assert_int_equal(content.n_parts, 1);
	assert_int_equal(content.n_names, 0);
}

static void
test_content_every_key_is_known(void **state)
{
	static const char *const keys[][2] = {
		{ "S", "S" }, { "ST", "S" }, { "T", "T" }, { "title", "T" },
		{ "2.5.4.51", "2.5.4.51" }, { "2.5.4.65", "2.5.4.65" },
		{ "L", "L" }, { "pOSTALcODE", "postalCode" },
		{ "1.2.3.4.5", "1.2.3.4.5" }, { "2.5.4.11", "2.5.4.11" },
	};
	char what[200];

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		snprintf(what, sizeof what, "CN=a~%s=v%s", keys[i][0],
		         KEY_AND_PASSWORD);
		assert_true(reads(what));
		is_part(1, keys[i][1], "v");
	}
}

static void
test_content_kinds_of_keys(void **state)
{
	static const struct {
		const char *name;
		enum pfx_kind kind;
	} kinds[] = {
		{ "RSA-1024", PFX_RSA_1024 }, { "rsa-2048", PFX_RSA_2048 },
		{ "RSA-3072", PFX_RSA_3072 }, { "RSA-4096", PFX_RSA_4096 },
		{ "EC-P256", PFX_EC_P256 }, { "EC-P384", PFX_EC_P384 }
	};
	char what[200];

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		snprintf(what, sizeof what,
		         "CN=a~KeyAlogirthmAndSize=%s~Password=x",
		         kinds[i].name);
		assert_true(reads(what));
		assert_int_equal(content.kind, kinds[i].kind);
	}
}

static void
test_content_malformed_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"~",
		"CN",
		"=",
		"CN=a",
		"Password=x",
		"CN=a~Password=x",
		"CN=a~KeyAlgorithmAndSize=RSA-2048",
		"CN=a~KeyAlgorithmAndSize=RSA-2048~Password=",
		"CN=a~KeyAlgorithmAndSize=RSA-2048~Password= ",
		"CN=a~KeyAlgorithmAndSize=~Password=x",
		"CN=~KeyAlgorithmAndSize=RSA-2048~Password=x",
		"O=a~KeyAlgorithmAndSize=RSA-2048~Password=x",
		"CN=a~KeyAlgorithmAndSize=RSA-512~Password=x",
		"CN=a~KeyAlgorithmAndSize=RSA2048~Password=x",
		"CN=a~KeyAlgorithmAndSize=RSA-2048~"
		"KeyAlogirthmAndSize=RSA-2048~Password=x",
		"CN=a~CN=b" KEY_AND_PASSWORD,
		"CN=a~2.5.4.3=b" KEY_AND_PASSWORD,
		"CN=a~~O=b" KEY_AND_PASSWORD,
		"CN=a~O" KEY_AND_PASSWORD,
		"CN=a~Nonsense=b" KEY_AND_PASSWORD,
		"CN=a~25=b" KEY_AND_PASSWORD,
		"CN=a~2.5.x=b" KEY_AND_PASSWORD,
		"CN=a~CN =b" KEY_AND_PASSWORD,
		"CN=a;O=b;KeyAlgorithmAndSize=RSA-2048;Password=x",
		"CN=a,O=b~c,KeyAlgorithmAndSize=RSA-2048,Password=x",
		"CN=a\nb" KEY_AND_PASSWORD,
		"CN=a~\tO=b" KEY_AND_PASSWORD,
		"CN=a\x7f" KEY_AND_PASSWORD,
		"CN=a\xc2\x85" KEY_AND_PASSWORD,
		"CN=\xff" KEY_AND_PASSWORD,
		"CN=\xc0\xaf" KEY_AND_PASSWORD,
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (reads(wrong[i]))
			fail_msg("this was read: %s", wrong[i]);
}

static void
test_content_with_a_nul_is_refused(void **state)
{
	static const char what[] = "CN=a\0b" KEY_AND_PASSWORD;
	static const char last[] = "CN=a" KEY_AND_PASSWORD;

	(void)state;
	assert_false(read_bytes(what, sizeof what - 1));
	assert_false(read_bytes(last, sizeof last)); /* its own NUL too */
	assert_true(read_bytes(last, sizeof last - 1));
}

static void
test_content_limits(void **state)
{
	char what[4096], *to;

	(void)state;
	for (size_t n = P12_PASSWORD_MAX; n <= P12_PASSWORD_MAX + 1; n++) {
		to = stpcpy(what, "CN=a~KeyAlgorithmAndSize=RSA-2048~Password=");
		memset(to, 'p', n);
		to[n] = '\0';
		assert_int_equal(reads(what), n == P12_PASSWORD_MAX);
	}
	for (int n = P12_NAMES_MAX; n <= P12_NAMES_MAX + 1; n++) {
		to = stpcpy(what, "CN=a");
		for (int i = 0; i < n; i++)
			to = stpcpy(to, "~dNSName=a.example");
		strcpy(to, KEY_AND_PASSWORD);
		assert_int_equal(reads(what), n == P12_NAMES_MAX);
	}
	for (int n = P12_PARTS_MAX; n <= P12_PARTS_MAX + 1; n++) {
		to = stpcpy(what, "CN=a");
		for (int i = 1; i < n; i++)
			to = stpcpy(to, "~OU=b");
		strcpy(to, KEY_AND_PASSWORD);
		assert_int_equal(reads(what), n == P12_PARTS_MAX);
	}
}

/* --- what is said of it -------------------------------------------------- */

static void
test_asked_says_all_but_the_password(void **state)
{
	struct p12_call call = { .ask = { .profile = "client",
		                          .validity = "10:0:0:0",
		                          .valid_from =
		                                  "01:02:2027 00:00:00" } };
	char asked[PKCS12_ASKED_MAX + 1];

	(void)state;
	assert_true(reads("CN=a~O=b~rfc822Name=a@b.example~dNSName=b.example~"
	                  "iPAddress=::1~registeredID=1.2.3" KEY_AND_PASSWORD));
	call.content = content;
	assert_true(p12_asked(&call, asked));
	assert_string_equal(asked, "profileID=client~CN=a~O=b~"
	                           "rfc822Name=a@b.example~dNSName=b.example~"
	                           "iPAddress=::1~registeredID=1.2.3~"
	                           "validity=10:0:0:0~"
	                           "validFrom=01:02:2027 00:00:00~"
	                           "KeyAlgorithmAndSize=RSA-2048");
	call.ask.validity = call.ask.valid_from = NULL;
	assert_true(p12_asked(&call, asked));
	assert_null(strstr(asked, "valid"));
}

static void
test_asked_too_long_is_refused(void **state)
{
	struct p12_call call = { .ask = { .profile = "client" } };
	char asked[PKCS12_ASKED_MAX + 1], *value = calloc(1, 5000);
	size_t n = 0;

	(void)state;
	assert_non_null(value);
	assert_true(reads("CN=a~O=b" KEY_AND_PASSWORD));
	call.content = content;
	call.content.parts[1].value = value;
	for (; n < 4999 && p12_asked(&call, asked); n++)
		value[n] = 'x';
	assert_in_range(n, 3900, PKCS12_ASKED_MAX);
	value[--n] = '\0';
	assert_true(p12_asked(&call, asked));
	assert_int_equal(strlen(asked), PKCS12_ASKED_MAX);
	free(value);
}

/* --- times --------------------------------------------------------------- */

static void
test_validity_within_its_limits(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds; /* 0: refused */
	} rows[] = {
		{ "36135:23:59:59", 36135ull * 86400 + 86399 },
		{ "36136:00:00:00", 0 },
		{ "36135:24:00:00", 0 },
		{ "0:23:60:00", 0 },
		{ "0:23:00:60", 0 },
		{ "120:23:45:54", 120 * 86400 + 23 * 3600 + 45 * 60 + 54 },
		{ "0:0:0:1", 1 },
		{ "00:00:00:01", 1 },
		{ "00365:00:00:00", 365 * 86400 },
		{ "0:0:0:0", 0 },
		{ "000365:00:00:00", 0 },
		{ "1:000:00:00", 0 },
		{ "", 0 },
		{ "365", 0 },
		{ "365:00:00", 0 },
		{ "365:00:00:", 0 },
		{ "365:00:00:00:00", 0 },
		{ ":00:00:01", 0 },
		{ "1::0:0", 0 },
		{ "-1:00:00:00", 0 },
		{ "+1:00:00:00", 0 },
		{ "1:00:00:00 ", 0 },
		{ " 1:00:00:00", 0 },
		{ "1:0x:00:00", 0 },
		{ "1 : 0 : 0 : 0", 0 },
		{ "99999999999999999999:0:0:0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t seconds = 0;

		if (p12_validity(rows[i].text, &seconds) !=
		            (rows[i].seconds != 0) ||
		    seconds != rows[i].seconds)
			fail_msg("%s", rows[i].text);
	}
}

static void
test_valid_from_is_a_real_moment(void **state)
{
	static const struct {
		const char *text;
		int64_t time; /* 0: refused */
	} rows[] = {
		{ "12:12:2019 00:00:00", 1576108800 },
		{ "01:01:1970 00:00:01", 1 },
		{ "01:01:1970 00:00:00", 0 },
		{ "31:12:1969 23:59:59", 0 },
		{ "31:12:9999 23:59:59", 253402300799 },
		{ "29:02:2028 23:59:59", 1835481599 },
		{ "29:02:2027 00:00:00", 0 },
		{ "29:02:2100 00:00:00", 0 },
		{ "31:04:2027 00:00:00", 0 },
		{ "00:01:2027 00:00:00", 0 },
		{ "32:01:2027 00:00:00", 0 },
		{ "01:00:2027 00:00:00", 0 },
		{ "01:13:2027 00:00:00", 0 },
		{ "01:01:2027 24:00:00", 0 },
		{ "01:01:2027 00:60:00", 0 },
		{ "31:12:2016 23:59:60", 0 },
		{ "1:1:2027 00:00:00", 0 },
		{ "01:01:27 00:00:00", 0 },
		{ "01:01:02027 00:00:00", 0 },
		{ "01-01-2027 00:00:00", 0 },
		{ "2027:01:01 00:00:00", 0 },
		{ "01:01:2027", 0 },
		{ "01:01:2027 00:00", 0 },
		{ "01:01:2027  00:00:00", 0 },
		{ "01:01:2027 00:00:00Z", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t time = 0;

		if (p12_valid_from(rows[i].text, &time) !=
		            (rows[i].time != 0) || time != rows[i].time)
			fail_msg("%s", rows[i].text);
	}
}

/* --- secrets ------------------------------------------------------------- */

void __real_free(void *block);
void __wrap_free(void *block);

static unsigned char *watched;
static size_t watched_len;
static bool was_wiped;

void
__wrap_free(void *block)
{
	if (block != NULL && block == watched) {
		was_wiped = true;
		for (size_t i = 0; i < watched_len; i++)
			was_wiped &= watched[i] == 0;
	}
	__real_free(block);
}

static void
test_json_is_wiped_when_freed(void **state)
{
	static const char json[] = "{\"password\":\"a secret of some length\"}";
	json_t *root;

	(void)state;
	pkcs12_init();
	root = json_loads(json, 0, NULL);
	watched = (unsigned char *)json_string_value(
	        json_object_get(root, "password"));
	assert_non_null(watched);
	watched_len = strlen((char *)watched);
	json_decref(root);
	watched = NULL;
	assert_true(was_wiped);
}

/* --- a client's files ---------------------------------------------------- */

static char file[32];

static int
set_up_file(void **state)
{
	int fd;

	(void)state;
	strcpy(file, "/tmp/psmd-XXXXXX");
	fd = mkstemp(file);
	return fd < 0 ? -1 : close(fd);
}

static int
tear_down_file(void **state)
{
	(void)state;
	return unlink(file);
}

static void
write_file(const char *bytes, size_t len)
{
	FILE *out = fopen(file, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static void
test_aes_key_is_32_bytes_of_base64(void **state)
{
#define BASE64_32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ BASE64_32, true },
		{ BASE64_32 "\n", true },
		{ "AAECAwQFBgcICQoLDA0O\r\nDxAREhMUFRYXGBkaGxwdHh8=\r\n",
		  true },
		{ "", false },
		{ "AAEC", false },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", false },
		{ "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g", false },
		{ BASE64_32 "x", false },
		{ BASE64_32 "AAAA", false },
	};
	unsigned char key[CLIENT_AES_KEY_SIZE];
	char why[200];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		write_file(rows[i].text, strlen(rows[i].text));
		assert_int_equal(client_read_aes_key(file, key, why,
		                                     sizeof why),
		                 rows[i].good);
		for (unsigned n = 0; rows[i].good && n < sizeof key; n++)
			assert_int_equal(key[n], n);
		for (unsigned n = 0; !rows[i].good && n < sizeof key; n++)
			assert_int_equal(key[n], 0); /* no part of it either */
	}
	assert_false(client_read_aes_key("/nowhere", key, why, sizeof why));
	assert_string_equal(why, "/nowhere: No such file or directory");
}

static void
test_em_key_is_one_line(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *key; /* NULL: refused */
	} rows[] = {
		{ "0123456789abcdef", 16, "0123456789abcdef" },
		{ "abc\n", 4, "abc" },
		{ "abc\r\n", 5, "abc" },
		{ "abc\n\n", 5, "abc" },
		{ "a b", 3, "a b" },
		{ "", 0, NULL },
		{ "\n", 1, NULL },
		{ "\nabc", 4, NULL },
		{ "abc\ndef\n", 8, NULL },
		{ "abc\0", 4, NULL },
		{ "abc\0def", 7, NULL },
		{ "a\tb", 3, NULL },
		{ " abc", 4, NULL },
		{ "abc \n", 5, NULL },
		{ " ", 1, NULL },
		{ "\xc3\xbc", 2, NULL },
	};
	char key[CLIENT_EM_KEY_MAX + 1], why[200], bytes[130];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		write_file(rows[i].text, rows[i].len);
		if (client_read_em_key(file, key, why, sizeof why) !=
		    (rows[i].key != NULL))
			fail_msg("row %zu", i);
		if (rows[i].key != NULL)
			assert_string_equal(key, rows[i].key);
	}
	memset(bytes, 'k', sizeof bytes);
	write_file(bytes, CLIENT_EM_KEY_MAX);
	assert_true(client_read_em_key(file, key, why, sizeof why));
	write_file(bytes, CLIENT_EM_KEY_MAX + 1);
	assert_false(client_read_em_key(file, key, why, sizeof why));
}

static void
test_certificate_is_one_of_pem(void **state)
{
#define PEM "-----BEGIN CERTIFICATE-----\nMAMC\nAQE=\n" \
            "-----END CERTIFICATE-----\n"
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ PEM, true },
		{ "subject=CN = a\n" PEM "more\n", true },
		{ "", false },
		{ PEM PEM, false },
		{ "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n", false },
		{ "-----BEGIN CERTIFICATE-----\nM*AMCAQE=\n"
		  "-----END CERTIFICATE-----\n", false },
		{ "-----BEGIN CERTIFICATE-----\nAQID\n"
		  "-----END CERTIFICATE-----\n", false },
		{ "MAMCAQE=\n", false },
	};
	unsigned char *der;
	char why[200];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		write_file(rows[i].text, strlen(rows[i].text));
		if (client_read_certificate(file, &der, &len, why,
		                            sizeof why) != rows[i].good)
			fail_msg("row %zu", i);
		if (!rows[i].good)
			continue;
		assert_int_equal(len, 5);
		assert_memory_equal(der, "\x30\x03\x02\x01\x01", 5);
		free(der);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content_of_the_document_is_read),
		cmocka_unit_test(test_content_with_commas_is_read),
		cmocka_unit_test(test_content_with_tildes_has_commas_in_values),
		cmocka_unit_test(test_content_password_takes_the_rest),
		cmocka_unit_test(test_content_blanks_around_are_not_read),
		cmocka_unit_test(test_content_empty_values_are_none),
		cmocka_unit_test(test_content_every_key_is_known),
		cmocka_unit_test(test_content_kinds_of_keys),
		cmocka_unit_test(test_content_malformed_is_refused),
		cmocka_unit_test(test_content_with_a_nul_is_refused),
		cmocka_unit_test(test_content_limits),
		cmocka_unit_test(test_asked_says_all_but_the_password),
		cmocka_unit_test(test_asked_too_long_is_refused),
		cmocka_unit_test(test_validity_within_its_limits),
		cmocka_unit_test(test_valid_from_is_a_real_moment),
		cmocka_unit_test(test_json_is_wiped_when_freed),
		cmocka_unit_test_setup_teardown(
		        test_aes_key_is_32_bytes_of_base64, set_up_file,
		        tear_down_file),
		cmocka_unit_test_setup_teardown(test_em_key_is_one_line,
		                                set_up_file, tear_down_file),
		cmocka_unit_test_setup_teardown(test_certificate_is_one_of_pem,
		                                set_up_file, tear_down_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
