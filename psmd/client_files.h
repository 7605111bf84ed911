/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* client_files.h - what a client of createPKCS12ById has in files, read when it
 * is used. */

#ifndef PSMD_CLIENT_FILES_H
#define PSMD_CLIENT_FILES_H

#include <stdbool.h>
#include <stddef.h>

enum { CLIENT_AES_KEY_SIZE = 32, CLIENT_EM_KEY_MAX = 128 }; /* bytes */

/* Each: false, and a sentence in why, of size bytes, if the file cannot be read
 * or is not of its form. */

/* Base64 of 32 bytes, line ends allowed. The caller wipes it. */
bool client_read_aes_key(const char *path,
                         unsigned char ret_key[CLIENT_AES_KEY_SIZE], char *why,
                         size_t size);
/* One line of 1 to CLIENT_EM_KEY_MAX printable ASCII characters, none of the
 * outer ones a blank. The caller wipes it. */
bool client_read_em_key(const char *path,
                        char ret_em_key[CLIENT_EM_KEY_MAX + 1], char *why,
                        size_t size);
/* PEM with one certificate, whatever text is around it: its DER, which is the
 * caller's to free(). */
bool client_read_certificate(const char *path, unsigned char **ret_der,
                             size_t *ret_len, char *why, size_t size);

#endif
