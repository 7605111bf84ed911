/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* client_files.c - the keys and the certificate of a client. */

#include "psmd/client_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

enum { SECRET_MAX = 1024, CERTIFICATE_MAX = 64 * 1024 }; /* bytes of a file */

static const char begins[] = "-----BEGIN CERTIFICATE-----";
static const char ends[] = "-----END CERTIFICATE-----";

static bool
fail(char *why, size_t size, const char *path, const char *what)
{
	snprintf(why, size, "%s: %s", path, what);
	return false;
}

/* All of it, with a NUL behind: room is one byte more than it may have. No
 * stdio, whose buffer would keep a copy. */
static bool
read_file(const char *path, char *text, size_t room, size_t *ret_len, char *why,
          size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return fail(why, size, path, strerror(errno));
	do {
		n = read(fd, text + len, room - len);
		len += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && len < room) || (n < 0 && errno == EINTR));
	if (n < 0)
		fail(why, size, path, strerror(errno));
	else if (len == room)
		fail(why, size, path, "it is too long");
	close(fd);
	if (n < 0 || len == room)
		return false;
	text[len] = '\0';
	*ret_len = len;
	return true;
}

bool
client_read_aes_key(const char *path,
                    unsigned char ret_key[CLIENT_AES_KEY_SIZE], char *why,
                    size_t size)
{
	char text[SECRET_MAX];
	size_t len, key_len = 0;
	bool good = read_file(path, text, sizeof text, &len, why, size);

	if (good && (sodium_base642bin(ret_key, CLIENT_AES_KEY_SIZE, text, len,
	                               " \t\r\n", &key_len, NULL,
	                               sodium_base64_VARIANT_ORIGINAL) != 0 ||
	             key_len != CLIENT_AES_KEY_SIZE)) {
		good = fail(why, size, path, "this is not base64 of 32 bytes");
		explicit_bzero(ret_key, CLIENT_AES_KEY_SIZE); /* a part */
	}
	explicit_bzero(text, sizeof text);
	return good;
}

/* Without its end of line. Blanks around a header's value are not its own. */
static bool
is_em_key(char *text, size_t len)
{
	const size_t line = strcspn(text, "\r\n");

	if (line + strspn(text + line, "\r\n") != len)
		return false; /* more lines, or a NUL */
	text[line] = '\0';
	for (size_t i = 0; i < line; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return line > 0 && line <= CLIENT_EM_KEY_MAX && text[0] != ' ' &&
	       text[line - 1] != ' ';
}

bool
client_read_em_key(const char *path, char ret_em_key[CLIENT_EM_KEY_MAX + 1],
                   char *why, size_t size)
{
	char text[SECRET_MAX];
	size_t len;
	bool good = read_file(path, text, sizeof text, &len, why, size);

	if (good && !is_em_key(text, len))
		good = fail(why, size, path,
		            "this is not one line of 1 to 128 printable "
		            "characters without blanks around");
	if (good)
		memcpy(ret_em_key, text, strlen(text) + 1);
	explicit_bzero(text, sizeof text);
	return good;
}

/* In place: the base64 is longer than what it says. */
static bool
read_pem(char *text, size_t len, size_t *ret_len)
{
	char *from = strstr(text, begins), *to;

	if (strlen(text) != len || from == NULL)
		return false;
	from += sizeof begins - 1;
	to = strstr(from, ends);
	if (to == NULL || strstr(to, begins) != NULL)
		return false;
	return sodium_base642bin((unsigned char *)text, len, from,
	                         (size_t)(to - from), " \t\r\n", ret_len, NULL,
	                         sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       *ret_len > 2 && (unsigned char)text[0] == 0x30;
}

bool
client_read_certificate(const char *path, unsigned char **ret_der,
                        size_t *ret_len, char *why, size_t size)
{
	char *text = malloc(CERTIFICATE_MAX);
	size_t len, der_len;
	bool good;

	if (text == NULL)
		return fail(why, size, path, "out of memory");
	good = read_file(path, text, CERTIFICATE_MAX, &len, why, size);
	if (good && !read_pem(text, len, &der_len))
		good = fail(why, size, path,
		            "this is not PEM with one certificate");
	if (!good) {
		free(text);
		return false;
	}
	*ret_der = (unsigned char *)text;
	*ret_len = der_len;
	return true;
}
